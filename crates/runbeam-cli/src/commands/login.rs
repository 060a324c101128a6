//! `login` and `logout`.

use std::io::Read;

use runbeam_sdk::auth::TokenKind;
use runbeam_sdk::model::{Clock, Known, Origin, Secret, SystemClock, Timestamp, UserToken};
use serde_json::json;

use crate::Outcome;
use crate::args::Login;
use crate::browser;
use crate::environment;
use crate::failure::Failure;
use crate::output::{self, Output, Report};
use crate::qr;
use crate::running::aside;
use crate::session::{LoginState, Session, Source};
use crate::spoken_time;

pub(super) async fn login(session: &Session, arguments: &Login, output: &Output) -> Outcome {
    if arguments.token_stdin {
        let token = UserToken::new(aside(token_from_stdin).await??, None, None);
        return finish(session, token, output).await;
    }
    if !arguments.force
        && let Some(report) = existing(session, output).await?
    {
        return Ok(report);
    }
    let token = device_login(session, arguments, output).await?;
    finish(session, token, output).await
}

/// Says who is logged in, if somebody is.
async fn existing(session: &Session, output: &Output) -> Result<Option<Report>, Failure> {
    let Some(login) = session.login().await? else {
        return Ok(None);
    };
    if login.token.is_expired_at(SystemClock.now()) {
        return Ok(None);
    }
    if let Err(failure) = session.verify(&login).await {
        output.note(&format!(
            "The former login is of no use any more ({}).",
            failure.what()
        ));
        return Ok(None);
    }
    let mut report = describe(session, &login, true);
    if login.source == Source::Environment {
        report = report
            .line("The token of RUNBEAM_TOKEN is used; no other login counts while it is set.");
    }
    Ok(Some(report))
}

/// Keeps the token first, and then says so.
async fn finish(session: &Session, token: UserToken, output: &Output) -> Outcome {
    let mut login = LoginState::new(token, Source::Store)?;
    // What the cloud told over TLS is kept even where its keys cannot be had at present. A token that was handed over is
    // kept only when it is one.
    let verified = session.verify(&login).await;
    if let Ok(Some(claims)) = &verified {
        login.token.expires_at = Known::from(claims.exp);
        login.token.user = claims.user.clone().or(login.token.user);
    }
    if let Err(failure) = verified {
        if failure.exit() == crate::failure::Exit::SignIn {
            return Err(failure.then(format!(
                "log in to the cloud that issued it, or correct `api-url` (now {})",
                session.settings.api_url.value
            )));
        }
        session.keep(&login.token).await?;
        output.warning(&format!(
            "the token is kept, but could not be verified: {}",
            failure.what()
        ));
    } else {
        session.keep(&login.token).await?;
    }
    if environment::token()?.is_some() {
        output.warning("RUNBEAM_TOKEN is set and comes before this login; unset it");
    }
    Ok(describe(session, &login, false))
}

fn describe(session: &Session, login: &LoginState, was_already: bool) -> Report {
    let expires_at = login.token.expires_at.get().copied();
    let user = login.token.user.as_ref();
    let report = Report::new(json!({
        "already_logged_in": was_already,
        "profile": session.settings.profile.value,
        "api_url": session.settings.api_url.value,
        "token_kind": login.kind_name(),
        "source": if login.source == Source::Environment { "environment" } else { "store" },
        "user": user,
        "expires_at": expires_at,
    }));
    let who = match user {
        Some(user) => format!("as {} <{}>", user.name, user.email),
        None if login.kind == TokenKind::Sanctum => "with a Sanctum token".to_owned(),
        None => "with a token".to_owned(),
    };
    let how = if was_already {
        "You are already logged in"
    } else {
        "You are logged in"
    };
    let until = expires_at.map_or_else(String::new, until);
    report.line(format!(
        "{how} to {} {who}{until}.",
        session.settings.api_url.value
    ))
}

fn until(expires_at: Timestamp) -> String {
    format!(
        ", for {}",
        spoken_time::span(expires_at.saturating_duration_since(SystemClock.now()))
    )
}

/// Asks the cloud for a login, shows where to approve it, and waits for that.
async fn device_login(
    session: &Session,
    arguments: &Login,
    output: &Output,
) -> Result<UserToken, Failure> {
    let mut login = session.anonymous_client()?.start_login().await?;
    let url = login.verification_url().to_owned();
    let url = url.as_str();
    Origin::of(url).map_err(|error| {
        Failure::failed(
            "the server names no page to approve the login on",
            "check the address with `runbeam config:get api-url`",
        )
        .because(&error)
    })?;
    output.note(&format!(
        "Open this page on any device, and approve the login within {}:\n\n  {url}",
        spoken_time::span(login.started().life())
    ));
    output.note("");
    if !arguments.no_qr
        && output::watches()
        && let Some(drawing) = qr::draw(url, output::columns_of_stderr())
    {
        output.drawing(&drawing);
        output.note("");
    }
    let wants_browser = !arguments.no_browser && browser::is_wanted();
    let page = wants_browser.then(|| browser::open(url)).flatten();
    if page.is_some() {
        output.note("The page was opened in your browser, too.");
    }
    let progress = output.progress("Waiting for the approval; Ctrl-C gives up");
    let logged_in = login
        .wait()
        .await
        .map_err(|error| Failure::from(error).then("run `runbeam login` to try again"))?;
    let token = logged_in.to_user_token(&SystemClock);
    // The server may have given it out for the only time: it is safe before anything else is done.
    session.keep(&token).await?;
    drop((progress, page));
    output.note("Approved.");
    Ok(token)
}

fn token_from_stdin() -> Result<Secret, Failure> {
    /// Longer than any token.
    const MOST: u64 = 64 << 10;
    let mut text = String::new();
    let read = std::io::stdin().take(MOST).read_to_string(&mut text);
    // The text itself is zeroized as a secret, too.
    let text = Secret::from(text);
    let token = Secret::from(text.expose().trim());
    read.map_err(|error| {
        Failure::usage(
            "no token can be read from standard input",
            "write it there: `runbeam login --token-stdin < FILE`",
        )
        .because(&error)
    })?;
    if token.expose().is_empty() {
        return Err(Failure::usage(
            "standard input holds no token",
            "write it there: `runbeam login --token-stdin < FILE`",
        ));
    }
    Ok(token)
}

pub(super) async fn logout(session: &Session) -> Outcome {
    let was_logged_in = session.forget().await?;
    let is_set = environment::token()?.is_some();
    let report = Report::new(json!({
        "was_logged_in": was_logged_in,
        "environment_token_is_set": is_set,
    }));
    let report = report.line(if was_logged_in {
        "You are logged out."
    } else {
        "You were not logged in."
    });
    Ok(if is_set {
        report.line("RUNBEAM_TOKEN is still set, and is used until you unset it.")
    } else {
        report
    })
}
