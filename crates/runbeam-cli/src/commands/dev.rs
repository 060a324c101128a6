//! `dev`: Runbeam Cloud on this machine, and a profile in which every other command works against it.

use std::net::{Ipv4Addr, SocketAddr};

use runbeam_emulator::{Emulator, ErrorKind};
use runbeam_sdk::model::UserToken;
use runbeam_sdk::store::{EntryName, SecretStore, Store};
use serde_json::json;

use crate::Outcome;
use crate::args::{Dev, Globals};
use crate::failure::Failure;
use crate::output::{Output, Report};
use crate::session::Session;
use crate::settings::Key;

/// The profile that is made, and removed at the end.
const PROFILE: &str = "dev";

pub(super) async fn run(session: &Session, arguments: &Dev, output: &Output) -> Outcome {
    let mut builder =
        Emulator::builder().with_listen(SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port)));
    if let Some(file) = &arguments.data_file {
        builder = builder.with_data_file(file);
    }
    if let Some(file) = &arguments.seed_file {
        builder = builder
            .with_seed_file(file)
            .map_err(|error| not_started(&error))?;
    }
    if arguments.approve {
        builder = builder.with_automatic_approval();
    }
    let emulator = builder.start().await.map_err(|error| not_started(&error))?;
    let dev = Session::open(&Globals {
        profile: Some(PROFILE.to_owned()),
        api_url: Some(emulator.url()),
        ..Globals::default()
    })?;
    dev.settings.store(Key::ApiUrl, Some(&emulator.url()))?;
    dev.keep(&UserToken::new(emulator.mint_sanctum_token(), None, None))
        .await?;

    let ready = Report::new(json!({
        "url": emulator.url(),
        "dashboard_url": format!("{}/_emulator", emulator.url()),
        "jwks_url": emulator.jwks_url(),
        "profile": PROFILE,
        "gateway_code": emulator.gateway_code(),
        "user": emulator.user(),
        "team": emulator.team(),
    }));
    let ready = ready
        .line(format!("Runbeam Cloud is emulated at {}", emulator.url()))
        .line("")
        .fields([
            (
                "  user",
                format!("{} of {}", emulator.user().name(), emulator.team().name()),
            ),
            ("  page", format!("{}/_emulator", emulator.url())),
        ])
        .line("")
        .line("Every command works against it in the profile `dev`, which is logged in:")
        .line("")
        .line("  runbeam --profile dev whoami")
        .line("  runbeam --profile dev gateways list")
        .line("  runbeam --profile dev login --force")
        .line("")
        .line("Ctrl-C stops it and removes the profile.");
    output.result(&ready);
    let stopped = stop_signal().await;
    let forgotten = forget(session, &dev).await;
    emulator.shutdown().await;
    stopped.and(forgotten)?;
    Ok(Report::raw(""))
}

async fn forget(session: &Session, dev: &Session) -> Result<(), Failure> {
    let instance = dev.settings.login_instance()?;
    Store::from_env()?
        .clear(&instance, &EntryName::user_token())
        .await?;
    session.settings.forget_profile(PROFILE)
}

/// Ctrl-C is how it is meant to end, so that it is no interruption.
#[cfg(unix)]
async fn stop_signal() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let failed = |error: std::io::Error| not_started(&error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn stop_signal() -> Result<(), Failure> {
    tokio::signal::ctrl_c()
        .await
        .map_err(|error| not_started(&error))
}

fn not_started(error: &(dyn std::error::Error + 'static)) -> Failure {
    let next = match error
        .downcast_ref::<runbeam_emulator::Error>()
        .map(runbeam_emulator::Error::kind)
    {
        Some(ErrorKind::AddressInUse | ErrorKind::CannotListen) => {
            "take another port with `--port`, or `--port 0` for any"
        }
        _ => "correct what it names, and start it again",
    };
    Failure::failed("the emulator cannot be started", next).because(error)
}
