//! One page of a list, in Laravel's envelope.

use serde::{Deserialize, Serialize};

use crate::lenient::{all_lenient_object, lenient};

/// One page of a list.
///
/// `links` and `meta` may be missing: then this is all there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// Addresses of other pages.
    #[serde(default, deserialize_with = "links")]
    pub links: PageLinks,
    /// Where this page stands among all.
    #[serde(default = "Option::default", deserialize_with = "lenient")]
    pub meta: Option<PageMeta>,
}

impl<T> Page<T> {
    /// The number of the next page, counted from 1, if there is one: by the numbers of this page, or else by the link
    /// to the next.
    #[must_use]
    pub fn next_page(&self) -> Option<u32> {
        let by_number = self.meta.as_ref().map(|meta| {
            let is_last = meta.current_page >= meta.last_page;
            (!is_last).then(|| meta.current_page.saturating_add(1))
        });
        by_number.unwrap_or_else(|| page_of(self.links.next.as_deref()?))
    }

    /// How many rows there are in all, where the server says so.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        Some(self.meta.as_ref()?.total)
    }
}

/// The parameter `page` of an address.
fn page_of(url: &str) -> Option<u32> {
    let (_, query) = url.split_once('?')?;
    let number = query
        .split(['&', '#'])
        .find_map(|part| part.strip_prefix("page="))?;
    number.parse().ok()
}

/// Addresses of other pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PageLinks {
    /// The first page.
    #[serde(deserialize_with = "lenient")]
    pub first: Option<String>,
    /// The last page.
    #[serde(deserialize_with = "lenient")]
    pub last: Option<String>,
    /// The page before this one.
    #[serde(deserialize_with = "lenient")]
    pub prev: Option<String>,
    /// The page after this one.
    #[serde(deserialize_with = "lenient")]
    pub next: Option<String>,
}

fn links<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<PageLinks, D::Error> {
    lenient::<D, Option<PageLinks>>(deserializer).map(Option::unwrap_or_default)
}

/// Where a page stands among all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PageMeta {
    /// The number of this page, counted from 1.
    #[serde(deserialize_with = "lenient")]
    pub current_page: u32,
    /// The number of the last page.
    #[serde(deserialize_with = "lenient")]
    pub last_page: u32,
    /// How many rows a page holds at most.
    #[serde(deserialize_with = "lenient")]
    pub per_page: u32,
    /// How many rows there are in all.
    #[serde(deserialize_with = "lenient")]
    pub total: u64,
    /// The number of this page's first row, counted from 1.
    #[serde(deserialize_with = "lenient")]
    pub from: Option<u64>,
    /// The number of this page's last row.
    #[serde(deserialize_with = "lenient")]
    pub to: Option<u64>,
    /// The address of the list.
    #[serde(deserialize_with = "lenient")]
    pub path: Option<String>,
}

all_lenient_object!(PageLinks PageMeta);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<u32>) {
        let page: Page<u8> = serde_json::from_str(json).unwrap();
        assert_eq!(page.next_page(), expected, "{json}");
    }

    #[test]
    fn what_is_no_json_is_no_page() {
        for links in [r#"{"first","next":null}"#, r#"{"next":"a" "prev":null}"#] {
            let page = format!(r#"{{"data":[],"links":{links}}}"#);
            assert!(serde_json::from_str::<Page<u8>>(&page).is_err(), "{links}");
        }
    }

    #[test]
    fn the_next_page_is_told_by_numbers_or_else_by_a_link() {
        check(r#"{"data":[]}"#, None);
        check(r#"{"data":[],"links":null,"meta":null}"#, None);
        check(
            r#"{"data":[1],"meta":{"current_page":1,"last_page":2}}"#,
            Some(2),
        );
        check(
            r#"{"data":[1],"meta":{"current_page":"2","last_page":"2"}}"#,
            None,
        );
        check(
            r#"{"data":[1],"links":{"next":"http://h/api/x?per_page=1&page=4"}}"#,
            Some(4),
        );
        check(
            r#"{"data":[1],"links":{"next":"http://h/api/x?cursor=4"},"meta":[]}"#,
            None,
        );
        check(
            r#"{"data":[1],"links":{"next":"http://h?page=9"},"meta":{"current_page":3,"last_page":3}}"#,
            None,
        );
    }
}
