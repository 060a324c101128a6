//! A connection, straight or through a proxy.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// TCP, with TLS above it or without.
pub(crate) type Plain = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection, straight or through a proxy.
pub(crate) enum Stream {
    /// To the server.
    Straight(Plain),
    /// To a proxy that passes plain requests on.
    Forwarded(Plain),
    /// To the server, with TLS, inside the connection to a proxy.
    Tunnelled(Box<MaybeHttpsStream<Plain>>),
}

impl Connection for Stream {
    /// Without what the connector beneath would add to every answer: nobody asks for it.
    fn connected(&self) -> Connected {
        let (beneath, is_forwarded) = match self {
            Self::Straight(stream) => (stream.connected(), false),
            Self::Forwarded(stream) => (stream.connected(), true),
            Self::Tunnelled(stream) => (stream.connected(), false),
        };
        let connected = Connected::new().proxy(is_forwarded);
        if beneath.is_negotiated_h2() {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}

/// Does the same with whatever stream it is.
macro_rules! delegate {
    ($stream:expr, $method:ident ($($argument:expr),*)) => {
        match $stream {
            Stream::Straight(stream) | Stream::Forwarded(stream) => Pin::new(stream).$method($($argument),*),
            Stream::Tunnelled(stream) => Pin::new(&mut **stream).$method($($argument),*),
        }
    };
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self.get_mut(), poll_read(context, buffer))
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self.get_mut(), poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self.get_mut(), poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self.get_mut(), poll_shutdown(context))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Straight(stream) | Self::Forwarded(stream) => stream.is_write_vectored(),
            Self::Tunnelled(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self.get_mut(), poll_write_vectored(context, parts))
    }
}
