//! Keys are fetched from public addresses, and from others only where the policy names them.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runbeam_auth::{Error, ErrorKind, Rejection, RemoteVerifier, TrustPolicy, TrustedIssuer};
use runbeam_http::{AddressRule, HttpClient, HttpClientBuilder, Resolver};
use runbeam_model::Origin;
use serde_json::json;

use crate::fixture::{
    ISSUER, NOW, claims, clock, header, jwks, key, token, token_with_header, with,
};
use crate::raw_endpoint::{RawEndpoint, Reply, response};
use crate::self_signed::KeyServer;

/// Whatever the name, it has the first of these addresses that is left, and the last one for ever.
#[derive(Clone)]
struct Names {
    answers: Arc<Mutex<VecDeque<IpAddr>>>,
    asked: Arc<Mutex<usize>>,
}

impl Names {
    fn new(addresses: &[&str]) -> Self {
        let answers = addresses.iter().map(|address| address.parse().unwrap());
        Self {
            answers: Arc::new(Mutex::new(answers.collect())),
            asked: Arc::default(),
        }
    }

    fn client(&self) -> HttpClientBuilder {
        HttpClient::builder().with_resolver(self.clone())
    }
}

impl Resolver for Names {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        *self.asked.lock().unwrap() += 1;
        let mut answers = self.answers.lock().unwrap();
        let address = answers[0];
        if answers.len() > 1 {
            answers.pop_front();
        }
        Ok(vec![address])
    }
}

async fn server() -> RawEndpoint {
    RawEndpoint::start(Reply::Whole(response(200, &[], &jwks(&[key().jwk()])))).await
}

fn port_of(url: &str) -> u16 {
    let origin = Origin::of(url).unwrap().to_string();
    origin.rsplit(':').next().unwrap().parse().unwrap()
}

fn issuer(url: &str) -> TrustedIssuer {
    TrustedIssuer::exact(ISSUER).with_jwks_url(url).unwrap()
}

async fn verify(issuer: TrustedIssuer, client: HttpClientBuilder) -> Result<(), Error> {
    let verifier = RemoteVerifier::builder(TrustPolicy::new(issuer))
        .with_clock(Arc::new(clock()))
        .with_http_client(client.build().unwrap())
        .with_fetch_deadline(Duration::from_secs(2))
        .build()
        .unwrap();
    verifier.verify(&token(json!({}))).await.map(drop)
}

#[tokio::test]
async fn a_host_name_does_not_lead_into_the_private_network() {
    let server = server().await;
    let url = format!("https://keys.example.test:{}/keys", port_of(&server.url));
    for (address, kind) in [
        ("127.0.0.1", "a loopback address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("10.0.0.1", "a private address"),
        ("169.254.1.1", "a link-local address"),
        ("169.254.169.254", "an address of cloud metadata"),
        ("fd00::1", "a unique local address"),
        ("64:ff9b::7f00:1", "a loopback address"),
    ] {
        let names = Names::new(&[address]);
        let error = verify(issuer(&url), names.client()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
        let text = error.to_string();
        for part in [
            "https://keys.example.test",
            address,
            kind,
            "; correct its address, or permit such addresses with `dangerous_allow_any_address` of its issuer",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_is_bound_anew_leads_nowhere() {
    let server = server().await;
    let url = format!("https://keys.example.test:{}/keys", port_of(&server.url));
    // The first address is public, and nobody's.
    let names = Names::new(&["3fff:1000::1", "127.0.0.1"]);
    let clock = clock();
    let verifier = RemoteVerifier::builder(TrustPolicy::new(issuer(&url)))
        .with_clock(Arc::new(clock.clone()))
        .with_http_client(names.client().build().unwrap())
        .with_fetch_deadline(Duration::from_secs(1))
        .build()
        .unwrap();
    let first = verifier.verify(&token(json!({}))).await.unwrap_err();
    assert!(!first.to_string().contains("loopback"), "{first}");
    // One question for one connection: the second one would have been answered otherwise.
    assert_eq!(*names.asked.lock().unwrap(), 1);
    clock.advance(Duration::from_secs(60));
    let second = verifier.verify(&token(json!({}))).await.unwrap_err();
    assert!(second.to_string().contains("a loopback address"));
    assert_eq!(*names.asked.lock().unwrap(), 2);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_the_url_itself_names_is_connected_to_whatever_client_is_given() {
    let server = server().await;
    let port = port_of(&server.url);
    let nowhere = Names::new(&["10.0.0.1"]);
    let strict = || nowhere.client().with_address_rule(AddressRule::Public);
    let by_address = format!("http://127.0.0.1:{port}/keys");
    verify(issuer(&by_address), strict()).await.unwrap();
    assert_eq!(*nowhere.asked.lock().unwrap(), 0);

    let by_name = format!("http://localhost:{port}/keys");
    let here = Names::new(&["127.0.0.1"]);
    let client = here.client().with_address_rule(AddressRule::Public);
    verify(issuer(&by_name), client).await.unwrap();
    assert_eq!(server.connections(), 2);

    // That name is this machine and no other one, also where any address is allowed.
    let any = issuer(&by_name).dangerous_allow_any_address();
    for issuer in [issuer(&by_name), any] {
        let text = verify(issuer, strict()).await.unwrap_err().to_string();
        assert!(
            text.ends_with("10.0.0.1 is not loopback, where `localhost` belongs; correct what this name resolves to"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_setting_of_the_issuer_opens_the_private_network_to_it() {
    let server = KeyServer::start("keys.example.test", jwks(&[key().jwk()])).await;
    let names = Names::new(&["127.0.0.1"]);
    let client = || {
        let client = names.client();
        client.with_root_certificates_pem(&server.root_pem).unwrap()
    };
    let open = issuer(&server.url).dangerous_allow_any_address();
    verify(open.clone(), client()).await.unwrap();
    assert!(verify(issuer(&server.url), client()).await.is_err());
    assert_eq!(server.connections(), 1);

    // Another issuer of the same policy, with its keys at the same URL, gains nothing by it.
    let strict = "https://strict.example.com";
    let policy = TrustPolicy::new(open).with_issuer(
        TrustedIssuer::exact(strict)
            .with_jwks_url(&server.url)
            .unwrap(),
    );
    let builder = || {
        RemoteVerifier::builder(policy.clone())
            .with_clock(Arc::new(clock()))
            .with_http_client(client().build().unwrap())
    };
    let verifier = builder().build().unwrap();
    verifier.verify(&token(json!({}))).await.unwrap();
    let of_strict = token(json!({ "iss": strict }));
    let error = verifier.verify(&of_strict).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
    let kept = |verifier: &RemoteVerifier| {
        let sources = verifier.key_sources();
        sources.iter().map(|source| source.keys).collect::<Vec<_>>()
    };
    assert_eq!(kept(&verifier), [1, 0]);

    // Nor by a snapshot.
    let snapshot = verifier.snapshot();
    let again = builder().with_snapshot(&snapshot).unwrap().build().unwrap();
    assert_eq!(kept(&again), [1, 0]);
    assert_eq!(again.snapshot(), snapshot);
    let document = jwks(&[key().jwk()]);
    let set = |any_address: bool| json!({"url": server.url, "any_address": any_address, "fetched_at": NOW, "life": 60, "document": document});
    let both = json!({"version": 1, "sets": [set(true), set(false)]}).to_string();
    let again = builder().with_snapshot(both.as_bytes()).unwrap();
    assert_eq!(kept(&again.build().unwrap()), [1, 1]);
}

#[tokio::test]
async fn discovery_is_held_to_the_same_addresses() {
    let server = server().await;
    let origin = format!("https://issuer.example.test:{}", port_of(&server.url));
    let names = Names::new(&["127.0.0.1"]);
    let trusted = TrustedIssuer::exact(&origin).with_discovery().unwrap();
    let verifier = RemoteVerifier::builder(TrustPolicy::new(trusted))
        .with_clock(Arc::new(clock()))
        .with_http_client(names.client().build().unwrap())
        .build()
        .unwrap();
    let of_issuer = token(json!({ "iss": origin }));
    let error = verifier.verify(&of_issuer).await.unwrap_err();
    assert!(error.to_string().contains("a loopback address"), "{error}");
    assert_eq!(server.connections(), 0);

    // Nor does the document of a good issuer lead there.
    let keys = format!("https://keys.example.test:{}", port_of(&server.url));
    let document = httpmock::MockServer::start_async().await;
    let issuer = document.base_url();
    let body = json!({"issuer": issuer, "jwks_uri": format!("{keys}/keys")}).to_string();
    let asked = document
        .mock_async(|when, then| {
            when.path("/.well-known/openid-configuration");
            then.status(200).body(body);
        })
        .await;
    let trusted = TrustedIssuer::exact(&issuer)
        .with_discovery()
        .unwrap()
        .with_jwks_origin(keys.parse().unwrap());
    let verifier = RemoteVerifier::builder(TrustPolicy::new(trusted))
        .with_clock(Arc::new(clock()))
        .with_http_client(names.client().build().unwrap())
        .build()
        .unwrap();
    let of_issuer = token(json!({ "iss": issuer }));
    let error = verifier.verify(&of_issuer).await.unwrap_err();
    assert!(error.to_string().contains("a loopback address"), "{error}");
    asked.assert_calls_async(1).await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn nothing_in_a_token_leads_to_a_connection() {
    let (server, canary) = (server().await, server().await);
    let verifier = server.verifier(&clock()).build().unwrap();
    let places = json!({"jku": canary.url, "x5u": canary.url});
    let genuine = token_with_header(places.clone());
    assert!(verifier.verify(&genuine).await.is_ok());
    let unknown = token_with_header(with(places.clone(), json!({"kid": canary.url})));
    let error = verifier.verify(&unknown).await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::UnknownKey));
    let origin = canary.url.strip_suffix("/keys").unwrap();
    for issuer in [origin, &canary.url, "http://127.0.0.1", ""] {
        let header = with(header(), places.clone()).to_string();
        let claims = with(claims(), json!({ "iss": issuer, "jwks_uri": canary.url }));
        let stranger = key().sign_raw(&header, &claims.to_string());
        let error = verifier.verify(&stranger).await.unwrap_err();
        assert_eq!(error.rejection(), Some(Rejection::Issuer));
    }
    assert_eq!((server.connections(), canary.connections()), (1, 0));
}
