//! A service is not created from the draft of a gateway.

use runbeam_model::{CreateResource, GatewayDraft, Service};

fn main() {
    let _ = CreateResource::<Service>::new(&GatewayDraft::new("edge"));
}
