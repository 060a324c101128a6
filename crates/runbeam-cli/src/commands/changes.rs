//! `changes`: what waits for gateways, and what became of it.

use runbeam_sdk::model::{Change, ListChanges, ListGatewayChanges, ShowChange};
use serde_json::json;

use super::pages;
use crate::Outcome;
use crate::args::Changes;
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
    }
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
