//! What programs that are started get: nothing of ours.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::cloud::Cloud;
use crate::runbeam::Shell;
use crate::terminal::Terminal;

/// Tells what it was started with. The page is told last, so that all is there when it is.
const BROWSER: &str = r#"#!/bin/sh
tr '\0' '\n' < /proc/self/cmdline > "$HOME/argv"
tr '\0' '\n' < /proc/$$/environ > "$HOME/environment"
ls -l "$1" > "$HOME/mode"
echo "$1" > "$HOME/name"
cat "$1" > "$HOME/page.new"
mv "$HOME/page.new" "$HOME/page"
"#;

/// A shell in front of a desktop, whose browser tells what it gets.
fn at_a_desktop(cloud: &Cloud) -> Shell {
    let shell = Shell::of(&cloud.url());
    let programs = shell.directory().join("bin");
    fs::create_dir(&programs).unwrap();
    let browser = programs.join("xdg-open");
    fs::write(&browser, BROWSER).unwrap();
    fs::set_permissions(&browser, Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", programs.display());
    shell.with("PATH", &path).with("DISPLAY", ":0")
}

#[test]
fn a_browser_gets_no_secret_as_an_argument_or_in_its_environment() {
    let cloud = Cloud::start();
    let mut shell = at_a_desktop(&cloud);
    let canary = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    for name in [
        "RUNBEAM_TOKEN",
        "RUNBEAM_ENCRYPTION_KEY",
        "RUNBEAM_MACHINE_TOKEN",
        "RUNBEAM_JWT_SECRET",
        "RUNBEAM_ONE_OF_LATER",
    ] {
        shell = shell.with(name, canary);
    }
    let mut terminal = Terminal::run(&shell, "login --force", 80);
    terminal.until("The page was opened in your browser, too.");
    terminal.until("Waiting for the approval");
    let device_token = Cloud::device_token_in(&terminal.text());
    let told = |name: &str| fs::read_to_string(shell.directory().join(name)).unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while !shell.directory().join("page").exists() && std::time::Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(
        told("page").contains(&format!("/cli/verify/{device_token}")),
        "{}",
        told("page")
    );
    assert!(told("mode").starts_with("-rw-------"), "{}", told("mode"));
    for name in ["argv", "environment", "name"] {
        let told = told(name);
        assert!(!told.is_empty(), "{name}");
        assert!(!told.contains(&device_token), "{name}: {told}");
        assert!(
            !told.contains("AGE-SECRET") && !told.contains("RUNBEAM_"),
            "{name}: {told}"
        );
    }
    assert!(told("environment").contains("DISPLAY=:0"));

    let page = PathBuf::from(told("name").trim());
    assert!(page.exists());
    assert!(cloud.approve_login(&device_token, cloud.user()));
    terminal.end();
    assert!(!page.exists(), "what leads to the page goes with the login");
}

#[test]
fn a_browser_is_opened_only_where_somebody_sees_it() {
    let cloud = Cloud::start();
    for (name, line) in [
        ("SSH_CONNECTION", "login"),
        ("CI", "login"),
        ("UNRELATED", "login --no-browser"),
    ] {
        let shell = at_a_desktop(&cloud).with(name, "1");
        let mut terminal = Terminal::run(&shell, line, 80);
        terminal.until("Waiting for the approval");
        assert!(
            !terminal.text().contains("browser"),
            "{name}: {}",
            terminal.text()
        );
        assert!(!shell.directory().join("argv").exists(), "{name}");
    }
}
