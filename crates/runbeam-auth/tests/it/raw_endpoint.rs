//! A server of keys on a bare socket, which answers as badly as a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runbeam_auth::{RemoteVerifier, RemoteVerifierBuilder, TrustPolicy, TrustedIssuer};
use runbeam_model::ManualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::fixture::ISSUER;

/// What follows a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, and the end.
    Whole(Vec<u8>),
    /// These bytes, and then one more now and then.
    Drip(Vec<u8>),
    /// These bytes, and then more without an end.
    Endless(Vec<u8>),
    /// These bytes, and a reset.
    Reset(Vec<u8>),
    /// These bytes, and silence.
    Silence(Vec<u8>),
    /// The end, before anything is read.
    Close,
}

pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "content-length") && status != 304 {
        head += &format!("content-length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    format!("{head}\r\n{body}").into_bytes()
}

pub(crate) struct RawEndpoint {
    pub(crate) url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    reply: Mutex<Reply>,
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    sent: AtomicUsize,
}

impl RawEndpoint {
    pub(crate) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            reply: Mutex::new(reply),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
        });
        let served = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                served.connections.fetch_add(1, Ordering::SeqCst);
                let shared = served.clone();
                // The end of a connection is the client's business.
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        Self { url, shared, task }
    }

    pub(crate) fn answer(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many bytes the client took, those on the way included.
    pub(crate) fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// The last request, in lower case.
    pub(crate) fn last_request(&self) -> String {
        let requests = self.shared.requests.lock().unwrap();
        requests.last().cloned().unwrap_or_default()
    }

    pub(crate) fn verifier(&self, clock: &ManualClock) -> RemoteVerifierBuilder {
        verifier_of(&self.url, clock)
    }
}

impl Drop for RawEndpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A verifier that fetches the keys of [`ISSUER`] from `url` and does not wait long for them.
pub(crate) fn verifier_of(url: &str, clock: &ManualClock) -> RemoteVerifierBuilder {
    let issuer = TrustedIssuer::exact(ISSUER).with_jwks_url(url).unwrap();
    RemoteVerifier::builder(TrustPolicy::new(issuer))
        .with_clock(Arc::new(clock.clone()))
        .with_fetch_deadline(Duration::from_secs(1))
}

impl Shared {
    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let reply = self.reply.lock().unwrap().clone();
        if matches!(reply, Reply::Close) {
            return None;
        }
        let mut request = vec![0; 8192];
        let mut read = 0;
        // What does not speak HTTP gets its answer after its first words.
        while !request[..read].ends_with(b"\r\n\r\n") && !request.starts_with(&[0x16]) {
            match stream.read(&mut request[read..]).await.ok()? {
                0 => return None,
                more => read += more,
            }
        }
        let text = String::from_utf8_lossy(&request[..read]).to_lowercase();
        self.requests.lock().unwrap().push(text);
        match reply {
            Reply::Close => None,
            Reply::Whole(bytes) => {
                self.send(&mut stream, &bytes).await?;
                stream.shutdown().await.ok()?;
                // Closing with something unread would reset the connection under the answer.
                while stream.read(&mut request).await.ok()? > 0 {}
                Some(())
            }
            Reply::Drip(bytes) => {
                self.send(&mut stream, &bytes).await?;
                loop {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    self.send(&mut stream, b" ").await?;
                }
            }
            Reply::Endless(bytes) => {
                self.send(&mut stream, &bytes).await?;
                loop {
                    self.send(&mut stream, &[b' '; 4096]).await?;
                }
            }
            Reply::Reset(bytes) => {
                self.send(&mut stream, &bytes).await?;
                // So that the bytes are read before the reset throws them away.
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.set_zero_linger().ok()
            }
            Reply::Silence(bytes) => {
                self.send(&mut stream, &bytes).await?;
                while stream.read(&mut request).await.ok()? > 0 {}
                None
            }
        }
    }

    async fn send(&self, stream: &mut TcpStream, bytes: &[u8]) -> Option<()> {
        stream.write_all(bytes).await.ok()?;
        self.sent.fetch_add(bytes.len(), Ordering::SeqCst);
        Some(())
    }
}

/// Waits for something that happens in the background.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool + Send + Sync) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(outcome.is_ok(), "{what} did not happen");
}
