//! One page of a list, in Laravel's envelope.

use serde::{Deserialize, Serialize};

use crate::lenient::{null_as_default, optional};

/// One page of a list.
///
/// `links` and `meta` may be missing: then this is all there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// Addresses of other pages.
    #[serde(default, deserialize_with = "null_as_default")]
    pub links: PageLinks,
    /// Where this page stands among all.
    #[serde(default = "Option::default", deserialize_with = "optional")]
    pub meta: Option<PageMeta>,
}

impl<T> Page<T> {
    /// The number of the next page, counted from 1, if there is one.
    #[must_use]
    pub fn next_page(&self) -> Option<u32> {
        let meta = self.meta.as_ref()?;
        (meta.current_page < meta.last_page).then(|| meta.current_page.saturating_add(1))
    }
}

/// Addresses of other pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PageLinks {
    /// The first page.
    pub first: Option<String>,
    /// The last page.
    pub last: Option<String>,
    /// The page before this one.
    pub prev: Option<String>,
    /// The page after this one.
    pub next: Option<String>,
}

/// Where a page stands among all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PageMeta {
    /// The number of this page, counted from 1.
    pub current_page: u32,
    /// The number of the last page.
    pub last_page: u32,
    /// How many rows a page holds at most.
    pub per_page: u32,
    /// How many rows there are in all.
    pub total: u64,
    /// The number of this page's first row, counted from 1.
    #[serde(default)]
    pub from: Option<u64>,
    /// The number of this page's last row.
    #[serde(default)]
    pub to: Option<u64>,
    /// The address of the list.
    #[serde(default)]
    pub path: Option<String>,
}
