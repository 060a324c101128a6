//! What a gateway process embeds: an identity that keeps itself alive, configuration that arrives and survives,
//! authentication in front of its routes, and the management API that the command line speaks to.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use runbeam_gateway::layers::{AuthConfig, AuthLayer, Authenticated};
//! use tower::{Layer, Service, ServiceExt};
//!
//! // The hash of a key: `printf %s KEY | sha256sum`.
//! let config = r#"
//!     [[middleware]]
//!     type = "api-key"
//!     config = {
//!         header = "X-API-Key",
//!         keys = ["2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"],
//!     }
//! "#;
//! let authenticator = AuthConfig::parse(config, "gateway.toml")?.chain()?.build()?;
//!
//! let route = tower::service_fn(|request: http::Request<String>| async move {
//!     let caller: &Authenticated = request.extensions().get().ok_or("behind no layer")?;
//!     Ok::<_, &str>(http::Response::new(format!("key {:?}", caller.api_key())))
//! });
//! let mut route = AuthLayer::new(authenticator).layer(route);
//!
//! let request = http::Request::get("/").header("x-api-key", "key").body(String::new())?;
//! let answer = route.ready().await?.call(request).await?;
//! assert_eq!(answer.status(), 200);
//!
//! let answer = route.ready().await?.call(http::Request::default()).await?;
//! assert_eq!(answer.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # Contents
//!
//! - [`identity`]: the machine token of the gateway, found, kept and renewed.
//! - [`sync`]: configuration changes, applied once each and reported; the last good configuration, served without
//!   the cloud.
//! - [`layers`]: tower layers that let a request through once its credentials are good: JWTs, passwords, API keys, and
//!   chains of them.
//! - [`management`]: the API that the command line speaks to.
//! - [`Error`] and [`ErrorKind`]: what went wrong, and the next step.
//!
//! The example `gateway` is all of it in one program; `--demo` shows it at work. `thousand_gateways` says what one costs.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `aws-lc-rs` | no | nothing: tokens are verified by aws-lc-rs in place of ring, faster. It builds a C library |
//!
//! # Limits
//!
//! All of it needs a Tokio runtime.

mod call_error;
mod error;
mod fault;
pub mod identity;
pub mod layers;
pub mod management;
pub mod sync;

pub use call_error::{Error, ErrorKind};
pub use error::BuildError;
pub use fault::Fault;
