//! Accepting connections, serving them, and stopping in an orderly way.

mod socket;

use std::{fmt, io, net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body, extract::Request, response::Response};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{faults::Abort, mounts::without_surplus_slashes};
use socket::{ResetSwitch, Socket};

/// How long a client may take to send its next headers; an idle connection ends with it, too.
const HEADER_DEADLINE: Duration = Duration::from_secs(30);

/// How long requests in flight may take after a stop.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// How long a TLS handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// Pause after a failed accept: when the process is out of file descriptors, trying again at once only burns time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The other end of a connection, in the extensions of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A running server, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves on `listener`, with TLS if there is an acceptor for it.
    pub(crate) fn spawn(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self {
            stop,
            accepting: tokio::spawn(accept(listener, tls, router, stopped)),
        }
    }

    /// Accepts no more, lets requests in flight finish, and returns when all connections are closed.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        // An error means that the task was cancelled with its runtime, and then it has stopped as well.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    // The connections are owned by this task, so that aborting it closes them.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let connection = Connection {
                        peer: Peer(address),
                        router: router.clone(),
                        stopped: stopped.clone(),
                    };
                    connections.spawn(connection.serve(stream, tls.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop_of(&mut stopped) => break,
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(STOP_DEADLINE, finished).await.is_err() {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
}

/// What the requests of one connection share.
struct Connection {
    peer: Peer,
    router: Router,
    stopped: watch::Receiver<bool>,
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        if let Err(error) = self.serve_until_stopped(stream, tls).await {
            tracing::debug!(%error, "a connection ended with an error");
        }
    }

    async fn serve_until_stopped(
        mut self,
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
    ) -> Result<(), AnyError> {
        set_low_latency(&stream)?;
        let (socket, switch) = Socket::new(stream);
        let Some(tls) = tls else {
            return self.serve_http(socket, switch).await;
        };
        let handshake = timeout(HANDSHAKE_DEADLINE, tls.accept(socket));
        let stream = tokio::select! {
            accepted = handshake => accepted??,
            () = stop_of(&mut self.stopped) => return Ok(()),
        };
        self.serve_http(stream, switch).await
    }

    async fn serve_http(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        switch: ResetSwitch,
    ) -> Result<(), AnyError> {
        let peer = self.peer;
        let routes = TowerToHyperService::new(self.router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let answer = routes.call(without_surplus_slashes(request));
            let switch = switch.clone();
            async move {
                let Ok(response) = answer.await;
                sent_or_reset(response, &switch)
            }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_DEADLINE)
                .serve_connection(TokioIo::new(stream), service)
        );
        tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = stop_of(&mut self.stopped) => connection.as_mut().graceful_shutdown(),
        }
        Ok(connection.await?)
    }
}

/// An answer that a fault keeps back ends the connection instead.
fn sent_or_reset(response: Response, switch: &ResetSwitch) -> Result<Response<Body>, Reset> {
    if response.extensions().get::<Abort>().is_some() {
        switch.turn_on();
        return Err(Reset);
    }
    Ok(response)
}

/// A fault that resets the connection.
#[derive(Debug)]
struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reset by a fault")
    }
}

impl std::error::Error for Reset {}

/// Waits for the stop; a server that has gone without one has stopped, too.
async fn stop_of(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Answers are small; waiting to fill a segment would add tens of milliseconds to each.
fn set_low_latency(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}
