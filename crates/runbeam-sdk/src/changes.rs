//! Configuration changes: those that wait for a gateway, and what becomes of them.

use std::fmt;

use runbeam_model::{
    AcknowledgeChanges, AcknowledgeResponse, Change, ChangeId, ChangeStatusResponse, GatewayId,
    ListChanges, ListGatewayChanges, Page, Paged, ReportChangeApplied, ReportChangeFailed,
    ShowChange,
};

use crate::{Error, Rows, RunbeamClient};

/// Configuration changes, newest first. Lists leave their content out: [`Changes::get`] has all of it.
///
/// Every call fails as [`RunbeamClient::send`] does; an id that cannot be one is an
/// [`InvalidInput`](crate::ErrorKind::InvalidInput).
pub struct Changes<'a> {
    client: &'a RunbeamClient,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(client: &'a RunbeamClient) -> Self {
        Self { client }
    }

    /// The first page of all changes of the team, or of the gateway whose machine token it is, in the size that the
    /// server chooses (15).
    ///
    /// # Errors
    ///
    /// See [`Changes`].
    pub async fn list(&self) -> Result<Page<Change>, Error> {
        self.client.send(&ListChanges::new()).await
    }

    /// The page of this number, counted from 1, with at most `per_page` rows (up to 100).
    ///
    /// # Errors
    ///
    /// See [`Changes`].
    pub async fn list_page(&self, page: u32, per_page: u32) -> Result<Page<Change>, Error> {
        let list = ListChanges::new().with_page(page).with_per_page(per_page);
        self.client.send(&list).await
    }

    /// All changes, page after page.
    pub fn stream(&self) -> Rows<Change> {
        Rows::new(self.client.clone(), ListChanges::new())
    }

    /// The first page of the changes that wait for a gateway.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the team has no such gateway, and see [`Changes`].
    pub async fn list_for_gateway(
        &self,
        gateway_id: impl TryInto<GatewayId, Error: Into<Error>> + Send,
    ) -> Result<Page<Change>, Error> {
        let list = ListGatewayChanges::new(gateway_id.try_into().map_err(Into::into)?);
        self.client.send(&list).await
    }

    /// All changes that wait for a gateway, page after page.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the id cannot be one.
    pub fn stream_for_gateway(
        &self,
        gateway_id: impl TryInto<GatewayId, Error: Into<Error>>,
    ) -> Result<Rows<Change>, Error> {
        let list = ListGatewayChanges::new(gateway_id.try_into().map_err(Into::into)?);
        Ok(Rows::new(self.client.clone(), list))
    }

    /// The change of this id, with its content.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is none for this token, and see [`Changes`].
    pub async fn get(
        &self,
        id: impl TryInto<ChangeId, Error: Into<Error>> + Send,
    ) -> Result<Change, Error> {
        self.client
            .send(&ShowChange::new(id.try_into().map_err(Into::into)?))
            .await
    }

    /// Says that the gateway has seen these changes. Those that are unknown are told in the answer.
    ///
    /// # Errors
    ///
    /// See [`Changes`].
    pub async fn acknowledge(
        &self,
        ids: impl IntoIterator<Item = impl TryInto<ChangeId, Error: Into<Error>>> + Send,
    ) -> Result<AcknowledgeResponse, Error> {
        let mut changes = Vec::new();
        for id in ids {
            changes.push(id.try_into().map_err(Into::into)?);
        }
        self.client.send(&AcknowledgeChanges::new(changes)).await
    }

    /// Says that the gateway runs by a change.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is none for this token, and see [`Changes`].
    pub async fn applied(
        &self,
        id: impl TryInto<ChangeId, Error: Into<Error>> + Send,
    ) -> Result<ChangeStatusResponse, Error> {
        self.client
            .send(&ReportChangeApplied::new(
                id.try_into().map_err(Into::into)?,
            ))
            .await
    }

    /// Says that the gateway could not apply a change: why in one line, and lines of detail.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is none for this token, and see [`Changes`].
    pub async fn failed(
        &self,
        id: impl TryInto<ChangeId, Error: Into<Error>> + Send,
        error: impl Into<String> + Send,
        details: Option<Vec<String>>,
    ) -> Result<ChangeStatusResponse, Error> {
        let mut report = ReportChangeFailed::new(id.try_into().map_err(Into::into)?, error);
        if let Some(details) = details {
            report = report.with_details(details);
        }
        self.client.send(&report).await
    }
}

impl fmt::Debug for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("client", self.client)
            .finish()
    }
}
