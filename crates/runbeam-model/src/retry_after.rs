//! How long a server asks to wait: `Retry-After` (RFC 9110, section 10.2.3).

use std::time::Duration;

use http::{HeaderMap, header};
use jiff::fmt::{rfc2822, strtime};

use crate::Timestamp;

/// How long a server asks to wait, with `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), of which
/// all three forms are read. A date is held against the one of the answer (`Date`), or where there is none, against
/// `now`; one that has passed is no wait at all.
///
/// `None` if it does not ask, or in no form that is known.
///
/// ```
/// # use std::time::Duration;
/// # use runbeam_model::{Timestamp, retry_after};
/// let mut headers = http::HeaderMap::new();
/// headers.insert("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
/// let now: Timestamp = "1994-11-06T08:49:30Z".parse()?;
/// assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(7)));
/// # Ok::<_, runbeam_model::ParseError>(())
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    wait(headers, Some(now))
}

/// The same where nobody has a clock: a date without one beside it says nothing.
pub(crate) fn by_its_own_clock(headers: &HeaderMap) -> Option<Duration> {
    wait(headers, None)
}

fn wait(headers: &HeaderMap, now: Option<Timestamp>) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if value.is_empty() {
        return None;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than can be counted are very many.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    // By the server's own clock, if it tells it: ours may be wrong.
    let said = headers
        .get(header::DATE)
        .and_then(|date| date.to_str().ok());
    let now = said.and_then(http_date).or(now)?;
    Some(http_date(value)?.saturating_duration_since(now))
}

/// A date of HTTP (RFC 9110, section 5.6.7): as it is written today, or as RFC 850 or `asctime` of C had it.
fn http_date(text: &str) -> Option<Timestamp> {
    let in_utc = |format| {
        let date = strtime::parse(format, text).ok()?.to_datetime().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok()
    };
    rfc2822::parse(text)
        .ok()
        .or_else(|| in_utc("%A, %d-%b-%y %H:%M:%S GMT"))
        .or_else(|| in_utc("%a %b %e %H:%M:%S %Y"))
        .map(|date| Timestamp::from_unix_seconds(date.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: &[u8], now: Timestamp) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::RETRY_AFTER,
            http::HeaderValue::from_bytes(value).ok()?,
        );
        retry_after(&headers, now)
    }

    fn check(value: &str, expected: Option<u64>) {
        let now = "1994-11-06T08:49:30Z".parse().unwrap();
        let expected = expected.map(Duration::from_secs);
        assert_eq!(read(value.as_bytes(), now), expected, "{value:?}");
    }

    #[test]
    fn seconds_and_all_forms_of_a_date_are_read() {
        check("120", Some(120));
        check("0", Some(0));
        check(" 7 ", Some(7));
        check("99999999999999999999999", Some(u64::MAX));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(7));
        check("Sunday, 06-Nov-94 08:49:37 GMT", Some(7));
        check("Sun Nov  6 08:49:37 1994", Some(7));
        check("Sun, 06 Nov 1994 08:49:07 GMT", Some(0));
        check("Mon, 07 Nov 1994 08:49:30 GMT", Some(24 * 60 * 60));
    }

    #[test]
    fn the_clock_of_the_server_counts() {
        let mut headers = HeaderMap::new();
        let until = "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap();
        headers.insert(header::RETRY_AFTER, until);
        for (date, expected) in [("Sun, 06 Nov 1994 08:49:35 GMT", 2), ("soon", 7)] {
            headers.insert(header::DATE, date.parse().unwrap());
            let now = "1994-11-06T08:49:30Z".parse().unwrap();
            let wait = retry_after(&headers, now);
            assert_eq!(wait, Some(Duration::from_secs(expected)), "{date}");
        }
    }

    #[test]
    fn anything_else_is_no_wait_that_could_be_meant() {
        for value in [
            "",
            "-1",
            "+1",
            "1.5",
            "soon",
            "1s",
            "Sun, 06 Nov 1994",
            "\u{661}",
        ] {
            check(value, None);
        }
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
    }

    proptest! {
        #[test]
        fn seconds_are_themselves(seconds: u32) {
            let wait = read(seconds.to_string().as_bytes(), Timestamp::UNIX_EPOCH);
            prop_assert_eq!(wait, Some(Duration::from_secs(seconds.into())));
        }

        #[test]
        fn a_date_is_as_far_away_as_it_is(now in 0i64..4_000_000_000, wait in 0i64..100_000_000) {
            let date = jiff::Timestamp::from_second(now + wait).unwrap();
            let text = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let read = read(text.as_bytes(), Timestamp::from_unix_seconds(now));
            prop_assert_eq!(read, Some(Duration::from_secs(wait as u64)));
        }

        #[test]
        fn nothing_makes_it_panic(value: Vec<u8>, now: i64) {
            read(&value, Timestamp::from_unix_seconds(now));
        }

        #[test]
        fn nothing_like_a_date_makes_it_panic(
            value in "(Sun|Mon|Sunday|X)?,? ?[0-9]{1,3}[ -](Nov|Feb|X)[ -][0-9]{1,6} [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,3} ?(GMT|UTC|[+-][0-9]{4})?",
            now: i64,
        ) {
            read(value.as_bytes(), Timestamp::from_unix_seconds(now));
        }
    }
}
