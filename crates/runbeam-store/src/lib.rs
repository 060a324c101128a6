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
//!   wrote in between, and a [`Watch`] can go on from there.
//! - A *generation* says which of two states is the newer one. It is sealed with the secret, and decides where copies of an
//!   entry are in two places.
//!
//! # Contents
//!
//! - [`SecretStore`]: what every store does, and [`conformance`]: the suite that proves it.
//! - [`Store`]: the handle to use. It chooses a backend for each instance and remembers the choice.
//! - [`Provisioning`]: machine tokens that are handed over from outside.
//! - [`KeyringStore`], [`AgeFileStore`], [`MemoryStore`]: the backends by themselves.
//! - [`Store::rotate`] and [`Store::migrate`]: another key, another backend, while others load.
//! - [`Error`] and [`ErrorKind`]: what went wrong, and the next step.
//!
//! # What protects a secret
//!
//! | where | at rest | against other users | it survives |
//! |---|---|---|---|
//! | keyring | the operating system, with the user's password | the operating system | what the keyring survives: [`describe`](SecretStore::describe) says it. One that forgets at logout or reboot is never chosen by itself |
//! | file | age: X25519 and ChaCha20-Poly1305 | mode 0600 in a directory of mode 0700; links, foreign owners and looser modes are refused | crashes and power loss at any moment, and many processes at once; a container, if its directory is on a volume |
//! | memory | nothing | the process | nothing |
//!
//! A file is bound to its instance and entry: exchanged files are an error. A key that is handed over or set in
//! the environment stays apart from the files, so that a copy of the disk alone reveals nothing. The instance's
//! own key stands beside its files: it protects a file that leaves its directory, not the directory as a whole.
//!
//! # What is where
//!
//! ```text
//! <root>/<instance>/<entry>.json          an age file; its payload is the secret and nothing else. Its header has a stanza
//!                                         -> runbeam-entry <instance> <entry> <generation>
//!                   runbeam/<entry>.json  the same without the stanza, where the earlier SDK kept it
//!                   encryption.key        the instance's own key; two identities while it is rotated
//!                   backend               keyring | file | file, formerly keyring | keyring, formerly file
//! keyring, service runbeam,
//!          account <instance>/<entry>     a line runbeam-entry <instance> <entry> <generation>, then the secret
//! ```
//!
//! # Environment
//!
//! Read by [`Store::from_env`] and [`Provisioning::from_env`], once each time:
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `RUNBEAM_HOME` | the root directory of files | `~/.runbeam` |
//! | `RUNBEAM_ENCRYPTION_KEY` | the key that seals files, in any documented form: `AGE-SECRET-KEY-1…`, the output of `age-keygen`, or the base64 of either. Of several identities, one a line, the first seals and all open. It also says that files are used | a key of each instance |
//! | `RUNBEAM_ENCRYPTION_KEY_FILE` | the path of a file that holds the same: a mounted secret. Others may read it, as Docker and Kubernetes mount secrets, but not write it | none |
//! | `RUNBEAM_DISABLE_KEYRING` | set to anything, even to nothing: files are used | unset |
//! | `RUNBEAM_MACHINE_TOKEN` | a machine token: its JSON, which is saved to the store, or the bare token, which stays in memory | none |
//! | `RUNBEAM_MACHINE_TOKEN_FILE` | the path of a file that holds the same | none |
//!
//! A variable that is set but useless is an error that names it, and so is a pair that is set twice, as text and as
//! a file. Identities of age plugins and passphrases are not supported.
//!
//! # Limits
//!
//! - Buffers of this crate are zeroized. Copies that an allocator makes when foreign buffers grow, copies in D-Bus
//!   messages and in the keyring daemon, swap and core dumps are out of its reach.
//! - A store holds copies of the secrets that it loaded from files, at most 64, until they change or it is dropped.
//! - age files are encrypted, not signed: whoever can write the directory and knows the recipient can put another
//!   secret there. An older file of the same entry is told from the newer one by a store that has seen the newer one
//!   ([`RolledBack`](ErrorKind::RolledBack)); a store that is opened later has not, and a file without a generation has none to
//!   compare.
//! - A generation is the time of the save, in milliseconds, or one more than the last one. If a store cannot see the
//!   other copy of an entry and the clock was set back, it may number the newer copy lower.
//! - A rotation does not wipe what the file system, a snapshot or a backup keeps of the former files and key. The
//!   earlier SDK cannot read the key of an instance while it is being rotated.
//! - The keyring is one for all root directories of a user.
//! - Locks among processes, and seeing each other's changes at once, need a file system that has them: over a network a change
//!   is seen when the file system shows it.

mod age_file;
mod age_header;
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
mod key_setting;
mod keyring;
mod known_file;
mod lock;
mod memory;
mod migration;
mod mounted_file;
mod portable_name;
mod provisioning;
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
pub use environment::encryption_key_from_env;
pub use error::{Error, ErrorKind};
pub use instance::InstanceId;
pub use keyring::KeyringStore;
pub use memory::MemoryStore;
pub use migration::{Backend, Migration};
pub use provisioning::Provisioning;
pub use revision::Revision;
pub use rotation::Rotation;
pub use secret_store::{MAX_SECRET_LEN, Precondition, SecretStore, Stored};
pub use store::{Store, StoreBuilder};
pub use stored_value::StoredValue;
pub use watch::Watch;
