//! Where the management API listens.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::str::FromStr;

use crate::BuildError;

/// Where the management API listens: `127.0.0.1:9090`, or another address of loopback.
///
/// ```
/// use runbeam_gateway::management::ManagementAddress;
///
/// assert_eq!(ManagementAddress::default().to_string(), "127.0.0.1:9090");
/// assert!("[::1]:8081".parse::<ManagementAddress>().is_ok());
/// assert!("0.0.0.0:9090".parse::<ManagementAddress>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ManagementAddress(SocketAddr);

impl ManagementAddress {
    /// Any address. Whoever reaches it may hand the gateway a machine token, and so another owner: let nothing else but a
    /// private network reach it.
    #[must_use]
    pub fn dangerous_beyond_loopback(address: SocketAddr) -> Self {
        if !address.ip().to_canonical().is_loopback() {
            tracing::warn!(%address, "the management API listens beyond loopback, and asks for no credentials");
        }
        Self(address)
    }

    /// The address.
    #[must_use]
    pub fn get(self) -> SocketAddr {
        self.0
    }

    /// Listens there, ready for a runtime: `tokio::net::TcpListener::from_std` takes it.
    ///
    /// # Errors
    ///
    /// If the address cannot be had, such as one that is in use.
    pub fn listen(self) -> Result<TcpListener, BuildError> {
        let listen = || {
            let listener = TcpListener::bind(self.0)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        listen().map_err(|error: std::io::Error| {
            let problem = format!(
                "the management API cannot listen on {self}; choose another address or port"
            );
            BuildError::new(problem).with_source(error)
        })
    }
}

impl Default for ManagementAddress {
    fn default() -> Self {
        Self((Ipv4Addr::LOCALHOST, 9090).into())
    }
}

impl TryFrom<SocketAddr> for ManagementAddress {
    type Error = BuildError;

    fn try_from(address: SocketAddr) -> Result<Self, BuildError> {
        if address.ip().to_canonical().is_loopback() {
            return Ok(Self(address));
        }
        Err(BuildError::new(format!(
            "the management API asks for no credentials and is for loopback, which {} is not; use 127.0.0.1, or \
             `dangerous_beyond_loopback`",
            address.ip()
        )))
    }
}

impl FromStr for ManagementAddress {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        let address: SocketAddr = text.parse().map_err(|_| {
            BuildError::new("the address of the management API is not of the form 127.0.0.1:9090")
        })?;
        address.try_into()
    }
}

impl fmt::Display for ManagementAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
