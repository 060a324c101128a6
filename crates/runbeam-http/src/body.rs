//! Reading the body of an answer within its limits.

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use runbeam_model::{Origin, SecretBytes};

use crate::{Error, ErrorKind, Limits};

/// All of `body`. It is zeroized when the last share of it is dropped.
pub(crate) async fn read(
    mut body: Incoming,
    limits: Limits,
    server: &Origin,
) -> Result<Bytes, Error> {
    let too_large = || {
        Error::new(
            ErrorKind::TooLarge,
            server,
            format!("its body has more than {} bytes", limits.body),
        )
    };
    let announced = body.size_hint().lower();
    if announced > limits.body as u64 {
        return Err(too_large());
    }
    // What a server announces is no reason to set memory aside before it sends anything.
    let mut read = SecretBytes::with_capacity((announced as usize).min(16 << 10));
    loop {
        let frame = tokio::time::timeout(limits.idle, body.frame())
            .await
            .map_err(|_| Error::timeout(server, "the next part of its body", limits.idle))?;
        let Some(frame) = frame else {
            return Ok(read.into_bytes());
        };
        let frame = frame.map_err(|error| {
            Error::new(ErrorKind::Interrupted, server, "its body is incomplete").with_source(error)
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if read.len() + data.len() > limits.body {
            return Err(too_large());
        }
        read.extend_from_slice(&data);
    }
}
