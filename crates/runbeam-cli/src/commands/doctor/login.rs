//! The login: whether there is one, whether it is good, and whether the cloud takes it.

use runbeam_sdk::ErrorKind;
use runbeam_sdk::model::{Clock, SystemClock};

use super::{Finding, PATIENCE};
use crate::failure::Exit;
use crate::session::{LoginState, Session, Source};
use crate::spoken_time;

const CHECK: &str = "login";

pub(super) async fn check(session: &Session) -> Vec<Finding> {
    let found = tokio::time::timeout(PATIENCE + PATIENCE / 3, look(session)).await;
    vec![found.unwrap_or_else(|_| {
        Finding::skipped(
            CHECK,
            "it could not be looked at in time; see what is wrong above",
        )
    })]
}

async fn look(session: &Session) -> Finding {
    let login = match session.login().await {
        Ok(Some(login)) => login,
        Ok(None) => {
            return Finding::fault(
                CHECK,
                "not-logged-in",
                "you are not logged in",
                "run `runbeam login`",
            );
        }
        Err(failure) if failure.exit() == Exit::SignIn => {
            return Finding::fault(CHECK, "login-unusable", failure.what(), failure.next());
        }
        Err(failure) => {
            let why = failure.causes().join("; ");
            return Finding::fault(
                CHECK,
                "login-unreadable",
                format!("the login cannot be read: {why}"),
                "mend what is wrong with the keyring, the files or the key; or run `runbeam logout` and `runbeam login`",
            );
        }
    };
    if login.token.is_expired_at(SystemClock.now()) {
        return expired(&login);
    }
    match session.verify(&login).await {
        Ok(_) => asked(session, &login).await,
        Err(failure) if failure.exit() == Exit::SignIn => {
            let why = failure.causes().join("; ");
            if why.contains("expired") {
                return expired(&login);
            }
            Finding::fault(
                CHECK,
                "login-foreign",
                format!("the login is not one of this cloud: {why}"),
                "run `runbeam login --force`, or go back to its cloud with `runbeam config:set api-url URL`",
            )
        }
        Err(failure) => Finding::skipped(
            CHECK,
            format!("it cannot be checked at present: {}", failure.what()),
        ),
    }
}

fn expired(login: &LoginState) -> Finding {
    let remedy = match login.source {
        Source::Environment => "set RUNBEAM_TOKEN to a token that is good",
        Source::Store => "run `runbeam login`",
    };
    Finding::fault(CHECK, "login-expired", "your login has expired", remedy)
}

async fn asked(session: &Session, login: &LoginState) -> Finding {
    let Ok(client) = session.anonymous_client() else {
        return Finding::skipped(CHECK, "there is no usable address to try it at");
    };
    let client = client.with_token(&login.token.token);
    match client.gateways().list_page(1, 1).await {
        Err(error) if error.kind() == ErrorKind::SignIn => {
            let remedy = match login.source {
                Source::Environment => "set RUNBEAM_TOKEN to a token that is good",
                Source::Store => "run `runbeam logout` and `runbeam login`",
            };
            Finding::fault(
                CHECK,
                "login-refused",
                "the cloud does not accept the login any more",
                remedy,
            )
        }
        Err(error) if error.kind() == ErrorKind::RateLimited => Finding::warning(
            CHECK,
            "rate-limited",
            "the cloud asks for fewer requests",
            "wait a minute, and let scripts pause between calls",
        ),
        Err(error) if error.kind() != ErrorKind::NotAllowed => Finding::skipped(
            CHECK,
            format!("the cloud could not be asked about it: {error}"),
        ),
        _ => {
            let left = login
                .token
                .expires_at
                .get()
                .map_or_else(String::new, |expiry| {
                    format!(", and ends {}", spoken_time::relative(*expiry))
                });
            Finding::good(CHECK, format!("the cloud accepts it{left}"))
        }
    }
}
