//! `harmony:info`, `pipelines`, `routes`, `reload`, `update`: what a gateway says, and two things that it is told to do.

use std::time::Duration;

use runbeam_sdk::ManagementClient;
use runbeam_sdk::model::{Clock, SystemClock, Timestamp};
use serde_json::{Map, Value};

use crate::Outcome;
use crate::args::Selector;
use crate::failure::Failure;
use crate::instances::{self, Instance};
use crate::output::{Report, Table};
use crate::session::Session;
use crate::spoken_time;

pub(super) async fn info(session: &Session, gateway: &Selector) -> Outcome {
    let instance = instances::find(&session.settings.home, gateway)?;
    let info = session.gateway(&instance)?.info().await;
    let info = info.map_err(|error| refused(&error, &instance))?;
    let mut fields = vec![
        ("version", info.version.clone()),
        ("os", info.os.clone()),
        ("arch", info.arch.clone()),
        ("started", started(info.uptime)),
    ];
    let more = info.more.iter();
    fields.extend(more.map(|(name, value)| (name.as_str(), cell(value))));
    Ok(Report::new(&info).fields(fields))
}

/// Some versions answer with the time of the answer, from which no start can be told.
fn started(uptime: u64) -> String {
    let start = Timestamp::from_unix_seconds(i64::try_from(uptime).unwrap_or_default());
    let age = SystemClock.now().saturating_duration_since(start);
    if age < Duration::from_secs(2) {
        return "unknown".to_owned();
    }
    format!("{} ({start})", spoken_time::relative(start))
}

pub(super) async fn pipelines(session: &Session, gateway: &Selector) -> Outcome {
    let instance = instances::find(&session.settings.home, gateway)?;
    let answer = session.gateway(&instance)?.pipelines().await;
    let answer = answer.map_err(|error| refused(&error, &instance))?;
    let header = [
        "ID",
        "DESCRIPTION",
        "NETWORKS",
        "ENDPOINTS",
        "BACKENDS",
        "MIDDLEWARE",
    ];
    let mut table = Table::new(header, "The gateway has no pipelines.");
    for pipeline in &answer.pipelines {
        table.row([
            pipeline.id.clone(),
            pipeline.description.clone(),
            pipeline.networks.join(", "),
            pipeline.endpoints.join(", "),
            pipeline.backends.join(", "),
            pipeline.middleware.join(", "),
        ]);
    }
    Ok(Report::new(&answer).table(table))
}

pub(super) async fn routes(session: &Session, gateway: &Selector) -> Outcome {
    let instance = instances::find(&session.settings.home, gateway)?;
    let answer = session.gateway(&instance)?.routes().await;
    let answer = answer.map_err(|error| refused(&error, &instance))?;
    let header = [
        "PATH",
        "METHODS",
        "PIPELINE",
        "ENDPOINT",
        "TYPE",
        "DESCRIPTION",
    ];
    let mut table = Table::new(header, "The gateway serves no routes.");
    for route in &answer.routes {
        table.row([
            route.path.clone(),
            route.methods.join(", "),
            route.pipeline.clone(),
            route.endpoint_name.clone(),
            route.service_type.clone(),
            route.description.clone().unwrap_or_default(),
        ]);
    }
    Ok(Report::new(&answer).table(table))
}

pub(super) async fn reload(session: &Session, gateway: &Selector) -> Outcome {
    let instance = instances::find(&session.settings.home, gateway)?;
    let answer = session.gateway(&instance)?.reload().await;
    let answer = answer.map_err(|error| refused(&error, &instance))?;
    let report = Report::new(&answer).line(format!(
        "The gateway `{}` has read its configuration anew.",
        instance.label
    ));
    Ok(report.fields(rows(&answer)))
}

pub(super) async fn update(session: &Session, gateway: &Selector) -> Outcome {
    let instance = instances::find(&session.settings.home, gateway)?;
    let upload = upload(session, &instance).await?;
    Ok(Report::new(&upload.json).line(upload.line))
}

/// An upload that was done.
pub(super) struct Upload {
    pub(super) json: Value,
    pub(super) line: String,
}

/// Lets a gateway upload its configuration.
pub(super) async fn upload(session: &Session, instance: &Instance) -> Result<Upload, Failure> {
    let answer = session.gateway(instance)?.upload_configuration().await;
    let answer = answer.map_err(|error| refused(&error, instance))?;
    let line = format!(
        "The gateway `{}` has uploaded its configuration ({} bytes).",
        instance.label, answer.config_size
    );
    let json = serde_json::to_value(&answer).unwrap_or_default();
    Ok(Upload { json, line })
}

/// What a refusal of a gateway means.
pub(super) fn refused(error: &runbeam_sdk::Error, instance: &Instance) -> Failure {
    let failure = Failure::of_gateway(error, &instance.label, &instance.address());
    if ManagementClient::says_disabled(error) {
        return failure.then(how_to_enable(instance));
    }
    failure
}

pub(super) fn how_to_enable(instance: &Instance) -> String {
    let label = &instance.label;
    format!(
        "enable the integration on the gateway:\n\
         1. write into its config.toml:\n\
         \x20    [runbeam]\n\
         \x20    enabled = true\n\
         2. run `runbeam harmony:reload -l {label}`, or restart the gateway\n\
         3. run `runbeam harmony:authorize -l {label}` again"
    )
}

fn rows(object: &Map<String, Value>) -> Vec<(String, String)> {
    let rows = object.iter();
    rows.map(|(name, value)| (name.clone(), cell(value)))
        .collect()
}

/// A JSON value in one line: simple ones as they are, lists of them with commas, the rest as JSON.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list)
            if list
                .iter()
                .all(|item| !item.is_array() && !item.is_object()) =>
        {
            list.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
