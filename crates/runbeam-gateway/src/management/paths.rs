//! Which path is which operation.

use http::Method;
use runbeam_sdk::model::ManagementPrefix;

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Info,
    Pipelines,
    Routes,
    Status,
    Authorize,
    Token,
    Update,
    Reload,
}

impl Page {
    pub(super) fn is_read(self) -> bool {
        matches!(
            self,
            Self::Info | Self::Pipelines | Self::Routes | Self::Status
        )
    }

    pub(super) fn takes(self, method: &Method) -> bool {
        if self.is_read() {
            *method == Method::GET || *method == Method::HEAD
        } else {
            *method == Method::POST
        }
    }

    pub(super) fn allowed(self) -> &'static str {
        if self.is_read() { "GET, HEAD" } else { "POST" }
    }
}

/// The paths below a prefix, and the two that are below `/api` in any case.
#[derive(Debug)]
pub(super) struct Paths(Vec<(String, Page)>);

impl Paths {
    pub(super) fn new(prefix: &ManagementPrefix) -> Self {
        let below = [
            ("info", Page::Info),
            ("pipelines", Page::Pipelines),
            ("routes", Page::Routes),
            ("authorize", Page::Authorize),
            ("token", Page::Token),
            ("update", Page::Update),
            ("reload", Page::Reload),
        ];
        let mut paths: Vec<_> = below
            .map(|(name, page)| (prefix.path_of(name), page))
            .into();
        paths.push((prefix.path_of("config") + "/status", Page::Status));
        paths.push(("/api/reload".into(), Page::Reload));
        paths.push(("/api/config/status".into(), Page::Status));
        Self(paths)
    }

    /// The earlier command line does not trim the slashes of a prefix: empty segments are passed over.
    pub(super) fn find(&self, path: &str) -> Option<Page> {
        let segments = || path.split('/').filter(|segment| !segment.is_empty());
        let mut pages = self.0.iter();
        let found = pages.find(|(path, _)| path.split('/').skip(1).eq(segments()))?;
        Some(found.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_below_the_prefix() {
        let check = |prefix: &str, path: &str, expected| {
            let paths = Paths::new(&prefix.parse().unwrap());
            assert_eq!(paths.find(path), expected, "{prefix} {path}");
        };
        check("admin", "/admin/info", Some(Page::Info));
        check("admin", "//admin//token", Some(Page::Token));
        check("admin", "/admin/config/status/", Some(Page::Status));
        check("admin", "/info", None);
        check("admin", "/admin", None);
        check("admin", "/admin/info/more", None);
        check("admin", "/", None);
        check("a/b c", "/a/b%20c/routes", Some(Page::Routes));
        check("", "/update", Some(Page::Update));
        for prefix in ["admin", "api", ""] {
            check(prefix, "/api/reload", Some(Page::Reload));
            check(prefix, "/api/config/status", Some(Page::Status));
        }
    }
}
