//! The program: what it prints, what it obeys, and how it ends.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{client::Request, start};

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
