//! A secret is neither displayed nor serialized.

use runbeam_model::Secret;

fn main() {
    let secret = Secret::from("12|p0LmXw3rT8");
    println!("{secret}");
    let _ = serde_json::to_string(&secret);
}
