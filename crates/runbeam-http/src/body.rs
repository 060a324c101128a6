//! Reading the body of an answer within its limits, on the wire and decoded.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::write::GzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body;
use http_body_util::BodyExt;
use runbeam_model::{Origin, SecretBytes};

use crate::deadline::Deadline;
use crate::transport::TransportBody;
use crate::{Error, ErrorKind, Phase, meaning};

/// What a server announces is no reason to set more memory aside before it sends anything.
const MAX_AHEAD: usize = 64 << 10;

/// How a body is to be read.
pub(crate) struct Reading<'a> {
    pub(crate) server: &'a Origin,
    /// How many bytes there may be.
    pub(crate) limit: usize,
    pub(crate) idle: Duration,
    pub(crate) deadline: Deadline,
}

impl Reading<'_> {
    /// All of `body`, decoded (RFC 9110, section 8.4), and `headers` without what they said of the coding. It is
    /// zeroized when the last share of it is dropped.
    pub(crate) async fn read(
        &self,
        headers: &mut HeaderMap,
        mut body: TransportBody,
    ) -> Result<Bytes, Error> {
        let announced = body.size_hint().lower();
        if announced > self.limit as u64 {
            return Err(self.too_large());
        }
        let ahead = (announced as usize).min(MAX_AHEAD);
        let plain = Limited {
            bytes: SecretBytes::with_capacity(ahead),
            limit: self.limit,
        };
        let mut sink = Sink::of(headers, plain).map_err(|problem| self.undecodable(problem))?;
        let mut received = 0;
        loop {
            let frame = self
                .deadline
                .within(Phase::Body, self.idle, self.server, body.frame());
            let Some(frame) = frame.await? else { break };
            let frame = frame.map_err(|error| meaning::of_body(error, self.server))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            received += data.len();
            if received > self.limit {
                return Err(self.too_large());
            }
            sink.write(&data).map_err(|error| self.refused(error))?;
        }
        if received > 0 && matches!(sink, Sink::Gzip(_)) {
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
        }
        let plain = sink.finish(received).map_err(|error| self.refused(error))?;
        Ok(plain.bytes.into_bytes())
    }

    fn refused(&self, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::FileTooLarge {
            return self.too_large();
        }
        self.undecodable("its body is not the gzip that it claims to be")
            .with_source(error)
    }

    fn undecodable(&self, problem: &str) -> Error {
        Error::new(ErrorKind::Undecodable, self.server, problem)
    }

    fn too_large(&self) -> Error {
        let problem = format!("its body has more than {} bytes", self.limit);
        Error::new(ErrorKind::TooLarge, self.server, problem)
    }
}

/// Where the bytes of a body go.
enum Sink {
    Plain(Limited),
    Gzip(Box<GzDecoder<Limited>>),
}

impl Sink {
    fn of(headers: &HeaderMap, plain: Limited) -> Result<Self, &'static str> {
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let Some(coding) = codings.next() else {
            return Ok(Self::Plain(plain));
        };
        let coding = coding.as_bytes();
        if codings.next().is_some() {
            Err("its body is in several content codings")
        } else if coding.eq_ignore_ascii_case(b"identity") {
            Ok(Self::Plain(plain))
        } else if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
            Ok(Self::Gzip(Box::new(GzDecoder::new(plain))))
        } else {
            Err("its body is in a content coding that nobody asked for")
        }
    }

    fn write(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(plain) => plain.write_all(data),
            Self::Gzip(decoder) => decoder.write_all(data),
        }
    }

    fn finish(self, received: usize) -> io::Result<Limited> {
        match self {
            Self::Plain(plain) => Ok(plain),
            // The answer to HEAD, or a 304, tells the coding of a body that is not there.
            Self::Gzip(mut decoder) if received == 0 => Ok(std::mem::take(decoder.get_mut())),
            Self::Gzip(decoder) => decoder.finish(),
        }
    }
}

/// Bytes up to a limit.
#[derive(Default)]
struct Limited {
    bytes: SecretBytes,
    limit: usize,
}

impl Write for Limited {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
