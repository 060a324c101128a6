//! Keeps the secrets of an instance: in the OS keyring, or else in age-encrypted files.
//!
//! ```
//! use runbeam_model::{MachineToken, Secret};
//! use runbeam_store::{EntryName, InstanceId, SecretStore, Store};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let store = Store::builder().with_root(home.path().join(".runbeam")).without_keyring().build()?;
//! # let _ = stringify! {
//! let store = Store::from_env()?;
//! # };
//! let instance: InstanceId = "my-gateway".parse()?;
//! let token: MachineToken = "mt_fe7f7ccc3fc1".parse()?;
//!
//! store.save_value(&instance, &EntryName::machine_token(), &token).await?;
//! let loaded: Option<MachineToken> = store.load_value(&instance, &EntryName::machine_token()).await?;
//! assert_eq!(loaded, Some(token));
//!
//! println!("{}", store.describe(&instance, &EntryName::machine_token()).await?);
//! store.clear(&instance, &EntryName::machine_token()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Words
//!
//! - An *instance* is an isolated namespace of secrets, named by an [`InstanceId`]; an *entry* is one secret of it,
//!   named by an [`EntryName`].
//! - A *backend* is a place for secrets: the keyring, files, memory.
//! - An *identity* is age's word for the private half of an encryption key, a *recipient* for the public half.
//! - A [`Revision`] tells one state of an entry from another, so that a [`Precondition`] can demand that nobody else
//!   wrote in between.
//!
//! # Contents
//!
//! - [`SecretStore`]: what every store does, and [`conformance`]: the suite that proves it.
//! - [`Store`]: the handle to use. It chooses a backend for each instance and remembers the choice.
//! - [`KeyringStore`], [`AgeFileStore`], [`MemoryStore`]: the backends by themselves.
//! - [`Error`] and [`ErrorKind`]: what went wrong, and the next step.
//!
//! # What protects a secret
//!
//! | where | at rest | against other users | it survives |
//! |---|---|---|---|
//! | keyring | the operating system, with the user's password | the operating system | what the keyring survives |
//! | file | age: X25519 and ChaCha20-Poly1305 | mode 0600 in a directory of mode 0700; links, foreign owners and looser modes are refused | crashes and power loss at any moment, and many processes at once |
//!
//! A file is bound to its instance and entry: exchanged files are an error. A key that is handed over or set in
//! `RUNBEAM_ENCRYPTION_KEY` stays apart from the files, so that a copy of the disk alone reveals nothing. The instance's
//! own key stands beside its files: it protects a file that leaves its directory, not the directory as a whole.
//!
//! # Limits
//!
//! - Buffers of this crate are zeroized. Copies that an allocator makes when foreign buffers grow, copies in D-Bus
//!   messages and in the keyring daemon, swap and core dumps are out of its reach.
//! - age files are encrypted, not signed: whoever can write the directory and knows the recipient can put another
//!   secret there, or an older file of the same entry.
//! - The keyring is one for all root directories of a user.
//! - Locks among processes need a file system that has them.

mod age_file;
mod blocking;
mod choice;
pub mod conformance;
mod copies;
mod describe;
mod directory;
mod encryption_key;
mod entry;
mod environment;
mod error;
mod generation;
mod instance;
mod instance_dir;
mod keyring;
mod lock;
mod memory;
mod migration;
mod portable_name;
mod revision;
mod rotation;
mod seal;
mod secret_store;
mod selection;
mod store;
mod stored_value;
mod watch;

pub use age_file::AgeFileStore;
pub use describe::{Description, KeySource, Lifetime, Location, Presence, Survival};
pub use entry::EntryName;
pub use error::{Error, ErrorKind};
pub use instance::InstanceId;
pub use keyring::KeyringStore;
pub use memory::MemoryStore;
pub use migration::{Backend, Migration};
pub use revision::Revision;
pub use rotation::Rotation;
pub use secret_store::{MAX_SECRET_LEN, Precondition, SecretStore, Stored};
pub use store::{Store, StoreBuilder};
pub use stored_value::StoredValue;
pub use watch::Watch;
