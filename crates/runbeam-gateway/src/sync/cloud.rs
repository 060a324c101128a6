//! What a feed asks of the cloud, with the token of its gateway.

use runbeam_sdk::model::{
    Change, ChangeId, Gateway, GatewayConfiguration, StoreConfigResponse, StoreConfiguration,
    Timestamp,
};
use runbeam_sdk::{self as sdk, Rows, RunbeamClient};

use super::journal::Report;
use crate::identity::MachineIdentity;
use crate::{Error, ErrorKind};

#[derive(Debug, Clone)]
pub(super) struct Cloud {
    /// It calls with the token of the identity.
    client: RunbeamClient,
    identity: MachineIdentity,
}

impl Cloud {
    pub(super) fn new(client: &RunbeamClient, identity: MachineIdentity) -> Self {
        Self {
            client: client.with_credentials(identity.clone()),
            identity,
        }
    }

    /// The changes that wait for this gateway, oldest first.
    pub(super) async fn waiting(&self) -> Result<Vec<(ChangeId, Option<Timestamp>)>, Error> {
        let changes = self.client.changes();
        let rows = match self.identity.state().gateway_id.into_option() {
            Some(id) => changes.stream_for_gateway(id),
            None => Ok(changes.stream()),
        };
        let rows = match rows {
            Ok(rows) => all(rows).await,
            Err(error) => Err(error),
        };
        let rows: Vec<Change> = self.heard("listing configuration changes", rows).await?;
        let rows = rows.into_iter().map(|row| (row.id, row.created_at));
        Ok(rows.rev().collect())
    }

    /// Those among `ids` that the cloud does not know, or not as ours.
    pub(super) async fn acknowledge(&self, ids: Vec<ChangeId>) -> Result<Vec<ChangeId>, Error> {
        let answer = self.client.changes().acknowledge(ids).await;
        let answer = self
            .heard("acknowledging configuration changes", answer)
            .await?;
        Ok(answer.failed)
    }

    /// A change with its content; `None` if the cloud does not know it any more.
    pub(super) async fn change(&self, id: &ChangeId) -> Result<Option<Change>, Error> {
        let change = known(self.client.changes().get(id).await);
        self.heard("fetching a configuration change", change).await
    }

    /// Reports what became of a change; `None` if the cloud does not know it any more.
    pub(super) async fn report(&self, id: &ChangeId, report: Report) -> Result<Option<()>, Error> {
        let changes = self.client.changes();
        let taken = match report {
            Report::Applied => changes.applied(id).await,
            Report::Failed(rejection) => {
                let details = Some(rejection.details().to_vec());
                let details = details.filter(|details| !details.is_empty());
                changes.failed(id, rejection.error(), details).await
            }
        };
        let taken = known(taken.map(drop));
        self.heard("reporting what became of a configuration change", taken)
            .await
    }

    /// Everything that this gateway runs by.
    pub(super) async fn configuration(&self) -> Result<GatewayConfiguration, Error> {
        const FETCHING: &str = "fetching the whole configuration";
        let id = match self.identity.state().gateway_id.into_option() {
            Some(id) => id,
            // A bare token does not say whose it is. The cloud may show its gateway alone.
            None => {
                let gateways = all(self.client.gateways().stream()).await;
                let gateways = self.heard(FETCHING, gateways).await?;
                let [gateway] = <[Gateway; 1]>::try_from(gateways).map_err(|_| {
                    let problem = "the machine token does not say which gateway it is for; hand it over as JSON with \
                        `gateway_id`";
                    Error::because(ErrorKind::Configuration, FETCHING, problem.to_owned())
                })?;
                gateway.id
            }
        };
        let configuration = self.client.download_configuration(id).await;
        self.heard(FETCHING, configuration).await
    }

    /// Pushes the configuration of one resource.
    pub(super) async fn store(
        &self,
        configuration: &StoreConfiguration,
    ) -> Result<StoreConfigResponse, Error> {
        let answer = self.client.store_configuration(configuration).await;
        self.heard("uploading the configuration", answer).await
    }

    /// Tells the identity if the cloud accepted its token.
    async fn heard<T>(
        &self,
        action: &'static str,
        answer: Result<T, sdk::Error>,
    ) -> Result<T, Error> {
        if answer.is_ok() {
            self.identity.note_accepted().await;
        }
        answer.map_err(|error| Error::of_cloud(action, error))
    }
}

async fn all<T: Send + 'static>(mut rows: Rows<T>) -> Result<Vec<T>, sdk::Error> {
    let mut all = Vec::new();
    while let Some(row) = rows.next().await {
        all.push(row?);
    }
    Ok(all)
}

/// What does not exist for the cloud is no error, but an answer.
fn known<T>(answer: Result<T, sdk::Error>) -> Result<Option<T>, sdk::Error> {
    match answer {
        Err(error) if error.kind() == sdk::ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}
