//! Where the operations are mounted, and the slashes that clients put too many.

use axum::http::{Request, Uri, uri::PathAndQuery};

/// Clients of different versions prefix the same operation with nothing, `/api`, or `/api/api`.
pub(crate) const MOUNTS: [&str; 3] = ["", "/api", "/api/api"];

/// The path below the mount of a route.
pub(crate) fn below_mount(route: &str) -> &str {
    MOUNTS
        .iter()
        .rev()
        .find_map(|mount| route.strip_prefix(mount))
        .unwrap_or(route)
}

/// Removes the surplus slashes that a base with a slash at its end leaves behind.
pub(crate) fn without_surplus_slashes<B>(mut request: Request<B>) -> Request<B> {
    if let Some(uri) = simplified(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn simplified(uri: &Uri) -> Option<Uri> {
    let path = simplified_path(uri.path());
    if path == uri.path() {
        return None;
    }
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    PathAndQuery::try_from(target).ok().map(Uri::from)
}

/// Only slashes directly after the base are surplus; further down they belong to the path and stay.
fn simplified_path(path: &str) -> String {
    let mut base = String::new();
    let mut rest = path.trim_start_matches('/');
    while let Some(below) = rest
        .strip_prefix("api")
        .filter(|below| below.starts_with('/'))
    {
        base.push_str("/api");
        rest = below.trim_start_matches('/');
    }
    format!("{base}/{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surplus_slashes_follow_the_base() {
        let check = |path: &str, expected: &str| assert_eq!(simplified_path(path), expected);
        check("/", "/");
        check("/gateways", "/gateways");
        check("//gateways", "/gateways");
        check("/api//gateways", "/api/gateways");
        check("//api/api//gateways", "/api/api/gateways");
        check("/gateways//x", "/gateways//x");
        check("/apiary//x", "/apiary//x");
        check("/api", "/api");
    }

    #[test]
    fn the_query_stays() {
        let request = Request::get("//api//gateways?page=2").body(()).unwrap();
        assert_eq!(
            *without_surplus_slashes(request).uri(),
            "/api/gateways?page=2"
        );
    }

    #[test]
    fn a_route_has_one_path_below_its_mounts() {
        for mount in MOUNTS {
            assert_eq!(below_mount(&format!("{mount}/gateways")), "/gateways");
        }
    }
}
