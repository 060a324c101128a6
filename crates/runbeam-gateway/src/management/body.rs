//! The body of a request, within limits.

use std::pin::pin;
use std::time::Duration;

use bytes::Buf;
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt;
use runbeam_sdk::model::SecretBytes;

use super::answer::Refusal;

/// Ample for a token of 16 KiB and a key.
const MOST: usize = 64 * 1024;
const LONGEST: Duration = Duration::from_secs(10);

/// Reads a body, which may hold secrets.
pub(super) async fn read<B: Body>(body: B) -> Result<SecretBytes, Refusal> {
    let too_slow = |_| {
        Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body did not arrive in time",
        )
    };
    tokio::time::timeout(LONGEST, collect(body))
        .await
        .map_err(too_slow)?
}

async fn collect<B: Body>(body: B) -> Result<SecretBytes, Refusal> {
    let too_large = || Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large");
    if body.size_hint().lower() > MOST as u64 {
        return Err(too_large());
    }
    let mut body = pin!(body);
    let mut whole = SecretBytes::with_capacity(4 * 1024);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad_request("The body broke off"))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        while data.has_remaining() {
            let piece = data.chunk();
            if whole.len() + piece.len() > MOST {
                return Err(too_large());
            }
            whole.extend_from_slice(piece);
            data.advance(data.chunk().len());
        }
    }
    Ok(whole)
}
