//! Accepting connections, serving them, and stopping in an orderly way.

use std::{io, pin::pin, time::Duration};

use axum::{Router, extract::Request};
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
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use crate::mounts::without_surplus_slashes;

/// How long a client may take to send its next headers; an idle connection ends with it, too.
const HEADER_DEADLINE: Duration = Duration::from_secs(30);

/// How long requests in flight may take after a stop.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// Pause after a failed accept: when the process is out of file descriptors, trying again at once only burns time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running server, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) fn spawn(listener: TcpListener, router: Router) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self {
            stop,
            accepting: tokio::spawn(accept(listener, router, stopped)),
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

async fn accept(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    // The connections are owned by this task, so that aborting it closes them.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, router.clone(), stopped.clone()));
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

async fn serve(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    if let Err(error) = serve_until_stopped(stream, router, &mut stopped).await {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

async fn serve_until_stopped(
    stream: TcpStream,
    router: Router,
    stopped: &mut watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    set_low_latency(&stream)?;
    let routes = TowerToHyperService::new(router);
    let service =
        service_fn(move |request: Request<Incoming>| routes.call(without_surplus_slashes(request)));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_DEADLINE)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        ended = connection.as_mut() => return Ok(ended?),
        () = stop_of(stopped) => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}

/// Waits for the stop; a server that has gone without one has stopped, too.
async fn stop_of(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Answers are small; waiting to fill a segment would add tens of milliseconds to each.
fn set_low_latency(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}
