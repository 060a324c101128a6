//! What gateways and meshes have besides the five verbs: `gateways revoke`, `gateways download`, `meshes token`.

use std::path::Path;

use runbeam_sdk::RunbeamClient;
use runbeam_sdk::model::GatewayConfiguration;
use serde_json::json;

use crate::Outcome;
use crate::args::{GatewayVerb, MeshVerb};
use crate::files;
use crate::output::{Output, Report};
use crate::spoken_time;

pub(super) async fn of_gateways(
    client: &RunbeamClient,
    verb: &GatewayVerb,
    output: &Output,
) -> Outcome {
    match verb {
        GatewayVerb::Revoke { code } => revoke(client, code).await,
        GatewayVerb::Download { id, output: file } => {
            let progress = output.progress("Downloading the configuration");
            let configuration = client.download_configuration(id.as_str()).await?;
            drop(progress);
            match file {
                None => Ok(Report::json_alone(&configuration)),
                Some(file) => saved(&configuration, file),
            }
        }
    }
}

async fn revoke(client: &RunbeamClient, code: &str) -> Outcome {
    let answer = client.revoke_gateway(code).await?;
    let report = Report::new(json!({
        "gateway_code": code,
        "revoked": answer.revoked,
        "message": answer.message,
    }));
    let how_many = answer.revoked.map_or_else(
        || "All machine tokens".to_owned(),
        |revoked| spoken_time::counted(revoked, "machine token"),
    );
    Ok(report.line(format!("Ended: {how_many} of the gateway {code}.")))
}

fn saved(configuration: &GatewayConfiguration, file: &Path) -> Outcome {
    files::save(file, configuration)?;
    let gateway = &configuration.gateway;
    let json = serde_json::to_value(configuration).unwrap_or_default();
    let lists = json
        .as_object()
        .into_iter()
        .flat_map(|lists| lists.values());
    let resources: usize = lists.filter_map(|list| list.as_array().map(Vec::len)).sum();
    let report = Report::new(json!({
        "file": file,
        "gateway_id": gateway.id,
        "resources": resources,
    }));
    Ok(report.line(format!(
        "Wrote the configuration of {} with {} to {}.",
        gateway.name,
        spoken_time::counted(resources as u64, "resource"),
        file.display()
    )))
}

pub(super) async fn of_meshes(client: &RunbeamClient, verb: &MeshVerb) -> Outcome {
    let MeshVerb::Token { id, to, raw } = verb;
    let answer = client.mesh_token(id.as_str(), to.as_str()).await?;
    let token = answer.token.expose();
    if *raw {
        return Ok(Report::raw(format!("{token}\n")));
    }
    let report = Report::new(json!({
        "token": token,
        "mesh_id": answer.mesh_id,
        "expires_at": answer.expires_at,
    }));
    let mut fields = vec![("destination", to.clone())];
    if let Some(time) = answer.expires_at {
        let expires = format!("{} ({time})", spoken_time::relative(time));
        fields.push(("expires", expires));
    }
    fields.push(("token", token.to_owned()));
    Ok(report.fields(fields))
}
