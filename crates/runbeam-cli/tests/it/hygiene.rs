//! What never leaves the process: escape sequences of others, and secrets.

use serde_json::json;

use crate::cloud::Cloud;
use crate::harmony::Harmony;
use crate::runbeam::Shell;

const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\u{202e}evil";

#[test]
fn no_server_controls_the_terminal() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let shell = Shell::new();
    harmony.add_to(&shell, "lab");
    let info =
        json!({ "version": HOSTILE, "uptime": 1, "os": HOSTILE, "arch": "x", HOSTILE: HOSTILE });
    let pipelines =
        json!({ "pipelines": [{ "id": HOSTILE, "description": HOSTILE, "networks": [HOSTILE] }] });
    harmony.answer("GET /admin/info", 200, &info.to_string());
    harmony.answer("GET /admin/pipelines", 200, &pipelines.to_string());
    harmony.answer(
        "POST /api/reload",
        500,
        &json!({ "error": HOSTILE, "message": HOSTILE }).to_string(),
    );
    for line in [
        "info",
        "pipelines",
        "reload",
        "info --json",
        "pipelines --json",
        "reload --json",
    ] {
        let done = shell.run(&format!("harmony:{line} -l lab"));
        let all = done.out + &done.err;
        assert!(all.contains("evil"), "{line} shows it: {all}");
        for character in ['\u{1b}', '\u{7}', '\u{9b}', '\r', '\u{202e}'] {
            assert!(!all.contains(character), "{line}: {all:?}");
        }
    }
}

#[test]
fn no_argument_and_no_file_controls_the_terminal() {
    let shell = Shell::new();
    let listed = json!([{ "id": "1", "ip": "127.0.0.1", "port": 1, "label": HOSTILE }]);
    shell.write("harmony.json", &listed.to_string());
    for line in ["harmony:list", "harmony:info --id 1", "doctor"] {
        let done = shell.run(line);
        let all = done.out + &done.err;
        assert!(
            !all.contains('\u{1b}') && !all.contains('\u{202e}'),
            "{line}: {all:?}"
        );
    }
}

#[test]
fn no_secret_is_shown_by_anything_that_fails_or_logs() {
    let cloud = Cloud::start();
    let canary = "99|canaryCANARYcanaryCANARYcanaryCANARYcanary0";
    let shell = Shell::of(&cloud.url())
        .with("RUNBEAM_TOKEN", canary)
        .with("RUST_LOG", "trace");
    shell.run("harmony:add -p 1 -l lab").ok();
    for line in [
        "whoami",
        "gateways list",
        "verify",
        "harmony:authorize -l lab",
        "doctor",
        "token show",
        "login",
    ] {
        let done = shell.run(line);
        let all = done.out + &done.err;
        assert!(!all.contains("canaryCANARY"), "{line}: {all}");
    }
    // Nor by files.
    for entry in std::fs::read_dir(shell.home()).unwrap().flatten() {
        if let Ok(text) = std::fs::read_to_string(entry.path()) {
            assert!(!text.contains("canaryCANARY"), "{}", entry.path().display());
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn core_dumps_are_off() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    let mut login = shell.start("login");
    let mut page = String::new();
    let mut reader = std::io::BufReader::new(login.stderr.take().unwrap());
    while !page.contains("/cli/verify/") {
        std::io::BufRead::read_line(&mut reader, &mut page).unwrap();
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", login.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let numbers: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
    login.kill().unwrap();
    login.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    shell.run("harmony:add -l lab").ok();
    shell.run("config:set profile default").ok();
    shell
        .run_with_input("login --token-stdin", &cloud.mint_jwt())
        .ok();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&shell.home()), 0o700);
    for name in [
        "harmony.json",
        "config.json",
        "runbeam-cli/user_auth.json",
        "runbeam-cli/encryption.key",
    ] {
        assert_eq!(mode(&shell.home().join(name)), 0o600, "{name}");
    }
}
