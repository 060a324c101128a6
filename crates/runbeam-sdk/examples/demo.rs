//! The main job, shown step by step: a gateway is authorized with a user's token, keeps its machine token, and
//! calls the API with it. `cargo xtask demo` runs this.
//!
//! Runbeam Cloud is the emulator inside this process, and the home directory a temporary one, so that nothing is
//! left behind. A step that is not as it must be ends the demo with an error.

#![allow(clippy::print_stdout, reason = "it is a show")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use runbeam_emulator::Emulator;
use runbeam_sdk::auth::{BearerToken, TokenKind};
use runbeam_sdk::model::{Clock, SystemClock};
use runbeam_sdk::store::{EntryName, InstanceId, SecretStore, Store};
use runbeam_sdk::{
    ErrorKind, JwtValidationOptions, MachineToken, RunbeamClient, validate_jwt_token,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut show = Show::begin();
    let cloud = Emulator::start().await?;
    show.step(format!(
        "Runbeam Cloud, emulated, listens on {}",
        cloud.url()
    ));
    let home = tempfile::tempdir()?;

    show.title("With a user's JWT, which is verified here");
    let user_token = cloud.mint_jwt();
    let options = JwtValidationOptions::new().with_trusted_issuers([cloud.url()]);
    let claims = validate_jwt_token(&user_token, &options).await?;
    let user = claims.user.as_ref().ok_or("the token names no user")?;
    let team = claims.team.as_ref().ok_or("the token names no team")?;
    show.step(format!(
        "verified the token of {} <{}>, team {}",
        user.name, user.email, team.name
    ));
    main_job(
        &mut show,
        &claims.api_base_url(),
        &user_token,
        home.path(),
        "edge-lisbon",
    )
    .await?;

    show.title("With a Sanctum token, which the cloud decides about");
    let user_token = cloud.mint_sanctum_token();
    let kind = BearerToken::parse(&user_token)?.kind();
    ensure(
        kind == TokenKind::Sanctum,
        "a Sanctum token is told by its shape",
    )?;
    show.step("told by its shape `{id}|{token}`; passed on untouched");
    main_job(
        &mut show,
        &cloud.url(),
        &user_token,
        home.path(),
        "edge-porto",
    )
    .await?;

    let left = home.path().to_owned();
    cloud.shutdown().await;
    home.close()?;
    ensure(!left.exists(), "nothing is left behind")?;
    show.title("Done");
    show.step("the cloud is stopped, the temporary home is gone");
    Ok(())
}

async fn main_job(
    show: &mut Show,
    base_url: &str,
    user_token: &str,
    home: &Path,
    gateway_code: &str,
) -> Result<(), Box<dyn Error>> {
    let client = RunbeamClient::new(base_url);
    let response = client
        .authorize_gateway(user_token, gateway_code, None, None)
        .await?;
    let token = MachineToken::new(
        response.machine_token,
        response.expires_at,
        response.gateway.id,
        response.gateway.code,
        response.abilities,
    );
    show.step(format!(
        "authorized the gateway {}: {}",
        token.gateway_code,
        token.abilities.join(", ")
    ));

    // A demo leaves the keyring of its user alone.
    let store = Store::builder()
        .with_root(home.join(".runbeam"))
        .without_keyring()
        .build()?;
    let (instance, entry): (InstanceId, _) = (gateway_code.parse()?, EntryName::machine_token());
    store.save_value(&instance, &entry, &token).await?;
    show.step("kept the machine token:");
    for line in store
        .describe(&instance, &entry)
        .await?
        .to_string()
        .split("; ")
    {
        show.detail(line);
    }

    let loaded: MachineToken = store
        .load_value(&instance, &entry)
        .await?
        .ok_or("the token is gone")?;
    ensure(
        loaded.is_valid() && loaded.machine_token == token.machine_token,
        "what was kept is loaded",
    )?;
    let left = loaded
        .time_left_at(SystemClock.now())
        .ok_or("the expiry is unknown")?;
    let days = left.as_secs_f64() / 86_400.0;
    ensure(
        (29.9..=30.0).contains(&days),
        "a machine token lives for thirty days",
    )?;
    show.step(format!(
        "loaded it: {days:.1} days left, until {}",
        loaded.expires_at
    ));

    let machine = client.with_token(&loaded.machine_token);
    let gateways = machine.gateways().list().await?;
    ensure(
        gateways
            .data
            .iter()
            .any(|gateway| gateway.code == gateway_code),
        "the gateway is listed",
    )?;
    show.step("listed the gateways with it:");
    for gateway in gateways.data {
        show.detail(&format!("{} ({})", gateway.name, gateway.code));
    }

    let revoked = client
        .with_token(user_token)
        .revoke_gateway(gateway_code)
        .await?;
    show.step(format!("revoked: {}", revoked.message));
    let Err(error) = machine.gateways().list().await else {
        return Err("a revoked token still works".into());
    };
    ensure(
        error.kind() == ErrorKind::SignIn,
        "a revoked token is told by its kind of error",
    )?;
    show.step(format!("refused from then on: {error}"));

    store.clear(&instance, &entry).await?;
    let is_gone = store
        .load_value::<MachineToken>(&instance, &entry)
        .await?
        .is_none();
    ensure(is_gone, "what was cleared is not loaded")?;
    show.step("forgot the token");
    Ok(())
}

fn ensure(holds: bool, claim: &str) -> Result<(), Box<dyn Error>> {
    if holds {
        Ok(())
    } else {
        Err(format!("not as it must be: {claim}").into())
    }
}

/// Prints each step with the time that it took.
struct Show {
    last: Instant,
}

impl Show {
    fn begin() -> Self {
        Self {
            last: Instant::now(),
        }
    }

    fn title(&mut self, title: &str) {
        println!("\n{title}");
        self.last = Instant::now();
    }

    fn step(&mut self, text: impl AsRef<str>) {
        println!(
            "{:>7.1} ms  {}",
            self.last.elapsed().as_secs_f64() * 1000.0,
            text.as_ref()
        );
        self.last = Instant::now();
    }

    fn detail(&self, text: &str) {
        println!("{:>12}  {text}", "");
    }
}
