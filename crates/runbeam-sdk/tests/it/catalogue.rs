//! Thirty failures give thirty answers, and the documentation lists them: it is what this test finds.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::time::Duration;

use runbeam_emulator::{Emulator, Fault, FaultRule, Operation};
use runbeam_sdk::auth::{CredentialsError, CredentialsProvider};
use runbeam_sdk::http::RetryPolicy;
use runbeam_sdk::model::{GatewayDraft, Secret};
use runbeam_sdk::{Error, ErrorKind, RunbeamClient, load_token};

use crate::raw_server;

/// What `docs/failures.md` says, row by row.
const DOCUMENT: &str = include_str!("../../docs/failures.md");

/// The table as it is found, in the order of its rows.
#[derive(Default)]
struct Catalogue {
    rows: Vec<String>,
    answers: BTreeSet<String>,
}

impl Catalogue {
    /// Adds a failure; `server` is where it happened, which is another one each time.
    fn add(&mut self, failure: &str, server: &str, error: &Error) {
        let host = server.split_once("://").map_or(server, |(_, host)| host);
        let hide = |text: String| match host {
            "" => text,
            host => text.replace(host, "host"),
        };
        let said = hide(error.to_string());
        let because = hide(error.source().map(ToString::to_string).unwrap_or_default());
        let status = error
            .status()
            .map_or("–".to_owned(), |status| status.to_string());
        let transient = if error.is_transient() { "yes" } else { "no" };
        assert!(
            self.answers.insert(format!("{said}{because}")),
            "{failure}: {said} {because}"
        );
        self.rows.push(format!(
            "| {failure} | `{:?}` | {status} | {transient} | {said} | {because} |",
            error.kind()
        ));
    }

    /// A call that is answered with these bytes.
    async fn answered(&mut self, failure: &str, answer: &str) {
        let url = raw_server::answers(answer).await;
        let error = list(&url).await;
        self.add(failure, &url, &error);
    }

    /// A call that is answered with this status and JSON.
    async fn refused(&mut self, failure: &str, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
        self.answered(failure, &answer).await;
    }
}

/// A client that tries once, so that each failure is seen as it is.
fn client(url: &str) -> RunbeamClient {
    RunbeamClient::builder(url)
        .with_token("1|t")
        .with_timeout(Duration::from_millis(500))
        .with_retries(RetryPolicy::never())
        .build()
        .unwrap()
}

async fn list(url: &str) -> Error {
    client(url).gateways().list().await.unwrap_err()
}

async fn before_anything_is_sent(catalogue: &mut Catalogue) {
    let nowhere = RunbeamClient::new("http://127.0.0.1:1");
    let error = nowhere.gateways().list().await.unwrap_err();
    catalogue.add("The client has no token", "", &error);
    let error = RunbeamClient::builder("http://api.runbeam.io")
        .build()
        .unwrap_err();
    catalogue.add("The base URL is plain `http`", "", &error);
    let error = nowhere
        .with_token("1|t")
        .gateways()
        .get("a/b")
        .await
        .unwrap_err();
    catalogue.add("An id holds a slash", "", &error);
    struct Vault;
    impl CredentialsProvider for Vault {
        async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
            Err(CredentialsError::transient("the vault is sealed"))
        }
    }
    let error = nowhere
        .with_credentials(Vault)
        .gateways()
        .list()
        .await
        .unwrap_err();
    catalogue.add(
        "The credentials provider has no token at present",
        "",
        &error,
    );
}

async fn refusals(catalogue: &mut Catalogue) {
    let message = |text: &str| format!(r#"{{"message":"{text}"}}"#);
    let (none, id) = ("", "x-request-id: 01kc\r\n");
    catalogue
        .refused(
            "The token is expired or revoked",
            "401 X",
            none,
            &message("Unauthenticated."),
        )
        .await;
    catalogue
        .refused(
            "The cloud sends to its login page",
            "302 X",
            "location: /login\r\n",
            none,
        )
        .await;
    catalogue
        .refused(
            "The address redirects elsewhere",
            "301 X",
            "location: https://h/api\r\n",
            none,
        )
        .await;
    let named = r#"{"error":"Forbidden","message":"Gateway is owned by another team"}"#;
    catalogue
        .refused("The gateway is another team's", "403 X", none, named)
        .await;
    catalogue
        .refused(
            "There is no such resource",
            "404 X",
            none,
            &message("Gateway not found"),
        )
        .await;
    catalogue
        .refused(
            "The resource is gone for good",
            "410 X",
            none,
            &message("Gone"),
        )
        .await;
    catalogue
        .refused("The base URL leads to a web site", "404 X", none, "<html>")
        .await;
    let invalid = r#"{"message":"The name field is required.","errors":{"name":["The name field is required."]}}"#;
    catalogue
        .refused("A field is wrong", "422 X", none, invalid)
        .await;
    catalogue
        .refused(
            "Another change came first",
            "409 X",
            none,
            &message("Conflict"),
        )
        .await;
    catalogue
        .refused(
            "The mesh is disabled",
            "400 X",
            none,
            r#"{"error":"Mesh is disabled"}"#,
        )
        .await;
    catalogue
        .refused(
            "The server knows no such request",
            "405 X",
            none,
            &message("Method not allowed"),
        )
        .await;
    catalogue
        .refused("The request is too large", "413 X", none, "<html>")
        .await;
    catalogue
        .refused(
            "Too many requests",
            "429 X",
            "retry-after: 17\r\n",
            &message("Too Many Attempts."),
        )
        .await;
    catalogue
        .refused("The server fails", "500 X", id, &message("Server Error"))
        .await;
    catalogue
        .refused(
            "The server is down for maintenance",
            "503 X",
            "retry-after: 60\r\n",
            "<html>",
        )
        .await;
    catalogue
        .refused("A proxy gets no answer", "502 X", none, "<html>")
        .await;
}

async fn without_an_answer(catalogue: &mut Catalogue) {
    let url = raw_server::serves(|mut stream| async move {
        raw_server::read_head(&mut stream).await.map(drop)
    })
    .await;
    let error = list(&url).await;
    catalogue.add("The connection breaks before an answer", &url, &error);
    let url = raw_server::serves(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
        Some(())
    })
    .await;
    let error = list(&url).await;
    catalogue.add("No answer comes in time", &url, &error);
    let cloud = Emulator::start().await.unwrap();
    let url = cloud.url();
    cloud.shutdown().await;
    let error = list(&url).await;
    catalogue.add("Nothing listens at the address", &url, &error);
}

async fn odd_answers(catalogue: &mut Catalogue) {
    catalogue
        .refused("The answer is a web page", "200 X", "", "<html>")
        .await;
    catalogue
        .refused(
            "The answer lacks what it must have",
            "200 X",
            "",
            r#"{"data":[{"name":"a"}]}"#,
        )
        .await;
    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 536870912\r\n\r\n";
    catalogue.answered("The answer is too large", huge).await;
    catalogue
        .answered(
            "Something else than HTTP answers",
            "SSH-2.0-OpenSSH\r\n\r\n",
        )
        .await;
}

async fn around_a_call(catalogue: &mut Catalogue) {
    let directory = tempfile::tempdir().unwrap();
    let cloud = Emulator::builder()
        .with_https(directory.path().join("ca.pem"))
        .start()
        .await
        .unwrap();
    let error = list(&cloud.url()).await;
    catalogue.add(
        "The certificate is of an unknown authority",
        &cloud.url(),
        &error,
    );

    let cloud = Emulator::start().await.unwrap();
    let mut login = RunbeamClient::new(cloud.url()).start_login().await.unwrap();
    let device_token = login
        .verification_url()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    cloud.deny_login(&device_token);
    let error = login.wait().await.unwrap_err();
    catalogue.add("Somebody denies the login", "", &error);

    let error = load_token("../escaped").await.unwrap_err();
    catalogue.add("An instance id leaves its directory", "", &error);
}

#[tokio::test]
async fn thirty_failures_give_thirty_answers() {
    let mut catalogue = Catalogue::default();
    before_anything_is_sent(&mut catalogue).await;
    refusals(&mut catalogue).await;
    without_an_answer(&mut catalogue).await;
    odd_answers(&mut catalogue).await;
    around_a_call(&mut catalogue).await;

    let rows: Vec<&str> = DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    let found = catalogue.rows.join("\n");
    assert_eq!(catalogue.rows.len(), 30, "{found}");
    assert!(
        rows.join("\n") == found,
        "docs/failures.md is to have these rows:\n{found}"
    );
}

#[tokio::test]
async fn a_failure_tells_what_a_program_needs() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::builder(cloud.url())
        .with_token(cloud.mint_sanctum_token())
        .with_retries(RetryPolicy::never())
        .build()
        .unwrap();
    let error = client
        .gateways()
        .create(&GatewayDraft::new(""))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.field_errors().unwrap().keys().eq(["name"]));
    assert!(error.request_id().is_some());
    cloud.inject(
        FaultRule::new(Fault::status_with_retry_after(429, 17)).on(Operation::GatewaysIndex),
    );
    let error = client.gateways().list().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_after(), error.is_transient()),
        (ErrorKind::RateLimited, Some(Duration::from_secs(17)), true)
    );
}
