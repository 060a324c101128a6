//! `harmony:add`, `harmony:list`, `harmony:remove`: the list of gateways. None of them contacts one.

use serde_json::json;

use crate::Outcome;
use crate::args::{HarmonyAdd, HarmonyRemove};
use crate::instances::{self, Instance};
use crate::output::{Output, Report, Table};
use crate::session::Session;

pub(super) fn add(session: &Session, arguments: &HarmonyAdd, output: &Output) -> Outcome {
    if arguments.key.is_some() {
        output.warning(KEYS_ARE_AUTOMATIC);
    }
    let instance = Instance::new(
        arguments.ip.clone(),
        arguments.port,
        arguments.label.clone(),
        arguments.path_prefix.clone(),
        arguments.tls,
    )?;
    let instance = instances::add(&session.settings.home, instance)?;
    let line = format!(
        "{} (ID: {}, label: {}, prefix: {})",
        instance.address(),
        instance.id,
        instance.label,
        instance.path_prefix
    );
    Ok(Report::new(to_json(&instance)).line(line))
}

pub(super) fn list(session: &Session) -> Outcome {
    let instances = instances::list(&session.settings.home)?;
    let header = ["ID", "GATEWAY_ID", "LABEL", "IP", "PORT", "PREFIX", "TLS"];
    let mut table = Table::new(
        header,
        "There are no gateways yet. Add one with `runbeam harmony:add`.",
    );
    for instance in &instances {
        table.row([
            instance.id.clone(),
            instance.gateway_id.clone().unwrap_or_default(),
            instance.label.clone(),
            instance.ip.clone(),
            instance.port.to_string(),
            instance.path_prefix.clone(),
            if instance.tls { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let data: Vec<_> = instances.iter().map(to_json).collect();
    Ok(Report::new(json!({ "data": data })).table(table))
}

pub(super) fn remove(session: &Session, arguments: &HarmonyRemove) -> Outcome {
    let HarmonyRemove {
        id,
        label,
        ip,
        port,
    } = arguments;
    let removed = instances::remove(&session.settings.home, |instance| {
        id.as_ref().is_some_and(|id| *id == instance.id)
            || label.as_ref().is_some_and(|label| *label == instance.label)
            || ip
                .as_ref()
                .zip(*port)
                .is_some_and(|(ip, port)| *ip == instance.ip && port == instance.port)
    })?;
    let data: Vec<_> = removed.iter().map(to_json).collect();
    let report = Report::new(json!({ "removed": data }));
    if removed.is_empty() {
        return Ok(report.line("There is no such gateway in the list."));
    }
    Ok(removed.iter().fold(report, |report, instance| {
        report.line(format!(
            "Removed {} ({}).",
            instance.label,
            instance.address()
        ))
    }))
}

/// `harmony:set-key` and its siblings, which scripts may still call.
pub(super) fn deprecated_key() -> Report {
    Report::new(json!({ "deprecated": true, "message": KEYS_ARE_AUTOMATIC }))
        .line(KEYS_ARE_AUTOMATIC)
}

const KEYS_ARE_AUTOMATIC: &str = "Encryption keys are managed automatically; this does nothing any more. \
A key of your own is taken from RUNBEAM_ENCRYPTION_KEY or RUNBEAM_ENCRYPTION_KEY_FILE.";

pub(super) fn to_json(instance: &Instance) -> serde_json::Value {
    json!({
        "id": instance.id,
        "gateway_id": instance.gateway_id,
        "label": instance.label,
        "ip": instance.ip,
        "port": instance.port,
        "path_prefix": instance.path_prefix,
        "tls": instance.tls,
        "address": instance.address(),
    })
}
