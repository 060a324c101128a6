//! What every kind of resource can do, written once for all kinds.

use std::fmt;
use std::marker::PhantomData;

use runbeam_model::{
    CreateResource, DeleteResource, Deleted, ListResources, Page, Paged, ParseError, Resource,
    ShowResource, UpdateResource,
};

use crate::{Error, RunbeamClient};

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

    /// The resource of this id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the team has none, and see [`Resources`].
    pub async fn get<I>(&self, id: I) -> Result<R, Error>
    where
        I: TryInto<R::Id, Error = ParseError> + Send,
    {
        self.client
            .send(&ShowResource::<R>::new(id.try_into()?))
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
    pub async fn update<I>(&self, id: I, draft: &R::Draft) -> Result<R, Error>
    where
        I: TryInto<R::Id, Error = ParseError> + Send,
    {
        self.client
            .send(&UpdateResource::<R>::new(id.try_into()?, draft))
            .await
    }

    /// Deletes the resource of this id.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the team has none, and see [`Resources`].
    pub async fn delete<I>(&self, id: I) -> Result<Deleted, Error>
    where
        I: TryInto<R::Id, Error = ParseError> + Send,
    {
        self.client
            .send(&DeleteResource::<R>::new(id.try_into()?))
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
