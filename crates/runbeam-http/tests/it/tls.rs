//! TLS against a real rustls server whose certificates come from an authority of the test's own.

use std::convert::Infallible;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use runbeam_http::{AddressRule, ErrorKind, HttpClient};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::raw_server::{Answer, RawServer, get};

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    fn pem(&self) -> String {
        self.issuer.pem()
    }

    fn certify(&self, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()])
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        (
            certificate.der().clone(),
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
    }
}

struct TlsServer {
    url: String,
    task: JoinHandle<()>,
}

impl TlsServer {
    async fn start(
        authority: &Authority,
        name: &str,
        alpn: &[&str],
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        let (certificate, key) = authority.certify(name);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = hyper::service::service_fn(
                        |request: Request<hyper::body::Incoming>| async move {
                            let text = format!("{:?}", request.version());
                            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text))))
                        },
                    );
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url, task }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn trusting(authority: &Authority) -> HttpClient {
    HttpClient::builder()
        .with_root_certificates_pem(authority.pem())
        .unwrap()
        .build()
        .unwrap()
}

#[tokio::test]
async fn http2_and_http1_are_spoken_as_the_server_offers() {
    let authority = Authority::new();
    let client = trusting(&authority);
    let cases: [(&[&str], Version); 3] = [
        (&["h2", "http/1.1"], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ];
    for (alpn, version) in cases {
        let server = TlsServer::start(&authority, "localhost", alpn, rustls::ALL_VERSIONS).await;
        let response = get(&client, &server.url).await.unwrap();
        assert_eq!(response.version(), version);
        assert_eq!(response.body(), format!("{version:?}").as_bytes());
    }
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let authority = Authority::new();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = TlsServer::start(&authority, "localhost", &[], &[version]).await;
        assert!(get(&trusting(&authority), &server.url).await.is_ok());
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let client = trusting(&authority);
    let cases = [(&stranger, "localhost"), (&authority, "elsewhere.test")];
    for (signed_by, name) in cases {
        let server = TlsServer::start(signed_by, name, &[], rustls::ALL_VERSIONS).await;
        let error = get(&client, &server.url).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_transient()),
            (ErrorKind::Tls, false),
            "{error:?}"
        );
    }
    let server = TlsServer::start(&authority, "localhost", &[], rustls::ALL_VERSIONS).await;
    let without_root = HttpClient::builder().build().unwrap();
    assert_eq!(
        get(&without_root, &server.url).await.unwrap_err().kind(),
        ErrorKind::Tls
    );
}

#[tokio::test]
async fn a_client_with_another_address_rule_trusts_the_same_roots() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, "localhost", &[], rustls::ALL_VERSIONS).await;
    let strict = HttpClient::builder()
        .with_root_certificates_pem(authority.pem())
        .unwrap()
        .with_address_rule(AddressRule::Public)
        .build()
        .unwrap();
    let error = get(&strict, &server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Address, "{error:?}");
    let derived = strict.with_address_rule(AddressRule::Any);
    assert!(get(&derived, &server.url).await.is_ok());
}

#[tokio::test]
async fn a_server_that_speaks_plain_http_is_not_spoken_to() {
    let server = RawServer::start(Answer::AtOnce(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    let client = HttpClient::builder().build().unwrap();
    let error = get(&client, &server.url.replace("http:", "https:"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
}

#[test]
fn the_environment_neither_switches_this_off_nor_diverts_it() {
    // Words that other clients listen to. The tests above say what must stay as it is.
    let mut names = [
        ("GIT_SSL_NO_VERIFY", "1"),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("SSL_NO_VERIFY", "1"),
    ]
    .to_vec();
    names.extend(
        ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy"]
            .map(|name| (name, "http://127.0.0.1:1")),
    );
    for test in [
        "tls::a_server_that_cannot_prove_its_name_is_refused",
        "tls::http2_and_http1_are_spoken_as_the_server_offers",
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .envs(names.clone())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
    }
}

#[test]
fn roots_that_are_of_no_use_are_refused_when_they_are_given() {
    for pem in [
        "",
        "canary",
        "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n",
    ] {
        let error = HttpClient::builder()
            .with_root_certificates_pem(pem)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot build an HTTP client: "),
            "{error}"
        );
    }
    assert!(HttpClient::builder().with_user_agent("harmony/1.2").is_ok());
    assert!(
        HttpClient::builder()
            .with_user_agent("a\r\nhost: b")
            .is_err()
    );
}
