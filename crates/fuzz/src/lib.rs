//! What strangers may send, tried with any bytes: each target is a plain function that panics when a promise is
//! broken, not only when the code under it panics.
//!
//! `cargo test` calls them with every file of `corpus/` and with changes of them, the same each time;
//! `cargo xtask ci full fuzz` lets libFuzzer look for more. Only
//! what the crates offer in public is used, and what is expected is read naively, with other means than theirs.

mod api_error;
mod bearer;
mod claims;
mod entry_file;
mod instance_ids;
mod jwks;
mod jwt;
mod key_forms;
mod page;
mod reference;
mod store;

pub use api_error::api_error;
pub use bearer::bearer;
pub use claims::claims;
pub use entry_file::entry_file;
pub use instance_ids::instance_ids;
pub use jwks::jwks;
pub use jwt::jwt;
pub use key_forms::key_forms;
pub use page::page;
pub use reference::reference;

/// One target: what `data` means is its own affair.
pub type Target = fn(data: &[u8]);

/// Every target with its name, which is that of its directory below `corpus/` and of its dictionary.
pub const TARGETS: &[(&str, Target)] = &[
    ("api_error", api_error),
    ("bearer", bearer),
    ("claims", claims),
    ("entry_file", entry_file),
    ("instance_ids", instance_ids),
    ("jwks", jwks),
    ("jwt", jwt),
    ("key_forms", key_forms),
    ("page", page),
    ("reference", reference),
];

/// The time of all targets: when the tokens in `data/` are valid.
const NOW: i64 = 1_768_205_731;

/// Whether `text` shows a part of `secret` that is too long to be there by chance.
fn shows(text: &str, secret: &str) -> bool {
    const TELLING: usize = 12;
    let secret = secret.as_bytes();
    let mut parts = secret.windows(TELLING.min(secret.len().max(1)));
    secret.len() >= TELLING
        && parts.any(|part| str::from_utf8(part).is_ok_and(|part| text.contains(part)))
}
