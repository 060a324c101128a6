//! A client connects to the addresses that its rule permits, whatever a name or a URL says.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runbeam_http::{
    AddressRule, ErrorKind, HttpClient, HttpClientBuilder, Limits, Resolver, RetryPolicy,
};

use crate::raw_server::{Answer, RawServer, get};

/// Answers each question with the next of its answers, and keeps the last one.
#[derive(Clone)]
struct Names {
    answers: Arc<Mutex<VecDeque<Vec<IpAddr>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Names {
    fn new(answers: &[&[&str]]) -> Self {
        let parsed = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Self {
            answers: Arc::new(Mutex::new(answers.iter().map(parsed).collect())),
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn client(&self) -> HttpClientBuilder {
        HttpClient::builder()
            .with_resolver(self.clone())
            .with_retries(RetryPolicy::never())
            .with_limits(Limits::new().with_connect(Duration::from_millis(500)))
            .dangerous_allow_plaintext()
    }
}

impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.front().cloned().unwrap_or_default();
        if answers.len() > 1 {
            answers.pop_front();
        }
        Ok(answer)
    }
}

fn public() -> HttpClient {
    let builder = HttpClient::builder()
        .with_address_rule(AddressRule::Public)
        .with_retries(RetryPolicy::never());
    builder.dangerous_allow_plaintext().build().unwrap()
}

async fn server() -> RawServer {
    RawServer::start(Answer::Bytes(
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
    ))
    .await
}

fn port_of(server: &RawServer) -> &str {
    server.url.rsplit(':').next().unwrap()
}

#[tokio::test]
async fn an_address_in_the_url_is_judged_though_nobody_resolves_it() {
    let server = server().await;
    let port = port_of(&server);
    for (host, kind) in [
        ("127.0.0.1", "a loopback address"),
        ("[::ffff:127.0.0.1]", "a loopback address"),
        ("10.0.0.1", "a private address"),
        ("169.254.169.254", "an address of cloud metadata"),
        ("[fd00:ec2::254]", "an address of cloud metadata"),
        ("[fe80::1]", "a link-local address"),
        ("0.0.0.0", "an unspecified address"),
        ("[64:ff9b::7f00:1]", "a loopback address"),
    ] {
        for scheme in ["http", "https"] {
            let origin = format!("{scheme}://{host}:{port}");
            let error = get(&public(), &format!("{origin}/canary"))
                .await
                .unwrap_err();
            assert_eq!(
                (error.kind(), error.is_transient()),
                (ErrorKind::Address, false),
                "{error:?}"
            );
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("may not connect to {origin}: "))
                    && text.contains(kind)
                    && text.ends_with("correct its address, or permit such addresses"),
                "{text}"
            );
            assert!(!format!("{text} {error:?}").contains("canary"), "{error:?}");
        }
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_name_for_a_forbidden_address_leads_nowhere() {
    let server = server().await;
    let url = format!("http://keys.example.test:{}/", port_of(&server));
    let names = Names::new(&[&["127.0.0.1", "::1"]]);
    let any = names.client().build().unwrap();
    assert_eq!(get(&any, &url).await.unwrap().status(), 200);

    let strict = any.with_address_rule(AddressRule::Public);
    let error = get(&strict, &url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Address, "{error:?}");
    assert!(
        error
            .to_string()
            .contains("127.0.0.1 is a loopback address")
    );
    // The connection of the first client was not for the second one, and serves the first one still.
    assert_eq!(server.requests(), 1);
    assert_eq!(get(&any, &url).await.unwrap().status(), 200);
    assert_eq!(names.asked()[..2], ["keys.example.test"; 2]);

    // Names that only look like addresses are for the resolver of the system, which knows how to read them.
    for host in ["2130706433", "0x7f.1", "127.1", "localhost"] {
        let url = format!("http://{host}:{}/", port_of(&server));
        let error = get(&public(), &url).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Address | ErrorKind::Connect),
            "{error:?}"
        );
    }
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn of_several_addresses_the_permitted_ones_are_tried() {
    let server = server().await;
    let url = format!("http://keys.example.test:{}/", port_of(&server));
    // The one in the middle is public, and nobody's.
    let names = Names::new(&[&["127.0.0.1", "3fff:1000::1", "::1"]]);
    let client = names.client().with_address_rule(AddressRule::Public);
    let error = get(&client.build().unwrap(), &url).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout(_)),
        "{error:?}"
    );
    assert_eq!(server.requests(), 0);

    let url = format!("http://localhost:{}/", port_of(&server));
    let names = Names::new(&[&["10.0.0.1", "127.0.0.1", "3fff:1000::1"]]);
    let response = get(&names.client().build().unwrap(), &url).await.unwrap();
    assert_eq!((response.status().as_u16(), server.requests()), (200, 1));
}

#[tokio::test]
async fn a_name_that_is_bound_anew_gains_nothing() {
    let server = server().await;
    let url = format!("http://localhost:{}/", port_of(&server));
    let names = Names::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let client = names.client().without_kept_connections().build().unwrap();
    // One question for one connection: a second one would lead elsewhere.
    assert_eq!(get(&client, &url).await.unwrap().status(), 200);
    assert_eq!(names.asked(), ["localhost"]);
    let error = get(&client, &url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Address, "{error:?}");
    assert!(error.to_string().contains("10.0.0.1"), "{error}");
    assert_eq!((names.asked().len(), server.requests()), (2, 1));
}

#[tokio::test]
async fn a_resolver_that_fails_is_a_server_that_cannot_be_reached() {
    for answer in [&[][..], &[&[][..]][..]] {
        let client = Names::new(answer).client().build().unwrap();
        let error = get(&client, "http://keys.example.test/").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Resolve, "{error:?}");
    }
}

#[tokio::test]
async fn a_derived_client_keeps_everything_but_the_rule() {
    let server = server().await;
    let limits = Limits::new().with_body(0);
    let strict = public().with_limits(limits);
    let derived = strict.with_address_rule(AddressRule::Any);
    assert_eq!(derived.limits(), limits);
    assert_eq!(get(&derived, &server.url).await.unwrap().status(), 200);
    let error = get(&strict, &server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Address);
    let without_plaintext = HttpClient::builder().build().unwrap();
    let derived = without_plaintext.with_address_rule(AddressRule::Public);
    let error = get(&derived, "http://example.test/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
}
