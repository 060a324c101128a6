//! How long an exchange may take, and how large an answer may be.

use std::time::Duration;

/// How long an exchange may take, and how large an answer may be.
///
/// | limit | default |
/// |---|---|
/// | connecting: name, TCP and TLS | 3 s |
/// | silence: until the answer begins, and within its body | 10 s |
/// | all of it: attempts and the waits between them, from the call to the last byte | 30 s |
/// | body of an answer, on the wire and decoded | 1 MiB |
/// | headers of an answer | 64 KiB and 100 fields, fixed |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
    pub(crate) total: Duration,
    pub(crate) body: usize,
}

impl Limits {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            connect: Duration::from_secs(3),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(30),
            body: 1 << 20,
        }
    }

    /// How long connecting may take: finding the address, TCP and TLS together.
    #[must_use]
    pub const fn with_connect(mut self, deadline: Duration) -> Self {
        self.connect = deadline;
        self
    }

    /// How long a server may be silent: from the request, and connecting for it, until the answer begins, and within
    /// its body.
    #[must_use]
    pub const fn with_idle(mut self, deadline: Duration) -> Self {
        self.idle = deadline;
        self
    }

    /// How long all of it may take, from the call to the last byte: all attempts, and the waits between them.
    #[must_use]
    pub const fn with_total(mut self, deadline: Duration) -> Self {
        self.total = deadline;
        self
    }

    /// How many bytes the body of an answer may have, on the wire and when it is decoded.
    #[must_use]
    pub const fn with_body(mut self, bytes: usize) -> Self {
        self.body = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
