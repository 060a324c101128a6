//! A place where a mesh comes in occurs in configurations alone: the API can neither list nor delete it.

use runbeam_model::{DeleteResource, ListResources, MeshIngress, Operation};

fn main() {
    let _ = ListResources::<MeshIngress>::new().request();
    let _ = DeleteResource::<MeshIngress>::new("01kc".parse().unwrap());
}
