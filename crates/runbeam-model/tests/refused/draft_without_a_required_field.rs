//! A network says where it listens.

use runbeam_model::NetworkDraft;

fn main() {
    let _ = NetworkDraft::new("default", false, "127.0.0.1");
}
