//! Faults: what goes wrong on purpose, by rules that say where, how often and with which chance.

mod shape;

use std::{sync::Mutex, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{cloud::unpoisoned, operation::Operation};

pub(crate) use shape::{Abort, spoil};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// The operation is not performed, and this status is answered with a body in Laravel's form.
    #[non_exhaustive]
    Status {
        /// The HTTP status, from 200 to 599.
        status: u16,
        /// Seconds for `Retry-After`, where the answer has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// The operation is performed after this many milliseconds of real time.
    #[non_exhaustive]
    Delay {
        /// Milliseconds.
        millis: u64,
    },
    /// The body comes in pieces, with a pause before each.
    #[non_exhaustive]
    SlowBody {
        /// Bytes in a piece, at least one.
        bytes: usize,
        /// Milliseconds of real time before each piece.
        millis: u64,
    },
    /// The body ends after this many bytes, and the connection with it, although more was announced.
    #[non_exhaustive]
    TruncatedBody {
        /// Bytes that are sent.
        bytes: usize,
    },
    /// The connection is reset (a TCP RST) before the operation is performed.
    ResetBefore,
    /// The operation is performed, and then the connection is reset instead of an answer.
    ResetAfter,
    /// The answer is right and claims to be something else.
    #[non_exhaustive]
    ContentType {
        /// The claimed content type.
        content_type: String,
    },
    /// The body is filled up with white space, which JSON allows, to this many bytes.
    #[non_exhaustive]
    HugeBody {
        /// Bytes altogether.
        bytes: u64,
    },
}

impl Fault {
    /// See [`Fault::Status`].
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
        }
    }

    /// See [`Fault::Status`]; the answer asks for a pause of whole seconds.
    #[must_use]
    pub const fn status_with_retry_after(status: u16, seconds: u32) -> Self {
        Self::Status {
            status,
            retry_after: Some(seconds),
        }
    }

    /// See [`Fault::Delay`].
    #[must_use]
    pub fn delay(delay: Duration) -> Self {
        Self::Delay {
            millis: millis(delay),
        }
    }

    /// See [`Fault::SlowBody`].
    #[must_use]
    pub fn slow_body(bytes: usize, pause: Duration) -> Self {
        Self::SlowBody {
            bytes,
            millis: millis(pause),
        }
    }

    /// See [`Fault::TruncatedBody`].
    #[must_use]
    pub const fn truncated_body(bytes: usize) -> Self {
        Self::TruncatedBody { bytes }
    }

    /// See [`Fault::ContentType`].
    #[must_use]
    pub fn content_type(content_type: impl Into<String>) -> Self {
        Self::ContentType {
            content_type: content_type.into(),
        }
    }

    /// See [`Fault::HugeBody`].
    #[must_use]
    pub const fn huge_body(bytes: u64) -> Self {
        Self::HugeBody { bytes }
    }

    /// Its name in a rule and in the request log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Delay { .. } => "delay",
            Self::SlowBody { .. } => "slow_body",
            Self::TruncatedBody { .. } => "truncated_body",
            Self::ResetBefore => "reset_before",
            Self::ResetAfter => "reset_after",
            Self::ContentType { .. } => "content_type",
            Self::HugeBody { .. } => "huge_body",
        }
    }

    /// What no answer can be made of.
    fn objection(&self) -> Option<&'static str> {
        match self {
            Self::Status { status, .. } if !(200..600).contains(status) => {
                Some("status is no number from 200 to 599")
            }
            Self::SlowBody { bytes: 0, .. } => Some("bytes of a slow body is at least 1"),
            Self::ContentType { content_type }
                if axum::http::HeaderValue::from_str(content_type).is_err() =>
            {
                Some("content_type holds what no header may hold")
            }
            _ => None,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// When a fault happens: by default to every request for every operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    fault: Fault,
    /// The `operationId`; every operation without one.
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    skip: u64,
    #[serde(default)]
    count: Option<u64>,
    #[serde(default = "always")]
    probability: f64,
    #[serde(default)]
    seed: u64,
}

const fn always() -> f64 {
    1.0
}

impl FaultRule {
    /// A fault that happens always.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            skip: 0,
            count: None,
            probability: 1.0,
            seed: 0,
        }
    }

    /// An outage of the public keys: they are answered with 503.
    #[must_use]
    pub fn jwks_outage() -> Self {
        Self::new(Fault::status(503)).on(Operation::Jwks)
    }

    /// It happens to this operation alone.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        self.operation = Some(operation.id().to_owned());
        self
    }

    /// It leaves this many requests alone first.
    #[must_use]
    pub const fn after(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// It happens this many times, and the rule is over then.
    #[must_use]
    pub const fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// It happens with this chance, from 0 to 1, to each request. The same seed gives the same course.
    #[must_use]
    pub const fn with_probability(mut self, probability: f64, seed: u64) -> Self {
        self.probability = probability;
        self.seed = seed;
        self
    }

    pub(crate) const fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The operation that it is for; `None` for every one.
    pub(crate) fn operation_id(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// What is wrong with a rule that came from outside.
    pub(crate) fn objection(&self) -> Option<String> {
        if let Some(id) = &self.operation
            && Operation::with_id(id).is_none()
        {
            return Some(format!("there is no operation '{id}'"));
        }
        if !(0.0..=1.0).contains(&self.probability) {
            return Some("probability is no number from 0 to 1".into());
        }
        self.fault.objection().map(str::to_owned)
    }
}

/// A rule in force.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ActiveRule {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) rule: FaultRule,
    /// How often it has happened.
    pub(crate) happened: u64,
    #[serde(skip)]
    random: u64,
}

impl ActiveRule {
    /// Whether the fault happens to this request.
    fn strikes(&mut self, operation: Operation) -> bool {
        let rule = &mut self.rule;
        if rule
            .operation
            .as_deref()
            .is_some_and(|id| id != operation.id())
        {
            return false;
        }
        if rule.skip > 0 {
            rule.skip -= 1;
            return false;
        }
        let chance = rule.probability;
        if chance < 1.0 && fraction(&mut self.random) >= chance {
            return false;
        }
        self.happened += 1;
        true
    }

    fn is_over(&self) -> bool {
        self.rule.count.is_some_and(|count| self.happened >= count)
    }
}

/// The next of an even sequence of numbers from 0 to 1 (SplitMix64), which is fixed by the first state.
fn fraction(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // 53 bits are what a double holds exactly.
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// The rules in force, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<ActiveRule>,
    last: u64,
}

impl Faults {
    /// Puts a rule in force and gives its id.
    pub(crate) fn add(&self, rule: FaultRule) -> u64 {
        let mut state = unpoisoned(&self.state);
        state.last += 1;
        let id = state.last;
        let random = rule.seed;
        state.rules.push(ActiveRule {
            id,
            rule,
            happened: 0,
            random,
        });
        id
    }

    pub(crate) fn remove(&self, id: u64) -> bool {
        let rules = &mut unpoisoned(&self.state).rules;
        let before = rules.len();
        rules.retain(|rule| rule.id != id);
        rules.len() < before
    }

    pub(crate) fn clear(&self) {
        unpoisoned(&self.state).rules.clear();
    }

    pub(crate) fn rules(&self) -> Vec<ActiveRule> {
        unpoisoned(&self.state).rules.clone()
    }

    /// The faults that happen to a request.
    pub(crate) fn draw(&self, operation: Operation) -> Vec<Fault> {
        let rules = &mut unpoisoned(&self.state).rules;
        if rules.is_empty() {
            return Vec::new();
        }
        let faults = rules
            .iter_mut()
            .filter_map(|rule| rule.strikes(operation).then(|| rule.rule.fault.clone()))
            .collect();
        rules.retain(|rule| !rule.is_over());
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(rule: FaultRule, requests: usize) -> Vec<bool> {
        let faults = Faults::default();
        faults.add(rule);
        (0..requests)
            .map(|_| !faults.draw(Operation::Jwks).is_empty())
            .collect()
    }

    #[test]
    fn a_rule_skips_counts_and_ends() {
        let rule = || FaultRule::new(Fault::ResetBefore);
        assert_eq!(course(rule(), 3), [true, true, true]);
        assert_eq!(
            course(rule().after(1).times(2), 5),
            [false, true, true, false, false]
        );
        assert_eq!(course(rule().on(Operation::BaseUrl), 2), [false, false]);
    }

    #[test]
    fn a_seed_fixes_the_course() {
        let rule = |seed| FaultRule::new(Fault::ResetBefore).with_probability(0.3, seed);
        let one = course(rule(1), 1_000);
        assert_eq!(one, course(rule(1), 1_000));
        assert_ne!(one, course(rule(2), 1_000));
        let struck = one.iter().filter(|struck| **struck).count();
        assert!((250..350).contains(&struck), "{struck} of 1000");
        assert!(!course(rule(1).with_probability(0.0, 1), 100).contains(&true));
    }

    #[test]
    fn rules_from_outside_are_looked_at() {
        let check = |rule: serde_json::Value, expected: &str| {
            let objection = match serde_json::from_value::<FaultRule>(rule) {
                Ok(rule) => rule.objection().unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            assert!(objection.contains(expected), "{objection}");
        };
        use serde_json::json;
        check(json!({ "fault": { "type": "reset_after" } }), "");
        check(json!({ "fault": { "type": "flood" } }), "unknown variant");
        check(
            json!({ "fault": { "type": "status", "status": 99 } }),
            "from 200 to 599",
        );
        check(
            json!({ "operation": "nothing", "fault": { "type": "reset_after" } }),
            "no operation 'nothing'",
        );
        check(
            json!({ "probability": 2.0, "fault": { "type": "reset_after" } }),
            "from 0 to 1",
        );
        check(
            json!({ "times": 2, "fault": { "type": "reset_after" } }),
            "unknown field",
        );
    }
}
