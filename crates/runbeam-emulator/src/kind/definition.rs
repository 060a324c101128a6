//! The table of kinds: every field with its rule, its first value, and its place in an answer.

use serde_json::{Value, json};

use super::{Definition, Frame, Gateway, Kind};

/// One field of a kind, besides the ones that every kind has.
pub(crate) struct Field {
    /// Its name in a request.
    pub(crate) name: &'static str,
    pub(crate) rule: Rule,
    pub(crate) required: bool,
    /// What it is before anybody says something.
    pub(crate) initial: Initial,
    pub(crate) shown: Shown,
}

/// What a field may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// At most 255 characters.
    Text,
    /// At most 255 characters, or null.
    NullableText,
    /// Any length, or null.
    NullableLongText,
    /// As [`Rule::NullableLongText`], with the empty text for null.
    Description,
    Boolean,
    /// A boolean in requests, 0 or 1 in answers.
    Flag,
    Integer(i64, i64),
    NullableInteger(i64, i64),
    /// The id of another record, which older clients send as a number.
    NullableId,
    NullableTexts,
    /// A list of texts, with the empty list for null.
    Texts,
    /// An object or a list, or null.
    NullableStructure,
    /// Where something listens or is reached: host, port, protocol, base path.
    Connection,
    /// An object keyed by name, or an empty list.
    Named,
    Anything,
}

/// The first value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initial {
    Null,
    False,
    True,
    One,
    EmptyList,
    Text(&'static str),
}

/// Where an answer shows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Under its own name.
    Plain,
    /// Under its own name, within this object.
    Within(&'static str),
}

const fn field(name: &'static str, rule: Rule, initial: Initial) -> Field {
    Field {
        name,
        rule,
        required: false,
        initial,
        shown: Shown::Plain,
    }
}

/// A field whose first value is null.
const fn empty(name: &'static str, rule: Rule) -> Field {
    field(name, rule, Initial::Null)
}

impl Field {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn within(mut self, object: &'static str) -> Self {
        self.shown = Shown::Within(object);
        self
    }
}

const GATEWAY: &[Field] = &[
    field("enabled", Rule::Boolean, Initial::False),
    empty("pipelines_path", Rule::NullableText),
    empty("transforms_path", Rule::NullableText),
    empty("jwks_cache_duration_hours", Rule::NullableInteger(1, 168)),
    field("management_enabled", Rule::Boolean, Initial::False),
    empty("management_base_path", Rule::NullableText),
    empty("management_network_id", Rule::NullableId),
    empty("dns", Rule::NullableTexts),
    empty("settings", Rule::NullableStructure),
];

const SERVICE: &[Field] = &[empty("description", Rule::NullableLongText)];

const ENDPOINT: &[Field] = &[
    empty("service_id", Rule::NullableId),
    empty("peer_ref", Rule::NullableText),
    empty("connection", Rule::Connection),
    empty("authentication", Rule::NullableText),
    empty("path", Rule::NullableLongText),
    empty("methods", Rule::NullableTexts),
    empty("description", Rule::NullableLongText),
    empty("options", Rule::Anything),
];

const BACKEND: &[Field] = &[
    empty("service_id", Rule::NullableId),
    empty("target_ref", Rule::NullableText),
    empty("connection", Rule::Connection),
    empty("authentication", Rule::NullableText),
    empty("url", Rule::NullableLongText),
    empty("timeout_seconds", Rule::NullableInteger(0, MANY)),
    empty("max_retries", Rule::NullableInteger(0, MANY)),
    empty("options", Rule::Anything),
];

const PIPELINE: &[Field] = &[
    empty("service_id", Rule::NullableId).within(HIDDEN),
    field("description", Rule::Description, Initial::Text("")),
    empty("networks", Rule::NullableTexts),
    field("endpoints", Rule::Named, Initial::EmptyList),
    field("backends", Rule::Named, Initial::EmptyList),
    field("middleware", Rule::Named, Initial::EmptyList),
];

const MIDDLEWARE: &[Field] = &[
    field("middleware_type", Rule::Text, Initial::Text("passthru")),
    empty("authentication", Rule::NullableText),
    empty("options", Rule::Anything),
];

const TRANSFORM: &[Field] = &[empty("instructions", Rule::NullableLongText).within("options")];

const POLICY: &[Field] = &[
    field("enabled", Rule::Flag, Initial::One),
    field("rules", Rule::Texts, Initial::EmptyList),
];

const NETWORK: &[Field] = &[
    field("enable_wireguard", Rule::Boolean, Initial::False).required(),
    empty("interface", Rule::NullableText),
    empty("bind_address", Rule::Text).required().within("http"),
    empty("bind_port", Rule::Integer(1, 65_535))
        .required()
        .within("http"),
];

const AUTHENTICATION: &[Field] = &[
    field("method", Rule::Text, Initial::Text("none")),
    empty("options", Rule::Anything),
];

/// What a peer and a target have in common: everything.
const PARTNER: &[Field] = &[
    empty("connection", Rule::Connection),
    empty("protocol", Rule::NullableText),
    empty("description", Rule::NullableLongText),
    field("enabled", Rule::Boolean, Initial::True),
    empty("authentication", Rule::NullableText),
    empty("tags", Rule::NullableTexts),
    empty("timeout_secs", Rule::NullableInteger(0, MANY)),
    empty("max_retries", Rule::NullableInteger(0, MANY)),
];

const RULE: &[Field] = &[
    field("rule_type", Rule::Text, Initial::Text("allow_all")),
    empty("weight", Rule::NullableInteger(0, 1000)),
    field("enabled", Rule::Boolean, Initial::True),
    empty("options", Rule::Anything),
];

const MESH: &[Field] = &[
    field("type", Rule::Text, Initial::Text("http")),
    field("provider", Rule::Text, Initial::Text("runbeam")),
    field("auth_type", Rule::Text, Initial::Text("jwt")),
    field("ingress", Rule::Texts, Initial::EmptyList),
    field("egress", Rule::Texts, Initial::EmptyList),
    field("enabled", Rule::Boolean, Initial::True),
    empty("description", Rule::NullableLongText),
];

const INGRESS: &[Field] = &[
    field("type", Rule::Text, Initial::Text("http")),
    field("pipeline", Rule::Text, Initial::Text("")),
    field("mode", Rule::Text, Initial::Text("default")),
    empty("endpoint", Rule::NullableText),
    field("urls", Rule::Texts, Initial::EmptyList),
    field("enabled", Rule::Boolean, Initial::True),
    empty("description", Rule::NullableLongText),
];

const EGRESS: &[Field] = &[
    field("type", Rule::Text, Initial::Text("http")),
    field("pipeline", Rule::Text, Initial::Text("")),
    field("mode", Rule::Text, Initial::Text("default")),
    empty("backend", Rule::NullableText),
    field("enabled", Rule::Boolean, Initial::True),
    empty("description", Rule::NullableLongText),
];

/// The largest number of seconds or tries: what fits the clients' 32 bits.
const MANY: i64 = 4_294_967_295;

/// The object of fields that no answer shows.
pub(super) const HIDDEN: &str = "";

impl Field {
    pub(crate) fn is_within(&self, object: &str) -> bool {
        matches!(self.shown, Shown::Within(outer) if outer == object)
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.is_within(HIDDEN)
    }

    pub(crate) fn first_value(&self) -> Value {
        match self.initial {
            Initial::Null => Value::Null,
            Initial::False => json!(false),
            Initial::True => json!(true),
            Initial::One => json!(1),
            Initial::EmptyList => json!([]),
            Initial::Text(text) => json!(text),
        }
    }
}

pub(super) const fn of(kind: Kind) -> &'static Definition {
    macro_rules! definition {
        ($tag:literal, $plural:literal, $model:literal, $fields:ident, $frame:ident, $gateway:ident) => {
            &Definition {
                tag: $tag,
                plural: $plural,
                model: $model,
                fields: $fields,
                frame: Frame::$frame,
                gateway: Gateway::$gateway,
            }
        };
    }
    #[rustfmt::skip]
    return match kind {
        Kind::Gateway => definition!("gateway", "gateways", "Gateway", GATEWAY, Full, Itself),
        Kind::Service => definition!("service", "services", "Service", SERVICE, Full, Needed),
        Kind::Endpoint => definition!("endpoint", "endpoints", "Endpoint", ENDPOINT, Full, Optional),
        Kind::Backend => definition!("backend", "backends", "Backend", BACKEND, Full, Optional),
        Kind::Pipeline => definition!("pipeline", "pipelines", "Pipeline", PIPELINE, Full, Optional),
        Kind::Middleware => definition!("middleware", "middlewares", "Middleware", MIDDLEWARE, Full, Hidden),
        Kind::Transform => definition!("transform", "transforms", "Transform", TRANSFORM, Full, Needed),
        Kind::Policy => definition!("policy", "policies", "Policy", POLICY, Full, Needed),
        Kind::Network => definition!("network", "networks", "Network", NETWORK, Full, Optional),
        Kind::Authentication => definition!("authentication", "authentications", "Authentication", AUTHENTICATION, Full, Optional),
        Kind::Peer => definition!("peer", "peers", "Peer", PARTNER, Full, Optional),
        Kind::Target => definition!("target", "targets", "Target", PARTNER, Full, Optional),
        Kind::Rule => definition!("rule", "rules", "Rule", RULE, Full, Needed),
        Kind::Mesh => definition!("mesh", "meshes", "Mesh", MESH, Bare, Hidden),
        Kind::Ingress => definition!("ingress", "ingresses", "Ingress", INGRESS, Bare, Hidden),
        Kind::Egress => definition!("egress", "egresses", "Egress", EGRESS, Bare, Hidden),
    };
}
