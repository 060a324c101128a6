//! The login page and the dashboard in a headless Chromium, as a person meets them: without scripts.

use std::{path::PathBuf, process::Stdio, time::Duration};

use jiff::SignedDuration;
use runbeam_emulator::{ChangeKind, ChangeSpec, Emulator, Fault, FaultRule, Operation};
use serde_json::json;
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::{client::Request, contract::must_be_complete, get, post, start};

/// The browser's names on the systems where these tests run.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

#[allow(
    clippy::disallowed_methods,
    reason = "the environment says where programs are, and what a test is to leave"
)]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// The browser, or `None` with a word about it; where everything must be checked, a missing one is an error.
fn browser() -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|directory| NAMES.map(|name| directory.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(
            !must_be_complete(),
            "chromium is missing; `cargo xtask ci tools` installs it"
        );
        eprintln!("skipped: chromium is not here");
    }
    found
}

/// Runs the browser with a profile of its own, and gives what it prints.
async fn run(program: &PathBuf, arguments: &[&str]) -> String {
    let profile = TempDir::new().unwrap();
    let mut command = Command::new(program);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--window-size=1200,1600",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(Duration::from_secs(120), command.output())
        .await
        .expect("the browser ends")
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The page as the browser understood it. With `EMULATOR_SCREENSHOTS` set to a directory, a picture is left there.
async fn page(program: &PathBuf, name: &str, address: &str) -> String {
    if let Some(directory) = variable("EMULATOR_SCREENSHOTS") {
        let picture = PathBuf::from(directory).join(format!("{name}.png"));
        run(
            program,
            &[&format!("--screenshot={}", picture.display()), address],
        )
        .await;
    }
    run(program, &["--dump-dom", address]).await
}

async fn begin_login(emulator: &Emulator) -> (String, String) {
    let request =
        Request::new("POST", "/api/cli/start-login").header("User-Agent", "runbeam-cli/0.9.0 <b>");
    let begun = request.send(emulator.address()).await.json();
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    (text("device_token"), text("verification_url"))
}

#[tokio::test]
async fn the_login_page_is_a_page_for_everybody() {
    let Some(program) = browser() else { return };
    let emulator = start().await;
    let team = emulator.add_team("Baltic Optics");
    emulator.add_user(&team, "Jurgis <Kazlauskas>", "jurgis@example.test");
    let (token, address) = begin_login(&emulator).await;
    let page = page(&program, "login", &address).await;
    for part in [
        "<html lang=\"en\">",
        "<title>Approve a login – Runbeam emulator</title>",
        "<h1>Approve a login</h1>",
        "<main id=\"main\">",
        "<a class=\"skip\" href=\"#main\">",
        "<label for=\"user\">Sign in as</label>",
        "<select id=\"user\" name=\"user\"",
        "runbeam-cli/0.9.0 &lt;b&gt;",
        "Jurgis &lt;Kazlauskas&gt; &lt;jurgis@example.test&gt;, Baltic Optics",
        "name=\"decision\" value=\"approve\">Approve</button>",
        "name=\"decision\" value=\"deny\">Deny</button>",
        "in 10 minutes",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    assert!(!page.contains("<b>") && !page.contains("<script"), "{page}");
    assert!(emulator.approve_login(&token, emulator.user()));
    let done = self::page(&program, "login-approved", &address).await;
    assert!(
        done.contains("<h1>Login approved</h1>") && done.contains("role=\"status\""),
        "{done}"
    );
}

#[tokio::test]
async fn the_dashboard_shows_what_there_is() {
    let Some(program) = browser() else { return };
    let emulator = start().await;
    let edge = post(
        &emulator,
        "/api/harmony/authorize",
        json!({ "gateway_code": "edge-lisbon" }),
    )
    .await
    .json();
    let gateway = edge["gateway"]["id"].as_str().unwrap();
    post(&emulator, "/api/gateways", json!({ "name": "edge-porto" })).await;
    drop(emulator.mint_sanctum_token());
    emulator
        .queue_change(gateway, ChangeSpec::new(ChangeKind::Gateway, "x = 1"))
        .unwrap();
    emulator.inject(
        FaultRule::new(Fault::status(503))
            .on(Operation::BaseUrl)
            .times(3),
    );
    begin_login(&emulator).await;
    emulator.advance(SignedDuration::from_hours(27 * 24));
    get(&emulator, "/api/gateways/nowhere").await;
    let page = page(
        &program,
        "dashboard",
        &format!("{}/_emulator", emulator.url()),
    )
    .await;
    for part in [
        "<h1>Dashboard</h1>",
        "27 days ahead of real time",
        "<td>edge-porto</td>",
        "<strong class=\"warn\">2 days left</strong>",
        "<td>Gateway edge-lisbon updated</td>",
        "<td>baseUrl</td><td>0×</td>",
        emulator.signing_key().key_id(),
        "/api/gateways/nowhere</code>",
        "<td class=\"warn\">404</td>",
        "user ines@example.test",
        "<label for=\"by\">Move by</label>",
        "<td>expired</td>",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    assert!(!page.contains("<script"));
    let machine = edge["machine_token"].as_str().unwrap();
    assert!(!page.contains(machine));
}

#[tokio::test]
async fn the_forms_of_the_pages_do_what_they_say() {
    let emulator = start().await;
    let send = async |path: &str, form: String, status: u16| {
        let request = Request::new("POST", path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", &emulator.url())
            .body(form);
        let answer = request.send(emulator.address()).await;
        assert_eq!(answer.status, status, "{answer:?}");
        answer
    };
    let act = async |form: &str, status: u16| send("/_emulator", form.to_owned(), status).await;
    let moved = act("action=advance&by=2h+30m", 303).await;
    assert_eq!(moved.header("location"), Some("/_emulator"));
    assert_eq!(emulator.clock().offset(), SignedDuration::from_mins(150));
    act("action=advance&by=soon", 422).await;
    act("action=freeze&value=", 303).await;
    assert!(emulator.clock().is_frozen());
    act("action=resume", 303).await;
    act("action=real_time", 303).await;
    assert_eq!(emulator.clock().offset(), SignedDuration::ZERO);
    act("action=jwks_outage", 303).await;
    let keys = Request::new("GET", "/.well-known/jwks.json").unchecked();
    assert_eq!(keys.clone().send(emulator.address()).await.status, 503);
    act("action=end_fault&value=1", 303).await;
    assert_eq!(keys.clone().send(emulator.address()).await.status, 200);
    act("action=fault&fault=status_500&operation=jwks&count=1", 303).await;
    assert_eq!(keys.send(emulator.address()).await.status, 500);
    act("action=fault&fault=flood", 422).await;
    let old = emulator.signing_key().key_id().to_owned();
    act("action=rotate", 303).await;
    act(&format!("action=withdraw&value={old}"), 303).await;
    act(&format!("action=withdraw&value={old}"), 422).await;

    let check = async |token: &str, state: &str| {
        let path = format!("/api/cli/check-login/{token}");
        let answer = Request::new("GET", path)
            .send(emulator.address())
            .await
            .json();
        assert_eq!(answer["status"], state);
        answer
    };
    let (token, _) = begin_login(&emulator).await;
    let verify = format!("/cli/verify/{token}");
    check(&token, "pending").await;
    send(&verify, "decision=approve&user=nobody".into(), 422).await;
    let user = emulator.add_user(emulator.team(), "Rui Matos", "rui@example.test");
    send(&verify, format!("decision=approve&user={}", user.id()), 200).await;
    assert_eq!(check(&token, "authenticated").await["user"], json!(user));
    let (token, _) = begin_login(&emulator).await;
    send(&format!("/cli/verify/{token}"), "decision=deny".into(), 200).await;
    check(&token, "invalid").await;
    send("/cli/verify/dt_unknown", "decision=deny".into(), 404).await;
}

#[tokio::test]
async fn an_automatic_approval_needs_nobody() {
    let emulator = crate::builder()
        .with_automatic_approval()
        .start()
        .await
        .unwrap();
    let (token, _) = begin_login(&emulator).await;
    let path = format!("/api/cli/check-login/{token}");
    let answer = Request::new("GET", path)
        .send(emulator.address())
        .await
        .json();
    assert_eq!(answer["status"], "authenticated");
    let request = Request::new("GET", "/api/gateways").bearer(answer["token"].as_str().unwrap());
    assert_eq!(request.send(emulator.address()).await.status, 200);
}
