//! Configuration sync: changes arrive, are applied once each, and reported; the last good configuration survives.
//!
//! ```no_run
//! # async fn example(client: runbeam_sdk::RunbeamClient, identity: runbeam_gateway::identity::MachineIdentity,
//! #     store: runbeam_sdk::store::Store) -> Result<(), Box<dyn std::error::Error>> {
//! use runbeam_gateway::sync::{ChangeFeed, Rejection, Update};
//!
//! let feed = ChangeFeed::builder(client, identity, store, "edge-lisbon".parse()?)
//!     .start(|update: Update| async move {
//!         match &update {
//!             Update::LastGood(last_good) => println!("starts with version {}", last_good.version),
//!             Update::Whole(configuration) => println!("runs {}", configuration.gateway.name),
//!             Update::Change { change, .. } if change.toml_config.is_none() => {
//!                 return Err(Rejection::new("a change without a configuration"));
//!             }
//!             Update::Change { change, .. } => println!("changes {:?}", change.pipeline_id),
//!             _ => {}
//!         }
//!         Ok(())
//!     })
//!     .await?;
//! println!("{:?}", feed.status());
//! # Ok(())
//! # }
//! ```
//!
//! # The way of a change
//!
//! 1. It is listed, and written to the journal, an entry `sync` of the store. Only then it is acknowledged, with all
//!    others at once: from there on the cloud lists it no more.
//! 2. Oldest first, its content is fetched, and that it begins is written to the journal.
//! 3. `apply` is called. What it takes over becomes a new version of the last good configuration; what it rejects is
//!    put in quarantine, is not given to it again, and leaves the last good configuration as it was.
//! 4. The outcome is written to the journal, and reported until the cloud has taken the report.
//!
//! # What a crash leaves
//!
//! Whatever the moment: each change reaches its end, and none whose outcome was written is applied again. If the process
//! ended while `apply` ran, nobody here can know how far it came; the change is given again, with
//! [`was_interrupted`](Update::Change::was_interrupted), and a gateway whose changes outlive it looks then whether it
//! runs by it already. A change in which the process ends three times is put in quarantine.
//!
//! # The last good configuration
//!
//! It is what the cloud gave as a whole, and on top of it the last change of each resource. It is kept in entries
//! `config-…` of the store, sealed and with a SHA-256 checksum, the last three versions of it, and given to `apply` first of
//! all, before anything is asked of the cloud. If the newest version does not read, the one before it is taken.
//!
//! Give it a store of files: a keyring is a poor place for a configuration of megabytes.
//!
//! # Limits
//!
//! One feed an instance: of two that share a store, one finds that the other wrote the journal, and begins anew from
//! there.

mod archive;
mod chunks;
mod cloud;
mod driver;
mod feed;
mod journal;
mod last_good;
mod pace;
mod rejection;
mod status;
mod update;

pub use feed::{ChangeFeed, ChangeFeedBuilder};
pub use last_good::LastGood;
pub use rejection::{Quarantined, Rejection};
pub use status::SyncStatus;
pub use update::Update;
