//! The long step `earlier-cli`: the earlier command line from crates.io finds the emulator to be the cloud it knows.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
        user.lives(&emulator, base)?;
    }
    Ok(Outcome::Passed)
}

fn install(target: &Path) -> Result<PathBuf> {
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
    /// Logs in, looks at the token, authorizes a gateway, takes a machine token and calls the API with it, logs out.
    fn lives(&self, emulator: &Emulator, base: &str) -> Result<()> {
        let url = emulator.text("url")?;
        self.says(&["config:set", "api-url", &format!("{url}{base}")], url)?;
        self.says(&["login"], "Ines Prado")?;
        self.says(&["verify"], "Atlantic Imaging")?;
        self.says(&["harmony:add", "-l", "lab"], "lab")?;
        // No Harmony listens there: the cloud authorizes, and the delivery alone fails.
        self.says(&["harmony:authorize", "-l", "lab", "-y"], "harmony:send")?;
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
