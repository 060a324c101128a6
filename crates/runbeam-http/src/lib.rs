//! The HTTP client of the Runbeam SDK: hyper and rustls with deadlines, size limits, polite retries and no redirects.
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
//! - What fails for a while is tried again, as far as that is safe and polite: see [`RetryPolicy`]. An outage never
//!   sees much more than a tenth above the usual number of requests.
//! - TLS 1.2 or 1.3 with the roots of the platform, HTTP/1.1 or HTTP/2 as the server offers. Plain `http` goes
//!   to loopback only.
//! - With [`AddressRule::Public`] it connects to public addresses alone, judged after the resolution of names, so that
//!   nobody can point it into the network that it runs in. The default is any address.
//! - A redirect is an answer like any other and is never followed: it could lead a token elsewhere.
//! - A proxy that the environment names sees host and port, and nothing of what is said over `https`: see
//!   [`HttpClientBuilder::with_proxy`].
//! - Answers may be compressed by gzip (RFC 1952) and are decoded; no more than the limit comes out.
//! - Bodies that were received are zeroized when dropped; errors hold the origin of a URL, never its path,
//!   its query, a header or a body.
//!
//! # What it shows
//!
//! - [`Error::kind`], [`Error::attempts`], [`Attempts`] of an answer, and [`HttpClient::counters`].
//! - One span of `tracing` for each attempt, at the level INFO, by the semantic conventions of OpenTelemetry for HTTP
//!   clients: method, server, status, `error.type`, and a URL without user information, query, ids and tokens.
//!
//! # Layers, and tests without a server
//!
//! [`HttpClient`] is a [`tower_service::Service`], and so is what it sends through: any service can stand in place of
//! its connections, or around them. See [`HttpClientBuilder::with_transport`].
//!
//! # Limits
//!
//! SOCKS proxies are not spoken to. Copies of a body inside hyper and rustls are out of its reach.

mod address_rule;
mod attempts;
mod body;
mod budget;
mod builder;
mod call;
mod circuit;
mod client;
mod connector;
mod counters;
mod deadline;
mod error;
mod limits;
mod meaning;
mod options;
mod proxy;
mod resolver;
mod retry;
mod servers;
mod stream;
mod tls;
mod trace;
mod transport;

pub use address_rule::AddressRule;
pub use attempts::{Attempt, Attempts, Outcome, Stop};
pub use builder::HttpClientBuilder;
pub use circuit::CircuitState;
pub use client::HttpClient;
pub use counters::Counters;
pub use error::{BuildError, Error, ErrorKind, Phase};
pub use limits::Limits;
pub use options::RequestOptions;
pub use resolver::Resolver;
pub use retry::RetryPolicy;
pub use transport::{Transport, TransportBody};
