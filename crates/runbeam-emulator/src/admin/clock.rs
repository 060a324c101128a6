//! Moving and freezing the clock.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Wanted, control};
use crate::{clock::wire, cloud::Cloud, problem::Problem};

/// What to do with the clock. It is stopped before it is set and moved, and set off again after that.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Move {
    /// Back to real time.
    reset: bool,
    /// An RFC 3339 time.
    set: Option<Timestamp>,
    advance_seconds: Option<i64>,
    /// A duration in words or in ISO 8601: `30d`, `2h 30m`, `-1 day`, `P30D`.
    advance: Option<String>,
    frozen: Option<bool>,
}

pub(super) async fn show(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    Json(standing(&cloud))
}

pub(super) async fn set(
    State(cloud): State<Arc<Cloud>>,
    Wanted(wanted): Wanted<Move>,
) -> Result<Json<Value>, Problem> {
    let by = match &wanted.advance {
        Some(text) => Some(
            duration(text)
                .ok_or_else(|| Problem::invalid("advance", "The advance field is no duration."))?,
        ),
        None => None,
    };
    let clock = &cloud.clock;
    if wanted.reset {
        clock.reset();
    }
    // Stopped first, so that it stands exactly where it is set.
    if wanted.frozen == Some(true) {
        clock.freeze();
    }
    if let Some(moment) = wanted.set {
        clock.set(moment);
    }
    for by in wanted
        .advance_seconds
        .map(SignedDuration::from_secs)
        .into_iter()
        .chain(by)
    {
        clock.advance(by);
    }
    if wanted.frozen == Some(false) {
        clock.resume();
    }
    control::keep_clock(&cloud);
    Ok(Json(standing(&cloud)))
}

fn standing(cloud: &Cloud) -> Value {
    json!({
        "now": wire(cloud.now()),
        "frozen": cloud.clock.is_frozen(),
        "offset_seconds": cloud.clock.offset().as_secs(),
    })
}

/// Reads a duration, with days of 24 hours and weeks of seven of them.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_words_and_in_iso_8601() {
        let check = |text: &str, hours: Option<i64>| {
            assert_eq!(
                duration(text),
                hours.map(SignedDuration::from_hours),
                "{text}"
            );
        };
        check("30d", Some(720));
        check("P30D", Some(720));
        check("1 day 2 hours", Some(26));
        check("-1h", Some(-1));
        check("2w", Some(336));
        check("soon", None);
        check("", None);
        check("1 month", None);
    }
}
