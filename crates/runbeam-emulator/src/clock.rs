//! The one place that reads the time, and the one way in which times are written.

use jiff::Timestamp;

/// The present moment.
#[allow(
    clippy::disallowed_methods,
    reason = "everything else in this crate takes the time as a parameter or asks this function"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Writes a moment the way the cloud does: six fraction digits and `Z` (RFC 3339).
pub(crate) fn wire(moment: Timestamp) -> String {
    format!("{moment:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_and_z() {
        let check = |input: &str, expected: &str| {
            assert_eq!(wire(input.parse().unwrap()), expected);
        };
        check("2026-01-12T08:15:30Z", "2026-01-12T08:15:30.000000Z");
        check(
            "2026-01-12T08:15:30.1234567Z",
            "2026-01-12T08:15:30.123456Z",
        );
        check("2026-01-12T09:15:30+01:00", "2026-01-12T08:15:30.000000Z");
    }
}
