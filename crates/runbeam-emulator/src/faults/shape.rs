//! Answers that are spoilt on their way: slow, cut off, swollen, mislabelled, or not sent at all.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::Fault;

/// Most bytes in a piece of a body that is filled up.
const PIECE: usize = 64 * 1024;

/// Marks an answer in whose place the connection is reset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abort;

/// Spoils an answer by one fault; those that act before the operation leave it alone.
pub(crate) async fn spoil(response: Response, fault: &Fault) -> Response {
    match fault {
        Fault::Status { .. } | Fault::Delay { .. } | Fault::ResetBefore => response,
        Fault::ResetAfter => {
            let mut response = response;
            response.extensions_mut().insert(Abort);
            response
        }
        Fault::ContentType { content_type } => {
            let mut response = response;
            if let Ok(value) = HeaderValue::from_str(content_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, value);
            }
            response
        }
        Fault::SlowBody { bytes, millis } => {
            let pause = Duration::from_millis(*millis);
            reshaped(response, |body| Shaped {
                piece: *bytes,
                pause: Some(pause),
                ..Shaped::whole(body)
            })
            .await
        }
        Fault::TruncatedBody { bytes } => {
            reshaped(response, |mut body| {
                let announced = body.len() as u64;
                let is_cut = *bytes < body.len();
                body.truncate(*bytes);
                Shaped {
                    is_cut,
                    announced,
                    ..Shaped::whole(body)
                }
            })
            .await
        }
        Fault::HugeBody { bytes } => {
            reshaped(response, |body| {
                let padding = bytes.saturating_sub(body.len() as u64);
                Shaped {
                    padding,
                    announced: body.len() as u64 + padding,
                    ..Shaped::whole(body)
                }
            })
            .await
        }
    }
}

async fn reshaped(response: Response, shape: impl FnOnce(Bytes) -> Shaped) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    // The length is announced anew, from what the body says of itself.
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::new(shape(bytes)))
}

/// A body in pieces, with what goes wrong with it.
struct Shaped {
    rest: Bytes,
    /// Bytes of white space after the rest.
    padding: u64,
    piece: usize,
    pause: Option<Duration>,
    pausing: Option<Pin<Box<Sleep>>>,
    is_cut: bool,
    is_flushed: bool,
    /// The length that the answer promises.
    announced: u64,
}

impl Shaped {
    const fn whole(rest: Bytes) -> Self {
        Self {
            announced: rest.len() as u64,
            rest,
            padding: 0,
            piece: PIECE,
            pause: None,
            pausing: None,
            is_cut: false,
            is_flushed: false,
        }
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        if !self.rest.is_empty() {
            return Some(self.rest.split_to(self.piece.min(self.rest.len())));
        }
        if self.padding == 0 {
            return None;
        }
        let length = self
            .piece
            .min(usize::try_from(self.padding).unwrap_or(PIECE));
        self.padding -= length as u64;
        Some(Bytes::from(vec![b' '; length]))
    }
}

impl http_body::Body for Shaped {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = self.pause
            && !self.rest.is_empty()
        {
            let pausing = self.pausing.get_or_insert_with(|| Box::pin(sleep(pause)));
            ready!(pausing.as_mut().poll(context));
            self.pausing = None;
        }
        if let Some(piece) = self.next_piece() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if !self.is_cut {
            return Poll::Ready(None);
        }
        if !self.is_flushed {
            // What was given so far is sent while nothing more is ready.
            self.is_flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("cut off by a fault"))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
