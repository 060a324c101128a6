//! The five operations that every kind of resource has, described once for all kinds.

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::str::FromStr;

use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::lenient::lenient;
use crate::operation::{MAX_CONFIGURATION, One, read_json};
use crate::paged::Listing;
use crate::{
    ApiRequest, GatewayId, Known, Operation, Page, Paged, ParseError, ReadError, SecretBytes,
};

/// A kind of resource, such as [`Gateway`](crate::Gateway): where its collection lies and what describes one.
///
/// Every kind that the API has operations for has all five of them. What occurs in configurations alone, such as
/// [`MeshIngress`](crate::MeshIngress), is no such kind, so that no operation can be made for it.
pub trait Resource:
    DeserializeOwned + Serialize + fmt::Debug + Clone + Send + Sync + 'static
{
    /// What one of this kind is found by.
    type Id: AsRef<str>
        + FromStr<Err = ParseError>
        + Clone
        + Eq
        + Hash
        + fmt::Debug
        + fmt::Display
        + Send
        + Sync
        + 'static;
    /// What one is created or updated from.
    type Draft: Serialize + fmt::Debug + Send + Sync;
    /// The kind in words, such as `gateway`.
    const KIND: &'static str;
    /// The collection's segment in the path, such as `gateways`.
    const COLLECTION: &'static str;
    /// The ids of list, show, create, update and delete in the API description.
    const OPERATIONS: [&'static str; 5];

    /// What it is found by.
    fn id(&self) -> &Self::Id;

    /// Its name.
    fn name(&self) -> &str;

    /// The gateway that it belongs to, if it states one.
    fn gateway_id(&self) -> Option<&GatewayId> {
        None
    }
}

/// The two ways in which answers state a gateway.
pub(crate) trait StatedGateway {
    fn stated(&self) -> Option<&GatewayId>;
}

impl StatedGateway for Option<GatewayId> {
    fn stated(&self) -> Option<&GatewayId> {
        self.as_ref()
    }
}

impl StatedGateway for Known<GatewayId> {
    fn stated(&self) -> Option<&GatewayId> {
        self.get()
    }
}

fn read_one<R: Resource>(operation: &'static str, body: &[u8]) -> Result<R, ReadError> {
    Ok(read_json::<One<R>>(operation, body)?.data)
}

/// A draft has a JSON form by construction: its fields are texts, numbers, flags, JSON and lists of them.
fn draft_json(draft: &impl Serialize) -> SecretBytes {
    SecretBytes::from_json(draft).unwrap_or_default()
}

/// Lists one page of a kind.
#[derive(Debug, Clone)]
pub struct ListResources<R> {
    listing: Listing,
    kind: PhantomData<fn() -> R>,
}

impl<R> ListResources<R> {
    /// The first page, in the size that the server chooses (50).
    #[must_use]
    pub fn new() -> Self {
        Self {
            listing: Listing::default(),
            kind: PhantomData,
        }
    }
}

impl<R> Default for ListResources<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Resource> Paged for ListResources<R> {
    type Row = R;

    fn with_page(mut self, page: u32) -> Self {
        self.listing.page = Some(page);
        self
    }

    fn with_per_page(mut self, rows: u32) -> Self {
        self.listing.per_page = Some(rows);
        self
    }
}

impl<R: Resource> Operation for ListResources<R> {
    const NAME: &'static str = R::OPERATIONS[0];
    const MAX_ANSWER: usize = MAX_CONFIGURATION;
    type Answer = Page<R>;

    fn request(&self) -> ApiRequest {
        self.listing
            .add_to(ApiRequest::new(Method::GET, [R::COLLECTION]))
    }

    fn read(&self, body: &[u8]) -> Result<Page<R>, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// Shows one resource.
#[derive(Debug, Clone)]
pub struct ShowResource<R: Resource> {
    id: R::Id,
}

impl<R: Resource> ShowResource<R> {
    /// The resource of this id.
    #[must_use]
    pub fn new(id: R::Id) -> Self {
        Self { id }
    }
}

impl<R: Resource> Operation for ShowResource<R> {
    const NAME: &'static str = R::OPERATIONS[1];
    type Answer = R;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::GET, [R::COLLECTION, self.id.as_ref()])
    }

    fn read(&self, body: &[u8]) -> Result<R, ReadError> {
        read_one(Self::NAME, body)
    }
}

/// Creates a resource.
#[derive(Debug)]
pub struct CreateResource<'a, R: Resource> {
    draft: &'a R::Draft,
}

impl<'a, R: Resource> CreateResource<'a, R> {
    /// A resource as `draft` describes it.
    #[must_use]
    pub fn new(draft: &'a R::Draft) -> Self {
        Self { draft }
    }
}

impl<R: Resource> Operation for CreateResource<'_, R> {
    const NAME: &'static str = R::OPERATIONS[2];
    type Answer = R;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::POST, [R::COLLECTION]).with_json(draft_json(self.draft))
    }

    fn read(&self, body: &[u8]) -> Result<R, ReadError> {
        read_one(Self::NAME, body)
    }
}

/// Updates a resource: the fields that the draft names; the others stay.
#[derive(Debug)]
pub struct UpdateResource<'a, R: Resource> {
    id: R::Id,
    draft: &'a R::Draft,
}

impl<'a, R: Resource> UpdateResource<'a, R> {
    /// The resource of this id, as `draft` describes it.
    #[must_use]
    pub fn new(id: R::Id, draft: &'a R::Draft) -> Self {
        Self { id, draft }
    }
}

impl<R: Resource> Operation for UpdateResource<'_, R> {
    const NAME: &'static str = R::OPERATIONS[3];
    type Answer = R;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::PUT, [R::COLLECTION, self.id.as_ref()])
            .with_json(draft_json(self.draft))
    }

    fn read(&self, body: &[u8]) -> Result<R, ReadError> {
        read_one(Self::NAME, body)
    }
}

/// Deletes a resource.
#[derive(Debug, Clone)]
pub struct DeleteResource<R: Resource> {
    id: R::Id,
}

impl<R: Resource> DeleteResource<R> {
    /// The resource of this id.
    #[must_use]
    pub fn new(id: R::Id) -> Self {
        Self { id }
    }
}

impl<R: Resource> Operation for DeleteResource<R> {
    const NAME: &'static str = R::OPERATIONS[4];
    type Answer = Deleted;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::DELETE, [R::COLLECTION, self.id.as_ref()])
    }

    fn read(&self, body: &[u8]) -> Result<Deleted, ReadError> {
        if body.is_empty() {
            Ok(Deleted::default())
        } else {
            read_json(Self::NAME, body)
        }
    }
}

/// The server's word that a resource is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Deleted {
    /// One line for a person.
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
}
