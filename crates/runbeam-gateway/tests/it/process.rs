//! The example `gateway` as the program that it is, each in a home of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use runbeam_sdk::http::{HttpClient, RetryPolicy};
use runbeam_sdk::model::Secret;
use runbeam_sdk::store::Store;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A token or a key is wanted for each pipeline. The key is `key`.
pub(crate) const CONFIG: &str = r#"
[proxy]
id = "edge-lisbon"
log_level = "info"

[runbeam]
enabled = true
poll_interval_secs = 1

[management]
enabled = true

[[middleware]]
type = "jwt-auth"
config = { jwks_url = "${RUNBEAM_API_URL}/api/.well-known/jwks.json" }
optional = true

[[middleware]]
type = "api-key"
config = {
    header = "X-API-Key",
    keys = ["2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"], # SHA-256
}

[pipelines.studies]
description = "Studies from the clinic to the archive"
networks = ["default"]
"#;

/// Where gateways keep what they have.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("gateway.toml", CONFIG);
        home
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "nothing is lost with a file of a test"
    )]
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What the gateways keep.
    pub(crate) fn store(&self) -> Store {
        let store = Store::builder().with_root(self.path(".runbeam"));
        store.without_keyring().build().unwrap()
    }
}

/// A gateway in a process, which is killed when this is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) management: SocketAddr,
}

/// The built example. Cargo builds examples before it runs tests, into a folder beside that of the tests.
pub(crate) fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path: &Path = tests.parent().unwrap().parent().unwrap();
    let path = path.join("examples").join("gateway");
    let path = path.with_extension(std::env::consts::EXE_EXTENSION);
    let shown = path.display();
    assert!(
        path.exists(),
        "{shown} is missing: `cargo build --examples` makes it"
    );
    path
}

impl Process {
    /// Starts a gateway of the cloud at `api_url`, and waits until it is ready.
    pub(crate) async fn start(home: &Home, api_url: &str, more: &[&str]) -> Self {
        let loopback = "127.0.0.1:0";
        let mut child = Command::new(program())
            .arg("--config")
            .arg(home.path("gateway.toml"))
            .args(["--api-url", api_url])
            .args(["--listen", loopback, "--management", loopback])
            .args(more)
            .env_clear()
            .env("HOME", home.path(""))
            .env("RUNBEAM_HOME", home.path(".runbeam"))
            .env("RUNBEAM_DISABLE_KEYRING", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next_line().await.unwrap();
        let ready: Value = serde_json::from_str(&ready.unwrap()).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let url = text("url");
        Self {
            child,
            address: url.strip_prefix("http://").unwrap().parse().unwrap(),
            management: text("management").parse().unwrap(),
            url,
        }
    }

    pub(crate) async fn status(&self, path: &str, fields: &[(&str, &str)]) -> u16 {
        let client = HttpClient::builder()
            .without_proxy()
            .with_retries(RetryPolicy::never());
        let mut request = Request::get(format!("{}{path}", self.url));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        let answer = client.build().unwrap().send(request).await.unwrap();
        answer.status().as_u16()
    }

    /// Authorizes the gateway by its management API.
    pub(crate) async fn authorize(&self, user_token: &str) {
        let url = format!("http://{}/admin/authorize", self.management);
        let bearer = Secret::from(user_token).to_bearer_header().unwrap();
        let request = Request::post(url)
            .header("authorization", bearer)
            .body(Bytes::from_static(br#"{"gateway_code":"edge-lisbon"}"#))
            .unwrap();
        let client = HttpClient::builder().without_proxy().build().unwrap();
        let answer = client.send(request).await.unwrap();
        assert_eq!(answer.status(), 201, "{:?}", answer.body());
    }

    /// Asks it to stop, and expects that it does so in order.
    #[cfg(unix)]
    pub(crate) async fn stop(mut self) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}

/// Waits until it is so, looking again every few milliseconds.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(waited.is_ok(), "it did not come to that in time");
}
