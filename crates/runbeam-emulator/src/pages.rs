//! Laravel's pagination: which rows a page holds, and the links around it.

use std::ops::{Range, RangeInclusive};

use serde::Serialize;
use serde_json::{Value, json};

/// Rows on a page of resources unless the client says otherwise.
pub(crate) const RESOURCES: u32 = 50;

/// Rows on a page of changes unless the client says otherwise.
pub(crate) const CHANGES: u32 = 15;

const MAX_PER_PAGE: u32 = 100;

/// Pages shown on each side of the current one where there are too many to show all.
const ON_EACH_SIDE: u32 = 3;

/// Which page a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageRequest {
    page: u32,
    per_page: u32,
}

impl PageRequest {
    /// Reads `page` and `per_page` from a query; what is no positive number counts as not sent.
    pub(crate) fn from_query(query: Option<&str>, per_page: u32) -> Self {
        let parameter = |name: &str| {
            query?
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .rfind(|(key, _)| *key == name)
                .and_then(|(_, value)| value.parse().ok())
                .filter(|&number: &u32| number > 0)
        };
        Self {
            page: parameter("page").unwrap_or(1),
            per_page: parameter("per_page").unwrap_or(per_page).min(MAX_PER_PAGE),
        }
    }

    /// The places of the page's rows among `total` of them.
    pub(crate) fn rows(self, total: usize) -> Range<usize> {
        let start = (self.page as usize - 1).saturating_mul(self.per_page as usize);
        let start = start.min(total);
        start..start.saturating_add(self.per_page as usize).min(total)
    }
}

/// A page as it is answered.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    data: Vec<T>,
    links: Value,
    meta: Value,
}

impl<T> Page<T> {
    /// The page that was asked for, which holds `data` of `total` rows; `path` is the address of the list without its
    /// query.
    pub(crate) fn new(request: PageRequest, data: Vec<T>, total: usize, path: &str) -> Self {
        let range = request.rows(total);
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        let last = total.div_ceil(request.per_page).max(1);
        let links = Links {
            current: request.page,
            last,
            path,
        };
        let (from, to) = if range.is_empty() {
            (None, None)
        } else {
            (Some(range.start + 1), Some(range.end))
        };
        Self {
            data,
            links: json!({
                "first": links.url(1),
                "last": links.url(last),
                "prev": links.previous(),
                "next": links.next(),
            }),
            meta: json!({
                "current_page": request.page,
                "from": from,
                "last_page": last,
                "links": links.list(),
                "path": path,
                "per_page": request.per_page,
                "to": to,
                "total": total,
            }),
        }
    }

    /// The page of these rows that was asked for.
    pub(crate) fn of(request: PageRequest, rows: Vec<T>, path: &str) -> Self {
        let total = rows.len();
        let range = request.rows(total);
        let data = rows.into_iter().skip(range.start).take(range.len());
        Self::new(request, data.collect(), total, path)
    }
}

struct Links<'a> {
    current: u32,
    last: u32,
    path: &'a str,
}

impl Links<'_> {
    fn url(&self, page: u32) -> String {
        format!("{}?page={page}", self.path)
    }

    fn previous(&self) -> Option<String> {
        (self.current > 1).then(|| self.url(self.current - 1))
    }

    fn next(&self) -> Option<String> {
        (self.current < self.last).then(|| self.url(self.current + 1))
    }

    /// Previous, the pages, next: what a page of HTML would show.
    fn list(&self) -> Vec<Value> {
        let mut list = vec![link(self.previous(), "&laquo; Previous", false)];
        for (index, run) in runs(self.current, self.last).into_iter().enumerate() {
            if index > 0 {
                list.push(link(None, "...", false));
            }
            list.extend(run.map(|page| {
                link(
                    Some(self.url(page)),
                    &page.to_string(),
                    page == self.current,
                )
            }));
        }
        list.push(link(self.next(), "Next &raquo;", false));
        list
    }
}

fn link(url: Option<String>, label: &str, active: bool) -> Value {
    json!({ "url": url, "label": label, "active": active })
}

/// The runs of pages to show, with gaps between them, as Laravel's `UrlWindow` chooses them.
fn runs(current: u32, last: u32) -> Vec<RangeInclusive<u32>> {
    let window = ON_EACH_SIDE + 4;
    let (start, end) = (1..=2, last.saturating_sub(1)..=last);
    if last < 2 * ON_EACH_SIDE + 8 {
        vec![1..=last]
    } else if current <= window {
        vec![1..=window + ON_EACH_SIDE, end]
    } else if current > last - window {
        vec![start, last - (window + ON_EACH_SIDE - 1)..=last]
    } else {
        vec![start, current - ON_EACH_SIDE..=current + ON_EACH_SIDE, end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_page_and_size() {
        let check = |query: &str, page: u32, per_page: u32| {
            assert_eq!(
                PageRequest::from_query(Some(query), RESOURCES),
                PageRequest { page, per_page },
                "{query}"
            );
        };
        check("", 1, 50);
        check("page=3&per_page=20", 3, 20);
        check("page=0&per_page=0", 1, 50);
        check("page=-1&per_page=x", 1, 50);
        check("per_page=101", 1, 100);
        check("page=99999999999", 1, 50);
        check("page=2&page=4", 4, 50);
        assert_eq!(
            PageRequest::from_query(None, RESOURCES),
            PageRequest {
                page: 1,
                per_page: 50
            }
        );
    }

    #[test]
    fn a_page_holds_its_rows() {
        let check = |page: u32, per_page: u32, total: usize, expected: Range<usize>| {
            assert_eq!(PageRequest { page, per_page }.rows(total), expected);
        };
        check(1, 50, 0, 0..0);
        check(1, 2, 3, 0..2);
        check(2, 2, 3, 2..3);
        check(3, 2, 3, 3..3);
        check(u32::MAX, 100, 3, 3..3);
    }

    #[test]
    fn long_lists_show_the_ends_and_the_neighbours() {
        let check = |current: u32, last: u32, expected: &[RangeInclusive<u32>]| {
            assert_eq!(runs(current, last), expected, "{current} of {last}");
        };
        check(1, 1, &[1..=1]);
        check(5, 13, &[1..=13]);
        check(7, 14, &[1..=10, 13..=14]);
        check(8, 14, &[1..=2, 5..=14]);
        check(8, 30, &[1..=2, 5..=11, 29..=30]);
        check(23, 30, &[1..=2, 20..=26, 29..=30]);
        check(24, 30, &[1..=2, 21..=30]);
    }

    #[test]
    fn a_page_after_the_last_is_empty_and_leads_back() {
        let request = PageRequest {
            page: 9,
            per_page: 1,
        };
        let page = json!(Page::of(request, vec![1, 2], "http://h/x"));
        assert_eq!(page["data"], json!([]));
        assert_eq!(page["links"]["prev"], "http://h/x?page=8");
        assert_eq!(page["links"]["next"], Value::Null);
        assert_eq!(page["meta"]["from"], Value::Null);
        assert_eq!(page["meta"]["total"], 2);
    }
}
