//! Operations that answer with one page of many.

use crate::{ApiRequest, Operation, Page};

/// An operation that answers with one page of many, such as [`ListResources`](crate::ListResources).
///
/// ```
/// # use runbeam_model::{Gateway, ListResources, Operation, Paged};
/// let second = ListResources::<Gateway>::new().with_page(2).with_per_page(100);
/// assert_eq!(second.request().path(), "/api/gateways");
/// ```
pub trait Paged: Operation<Answer = Page<Self::Row>> + Clone {
    /// What a page is made of.
    type Row;

    /// The page of this number, counted from 1.
    #[must_use]
    fn with_page(self, page: u32) -> Self;

    /// How many rows a page holds, at most 100.
    #[must_use]
    fn with_per_page(self, rows: u32) -> Self;
}

/// Which page is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) page: Option<u32>,
    pub(crate) per_page: Option<u32>,
}

impl Listing {
    pub(crate) fn add_to(&self, mut request: ApiRequest) -> ApiRequest {
        for (name, value) in [("page", self.page), ("per_page", self.per_page)] {
            if let Some(value) = value {
                request = request.with_query(name, &value.to_string());
            }
        }
        request
    }
}
