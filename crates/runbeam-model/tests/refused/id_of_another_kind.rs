//! The id of a service finds no gateway.

use runbeam_model::{Gateway, ServiceId, ShowResource};

fn main() {
    let id: ServiceId = "01kc".parse().unwrap();
    let _ = ShowResource::<Gateway>::new(id);
}
