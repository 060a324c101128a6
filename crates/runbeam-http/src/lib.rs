//! The HTTP client of the Runbeam SDK: hyper and rustls with deadlines, size limits and no redirects.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use runbeam_http::HttpClient;
//!
//! let client = HttpClient::builder().build()?;
//! let request = http::Request::get("https://api.runbeam.io/api/.well-known/jwks.json").body(Default::default())?;
//! let response = client.send(request).await?;
//! println!("{} with {} bytes", response.status(), response.body().len());
//! # Ok(())
//! # }
//! ```
//!
//! # What it guarantees
//!
//! - Nothing waits for ever: see [`Limits`] for the deadlines, and for the sizes of body and headers.
//! - TLS 1.2 or 1.3 with the roots of the platform, HTTP/1.1 or HTTP/2 as the server offers. Plain `http` goes
//!   to loopback only.
//! - With [`AddressRule::Public`] it connects to public addresses alone, judged after the resolution of names, so that
//!   nobody can point it into the network that it runs in. The default is any address.
//! - A redirect is an answer like any other and is never followed: it could lead a token elsewhere.
//! - A body is taken as it is: an answer in a content coding, which nobody asked for, is refused.
//! - Bodies that were received are zeroized when dropped; errors hold the origin of a URL, never its path,
//!   its query, a header or a body.
//!
//! # Limits
//!
//! It sends what it is told, once: retries belong to whoever knows what may be repeated. Copies of a body
//! inside hyper and rustls are out of its reach.

mod address_rule;
mod body;
mod builder;
mod client;
mod connector;
mod error;
mod limits;
mod resolver;
mod tls;

pub use address_rule::AddressRule;
pub use builder::HttpClientBuilder;
pub use client::HttpClient;
pub use error::{BuildError, Error, ErrorKind};
pub use limits::Limits;
pub use resolver::Resolver;
