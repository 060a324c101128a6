//! Servers of keys over TLS whose certificates only they themselves vouch for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::raw_endpoint::response;

/// Whoever trusts it fails the test.
pub(crate) struct SelfSignedServer {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl SelfSignedServer {
    pub(crate) async fn start() -> Self {
        let (acceptor, _) = acceptor("localhost");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes on past this would wait for its answer until its deadline.
                let accepted = acceptor.accept(stream).await;
                assert!(accepted.is_err(), "the client trusts the certificate");
            }
        });
        Self {
            url: format!("https://localhost:{port}/keys"),
            task,
        }
    }
}

impl Drop for SelfSignedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves a key set to whoever has its certificate for a root.
pub(crate) struct KeyServer {
    pub(crate) url: String,
    pub(crate) root_pem: String,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl KeyServer {
    pub(crate) async fn start(name: &str, body: String) -> Self {
        let (acceptor, root_pem) = acceptor(name);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = vec![0; 8192];
                // One read has the whole of so small a request; the client may hang up at any point.
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&response(200, &[], &body)).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            url: format!("https://{name}:{port}/keys"),
            root_pem,
            connections,
            task,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor(name: &str) -> (TlsAcceptor, String) {
    let own = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), own.cert.pem())
}
