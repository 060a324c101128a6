//! No credential appears in a log at the most talkative level, nor in what is shown of the layers themselves.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use runbeam_gateway::layers::{AuthLayer, Authenticator};
use serde_json::json;
use tracing_subscriber::filter::LevelFilter;

use crate::fixture::{API_KEY, api_key, ask, ask_layer, basic, jwt, sha256, token};

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
    shown += &String::from_utf8_lossy(&log.0.lock().unwrap());
    for reason in [
        "it has expired",
        "it matches no hash",
        "not a user and a password",
        "its peer has failed too often",
        "192.0.2.1",
    ] {
        assert!(shown.contains(reason), "the log says why: {reason}");
    }
    let signature = good.rsplit('.').next().unwrap();
    let hash = sha256(API_KEY);
    for secret in [
        "canary", "Y2FuYXJ5", "sesame", "b3BlbiBz", "$2b$", API_KEY, &hash, signature,
    ] {
        assert!(!shown.contains(secret), "shown: {secret}");
    }
}
