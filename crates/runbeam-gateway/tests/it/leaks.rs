//! No credential appears in a log at the most talkative level, nor in what is shown of the layers themselves.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use runbeam_gateway::layers::{AuthLayer, Authenticator};
use runbeam_sdk::store::Store;
use serde_json::json;
use tracing_subscriber::filter::LevelFilter;

use crate::fixture::{API_KEY, api_key, ask, ask_layer, basic, jwt, sha256, token};
use crate::managed::Managed;

const KEY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_credential_is_shown() {
    let log = Log::default();
    let writer = log.clone();
    // Global, so that the threads for hashing write to it, too.
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();

    let chain = Authenticator::builder()
        .with_optional(jwt())
        .with_optional(basic("open sesame"))
        .with_required(api_key())
        .build()
        .unwrap();
    let good = token(json!({}));
    let cases = [
        format!("Bearer {good}"),
        format!("Bearer {good}canary"),
        format!("Bearer {}", token(json!({"exp": 1}))),
        "Bearer 12|canary".to_owned(),
        "canary".to_owned(),
        "Basic YWRtaW46b3BlbiBzZXNhbWU=".to_owned(),
        "Basic Y2FuYXJ5OmNhbmFyeQ==".to_owned(),
        "Basic canary".to_owned(),
    ];
    let mut shown = format!("{chain:?} {:?}", AuthLayer::new(chain.clone()));
    for authorization in &cases {
        for key in [API_KEY, "canary", ""] {
            let fields = [
                ("authorization", authorization.as_str()),
                ("x-api-key", key),
            ];
            let answer = ask(&chain, &fields).await;
            shown += &format!("{} {:?}", answer.body, answer.headers);
            if let Err(refusal) = chain.authenticate(&http::HeaderMap::new(), None).await {
                shown += &format!("{refusal:?}");
            }
        }
    }
    let peer = "192.0.2.1:1000".parse().unwrap();
    for _ in 0..12 {
        let layer = AuthLayer::new(chain.clone());
        ask_layer(layer, Some(peer), &[("x-api-key", "canary")]).await;
    }
    shown += &of_management().await;
    shown += &String::from_utf8_lossy(&log.0.lock().unwrap());
    for reason in [
        "it has expired",
        "it matches no hash",
        "not a user and a password",
        "its peer has failed too often",
        "the user's token is not good",
        "was given a machine token",
        "192.0.2.1",
    ] {
        assert!(shown.contains(reason), "the log says why: {reason}");
    }
    let signature = good.rsplit('.').next().unwrap();
    let hash = sha256(API_KEY);
    for secret in [
        "canary",
        "Y2FuYXJ5",
        &KEY[..30],
        "sesame",
        "b3BlbiBz",
        "$2b$",
        API_KEY,
        &hash,
        signature,
    ] {
        assert!(!shown.contains(secret), "shown: {secret}");
    }
}

/// What a management API shows of the secrets that it is given, good and bad ones.
async fn of_management() -> String {
    let home = tempfile::tempdir().unwrap();
    let store = Store::builder().with_root(home.path().join("runbeam"));
    let store = store.without_keyring().build().unwrap();
    let gateway = Managed::start_with(store, |builder| builder.with_encryption_keys()).await;
    let mut shown = String::new();
    let token = json!({
        "machine_token": "mt_canary",
        "expires_at": "2100-01-01T00:00:00Z",
        "gateway_id": "01kc",
    });
    for key in [json!("canary"), json!(KEY), json!(null)] {
        let mut form = token.clone();
        form["encryption_key"] = key.clone();
        let form = form.to_string();
        let answer = gateway.ask("POST /admin/token", &[], &form).await;
        shown += &answer.body.to_string();
        let form = json!({ "gateway_code": "edge-lisbon", "encryption_key": key });
        for user_token in ["12|canary", "canary", "eyJhbGciOiJub25lIn0.e30.canary"] {
            shown += &gateway.authorize(user_token, &form).await.body.to_string();
        }
    }
    shown += &gateway
        .ask("POST /admin/update", &[], "canary")
        .await
        .body
        .to_string();
    shown += &gateway
        .ask("POST /admin/token", &[], "{\"canary\"")
        .await
        .body
        .to_string();
    shown + &format!("{:?}", gateway.management)
}
