//! The five operations that every kind of resource has, described once for all kinds.

use std::fmt;
use std::marker::PhantomData;

use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::operation::read_json;
use crate::{ApiRequest, Operation, Page, ReadError, SecretBytes};

/// A kind of resource, such as [`Gateway`](crate::Gateway): where its collection lies and what describes one.
pub trait Resource: DeserializeOwned {
    /// What one of this kind is found by.
    type Id: AsRef<str> + Clone + fmt::Debug;
    /// What one is created or updated from.
    type Draft: Serialize + fmt::Debug;
    /// The kind in words, such as `gateway`.
    const KIND: &'static str;
    /// The collection's segment in the path, such as `gateways`.
    const COLLECTION: &'static str;
    /// The ids of list, show, create, update and delete in the API description.
    const OPERATIONS: [&'static str; 5];
}

/// The envelope around one resource.
#[derive(Deserialize)]
struct One<T> {
    data: T,
}

fn read_one<R: Resource>(operation: &'static str, body: &[u8]) -> Result<R, ReadError> {
    Ok(read_json::<One<R>>(operation, body)?.data)
}

/// A draft has a JSON form by construction: its fields are texts, numbers, flags and lists of them.
fn draft_json(draft: &impl Serialize) -> SecretBytes {
    SecretBytes::from_json(draft).unwrap_or_default()
}

/// Lists one page of a kind.
#[derive(Debug, Clone)]
pub struct ListResources<R> {
    page: Option<u32>,
    per_page: Option<u32>,
    kind: PhantomData<fn() -> R>,
}

impl<R> ListResources<R> {
    /// The first page, in the size that the server chooses (50).
    #[must_use]
    pub fn new() -> Self {
        Self {
            page: None,
            per_page: None,
            kind: PhantomData,
        }
    }

    /// The page of this number, counted from 1.
    #[must_use]
    pub fn with_page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// How many rows a page holds, at most 100.
    #[must_use]
    pub fn with_per_page(mut self, per_page: u32) -> Self {
        self.per_page = Some(per_page);
        self
    }
}

impl<R> Default for ListResources<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Resource> Operation for ListResources<R> {
    const NAME: &'static str = R::OPERATIONS[0];
    type Answer = Page<R>;

    fn request(&self) -> ApiRequest {
        let mut request = ApiRequest::new(Method::GET, [R::COLLECTION]);
        for (name, value) in [("page", self.page), ("per_page", self.per_page)] {
            if let Some(value) = value {
                request = request.with_query(name, &value.to_string());
            }
        }
        request
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
    #[serde(default)]
    pub message: String,
}
