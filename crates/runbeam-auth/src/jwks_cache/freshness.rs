//! How long an answer says that it is good: `Cache-Control` and `Age` (RFC 9111, sections 4.2, 5.1 and 5.2.2).

use std::time::Duration;

use http::{HeaderMap, header};

/// The time that is left by `max-age`, nothing at all if the answer is not to be kept, `None` if it says neither.
///
/// A directive that stands twice or makes no sense shortens the life and never lengthens it.
pub(super) fn told_by(headers: &HeaderMap) -> Option<Duration> {
    let life = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .flat_map(|value| match value.to_str() {
            Ok(text) => text.split(',').filter_map(seconds_of).min(),
            Err(_) => Some(0),
        })
        .min()?;
    let age = headers
        .get(header::AGE)
        .map_or(0, |age| age.to_str().map_or(u64::MAX, delta_seconds));
    Some(Duration::from_secs(life.saturating_sub(age)))
}

fn seconds_of(directive: &str) -> Option<u64> {
    let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
    match name.trim().to_ascii_lowercase().as_str() {
        "no-store" | "no-cache" => Some(0),
        "max-age" => Some(match value.trim().trim_matches('"') {
            value if is_number(value) => delta_seconds(value),
            _ => 0,
        }),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number too large to read is a very large one (RFC 9111, section 1.2.2).
fn delta_seconds(text: &str) -> u64 {
    let text = text.trim();
    text.parse()
        .unwrap_or(if is_number(text) { u64::MAX } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &str)], expected: Option<u64>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        assert_eq!(
            told_by(&headers),
            expected.map(Duration::from_secs),
            "{headers:?}"
        );
    }

    #[test]
    fn the_life_is_what_max_age_leaves() {
        check(&[], None);
        check(&[("cache-control", "public, must-revalidate")], None);
        check(&[("cache-control", "public, max-age=3600")], Some(3600));
        check(&[("cache-control", "MAX-AGE=\"90\"")], Some(90));
        check(&[("cache-control", "max-age=90"), ("age", "60")], Some(30));
        check(&[("cache-control", "max-age=90"), ("age", "600")], Some(0));
        check(&[("age", "600")], None);
    }

    #[test]
    fn doubt_shortens_it() {
        for value in [
            "no-store",
            "max-age=90, no-cache",
            "no-cache=\"set-cookie\", max-age=90",
            "max-age=90, max-age=0",
            "max-age=-1",
            "max-age",
            "max-age=1e9",
            "max-age=+5",
        ] {
            check(&[("cache-control", value)], Some(0));
        }
        check(
            &[
                ("cache-control", "max-age=90"),
                ("cache-control", "max-age=30"),
            ],
            Some(30),
        );
        check(
            &[("cache-control", "max-age=99999999999999999999999")],
            Some(u64::MAX),
        );
    }
}
