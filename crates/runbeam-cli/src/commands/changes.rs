//! `changes`: what waits for gateways, and what became of it.

use runbeam_sdk::model::{
    AcknowledgeResponse, Change, ChangeStatusResponse, ListChanges, ListGatewayChanges, ShowChange,
};
use serde_json::json;

use super::pages;
use crate::Outcome;
use crate::args::Changes;
use crate::failure::Exit;
use crate::output::{Output, Report, Table};
use crate::session::Session;
use crate::spoken_time;

pub(super) async fn run(session: &Session, command: &Changes, output: &Output) -> Outcome {
    let client = session.client().await?;
    match command {
        Changes::List { gateway } => {
            let changes = match gateway {
                Some(gateway) => {
                    let list = ListGatewayChanges::new(gateway.parse()?);
                    pages::all(&client, list, "changes", output).await?
                }
                None => pages::all(&client, ListChanges::new(), "changes", output).await?,
            };
            Ok(Report::new(json!({ "data": changes })).table(table(&changes)))
        }
        Changes::Show { id } => {
            let change = client.send(&ShowChange::new(id.parse()?)).await?;
            Ok(Report::new(&change).fields(super::resources::fields(&change)))
        }
        Changes::Acknowledge { ids } => {
            let ids = ids.iter().map(String::as_str);
            Ok(acknowledged(&client.changes().acknowledge(ids).await?))
        }
        Changes::Applied { id } => {
            let answer = client.changes().applied(id.as_str()).await?;
            Ok(reported(id, "applied", &answer))
        }
        Changes::Failed { id, error, details } => {
            let details = Some(details.clone()).filter(|details| !details.is_empty());
            let changes = client.changes();
            let answer = changes.failed(id.as_str(), error.as_str(), details).await?;
            Ok(reported(id, "failed", &answer))
        }
    }
}

/// Where one of them is none of the caller's, the rest is done and the whole is not.
fn acknowledged(answer: &AcknowledgeResponse) -> Report {
    let mut report = Report::new(answer);
    for id in &answer.acknowledged {
        report = report.line(format!("Acknowledged the change {id}."));
    }
    for id in &answer.failed {
        report = report.line(format!(
            "There is no change {id} for you; see `runbeam changes:list`."
        ));
    }
    if answer.failed.is_empty() {
        report
    } else {
        report.with_exit(Exit::NotFound as u8)
    }
}

fn reported(id: &str, status: &str, answer: &ChangeStatusResponse) -> Report {
    let report = Report::new(json!({ "id": id, "status": status, "message": answer.message }));
    report.line(format!("The change {id} is reported as {status}."))
}

fn table(changes: &[Change]) -> Table {
    let header = ["ID", "STATUS", "TYPE", "GATEWAY", "CREATED"];
    let mut table = Table::new(header, "There are no changes.");
    for change in changes {
        table.row([
            change.id.to_string(),
            change.status.to_string(),
            change.kind.to_string(),
            change
                .gateway_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            change
                .created_at
                .map(spoken_time::relative)
                .unwrap_or_default(),
        ]);
    }
    table
}
