//! `verify` and `whoami`: whether the login is good, and who that is.

use runbeam_sdk::ErrorKind;
use runbeam_sdk::auth::Claims;
use runbeam_sdk::model::{Clock, SystemClock};
use serde_json::json;

use crate::Outcome;
use crate::failure::Failure;
use crate::output::Report;
use crate::session::{LoginState, Session, Source};
use crate::spoken_time;

pub(super) async fn verify(session: &Session) -> Outcome {
    let login = session
        .login()
        .await?
        .ok_or_else(|| Failure::sign_in("you are not logged in"))?;
    let Some(claims) = session.verify(&login).await? else {
        let report = Report::new(json!({
            "token_kind": login.kind_name(),
            "verified_by": "cloud",
            "accepted": ask_the_cloud(session, &login).await?,
        }));
        return Ok(report
            .line("The token is opaque: nothing can be verified here, and the cloud accepts it."));
    };
    let report = Report::new(json!({
        "token_kind": login.kind_name(),
        "verified_by": "signature",
        "issuer": claims.iss,
        "subject": claims.sub,
        "audience": claims.aud,
        "user": claims.user,
        "team": claims.team,
        "issued_at": claims.iat,
        "expires_at": claims.exp,
    }));
    Ok(report
        .line("The token is valid: the cloud that you use has issued it.")
        .fields(fields_of(&claims)))
}

fn fields_of(claims: &Claims) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("issuer", claims.iss.clone()),
        ("subject", claims.sub.clone().unwrap_or_default()),
    ];
    if !claims.aud.is_empty() {
        fields.push(("audience", claims.aud.join(", ")));
    }
    if let Some(user) = &claims.user {
        let user = format!("{} <{}> ({})", user.name, user.email, user.id);
        fields.push(("user", user));
    }
    if let Some(team) = &claims.team {
        fields.push(("team", format!("{} ({})", team.name, team.id)));
    }
    let left = claims.exp.saturating_duration_since(SystemClock.now());
    fields.push((
        "expires",
        format!(
            "{} ({}, {} left)",
            claims.exp,
            claims.exp.as_unix_seconds(),
            spoken_time::span(left)
        ),
    ));
    fields
}

pub(super) async fn whoami(session: &Session) -> Outcome {
    let login = session.require_login().await?;
    let claims = session.verify(&login).await?;
    ask_the_cloud(session, &login).await?;
    let user = claims
        .as_ref()
        .and_then(|claims| claims.user.clone())
        .or_else(|| login.token.user.clone());
    let team = claims.as_ref().and_then(|claims| claims.team.clone());
    let expires_at = claims.as_ref().map(|claims| claims.exp).or(login
        .token
        .expires_at
        .get()
        .copied());
    let settings = &session.settings;
    let report = Report::new(json!({
        "user": user,
        "team": team,
        "api_url": settings.api_url.value,
        "profile": settings.profile.value,
        "token_kind": login.kind_name(),
        "source": if login.source == Source::Environment { "environment" } else { "store" },
        "expires_at": expires_at,
    }));
    let unknown = "not told by a token of this kind";
    Ok(report.fields([
        (
            "user",
            user.map_or(unknown.to_owned(), |user| {
                format!("{} <{}>", user.name, user.email)
            }),
        ),
        ("team", team.map_or(unknown.to_owned(), |team| team.name)),
        ("cloud", settings.api_url.value.clone()),
        ("profile", settings.profile.value.clone()),
        (
            "token",
            format!("{}, from {}", login.kind_name(), login.source),
        ),
        (
            "expires",
            expires_at.map_or("unknown".to_owned(), |time| {
                format!("{} ({time})", spoken_time::relative(time))
            }),
        ),
    ]))
}

/// Whether the cloud knows the token, by a question that costs it little.
async fn ask_the_cloud(session: &Session, login: &LoginState) -> Result<bool, Failure> {
    let client = session.anonymous_client()?.with_token(&login.token.token);
    match client.gateways().list_page(1, 1).await {
        Ok(_) => Ok(true),
        // Whoever may not list gateways is somebody all the same.
        Err(error) if error.kind() == ErrorKind::NotAllowed => Ok(true),
        Err(error) => Err(error.into()),
    }
}
