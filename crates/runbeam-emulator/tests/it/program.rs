//! The program: what it prints, what it obeys, and how it ends.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use crate::{
    client::{Request, Response},
    start,
};

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_runbeam-emulator"));
    program
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    program
}

/// Runs the program to its end: exit code, stdout, stderr.
async fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = timeout(Duration::from_secs(30), program().args(arguments).output())
        .await
        .expect("it ends by itself")
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Starts the program and reads its first line.
async fn serve(arguments: &[&str]) -> (Child, BufReader<tokio::process::ChildStdout>, String) {
    let mut child = program().args(arguments).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).await.unwrap();
    (child, out, line)
}

async fn stop(child: &mut Child, signal: &str) -> ExitStatus {
    let id = child.id().unwrap().to_string();
    let killed = Command::new("kill")
        .args(["-s", signal, &id])
        .status()
        .await
        .unwrap();
    assert!(killed.success());
    child.wait().await.unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn one_line_of_json_says_all_and_both_signals_end_it_well() {
    for signal in ["TERM", "INT"] {
        let (mut child, mut out, line) = serve(&["--listen", "127.0.0.1:0", "--json"]).await;
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| {
            ready[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name} is missing"))
        };
        let address = text("url")
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap();
        for token in [text("jwt"), text("sanctum_token")] {
            let request = Request::new("GET", "/api/gateways").bearer(token);
            assert_eq!(request.send(address).await.status, 200);
        }
        assert_eq!(
            text("jwks_url"),
            format!("{}/api/.well-known/jwks.json", text("url"))
        );
        assert_eq!(text("issuer"), text("url"));
        assert_eq!(text("gateway_code"), "edge-lisbon");
        assert_eq!(ready["expires_in"], 3600);
        assert_eq!(ready["user"]["name"], "Ines Prado");
        assert_eq!(ready["team"]["name"], "Atlantic Imaging");

        assert_eq!(stop(&mut child, signal).await.code(), Some(0), "{signal}");
        let mut rest = String::new();
        out.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "", "one line is all");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_person_gets_something_to_paste() {
    let (mut child, mut out, line) = serve(&["--listen=127.0.0.1:0"]).await;
    assert!(
        line.starts_with("Runbeam Cloud is emulated at http://127.0.0.1:"),
        "{line}"
    );
    assert_eq!(stop(&mut child, "INT").await.code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("  curl http://127.0.0.1:"), "{rest}");
}

#[tokio::test]
async fn help_and_version() {
    let (code, out, error) = run(&["--help"]).await;
    assert_eq!((code, error.as_str()), (0, ""));
    for option in [
        "--listen",
        "--https",
        "--data",
        "--seed-file",
        "--auto-approve",
        "--rate-limits",
        "--json",
        "--help",
        "--version",
    ] {
        assert!(out.contains(option), "{option}");
    }
    let version = concat!("runbeam-emulator ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(
        run(&["--version"]).await,
        (0, version.into(), String::new())
    );
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let expected = "runbeam-emulator: unknown argument '--port'\nTry 'runbeam-emulator --help'.\n";
    assert_eq!(
        run(&["--port", "1"]).await,
        (2, String::new(), expected.into())
    );
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_named() {
    let emulator = start().await;
    let taken = emulator.address().to_string();
    let (code, out, error) = run(&["--listen", &taken]).await;
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.starts_with(&format!("runbeam-emulator: {taken} is in use")),
        "{error}"
    );

    let (code, _, error) = run(&["--listen", "0.0.0.0:0"]).await;
    assert_eq!(code, 1);
    assert!(error.contains("not a loopback address"), "{error}");
}

#[allow(
    clippy::disallowed_methods,
    reason = "the environment says how long a campaign is"
)]
fn is_campaign() -> bool {
    std::env::var_os("RUNBEAM_CAMPAIGN").is_some_and(|value| value == "full")
}

/// Starts the program on a data file: it, where it is, and a token.
async fn serve_on(file: &str) -> (Child, std::net::SocketAddr, String) {
    let (child, _, line) = serve(&["--listen=127.0.0.1:0", "--json", "--data", file]).await;
    let ready: Value = serde_json::from_str(&line).unwrap();
    let address = ready["url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();
    let token = ready["sanctum_token"].as_str().unwrap().to_owned();
    (child, address.parse().unwrap(), token)
}

#[cfg(unix)]
#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("cloud.db").display().to_string();
    let (rounds, each) = if is_campaign() { (50, 40) } else { (3, 8) };
    let mut token = String::new();
    for round in 0..rounds {
        let (mut child, address, new) = serve_on(&file).await;
        if round == 0 {
            token = new;
        }
        for number in 0..each {
            let body = json!({ "name": format!("edge-{round}-{number}") });
            let request = Request::new("POST", "/api/gateways")
                .bearer(&token)
                .json(body);
            assert_eq!(request.send(address).await.status, 201);
        }
        // One more is under way when the end comes; it may be kept or not, and must not be half there.
        let last = json!({ "name": format!("last-{round}") }).to_string();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /api/gateways HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{last}",
            last.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        child.start_kill().unwrap();
        assert!(!child.wait().await.unwrap().success());
    }
    let (mut child, address, _) = serve_on(&file).await;
    let list = Request::new("GET", "/api/gateways?per_page=1").bearer(&token);
    let total = list.send(address).await.json()["meta"]["total"]
        .as_u64()
        .unwrap();
    assert!(
        (rounds * each..=rounds * (each + 1)).contains(&total),
        "{total}"
    );
    for number in 0..each {
        let path = format!("/api/gateways/edge-0-{number}");
        assert_eq!(
            Request::new("GET", path)
                .bearer(&token)
                .send(address)
                .await
                .status,
            200
        );
    }
    assert_eq!(stop(&mut child, "TERM").await.code(), Some(0));
}

#[cfg(unix)]
#[tokio::test]
async fn https_is_trusted_through_the_written_authority() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("ca.pem");
    let path = file.display().to_string();
    let (mut child, _out, line) =
        serve(&["--listen=127.0.0.1:0", "--json", "--https", &path]).await;
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["ca_file"], path.as_str());
    let address = ready["url"]
        .as_str()
        .unwrap()
        .strip_prefix("https://")
        .unwrap();
    let connect = async |roots: RootCertStore, name: &'static str| {
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(name).unwrap();
        TlsConnector::from(std::sync::Arc::new(config))
            .connect(name, stream)
            .await
    };
    let trusted = || {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(&file).unwrap())
            .unwrap();
        roots
    };
    for name in ["127.0.0.1", "localhost"] {
        let mut stream = connect(trusted(), name).await.unwrap();
        let request =
            "GET /api/.well-known/jwks.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(Response::parse(&answer).status, 200);
    }
    assert!(connect(RootCertStore::empty(), "127.0.0.1").await.is_err());
    assert!(connect(trusted(), "example.test").await.is_err());
    assert_eq!(stop(&mut child, "TERM").await.code(), Some(0));
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_named() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let seed = file("seed.json");
    let refused = async |arguments: &[&str], expected: &str| {
        let (code, out, error) = run(&[&["--listen", "127.0.0.1:0"], arguments].concat()).await;
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(error.contains(expected), "{error}");
    };
    refused(&["--seed-file", &seed], "cannot read the seed file").await;
    write(&seed, r#"{ "gateways": [{ "name": "A B" }] }"#);
    let place = "cannot use the seed: gateways[0]: name: The name field format is invalid.";
    refused(&["--seed-file", &seed], place).await;
    write(&seed, "{ nonsense");
    refused(&["--seed-file", &seed], "line 1 column 3").await;
    refused(&["--data", &seed], "cannot use the data file").await;
    refused(
        &["--https", &file("none/ca.pem")],
        "cannot write the certificate",
    )
    .await;
}

#[allow(clippy::disallowed_methods, reason = "a file of a test may be torn")]
fn write(path: &str, text: &str) {
    std::fs::write(path, text).unwrap();
}
