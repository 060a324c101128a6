//! `push`, `resolve`, `base-url` and `api`: what the cloud can be asked besides resources and changes.

use runbeam_sdk::model::{ResourceId, StoreConfiguration};
use serde_json::{Value, json};

use super::resources::{fields, pair_of, typed};
use crate::Outcome;
use crate::args::{Api, Push};
use crate::failure::Failure;
use crate::files;
use crate::output::Report;
use crate::session::Session;

pub(super) async fn push(session: &Session, arguments: &Push) -> Outcome {
    let id = arguments.id.as_deref().map(str::parse::<ResourceId>);
    let text = String::from_utf8(files::read_input(&arguments.file).await?).map_err(|_| {
        Failure::usage(
            format!("{} is no text", arguments.file.display()),
            "name a TOML file",
        )
    })?;
    let configuration =
        StoreConfiguration::new(arguments.kind.as_str(), text).with_id(id.transpose()?);
    let client = session.client().await?;
    let answer = client.store_configuration(&configuration).await?;
    let report = Report::new(json!({
        "id": answer.id,
        "type": answer.kind.as_str(),
        "action": answer.action.as_str(),
        "message": answer.message,
        "change": answer.change,
    }));
    let id = answer.id.map_or_else(String::new, |id| format!(" {id}"));
    let report = report.line(format!(
        "The {}{id} is {} in the cloud.",
        answer.kind, answer.action
    ));
    Ok(match &answer.change {
        Some(change) => report.line(format!(
            "Its gateway learns it by the change {}.",
            change.id
        )),
        None => report,
    })
}

pub(super) async fn resolve(session: &Session, reference: &str) -> Outcome {
    let answer = session.client().await?.resolve(reference).await?;
    let mut shown = vec![("provider".to_owned(), answer.meta.provider.clone())];
    shown.extend(fields(&answer.data));
    Ok(Report::new(&answer).fields(shown))
}

pub(super) async fn base_url(session: &Session) -> Outcome {
    let configured = session.settings.base_url()?;
    let found = session.client().await?.discover_base_url().await?;
    let found = found.base_url()?;
    let is_used = *found == configured;
    let report = Report::new(json!({
        "base_url": found.to_string(),
        "configured": configured.to_string(),
        "is_used": is_used,
    }));
    let report = report.line(format!("Runbeam Cloud wants to be called at {found}"));
    Ok(if is_used {
        report
    } else {
        report.line(format!(
            "You call it at {configured}; to change that, run `runbeam config:set api-url {found}`"
        ))
    })
}

pub(super) async fn api(session: &Session, arguments: &Api) -> Outcome {
    if arguments.path.contains(['?', '#']) {
        return Err(Failure::usage(
            "the path has a query or a fragment",
            "give the parameters with `--query NAME=VALUE`",
        ));
    }
    let body = typed(&arguments.body).await?;
    let client = session.client().await?;
    let method = arguments.method.to_ascii_uppercase();
    let mut request = client.request(method, &arguments.path);
    for pair in &arguments.query {
        let (name, value) = pair_of("--query NAME=VALUE", pair)?;
        request = request.with_query(name, value);
    }
    if !body.is_empty() {
        request = request.with_json(&Value::Object(body));
    }
    let answer = request.send().await?;
    if answer.bytes().is_empty() {
        return Ok(Report::json_alone(Value::Null));
    }
    Ok(Report::json_alone(answer.json::<Value>()?))
}
