//! `harmony:authorize`: from a user's login to a gateway with a machine token of its own, in six steps.

use runbeam_sdk::model::{AuthorizeResponse, BaseUrl, Clock, MachineToken, Secret, SystemClock};
use runbeam_sdk::store::{self, InstanceId, Store};
use runbeam_sdk::{ErrorKind, ManagementClient};
use serde_json::{Value, json};

use super::gateway_calls::{self, how_to_enable};
use super::login;
use crate::Outcome;
use crate::args::{Authorize, Login};
use crate::failure::{Exit, Failure};
use crate::instances::{self, Instance};
use crate::output::{self, Output, Report};
use crate::session::{LoginState, Session};
use crate::spoken_time;

const STEPS: usize = 6;

pub(super) async fn run(session: &Session, arguments: &Authorize, output: &Output) -> Outcome {
    let mut instance = instances::find(&session.settings.home, &arguments.gateway)?;
    let base = session.settings.base_url()?;
    let gateway = session.gateway(&instance)?;
    // Nothing is asked of the cloud for a token that could not be handed over.
    if !gateway.takes_secrets() {
        return Err(insecure_way(&instance));
    }

    let login = require_login(session, arguments, output).await?;
    let user = login.token.user.as_ref();
    output.step(
        1,
        STEPS,
        &format!(
            "Your login is good{}",
            user.map_or_else(String::new, |user| format!(": {}", user.email))
        ),
    );

    let key = encryption_key(&instance).await?;
    output.step(
        2,
        STEPS,
        &key.as_ref().map_or_else(
            || "No encryption key is set: the gateway makes one of its own".to_owned(),
            |(_, place)| {
                format!("Encryption key found: {place}; the gateway will keep its token with it")
            },
        ),
    );
    let key = key.map(|(key, _)| key);

    let answer = ask_the_cloud(session, &login, &instance, output).await?;
    let token = MachineToken::new(
        answer.machine_token.clone(),
        answer.expires_at,
        answer.gateway.id.clone(),
        answer.gateway.code.clone(),
        answer.abilities.clone(),
    );
    let gateway_id = answer.gateway.id.as_str();
    instances::set_gateway_id(&session.settings.home, &instance.id, gateway_id)?;
    instance.gateway_id = Some(gateway_id.to_owned());

    let has_key = key.is_some();
    deliver(&gateway, &token, key, &base, &instance).await?;
    output.step(
        5,
        STEPS,
        &format!(
            "Handed over to the gateway at {}: the token{}; it has stored them",
            instance.address(),
            if has_key {
                " and the encryption key"
            } else {
                ""
            },
        ),
    );
    output.step(6, STEPS, "The gateway can call Runbeam Cloud on its own");

    let report = report(&answer, &instance, has_key);
    match wants_upload(arguments, output).await? {
        false => Ok(report(&Value::Null)),
        true => {
            let upload = gateway_calls::upload(session, &instance).await;
            let upload = upload.map_err(|failure| {
                failure
                    .with_cause(
                        "the gateway is authorized; only its configuration was not uploaded",
                    )
                    .then(format!(
                        "run `runbeam harmony:update -l {}`",
                        instance.label
                    ))
            })?;
            Ok(report(&upload.json).line(upload.line))
        }
    }
}

/// A login that is good. Where there is none, a person is asked to log in, and everybody else told to.
async fn require_login(
    session: &Session,
    arguments: &Authorize,
    output: &Output,
) -> Result<LoginState, Failure> {
    let failure = match good_login(session).await {
        Ok(login) => return Ok(login),
        Err(failure) => failure,
    };
    let may_ask = !arguments.yes && !output.is_json() && output::can_ask();
    if failure.exit() != Exit::SignIn || !may_ask {
        return Err(failure);
    }
    output.warning(failure.what());
    if !output::ask("Log in now?").await? {
        return Err(failure);
    }
    login::login(session, &Login::again(), output).await?;
    good_login(session).await
}

async fn good_login(session: &Session) -> Result<LoginState, Failure> {
    let login = session.require_login().await?;
    session.verify(&login).await?;
    Ok(login)
}

/// The key that the gateway is to keep its token with, and where it is from: the environment, or else the directory
/// that this machine has for the instance. None is made: a gateway without one makes its own.
async fn encryption_key(instance: &Instance) -> Result<Option<(Secret, String)>, Failure> {
    if let Some(key) = store::encryption_key_from_env()? {
        return Ok(Some((key, "that of the environment".to_owned())));
    }
    // What is no instance has no directory.
    let Ok(id) = instance.id.parse::<InstanceId>() else {
        return Ok(None);
    };
    let key = Store::from_env()?.encryption_key(&id).await?;
    Ok(key.map(|key| (key, format!("that of the instance {id} on this machine"))))
}

/// The third and the fourth step.
async fn ask_the_cloud(
    session: &Session,
    login: &LoginState,
    instance: &Instance,
    output: &Output,
) -> Result<AuthorizeResponse, Failure> {
    let progress = output.progress("Asking Runbeam Cloud");
    let client = session.anonymous_client()?;
    let answer = client
        .authorize_gateway(&login.token.token, &instance.id, None, None)
        .await;
    let answer = answer.map_err(|error| {
        let failure = Failure::of_cloud(&error);
        match error.kind() {
            ErrorKind::NotAllowed => failure.then(
                "the gateway belongs to another team, or your token lacks the ability: `runbeam whoami` shows your team; log in as a member of the other one, or add the gateway under another label",
            ),
            _ => failure,
        }
    })?;
    drop(progress);
    let gateway = &answer.gateway;
    output.step(
        3,
        STEPS,
        &format!(
            "Runbeam Cloud has authorized the gateway {} (code {}, id {})",
            gateway.name, gateway.code, gateway.id
        ),
    );
    output.step(
        4,
        STEPS,
        &format!(
            "Machine token issued: {} left, abilities {}",
            spoken_time::span(
                answer
                    .expires_at
                    .saturating_duration_since(SystemClock.now())
            ),
            answer.abilities.join(", ")
        ),
    );
    Ok(answer)
}

/// The fifth step.
async fn deliver(
    gateway: &ManagementClient,
    token: &MachineToken,
    key: Option<Secret>,
    cloud: &BaseUrl,
    instance: &Instance,
) -> Result<(), Failure> {
    let label = &instance.label;
    let delivered = gateway.deliver_token(token, key, cloud).await;
    let Err(error) = delivered else {
        return Ok(());
    };
    let failure = Failure::of_gateway(&error, label, &instance.address()).behind(format!(
        "the gateway `{label}` is authorized in the cloud, but the token was not delivered to it"
    ));
    Err(if ManagementClient::says_disabled(&error) {
        failure.then(how_to_enable(instance))
    } else if failure.exit() == Exit::Unreachable {
        failure.then(format!(
            "start the gateway or correct its address (`runbeam harmony:list`), then deliver a token with `runbeam harmony:authorize -l {label}`; or start it with RUNBEAM_MACHINE_TOKEN set to the output of `runbeam token:get --raw -g {}`",
            instance.id
        ))
    } else {
        failure.then(format!(
            "mend what it says above, then deliver a token with `runbeam harmony:authorize -l {label}`"
        ))
    })
}

fn insecure_way(instance: &Instance) -> Failure {
    Failure::failed(
        format!(
            "the gateway `{}` at {} is on another machine and reached over plain http: anyone on the way could read the token",
            instance.label,
            instance.address()
        ),
        format!(
            "do one of these:\n\
             - let its management API speak TLS, and run `runbeam harmony:add --tls -i {ip} -p {port} -l {label}`\n\
             - run this command on the gateway's machine\n\
             - make a tunnel, `ssh -L {port}:127.0.0.1:{port} {ip}`, and run `runbeam harmony:add -i 127.0.0.1 -p {port} -l {label}`",
            ip = instance.ip,
            port = instance.port,
            label = instance.label
        ),
    )
}

/// Only a person at a terminal is asked.
async fn wants_upload(arguments: &Authorize, output: &Output) -> Result<bool, Failure> {
    if arguments.update || arguments.yes || output.is_json() || !output::can_ask() {
        return Ok(arguments.update);
    }
    output::ask("Upload the gateway's configuration to Runbeam Cloud?").await
}

fn report<'a>(
    answer: &'a AuthorizeResponse,
    instance: &'a Instance,
    has_key: bool,
) -> impl Fn(&Value) -> Report + 'a {
    move |upload| {
        let gateway = &answer.gateway;
        let by = gateway.authorized_by.as_ref();
        let report = Report::new(json!({
            "instance": super::harmony::to_json(instance),
            "gateway": { "id": gateway.id, "code": gateway.code, "name": gateway.name },
            "authorized_by": by.map(|by| json!({ "id": by.id, "name": by.name })),
            "expires_at": answer.expires_at,
            "abilities": answer.abilities,
            "delivered": true,
            "encryption_key_delivered": has_key,
            "upload": upload,
        }));
        report.line(format!(
            "The gateway `{}` is authorized until {} ({}).",
            instance.label,
            answer.expires_at,
            spoken_time::relative(answer.expires_at)
        ))
    }
}
