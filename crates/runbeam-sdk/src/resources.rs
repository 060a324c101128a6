//! What every kind of resource can do, written once for all kinds.

use std::fmt;
use std::marker::PhantomData;

use runbeam_model::{
    CreateResource, DeleteResource, Deleted, ListResources, Page, Paged, Resource, ShowResource,
    UpdateResource,
};

use crate::{Error, Rows, RunbeamClient};

/// The resources of one kind, such as those of [`RunbeamClient::gateways`].
///
/// Every call fails as [`RunbeamClient::send`] does; an id that cannot be one is an
/// [`InvalidInput`](crate::ErrorKind::InvalidInput).
pub struct Resources<'a, R> {
    client: &'a RunbeamClient,
    kind: PhantomData<fn() -> R>,
}

impl<'a, R: Resource> Resources<'a, R> {
    pub(crate) fn new(client: &'a RunbeamClient) -> Self {
        Self {
            client,
            kind: PhantomData,
        }
    }

    /// The first page, in the size that the server chooses (50).
    ///
    /// # Errors
    ///
    /// See [`Resources`].
    pub async fn list(&self) -> Result<Page<R>, Error> {
        self.client.send(&ListResources::<R>::new()).await
    }

    /// The page of this number, counted from 1, with at most `per_page` rows (up to 100).
    ///
    /// # Errors
    ///
    /// See [`Resources`].
    pub async fn list_page(&self, page: u32, per_page: u32) -> Result<Page<R>, Error> {
        self.client
            .send(
                &ListResources::<R>::new()
                    .with_page(page)
                    .with_per_page(per_page),
            )
            .await
    }

    /// All resources of this kind, page after page. See [`Rows`].
    pub fn stream(&self) -> Rows<R> {
        Rows::new(self.client.clone(), ListResources::new())
    }

    /// The resource of this id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the team has none, and see [`Resources`].
    pub async fn get(
        &self,
        id: impl TryInto<R::Id, Error: Into<Error>> + Send,
    ) -> Result<R, Error> {
        self.client
            .send(&ShowResource::<R>::new(id.try_into().map_err(Into::into)?))
            .await
    }

    /// Creates a resource as `draft` describes it.
    ///
    /// # Errors
    ///
    /// [`Refused`](crate::ErrorKind::Refused) with the fields that are wrong, and see [`Resources`].
    pub async fn create(&self, draft: &R::Draft) -> Result<R, Error> {
        self.client.send(&CreateResource::<R>::new(draft)).await
    }

    /// Updates the resource of this id: the fields that `draft` names; the others stay.
    ///
    /// # Errors
    ///
    /// [`Refused`](crate::ErrorKind::Refused) with the fields that are wrong, and see [`Resources`].
    pub async fn update(
        &self,
        id: impl TryInto<R::Id, Error: Into<Error>> + Send,
        draft: &R::Draft,
    ) -> Result<R, Error> {
        self.client
            .send(&UpdateResource::<R>::new(
                id.try_into().map_err(Into::into)?,
                draft,
            ))
            .await
    }

    /// Deletes the resource of this id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the team has none, and see [`Resources`].
    pub async fn delete(
        &self,
        id: impl TryInto<R::Id, Error: Into<Error>> + Send,
    ) -> Result<Deleted, Error> {
        self.client
            .send(&DeleteResource::<R>::new(
                id.try_into().map_err(Into::into)?,
            ))
            .await
    }
}

impl<R: Resource> fmt::Debug for Resources<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources")
            .field("kind", &R::KIND)
            .field("client", self.client)
            .finish()
    }
}
