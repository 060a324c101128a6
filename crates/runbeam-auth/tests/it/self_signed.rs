//! A server of keys whose certificate only it itself vouches for.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub(crate) struct SelfSignedServer {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl SelfSignedServer {
    pub(crate) async fn start() -> Self {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
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
