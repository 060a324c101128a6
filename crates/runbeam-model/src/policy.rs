//! Policies, and the rules that they are made of.

use serde::{Serialize, Serializer};

use crate::definition::{draft, kind, record};
use crate::{AnyJson, GatewayId, Known, PolicyId, RuleId};

record! {
    /// A policy: rules that say which requests pass.
    Policy(PolicyId) tagged "policy" {
        /// Whether it counts. The API writes it as `0` or `1`.
        #[serde(serialize_with = "as_number")]
        enabled: Option<bool>,
        /// The gateway that keeps it.
        gateway_id: Known<GatewayId>,
        /// The codes of its rules.
        rules: Vec<String>,
    }
}

fn as_number<S: Serializer>(flag: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
    flag.map(u8::from).serialize(serializer)
}

draft! {
    /// What a policy is created or updated from.
    PolicyDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that keeps it.
        with_gateway_id(gateway_id: GatewayId),
        /// Whether it counts.
        with_enabled(enabled: bool),
        /// The codes of its rules.
        with_rules(rules: texts),
    }
}

kind!(Policy(PolicyId, PolicyDraft): "policy" in "policies", of gateway_id);

record! {
    /// A rule of policies.
    Rule(RuleId) tagged "rule" {
        /// What it does, such as `ip_allow` or `rate_limit`.
        rule_type: String,
        /// The gateway that keeps it.
        gateway_id: Known<GatewayId>,
        /// Its place among rules, 0 to 1000.
        weight: Option<u32>,
        /// Whether it counts.
        enabled: Option<bool>,
        /// Its options, as the server gives them.
        options: AnyJson,
    }
}

draft! {
    /// What a rule is created or updated from.
    RuleDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: text),
        /// The gateway that keeps it.
        with_gateway_id(gateway_id: GatewayId),
        /// What it does, such as `ip_allow` or `rate_limit`.
        with_rule_type(rule_type: text),
        /// Its place among rules, 0 to 1000.
        with_weight(weight: u32),
        /// Whether it counts.
        with_enabled(enabled: bool),
        /// Its options.
        with_options(options: AnyJson),
    }
}

kind!(Rule(RuleId, RuleDraft): "rule" in "rules", of gateway_id);
