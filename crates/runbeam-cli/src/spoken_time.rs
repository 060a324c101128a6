//! Spans of time as people say them.

use std::time::Duration;

use runbeam_sdk::model::{Clock, SystemClock, Timestamp};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The two largest units of a span: `29 days, 23 hours`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / DAY, seconds % DAY / HOUR, seconds % HOUR / MINUTE);
    match (days, hours, minutes) {
        (0, 0, 0) => counted(seconds, "second"),
        (0, 0, _) => counted(minutes, "minute"),
        (0, _, _) => both(counted(hours, "hour"), minutes, "minute"),
        _ => both(counted(days, "day"), hours, "hour"),
    }
}

fn both(first: String, number: u64, unit: &str) -> String {
    if number == 0 {
        return first;
    }
    format!("{first}, {}", counted(number, unit))
}

pub(crate) fn counted(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// How far a time is from now: `in 2 hours`, `3 days ago`.
pub(crate) fn relative(time: Timestamp) -> String {
    relative_to(SystemClock.now(), time)
}

fn relative_to(now: Timestamp, time: Timestamp) -> String {
    if time > now {
        format!("in {}", span(time.saturating_duration_since(now)))
    } else if now.saturating_duration_since(time) < Duration::from_secs(1) {
        "now".to_owned()
    } else {
        format!("{} ago", span(now.saturating_duration_since(time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        let check = |seconds, expected: &str| {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        };
        check(0, "0 seconds");
        check(1, "1 second");
        check(59, "59 seconds");
        check(60, "1 minute");
        check(3_599, "59 minutes");
        check(3_600, "1 hour");
        check(7_380, "2 hours, 3 minutes");
        check(86_400, "1 day");
        check(30 * 86_400 - 1, "29 days, 23 hours");
    }

    #[test]
    fn a_time_is_before_or_after_now() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        let check = |offset: i64, expected: &str| {
            let time = Timestamp::from_unix_seconds(1_000_000 + offset);
            assert_eq!(relative_to(now, time), expected);
        };
        check(0, "now");
        check(90, "in 1 minute");
        check(-7_200, "2 hours ago");
    }
}
