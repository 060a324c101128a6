//! Why an emulator could not start.

use std::{error, fmt, io, net::SocketAddr};

/// What to do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Choose an address of this machine's loopback interface. Not transient.
    NotLoopback,
    /// Choose another port, or stop the program that has this one. Transient if that program ends.
    AddressInUse,
    /// Choose an address on which this process may listen; the source says what is wrong. Not transient.
    CannotListen,
}

/// Why an emulator could not start.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    address: SocketAddr,
    source: Option<io::Error>,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) const fn not_loopback(address: SocketAddr) -> Self {
        Self {
            kind: ErrorKind::NotLoopback,
            address,
            source: None,
        }
    }

    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::AddrInUse => ErrorKind::AddressInUse,
            _ => ErrorKind::CannotListen,
        };
        Self {
            kind,
            address,
            source: Some(source),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address;
        match self.kind {
            ErrorKind::NotLoopback => write!(
                f,
                "{address} is not a loopback address: an emulator gives tokens to everybody who reaches it, \
                 so listen on 127.0.0.1 or [::1]"
            ),
            ErrorKind::AddressInUse => write!(
                f,
                "{address} is in use: stop the other program, or listen on another port (0 takes a free one)"
            ),
            ErrorKind::CannotListen => write!(f, "cannot listen on {address}"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
