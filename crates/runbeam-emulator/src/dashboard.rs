//! The dashboard: what is in the cloud, and switches for its clock and its faults.

mod actions;

use std::{fmt::Write, sync::Arc};

use axum::{extract::State, http::StatusCode, response::Response};
use jiff::Timestamp;

use crate::{
    admin::tokens::days_left,
    changes::Change,
    cloud::Cloud,
    html::{escaped, page},
    kind::Kind,
    login_page,
    operation::Operation,
    records::Records,
};

pub(crate) use actions::act;

/// Most rows of a table here; the lists of the administration hold all.
const ROWS: usize = 25;

pub(crate) async fn show(State(cloud): State<Arc<Cloud>>) -> Response {
    let records = cloud.read();
    let now = cloud.now();
    let main = [
        clock(&cloud),
        "<div class=\"grid\">\n".to_owned(),
        faults(&cloud),
        keys(&cloud),
        "</div>\n".to_owned(),
        logins(&records, now),
        gateways(&records, now),
        tokens(&records, now),
        changes(&records),
        requests(&cloud),
    ]
    .concat();
    page(StatusCode::OK, "Dashboard", &main)
}

fn clock(cloud: &Cloud) -> String {
    let is_frozen = cloud.clock.is_frozen();
    let offset = cloud.clock.offset().as_secs();
    let standing = match (is_frozen, offset) {
        (true, _) => "<strong class=\"warn\">frozen</strong>".to_owned(),
        (false, -1..=1) => "real time".to_owned(),
        (false, offset) => format!(
            "<strong class=\"warn\">{} {} real time</strong>",
            span(offset.unsigned_abs()),
            if offset < 0 { "behind" } else { "ahead of" }
        ),
    };
    let (freeze, label) = if is_frozen {
        ("resume", "Let it run")
    } else {
        ("freeze", "Freeze")
    };
    format!(
        "<section class=\"card\" aria-labelledby=\"clock\">\n<h2 id=\"clock\">Clock</h2>\n\
         <p><time datetime=\"{now}\"><strong>{now}</strong></time>, {standing}</p>\n\
         <form method=\"post\" class=\"row\"><input type=\"hidden\" name=\"action\" value=\"advance\">\n\
         <div><label for=\"by\">Move by</label>\
         <input id=\"by\" name=\"by\" value=\"1d\" size=\"8\" aria-describedby=\"by-help\" autocomplete=\"off\"></div>\n\
         <button class=\"main\">Move</button>\n\
         <span class=\"soft\" id=\"by-help\">such as 30d, 2h 30m or -1d</span></form>\n\
         <div class=\"row\">{}{}</div>\n</section>\n",
        button(freeze, "", label),
        button("real_time", "", "Back to real time"),
        now = seconds(cloud.now()),
    )
}

fn faults(cloud: &Cloud) -> String {
    let rules = cloud.faults.rules();
    let mut html =
        "<section class=\"card\" aria-labelledby=\"faults\">\n<h2 id=\"faults\">Faults</h2>\n"
            .to_owned();
    if rules.is_empty() {
        html.push_str("<p>None is in force.</p>\n");
    } else {
        html.push_str(&head(&["Fault", "Operation", "Happened", ""]));
        for rule in rules {
            let operation = rule.rule.operation_id().unwrap_or("every operation");
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td>{}</td><td>{}×</td><td>{}</td></tr>",
                rule.rule.fault().name(),
                escaped(operation),
                rule.happened,
                button("end_fault", &rule.id.to_string(), "End"),
            );
        }
        html.push_str("</tbody></table></div>\n");
    }
    let operations: String = Operation::ALL
        .iter()
        .map(|operation| format!("<option>{}</option>", operation.id()))
        .collect();
    let _ = writeln!(
        html,
        "<form method=\"post\"><input type=\"hidden\" name=\"action\" value=\"fault\">\n\
         <div class=\"row\">\n\
         <div><label for=\"fault\">Fault</label><select id=\"fault\" name=\"fault\">\
         <option value=\"status_503\">Status 503</option>\
         <option value=\"status_500\">Status 500</option>\
         <option value=\"status_429\">Status 429</option>\
         <option value=\"delay\">Delay of 3 seconds</option>\
         <option value=\"truncated_body\">Body cut off</option>\
         <option value=\"reset_before\">Reset before the effect</option>\
         <option value=\"reset_after\">Reset after the effect</option>\
         <option value=\"content_type\">Wrong content type</option>\
         <option value=\"huge_body\">Body of 64 MiB</option></select></div>\n\
         <div><label for=\"operation\">Operation</label><select id=\"operation\" name=\"operation\">\
         <option value=\"\">every operation</option>{operations}</select></div>\n\
         </div>\n<div class=\"row\">\n\
         <div><label for=\"count\">How often</label><input id=\"count\" name=\"count\" type=\"number\" min=\"1\" \
         size=\"6\" placeholder=\"always\" autocomplete=\"off\"></div>\n\
         <button class=\"main\">Inject</button></div></form>\n\
         <div class=\"row\">{}{}</div>\n</section>",
        button("jwks_outage", "", "Outage of the public keys"),
        button("end_faults", "", "End all"),
    );
    html
}

fn keys(cloud: &Cloud) -> String {
    let mut html =
        "<section class=\"card\" aria-labelledby=\"keys\">\n<h2 id=\"keys\">Signing keys</h2>\n"
            .to_owned();
    html.push_str(&head(&["Key id", "Use", ""]));
    let keys = cloud.keyring.all();
    for (place, key) in keys.iter().enumerate() {
        let (usage, action) = match (place, keys.len()) {
            (0, 1) => ("signs", String::new()),
            (0, _) => ("signs", button("withdraw", key.key_id(), "Withdraw")),
            _ => ("verifies", button("withdraw", key.key_id(), "Withdraw")),
        };
        let _ = writeln!(
            html,
            "<tr><td><code>{}</code></td><td>{usage}</td><td>{action}</td></tr>",
            key.key_id(),
        );
    }
    let _ = writeln!(
        html,
        "</tbody></table></div>\n<div class=\"row\">{}</div>\n</section>",
        button("rotate", "", "Rotate")
    );
    html
}

fn logins(records: &Records, now: Timestamp) -> String {
    let logins = records.logins.newest_first();
    let rows: Vec<String> = logins
        .iter()
        .take(ROWS)
        .map(|(token, login)| {
            let status = login.status(now);
            let code = escaped(&login_page::code(token));
            let action = if status == "open" {
                let token = escaped(token);
                format!("<a href=\"/cli/verify/{token}\">Decide about {code}</a>")
            } else {
                String::new()
            };
            format!(
                "<tr><td>{}</td><td><code>{code}</code></td><td>{}</td><td>{status}</td><td>{action}</td></tr>\n",
                escaped(login_page::device(login)),
                seconds(login.started_at),
            )
        })
        .collect();
    table(
        "logins",
        "Device logins",
        &["Program", "Code", "Started", "Status", ""],
        &rows,
        logins.len(),
        "No program has asked for a login.",
    )
}

fn gateways(records: &Records, now: Timestamp) -> String {
    let gateways = records.table(Kind::Gateway);
    let total = gateways.all().count();
    let rows: Vec<String> = gateways
        .all()
        .take(ROWS)
        .map(|gateway| {
            let team = records.accounts().team(&gateway.team_id);
            let days = records
                .tokens()
                .machine
                .values()
                .filter(|token| token.gateway_id == gateway.id)
                .map(|token| days_left(token.expires_at, now))
                .max();
            format!(
                "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(&gateway.name),
                escaped(&gateway.code),
                escaped(team.map_or("", |team| team.name())),
                if gateway.is_enabled() { "yes" } else { "no" },
                days.map_or_else(|| "none".to_owned(), left),
            )
        })
        .collect();
    table(
        "gateways",
        "Gateways",
        &["Name", "Code", "Team", "Enabled", "Token"],
        &rows,
        total,
        "There is no gateway yet.",
    )
}

fn tokens(records: &Records, now: Timestamp) -> String {
    let mut machine: Vec<_> = records.tokens().machine.values().collect();
    machine.sort_by_key(|token| std::cmp::Reverse(token.issued_at));
    let mut sanctum: Vec<_> = records.tokens().sanctum.values().collect();
    sanctum.sort_by_key(|token| token.id);
    let total = machine.len() + sanctum.len();
    let machine = machine.into_iter().map(|token| {
        let gateway = records.gateways().with_id(&token.gateway_id);
        let holder = gateway.map_or("", |gateway| &gateway.name);
        let days = left(days_left(token.expires_at, now));
        ("Machine".to_owned(), holder, token.issued_at, days)
    });
    let sanctum = sanctum.into_iter().map(|token| {
        let days = match token.expires_at {
            Some(end) => left(days_left(end, now)),
            None => "never ends".to_owned(),
        };
        (
            format!("Sanctum {}", token.id),
            token.user.name(),
            token.issued_at,
            days,
        )
    });
    let rows: Vec<String> = machine
        .chain(sanctum)
        .take(ROWS)
        .map(|(kind, holder, issued, days)| {
            format!(
                "<tr><td>{kind}</td><td>{}</td><td>{}</td><td>{days}</td></tr>\n",
                escaped(holder),
                seconds(issued),
            )
        })
        .collect();
    table(
        "tokens",
        "Tokens",
        &["Kind", "Holder", "Issued", "Days left"],
        &rows,
        total,
        "No token has been issued.",
    )
}

fn changes(records: &Records) -> String {
    let total = records.changes().newest_first().count();
    let rows: Vec<String> = records
        .changes()
        .newest_first()
        .take(ROWS)
        .map(|change: &Change| {
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(&change.summary()),
                escaped(&change.gateway_name),
                change.status.name(),
                seconds(change.created_at),
                escaped(change.error.as_deref().unwrap_or_default()),
            )
        })
        .collect();
    table(
        "changes",
        "Changes",
        &["Change", "Gateway", "Status", "Queued", "Error"],
        &rows,
        total,
        "Nothing has changed.",
    )
}

fn requests(cloud: &Cloud) -> String {
    let requests = cloud.log.after(0);
    let rows: Vec<String> = requests
        .iter()
        .rev()
        .take(ROWS)
        .map(|request| {
            let class = match request.status {
                500.. => "bad",
                400.. => "warn",
                _ => "good",
            };
            format!(
                "<tr><td>{}</td><td>{} <code>{}</code></td><td class=\"{class}\">{}</td><td>{}</td><td>{}</td></tr>\n",
                seconds(request.at),
                escaped(&request.method),
                escaped(&request.target),
                request.status,
                escaped(request.caller.as_deref().unwrap_or_default()),
                escaped(&request.faults.join(", ")),
            )
        })
        .collect();
    table(
        "requests",
        "Last requests",
        &["Time", "Request", "Status", "Caller", "Faults"],
        &rows,
        requests.len(),
        "No request has come yet.",
    )
}

/// A section with a table, or with what to say when there is nothing to list.
fn table(
    id: &str,
    title: &str,
    columns: &[&str],
    rows: &[String],
    total: usize,
    nothing: &str,
) -> String {
    let content = if rows.is_empty() {
        format!("<p>{nothing}</p>\n")
    } else {
        let more = match total.saturating_sub(rows.len()) {
            0 => String::new(),
            more => format!("<p class=\"soft\">And {more} more.</p>\n"),
        };
        format!(
            "{}{}</tbody></table></div>\n{more}",
            head(columns),
            rows.concat()
        )
    };
    format!(
        "<section class=\"card\" aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{content}</section>\n"
    )
}

fn head(columns: &[&str]) -> String {
    let columns: String = columns
        .iter()
        .map(|column| match *column {
            "" => "<td></td>".to_owned(),
            column => format!("<th scope=\"col\">{column}</th>"),
        })
        .collect();
    // A table that is too wide for a small window scrolls by itself, also with the keyboard.
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>\
         <thead><tr>{columns}</tr></thead><tbody>\n"
    )
}

/// A form of one button.
fn button(action: &str, value: &str, label: &str) -> String {
    format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"action\" value=\"{action}\">\
         <input type=\"hidden\" name=\"value\" value=\"{}\"><button>{label}</button></form>",
        escaped(value)
    )
}

fn left(days: i64) -> String {
    match days {
        ..0 => "<strong class=\"bad\">expired</strong>".to_owned(),
        0..5 => format!("<strong class=\"warn\">{days} days left</strong>"),
        _ => format!("{days} days left"),
    }
}

fn seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// A length of time in its largest unit.
fn span(seconds: u64) -> String {
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} seconds"),
    }
}
