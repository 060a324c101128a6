//! A point in time, read from every form of RFC 3339 that occurs.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::ParseError;
use crate::lenient::Lenient;

/// A point in time, to the nanosecond.
///
/// Read from RFC 3339 with any number of fraction digits (those past the ninth are dropped); written in UTC
/// with six digits and `Z`, as the API does. Arithmetic saturates at [`Timestamp::MIN`] and [`Timestamp::MAX`].
///
/// ```
/// # use runbeam_model::Timestamp;
/// let expiry: Timestamp = "2026-02-11T08:15:30+00:00".parse()?;
/// assert_eq!(expiry.to_string(), "2026-02-11T08:15:30.000000Z");
/// # Ok::<_, runbeam_model::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The earliest time, in the year -9999.
    pub const MIN: Self = Self(jiff::Timestamp::MIN);
    /// The latest time, at the end of the year 9999.
    pub const MAX: Self = Self(jiff::Timestamp::MAX);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The time `seconds` after the Unix epoch, or the nearest that there is.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let seconds = seconds.clamp(Self::MIN.0.as_second(), Self::MAX.0.as_second());
        Self(jiff::Timestamp::from_second(seconds).unwrap_or_default())
    }

    /// The time `seconds` after the Unix epoch, with their fraction, or the nearest that there is.
    #[must_use]
    pub fn from_unix_seconds_f64(seconds: f64) -> Self {
        let limit = if seconds < 0.0 { Self::MIN } else { Self::MAX };
        let duration = jiff::SignedDuration::try_from_secs_f64(seconds).ok();
        duration
            .and_then(|duration| jiff::Timestamp::from_duration(duration).ok())
            .map_or(limit, Self)
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub fn as_unix_seconds(self) -> i64 {
        let seconds = self.0.as_second();
        if self.0.subsec_nanosecond() < 0 {
            seconds - 1
        } else {
            seconds
        }
    }

    /// Seconds since the Unix epoch with their fraction.
    #[must_use]
    pub fn as_unix_seconds_f64(self) -> f64 {
        self.0.as_duration().as_secs_f64()
    }

    /// This time plus `duration`, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.0.checked_add(duration).map_or(Self::MAX, Self)
    }

    /// This time minus `duration`, at least [`Timestamp::MIN`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        self.0.checked_sub(duration).map_or(Self::MIN, Self)
    }

    /// The time that has passed since `earlier`; zero if it is not earlier.
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::try_from(earlier.0.duration_until(self.0)).unwrap_or_default()
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Ok(timestamp) = text.parse() {
            return Ok(Self(timestamp));
        }
        let text = without_excess_fraction(text.trim());
        if let Ok(timestamp) = text.parse() {
            return Ok(Self(timestamp));
        }
        // The last day of the year 9999 is past what the library holds, and a usual way to say "never".
        let is_last_day = text.starts_with("9999-12-3");
        let same_time_a_year_before = || format!("9998{}", text.get(4..).unwrap_or_default());
        if is_last_day && same_time_a_year_before().parse::<jiff::Timestamp>().is_ok() {
            return Ok(Self::MAX);
        }
        Err(ParseError::new(
            "time",
            "it is not a date and time with an offset (RFC 3339)",
        ))
    }
}

fn without_excess_fraction(text: &str) -> String {
    let Some(point) = text.find('.') else {
        return text.to_owned();
    };
    let (head, fraction) = text.split_at(point + 1);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    format!(
        "{head}{}{}",
        &fraction[..digits.min(9)],
        &fraction[digits..]
    )
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Lenient for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let limit = if time < SystemTime::UNIX_EPOCH {
            Self::MIN
        } else {
            Self::MAX
        };
        jiff::Timestamp::try_from(time).map_or(limit, Self)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(
            text.parse::<Timestamp>().unwrap().to_string(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn every_spelling_that_occurs_is_read() {
        check("2026-01-12T08:15:30.000000Z", "2026-01-12T08:15:30.000000Z");
        check(
            "2026-01-12T08:15:31.204518+00:00",
            "2026-01-12T08:15:31.204518Z",
        );
        check("2026-01-12T09:15:31+01:00", "2026-01-12T08:15:31.000000Z");
        check(
            "2026-01-12T08:15:31.1234567891234Z",
            "2026-01-12T08:15:31.123456Z",
        );
        check("2026-01-12 08:15:31Z", "2026-01-12T08:15:31.000000Z");
        assert_eq!("9999-12-31T23:59:59Z".parse(), Ok(Timestamp::MAX));
        assert_eq!(
            "9999-12-31T23:59:59.999999+00:00".parse(),
            Ok(Timestamp::MAX)
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-01-12",
            "2026-01-12T08:15:30",
            "2026-13-01T00:00:00Z",
            "9999-12-32T00:00:00Z",
            ".",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        for (seconds, expected) in [
            (f64::MAX, Timestamp::MAX),
            (-1e300, Timestamp::MIN),
            (f64::NAN, Timestamp::MAX),
        ] {
            assert_eq!(Timestamp::from_unix_seconds_f64(seconds), expected);
        }
        assert_eq!(
            Timestamp::from_unix_seconds_f64(0.75).to_string(),
            "1970-01-01T00:00:00.750000Z"
        );
        assert_eq!(Timestamp::MAX.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.saturating_sub(Duration::MAX), Timestamp::MIN);
        assert_eq!(
            Timestamp::from_unix_seconds(i64::MAX).as_unix_seconds(),
            Timestamp::MAX.as_unix_seconds()
        );
        assert_eq!(
            Timestamp::MIN.saturating_duration_since(Timestamp::MAX),
            Duration::ZERO
        );
        let before_epoch = Timestamp::UNIX_EPOCH.saturating_sub(Duration::from_millis(1));
        assert_eq!(before_epoch.as_unix_seconds(), -1);
    }

    proptest! {
        #[test]
        fn reading_any_text_never_panics(text in ".*") {
            let _ = text.parse::<Timestamp>();
        }

        #[test]
        fn writing_and_reading_agree(seconds in -377_705_023_201i64..253_402_207_200) {
            let timestamp = Timestamp::from_unix_seconds(seconds);
            prop_assert_eq!(timestamp.to_string().parse::<Timestamp>().unwrap(), timestamp);
            prop_assert_eq!(timestamp.as_unix_seconds(), seconds);
        }
    }
}
