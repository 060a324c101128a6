//! The vocabulary of Runbeam Cloud, without I/O.
//!
//! ```
//! use runbeam_model::{BaseUrl, ListResources, Gateway, Operation, Secret};
//!
//! let base: BaseUrl = "https://api.runbeam.io".parse()?;
//! let token = Secret::from("12|p0LmXw3rT8");
//! let request = ListResources::<Gateway>::new().request().to_http(&base, &token)?;
//! assert_eq!(request.uri(), "https://api.runbeam.io/api/gateways");
//! assert!(!format!("{request:?}").contains("p0LmXw3rT8"));
//! # Ok::<_, runbeam_model::ParseError>(())
//! ```
//!
//! # Words
//!
//! - A [`Secret`] is any token, key or password: redacted in `Debug`, zeroized on drop, exposed only by an
//!   explicit call.
//! - A [`MachineToken`] is what a gateway calls the API with; a [`UserToken`] is what a person logged in with.
//! - An [`Operation`] is one call of the API, described without sending it: it says which request it makes
//!   and reads the answer from bytes. An [`ApiError`] is what the server said when it refused.
//! - A [`Clock`] tells the time to whoever needs it, so that a life of thirty days is tested in milliseconds.
//!
//! # Reading and writing
//!
//! Reading is lenient: unknown fields are ignored, ids may be strings or integers, a flag may be `0` or `1`.
//! Writing is canonical. What cannot be read is named by its place, never by its value: an answer may hold
//! secrets.
//!
//! # Limits
//!
//! Buffers that this crate owns are zeroized. Copies that an allocator, the TLS stack or the operating system
//! makes (reallocation of foreign buffers, swap, core dumps) are out of its reach.

mod account;
mod api_error;
mod authorize;
mod base_url;
mod clock;
mod gateway;
mod id;
mod known;
mod lenient;
mod operation;
mod origin;
mod page;
mod parse_error;
mod resource;
mod secret;
mod timestamp;
mod token;

pub use account::{TeamInfo, UserInfo};
pub use api_error::ApiError;
pub use authorize::{
    AuthorizeGateway, AuthorizeResponse, AuthorizedBy, GatewayInfo, RevokeGateway, RevokeResponse,
};
pub use base_url::BaseUrl;
pub use clock::{Clock, ManualClock, SystemClock};
pub use gateway::{Gateway, GatewayDraft};
pub use id::{GatewayCode, GatewayId, TeamId, UserId};
pub use known::Known;
pub use operation::{AnswerError, ApiRequest, Operation, ReadError};
pub use origin::Origin;
pub use page::{Page, PageLinks, PageMeta};
pub use parse_error::ParseError;
pub use resource::{
    CreateResource, DeleteResource, Deleted, ListResources, Resource, ShowResource, UpdateResource,
};
pub use secret::{Secret, SecretBytes};
pub use timestamp::Timestamp;
pub use token::{MachineToken, UserToken};
