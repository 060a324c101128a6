//! The commands against a gateway that runs: the example of `runbeam-gateway`, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use runbeam_emulator::{ChangeKind, ChangeSpec, ChangeStatus};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::runbeam::Shell;

const CONFIG: &str = r#"
[proxy]
id = "edge-lisbon"

[runbeam]
enabled = ENABLED
poll_interval_secs = 1

[management]
enabled = true

[[middleware]]
type = "jwt-auth"
config = { jwks_url = "${RUNBEAM_API_URL}/api/.well-known/jwks.json" }

[pipelines.studies]
description = "Studies from the clinic to the archive"
networks = ["default"]
"#;

/// A gateway of a home of its own, which is killed when this is dropped.
struct Gateway {
    process: Child,
    management: SocketAddr,
    home: tempfile::TempDir,
}

impl Gateway {
    /// `None` where it is not built: cargo builds the examples of other packages for `--workspace` alone.
    fn start(cloud: &Cloud, is_integrated: bool) -> Option<Self> {
        let program = program();
        if !program.exists() {
            assert!(std::env::var_os("CI").is_none(), "{}", program.display());
            eprintln!("skipped: `cargo build --workspace --examples` makes the gateway");
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("gateway.toml");
        std::fs::write(&path, config(is_integrated)).unwrap();
        let mut process = Command::new(program)
            .arg("--config")
            .arg(path)
            .args(["--api-url", &cloud.url()])
            .args(["--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"])
            .env_clear()
            .env("HOME", home.path())
            .env("RUNBEAM_HOME", home.path().join(".runbeam"))
            .env("RUNBEAM_DISABLE_KEYRING", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Some(Self {
            process,
            management: ready["management"].as_str().unwrap().parse().unwrap(),
            home,
        })
    }

    fn add_to(&self, shell: &Shell) {
        let port = self.management.port();
        shell.run(&format!("harmony:add -p {port} -l edge")).ok();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has ended by itself if this fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn config(is_integrated: bool) -> String {
    CONFIG.replace("ENABLED", &is_integrated.to_string())
}

fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().unwrap().parent().unwrap();
    let program = target.join("examples").join("gateway");
    program.with_extension(std::env::consts::EXE_EXTENSION)
}

#[test]
fn a_gateway_is_looked_at_authorized_and_configured() {
    let cloud = Cloud::start();
    let Some(gateway) = Gateway::start(&cloud, true) else {
        return;
    };
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_jwt());
    gateway.add_to(&shell);
    shell.run("harmony:info -l edge").ok();
    shell.run("harmony:pipelines -l edge").ok().says("studies");
    shell.run("harmony:routes -l edge").ok().says("/studies");

    // Before it has a token it cannot upload.
    shell
        .run("harmony:update -l edge")
        .ends_with(4)
        .complains("harmony:authorize -l edge");
    let done = shell.run("harmony:authorize -l edge --update -y").ok();
    for step in 1..=6 {
        assert!(done.err.contains(&format!("[{step}/6] ✓")), "{}", done.err);
    }
    assert!(gateway.home.path().join(".runbeam").is_dir());
    shell.run("harmony:update -l edge").ok();
    shell.run("harmony:reload -l edge").ok();

    // With the token that was handed over it fetches what the cloud changes.
    let listed = shell.json("harmony:list");
    let id = listed["data"][0]["gateway_id"].as_str().unwrap();
    let toml = "[pipelines.reports]\ndescription = 'Reports to the clinic'\n";
    let change = cloud.queue_change(id, ChangeSpec::new(ChangeKind::Pipeline, toml));
    let change = change.unwrap();
    let start = Instant::now();
    while cloud.change_status(&change) != Some(ChangeStatus::Applied) {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(50));
    }
    shell.run("harmony:pipelines -l edge").ok().says("reports");
}

#[test]
fn one_that_is_not_integrated_says_how_to_change_that() {
    let cloud = Cloud::start();
    let Some(gateway) = Gateway::start(&cloud, false) else {
        return;
    };
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_jwt());
    gateway.add_to(&shell);
    shell
        .run("harmony:authorize -l edge -y")
        .ends_with(5)
        .complains("enabled = true");
}
