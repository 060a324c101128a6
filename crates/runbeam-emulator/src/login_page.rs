//! The page on which a person decides about a device login.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;

use crate::{
    accounts::User,
    cloud::Cloud,
    form::Form,
    html::{escaped, page},
    logins::{Decision, Login},
};

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/cli/verify/{deviceToken}", get(show).post(decide))
        .route("/login", get(sign_in))
}

/// Where a browser lands that came without a token.
async fn sign_in() -> Response {
    let text = "<div class=\"card narrow\"><p>Nobody signs in here with a password. A program that wants access \
                starts a login and shows an address; open that one to approve it.</p>\
                <p>The dashboard lists the logins that wait.</p></div>";
    page(StatusCode::OK, "Sign in", text)
}

async fn show(State(cloud): State<Arc<Cloud>>, Path(token): Path<String>) -> Response {
    let records = cloud.read();
    let now = cloud.now();
    let Some(login) = records.logins.find(&token) else {
        return unknown();
    };
    if let Some(answer) = outcome(login, now) {
        return answer;
    }
    let default_user = cloud.settings.default_user.id();
    let users: String = records
        .accounts()
        .users()
        .map(|user| choice(user, default_user))
        .collect();
    let left = login.expires_at().duration_since(now).as_secs();
    let minutes = (left + 59) / 60;
    let plural = if minutes == 1 { "" } else { "s" };
    let main = format!(
        "<div class=\"card narrow\">\n\
         <p>A program asks for access to your team. Approve it only if you have just started it.</p>\n\
         <dl>\n\
         <dt>Program</dt><dd>{device}</dd>\n\
         <dt>Address</dt><dd>{address}</dd>\n\
         <dt>Started</dt><dd><time datetime=\"{started}\">{started}</time></dd>\n\
         <dt>Expires</dt><dd>in {minutes} minute{plural}</dd>\n\
         <dt>Code</dt><dd><code>{code}</code></dd>\n\
         </dl>\n\
         <form method=\"post\">\n\
         <p><label for=\"user\">Sign in as</label>\n\
         <select id=\"user\" name=\"user\" autocomplete=\"off\">\n{users}</select></p>\n\
         <div class=\"row\">\n\
         <button class=\"main\" name=\"decision\" value=\"approve\">Approve</button>\n\
         <button class=\"bad\" name=\"decision\" value=\"deny\">Deny</button>\n\
         </div>\n\
         </form>\n\
         </div>\n",
        device = escaped(device(login)),
        address = escaped(&login.address),
        started = login.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        code = escaped(&code(&token)),
    );
    page(StatusCode::OK, "Approve a login", &main)
}

fn choice(user: &User, default_user: &str) -> String {
    let selected = if user.id() == default_user {
        " selected"
    } else {
        ""
    };
    format!(
        "<option value=\"{}\"{selected}>{} &lt;{}&gt;, {}</option>\n",
        escaped(user.id()),
        escaped(user.name()),
        escaped(user.email()),
        escaped(user.team().name()),
    )
}

/// What tells two logins apart for a person: the end of the device token.
pub(crate) fn code(token: &str) -> String {
    let start = token.char_indices().rev().nth(5).map_or(0, |(at, _)| at);
    format!("…{}", &token[start..])
}

pub(crate) fn device(login: &Login) -> &str {
    if login.device.is_empty() {
        "It did not say its name"
    } else {
        &login.device
    }
}

async fn decide(
    State(cloud): State<Arc<Cloud>>,
    Path(token): Path<String>,
    form: Result<Form, Response>,
) -> Response {
    let form = match form {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let now = cloud.now();
    let mut records = cloud.read();
    let decision = match form.text("decision") {
        Some("approve") => {
            let user = form.text("user").and_then(|id| records.accounts().user(id));
            match user {
                Some(user) => Decision::Approved(user.id().to_owned()),
                None => return refused("There is no such user."),
            }
        }
        Some("deny") => Decision::Denied,
        _ => return refused("Choose to approve or to deny."),
    };
    records.logins.decide(&token, decision, now);
    match records.logins.find(&token) {
        Some(login) => outcome(login, now).unwrap_or_else(unknown),
        None => unknown(),
    }
}

/// What there is to say about a login that is not open.
fn outcome(login: &Login, now: Timestamp) -> Option<Response> {
    let (status, title, class, text) = match &login.decision {
        Decision::Approved(_) => (
            StatusCode::OK,
            "Login approved",
            "good",
            "The program has access now. You can close this page and go back to it.",
        ),
        Decision::Denied => (
            StatusCode::OK,
            "Login denied",
            "bad",
            "The program gets no access. You can close this page.",
        ),
        Decision::Open if login.has_expired(now) => (
            StatusCode::GONE,
            "Login expired",
            "warn",
            "Nobody decided within ten minutes. Start the login again in the program.",
        ),
        Decision::Open => return None,
    };
    let main = format!(
        "<div class=\"card narrow\" role=\"status\"><p class=\"{class}\"><strong>{text}</strong></p>\
         <p>Program: {}</p></div>\n",
        escaped(device(login))
    );
    Some(page(status, title, &main))
}

fn unknown() -> Response {
    let text = "<div class=\"card narrow\"><p>No login has this address. Start it again in the program, and open \
                the address that it shows.</p></div>\n";
    page(StatusCode::NOT_FOUND, "Unknown login", text)
}

fn refused(text: &str) -> Response {
    let main = format!("<div class=\"card narrow\" role=\"alert\"><p>{text}</p></div>\n");
    page(StatusCode::UNPROCESSABLE_ENTITY, "That did not work", &main).into_response()
}
