//! A whole gateway: routes behind a chain of authentication, a machine identity, configuration that the cloud changes
//! while it runs, and the management API that `runbeam` speaks to.
//!
//! `cargo run -p runbeam-gateway --example gateway -- --demo` shows it at work against an emulated cloud, and ends. With
//! `--config` it is a gateway that serves until it gets SIGINT (Ctrl+C) or SIGTERM:
//!
//! ```toml
//! [proxy]
//! id = "edge-lisbon"
//!
//! [runbeam]
//! enabled = true
//! poll_interval_secs = 5
//!
//! [management]
//! enabled = true
//!
//! [[middleware]]
//! type = "jwt-auth"
//! config = { jwks_url = "${RUNBEAM_API_URL}/api/.well-known/jwks.json" }
//!
//! # Served below /studies.
//! [pipelines.studies]
//! description = "Studies from the clinic to the archive"
//! ```

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it prints is what it is for"
)]

#[path = "gateway/demo.rs"]
mod demo;
#[path = "gateway/edge.rs"]
mod edge;
#[path = "gateway/process.rs"]
mod process;
#[path = "gateway/settings.rs"]
mod settings;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use runbeam_gateway::management::ManagementAddress;
use runbeam_sdk::model::SystemClock;
use runbeam_sdk::store::Store;
use serde_json::json;

use crate::process::{Gateway, Options, Outcome};

const HELP: &str = "\
A gateway of Runbeam Cloud.

Usage: gateway --config FILE [OPTIONS]
       gateway --demo

Options:
      --config <FILE>             What it runs by (TOML)
      --api-url <URL>             The cloud [default: https://api.runbeam.io]
      --listen <ADDRESS:PORT>     Where it serves [default: 127.0.0.1:8080]
      --management <ADDRESS:PORT> Where its management API is, on loopback [default: 127.0.0.1:9090]
      --renew-with <FILE>         A user's token, by which it authorizes itself in time
      --demo                      Show it at work against an emulated cloud
  -h, --help                      Print this help

It prints one line of JSON when it is ready. What it keeps is where RUNBEAM_HOME says, or in the keyring.
";

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let ended = match parse(std::env::args().skip(1)) {
        Ok(Asked::Help) => {
            print!("{HELP}");
            Ok(())
        }
        Ok(Asked::Demo) => demo::run().await,
        Ok(Asked::Serve(asked)) => serve(asked).await,
        Err(problem) => {
            eprintln!("{problem}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

enum Asked {
    Help,
    Demo,
    Serve(Words),
}

struct Words {
    listen: SocketAddr,
    management: ManagementAddress,
    api_url: String,
    config: String,
    renew_with: Option<String>,
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Words {
        listen: ([127, 0, 0, 1], 8080).into(),
        management: ManagementAddress::default(),
        api_url: runbeam_sdk::DEFAULT_API_URL.to_owned(),
        config: String::new(),
        renew_with: None,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--demo" => return Ok(Asked::Demo),
            "--config" => asked.config = value()?,
            "--api-url" => asked.api_url = value()?,
            "--renew-with" => asked.renew_with = Some(value()?),
            "--listen" => {
                let value = value()?;
                asked.listen = value
                    .parse()
                    .map_err(|_| format!("{value} is not an address and a port"))?;
            }
            "--management" => {
                let address = value()?.parse();
                asked.management =
                    address.map_err(|error: runbeam_gateway::BuildError| error.to_string())?;
            }
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    if asked.config.is_empty() {
        return Err("--config says what to run by".to_owned());
    }
    Ok(Asked::Serve(asked))
}

async fn serve(asked: Words) -> Outcome<()> {
    // From here on a signal is noticed, so that a stop right after the start is an orderly one, too.
    let stop = stop_signal()?;
    let gateway = Gateway::start(Options {
        listen: asked.listen,
        management: asked.management,
        api_url: asked.api_url,
        config: asked.config.into(),
        renew_with: asked.renew_with.map(Into::into),
        store: Store::from_env()?,
        clock: Arc::new(SystemClock),
    })
    .await?;
    let ready = json!({
        "instance": gateway.instance.as_str(),
        "url": format!("http://{}", gateway.address),
        "management": gateway.management.to_string(),
    });
    println!("{ready}");
    stop.await;
    gateway.stop().await;
    Ok(())
}

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without signals it runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
