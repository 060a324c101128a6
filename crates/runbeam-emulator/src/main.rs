//! The emulator as a program: starts one, says how to reach it, and serves until it is told to stop.

mod args;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use runbeam_emulator::{Emulator, RateLimits};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::args::{Command, HELP, Options};

/// Life of the printed user token, in seconds.
const JWT_LIFETIME: u64 = 3600;

fn main() -> ExitCode {
    match Command::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => print(HELP),
        Ok(Command::Version) => print(concat!(
            "runbeam-emulator ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        )),
        Ok(Command::Serve(options)) => {
            match Runtime::new().map(|runtime| runtime.block_on(serve(options))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return fail(1, error.as_ref()),
                Err(error) => return fail(1, &error),
            }
        }
        Err(text) => {
            complain(&format!("{text}\nTry 'runbeam-emulator --help'."));
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    // From here on a signal is noticed, so that a stop right after the start is an orderly one, too.
    let stop = stop_signal()?;
    let mut builder = Emulator::builder()
        .with_listen(options.listen)
        .with_jwt_lifetime(std::time::Duration::from_secs(JWT_LIFETIME));
    if let Some(file) = &options.authority_file {
        builder = builder.with_https(file);
    }
    if let Some(file) = &options.data_file {
        builder = builder.with_data_file(file);
    }
    for file in &options.seed_files {
        builder = builder.with_seed_file(file)?;
    }
    if options.approves_logins {
        builder = builder.with_automatic_approval();
    }
    if options.has_limits {
        builder = builder.with_rate_limits(RateLimits::of_the_cloud());
    }
    let emulator = builder.start().await?;
    print(&if options.json {
        ready_line(&emulator, &options)
    } else {
        summary(&emulator, &options)
    });
    stop.await;
    emulator.shutdown().await;
    Ok(())
}

/// Everything that a script needs, in one line.
fn ready_line(emulator: &Emulator, options: &Options) -> String {
    let line = json!({
        "url": emulator.url(),
        "dashboard_url": format!("{}/_emulator", emulator.url()),
        "jwks_url": emulator.jwks_url(),
        "ca_file": options.authority_file,
        "issuer": emulator.issuer(),
        "jwt": emulator.mint_jwt(),
        "expires_in": JWT_LIFETIME,
        "sanctum_token": emulator.mint_sanctum_token(),
        "gateway_code": emulator.gateway_code(),
        "user": emulator.user(),
        "team": emulator.team(),
    });
    format!("{line}\n")
}

/// Something to read and to paste.
fn summary(emulator: &Emulator, options: &Options) -> String {
    let (curl, trust) = match &options.authority_file {
        Some(file) => {
            let file = file.display();
            (
                format!("curl --cacert '{file}'"),
                format!("  trust   {file} holds the certificate\n"),
            )
        }
        None => ("curl".to_owned(), String::new()),
    };
    let end = match &options.data_file {
        Some(file) => format!("Ctrl+C stops it, and {} keeps everything.", file.display()),
        None => "Ctrl+C stops it, and everything is forgotten.".to_owned(),
    };
    format!(
        "\
Runbeam Cloud is emulated at {url}

  user    {user} of {team}
  page    {url}/_emulator
{trust}  token   the lines below set one that never expires

Try it:

  TOKEN='{token}'
  {curl} {jwks_url}
  {curl} -H \"Authorization: Bearer $TOKEN\" {url}/api/gateways
  {curl} -H \"Authorization: Bearer $TOKEN\" --json '{{\"gateway_code\":\"{code}\"}}' {url}/api/harmony/authorize

{end}
",
        url = emulator.url(),
        jwks_url = emulator.jwks_url(),
        user = emulator.user().name(),
        team = emulator.team().name(),
        token = emulator.mint_sanctum_token(),
        code = emulator.gateway_code(),
    )
}

/// Starts to listen for SIGINT and SIGTERM; the future ends with the first one.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Starts to listen for Ctrl+C; the future ends with the first one.
#[cfg(not(unix))]
#[allow(
    clippy::unnecessary_wraps,
    reason = "listening can fail on other systems"
)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Prints without panicking when nobody reads.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "runbeam-emulator: {text}");
}

/// Says what went wrong, with all its causes.
fn fail(code: u8, error: &dyn Error) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    complain(&text);
    ExitCode::from(code)
}
