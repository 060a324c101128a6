//! Why an emulator could not start.

use std::{error, fmt, io, net::SocketAddr, path::Path};

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
    /// Choose another data file, or stop the emulator that has it open; the source says what is wrong. Transient if
    /// that emulator ends.
    DataFile,
    /// Correct the seed at the place that the text names. Not transient.
    Seed,
    /// Choose a place where the certificate can be written; the source says what is wrong. Not transient.
    Certificate,
}

/// Why an emulator could not start, or could not take a seed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
    source: Option<io::Error>,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    const fn new(kind: ErrorKind, text: String, source: Option<io::Error>) -> Self {
        Self { kind, text, source }
    }

    pub(crate) fn not_loopback(address: SocketAddr) -> Self {
        let text = format!(
            "{address} is not a loopback address: an emulator gives tokens to everybody who reaches it, so listen \
             on 127.0.0.1 or [::1]"
        );
        Self::new(ErrorKind::NotLoopback, text, None)
    }

    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            let text = format!(
                "{address} is in use: stop the other program, or listen on another port (0 takes a free one)"
            );
            return Self::new(ErrorKind::AddressInUse, text, Some(source));
        }
        let text = format!("cannot listen on {address}");
        Self::new(ErrorKind::CannotListen, text, Some(source))
    }

    pub(crate) fn data_file(path: &Path, source: io::Error) -> Self {
        let text = format!("cannot use the data file {}", shown(path));
        Self::new(ErrorKind::DataFile, text, Some(source))
    }

    /// `text` begins with the place in the seed that is wrong.
    pub(crate) fn seed(text: String) -> Self {
        Self::new(
            ErrorKind::Seed,
            format!("cannot use the seed: {text}"),
            None,
        )
    }

    pub(crate) fn seed_file(path: &Path, source: io::Error) -> Self {
        let text = format!("cannot read the seed file {}", shown(path));
        Self::new(ErrorKind::Seed, text, Some(source))
    }

    pub(crate) fn certificate(path: &Path, source: io::Error) -> Self {
        let text = format!("cannot write the certificate {}", shown(path));
        Self::new(ErrorKind::Certificate, text, Some(source))
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
