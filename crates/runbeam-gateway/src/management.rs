//! The management API of a gateway: what it says of itself, and how it gets and uses its machine token.
//!
//! [`Management`] is a [`tower`](https://docs.rs/tower) service of `http` requests. It answers what
//! [`ManagementClient`](runbeam_sdk::ManagementClient) and the command `runbeam harmony:…` ask. What only the gateway
//! knows, it gives through [`ManagedGateway`].
//!
//! | request | what | who may |
//! |---|---|---|
//! | `GET /{prefix}/info`, `pipelines`, `routes`, `config/status` | facts | who reaches it |
//! | `POST /{prefix}/authorize` | exchanges a user's token for a machine token, and keeps that | who has a user's token, JWT or Sanctum |
//! | `POST /{prefix}/token` | keeps a machine token that is handed over | who reaches it |
//! | `POST /{prefix}/update` | uploads the configuration | who reaches it |
//! | `POST /{prefix}/reload` | reads the configuration anew | who reaches it |
//!
//! `reload` and `config/status` are below `/api`, too, whatever the prefix. Without `[runbeam] enabled = true` the three
//! that have to do with the cloud are answered with 403.
//!
//! # Who reaches it
//!
//! The API asks for no credentials but in `authorize`, and it is plain HTTP: [`ManagementAddress`] is loopback unless
//! something else is demanded by name. Requests of web pages, which any page may send to loopback, are refused: a `POST`
//! with an `Origin`.
//!
//! A body may hold an `encryption_key`, by which the instance seals what it keeps from then on. It is taken over TLS or
//! from this machine alone. Whether a request came so is said by a [`Connection`] in its extensions, which the server
//! puts there; without one it is not trusted. A request that was `Forwarded` did not come from this machine.
//!
//! # What strangers learn
//!
//! A user's token that is not good is answered with one body, whatever the reason; details are in the log, without a
//! secret. A peer may try `authorize` ten times a minute, and is answered with 429 then. Bodies have 64 KiB at most, and
//! ten seconds to arrive.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use http_body_util::Full;
//! use runbeam_gateway::identity::MachineIdentity;
//! use runbeam_gateway::management::{ConfigStatus, ManagedGateway, Management, Reloaded};
//! use runbeam_gateway::sync::Rejection;
//! use runbeam_sdk::RunbeamClient;
//! use runbeam_sdk::model::{ManagedPipeline, ManagedRoute, StoreConfiguration};
//! use runbeam_sdk::store::{InstanceId, MemoryStore};
//! use tower::ServiceExt;
//!
//! struct Edge;
//!
//! impl ManagedGateway for Edge {
//!     fn is_integrated(&self) -> bool {
//!         true
//!     }
//!     fn pipelines(&self) -> Vec<ManagedPipeline> {
//!         vec![ManagedPipeline::new("studies")]
//!     }
//!     fn routes(&self) -> Vec<ManagedRoute> {
//!         vec![ManagedRoute::new("/studies", ["GET"])]
//!     }
//!     fn status(&self) -> ConfigStatus {
//!         ConfigStatus::new("/etc/edge.toml", "edge")
//!     }
//!     async fn configuration(&self) -> Result<Vec<StoreConfiguration>, Rejection> {
//!         Ok(Vec::new())
//!     }
//!     async fn reload(&self) -> Result<Reloaded, Rejection> {
//!         Ok(Reloaded::new())
//!     }
//! }
//!
//! let client = RunbeamClient::new("https://api.runbeam.io");
//! let (store, instance) = (MemoryStore::new(), "edge".parse::<InstanceId>()?);
//! let identity = MachineIdentity::builder(client.clone(), store.clone(), instance.clone())
//!     .start()
//!     .await?;
//! let management = Management::builder(Edge, client, identity, store, instance).build()?;
//!
//! let request = http::Request::get("/admin/pipelines").body(Full::<&[u8]>::default())?;
//! let answer = management.oneshot(request).await?;
//! assert_eq!(answer.status(), 200);
//! # Ok(())
//! # }
//! ```

mod address;
mod answer;
mod body;
mod builder;
mod connection;
mod gateway;
mod hand_over;
mod operations;
mod paths;
mod service;

pub use address::ManagementAddress;
pub use builder::ManagementBuilder;
pub use connection::Connection;
pub use gateway::{ConfigStatus, ManagedGateway, Reloaded};
pub use service::Management;
