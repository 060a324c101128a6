//! The long step `earlier-cli`: the earlier command line from crates.io finds the emulator to be the cloud it knows, and
//! the example gateway to be a gateway that it can authorize.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::contract::Emulator;
use crate::process::{cargo, probe, read, run};
use crate::step::{Outcome, Result};
use crate::workspace;

/// The newest on crates.io. It is a peer in tests, and never a dependency.
const VERSION: &str = "0.9.0";

/// The forms of the cloud's address that its versions have by default: as it is, and with the prefix of the API.
const BASES: &[&str] = &["", "/api"];

/// # Errors
///
/// When it cannot be installed, or does not get what it asks for.
pub(crate) fn run_earlier_cli() -> Result {
    let target = workspace::metadata()?.target_directory.into_std_path_buf();
    let cli = install(&target)?;
    run(&mut cargo(
        "build --package runbeam-emulator --bin runbeam-emulator",
    ))?;
    run(&mut cargo(
        "build --package runbeam-gateway --example gateway",
    ))?;
    for base in BASES {
        // Logins are approved at once, as nobody sits at the page.
        let emulator =
            Emulator::start(&target.join("debug/runbeam-emulator"), &["--auto-approve"])?;
        let home = target.join("earlier-cli/home");
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let user = Operator {
            cli: &cli,
            home: &home,
        };
        let gateway = target.join("debug/examples/gateway");
        let gateway = Gateway::start(&gateway, &home, emulator.text("url")?)?;
        user.lives(&emulator, base, &gateway)?;
    }
    Ok(Outcome::Passed)
}

/// The earlier command, which is installed where it is not there yet.
///
/// # Errors
///
/// When it cannot be installed.
pub(crate) fn install(target: &Path) -> Result<PathBuf> {
    let root = target.join("earlier-cli");
    let cli = root.join("bin/runbeam");
    let version = probe(Command::new(&cli).arg("--version"));
    if version.is_none_or(|version| !version.ends_with(VERSION)) {
        let mut command = cargo(&format!("install runbeam-cli@{VERSION} --locked --root"));
        run(command.arg(&root))?;
    }
    Ok(cli)
}

/// Somebody who works with the earlier command line, with a home of his own.
struct Operator<'a> {
    cli: &'a Path,
    home: &'a Path,
}

impl Operator<'_> {
    /// Logs in, looks at the token, authorizes gateways, takes a machine token and calls the API with it, logs out.
    fn lives(&self, emulator: &Emulator, base: &str, gateway: &Gateway) -> Result<()> {
        let url = emulator.text("url")?;
        self.says(&["config:set", "api-url", &format!("{url}{base}")], url)?;
        self.says(&["login"], "Ines Prado")?;
        self.says(&["verify"], "Atlantic Imaging")?;
        self.says(&["harmony:add", "-l", "lab"], "lab")?;
        // No Harmony listens there: the cloud authorizes, and the delivery alone fails.
        self.says(&["harmony:authorize", "-l", "lab", "-y"], "harmony:send")?;
        self.keeps(gateway)?;
        let token = self.says(&["-q", "token:get", "-g", "edge-porto", "--raw"], "mt_")?;
        let token = token
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with("mt_"))
            .ok_or("token:get printed no machine token")?;
        let gateways = ask(url, "/api/gateways", token)?;
        if !gateways.contains("edge-porto") {
            return Err("the machine token does not list its gateway".into());
        }
        self.says(&["logout"], "")?;
        Ok(())
    }

    /// Everything that it knows to do with a gateway that listens.
    fn keeps(&self, gateway: &Gateway) -> Result<()> {
        let port = gateway.management.port().to_string();
        self.says(&["harmony:add", "-p", &port, "-l", "edge"], "edge")?;
        self.says(&["harmony:info", "-l", "edge"], std::env::consts::ARCH)?;
        self.says(
            &["harmony:authorize", "-l", "edge", "--update", "-y"],
            "harmony:send",
        )?;
        // A delivery that fails is a success for it. That the gateway uploads with its token is none by chance.
        self.says(&["harmony:update", "-l", "edge"], "bytes)")?;
        self.says(&["harmony:pipelines", "-l", "edge"], "studies")?;
        self.says(&["harmony:routes", "-l", "edge"], "/studies/")?;
        self.says(&["harmony:reload", "-l", "edge"], "reloaded")?;
        Ok(())
    }

    /// Runs a command, which has to succeed and to print `expected`.
    fn says(&self, words: &[&str], expected: &str) -> Result<String> {
        println!("$ runbeam {}", words.join(" "));
        let mut command = Command::new(self.cli);
        command
            .args(words)
            .env("HOME", self.home)
            .env("XDG_CONFIG_HOME", self.home)
            .env("RUNBEAM_DISABLE_KEYRING", "1")
            .env_remove("RUNBEAM_API_URL")
            // A browser that nobody sees.
            .env("BROWSER", "true")
            .stdin(Stdio::null());
        let said = read(&mut command)?;
        if said.contains(expected) {
            return Ok(said);
        }
        Err(format!("`runbeam {}` does not print `{expected}`", words.join(" ")).into())
    }
}

/// The example gateway, which ends with this.
struct Gateway {
    child: Child,
    management: SocketAddr,
}

/// What it runs by.
const GATEWAY: &str = r#"
[proxy]
id = "edge"
[runbeam]
enabled = true
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

impl Gateway {
    fn start(path: &Path, home: &Path, api_url: &str) -> Result<Self> {
        let config = home.join("gateway.toml");
        fs::write(&config, GATEWAY)?;
        let mut child = Command::new(path)
            .arg("--config")
            .arg(&config)
            .args(["--api-url", api_url])
            .args(["--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"])
            .env("RUNBEAM_HOME", home.join("gateway"))
            .env("RUNBEAM_DISABLE_KEYRING", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", path.display()))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let management = ready["management"].as_str().unwrap_or_default().parse();
        let management = management.map_err(|_| "the example gateway did not start")?;
        Ok(Self { child, management })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has ended by itself if this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole answer to a `GET` with a bearer token.
fn ask(url: &str, path: &str, token: &str) -> Result<String> {
    let address = url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address)?;
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\
         Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}
