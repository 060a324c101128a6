//! What a request log may show: everything but credentials.

use serde_json::{Map, Value, json};

use crate::authenticate::Form;

const REDACTED: &str = "[redacted]";

/// Most bytes of a body that are kept.
const MAX_BODY: usize = 4096;

/// Says of a credential what kind it is and how long, and nothing else.
pub(crate) fn authorization(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            let token = token.trim();
            let kind = match Form::of(token) {
                Form::Sanctum { .. } => "Sanctum token",
                Form::Jwt => "JWT",
                Form::Machine => "machine token",
            };
            format!("Bearer [{kind} of {} characters]", token.chars().count())
        }
        _ => REDACTED.into(),
    }
}

/// A path and a query without the credentials in them.
pub(crate) fn target(path: &str, query: Option<&str>) -> String {
    let mut shown: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        shown.push(if segment.starts_with("dt_") {
            "dt_[redacted]"
        } else if is_credential(segment) {
            REDACTED
        } else {
            segment
        });
    }
    let path = shown.join("/");
    let Some(query) = query else {
        return path;
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if names_secret(name) || is_credential(value) => {
                format!("{name}={REDACTED}")
            }
            None if is_credential(pair) => REDACTED.into(),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// The fields of a body without the credentials in them; of a long one only its length.
pub(crate) fn body(fields: &Map<String, Value>) -> Value {
    let shown: Value = Value::Object(
        fields
            .iter()
            .map(|(name, value)| (name.clone(), field(name, value)))
            .collect(),
    );
    let length = shown.to_string().len();
    if length > MAX_BODY {
        return json!(format!("[{length} bytes]"));
    }
    shown
}

fn field(name: &str, value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        // Configuration files may hold any secret, in a form that only their reader knows.
        Value::String(text) if matches!(name, "config" | "toml" | "toml_config") => {
            json!(format!("[{} characters]", text.chars().count()))
        }
        Value::Array(_) | Value::Object(_) if names_secret(name) => json!(REDACTED),
        Value::Array(items) => items.iter().map(|item| field("", item)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), field(name, value)))
            .collect(),
        Value::String(text) if names_secret(name) || is_credential(text) => json!(REDACTED),
        Value::String(_) => value.clone(),
    }
}

fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |part: &str| name.contains(part);
    (has("token") || has("secret") || has("password") || has("credential") || has("key"))
        && !has("public")
}

/// Whether a text has the form of one of the cloud's credentials, wherever it stands.
fn is_credential(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("mt_")
        || text.starts_with("gw_token_")
        || text.starts_with("dt_")
        || (text.len() > 20 && !matches!(Form::of(text), Form::Machine))
        || text.contains("AGE-SECRET-KEY-")
        || text.contains("PRIVATE KEY-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_described_and_not_shown() {
        let check = |value: &str, expected: &str| assert_eq!(authorization(value), expected);
        check("Bearer mt_0011", "Bearer [machine token of 7 characters]");
        check("bearer 7|abc", "Bearer [Sanctum token of 5 characters]");
        check(
            "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
            "Bearer [JWT of 29 characters]",
        );
        check("Basic aW5lczpwdw==", "[redacted]");
        check("mt_0011", "[redacted]");
    }

    #[test]
    fn a_target_keeps_its_shape() {
        let check = |path: &str, query: Option<&str>, expected: &str| {
            assert_eq!(target(path, query), expected);
        };
        check("/api/gateways", Some("page=2"), "/api/gateways?page=2");
        check(
            "/api/cli/check-login/dt_7pZr0k2Vx9",
            None,
            "/api/cli/check-login/dt_[redacted]",
        );
        check(
            "/x/mt_00",
            Some("access_token=abc"),
            "/x/[redacted]?access_token=[redacted]",
        );
        check("/x", Some("mt_00&a=mt_00"), "/x?[redacted]&a=[redacted]");
    }

    #[test]
    fn a_body_keeps_what_is_no_secret() {
        let sent = json!({
            "token": "12|abc",
            "gateway_code": "edge",
            "metadata": ["os=linux", "mt_0011"],
            "machine_public_key": "age1abc",
            "settings": { "jwt_secret": "hush", "level": "info", "keys": ["a"] },
            "config": "jwt_secret = \"hush\"",
            "enabled": true,
        });
        let expected = json!({
            "token": REDACTED,
            "gateway_code": "edge",
            "metadata": ["os=linux", REDACTED],
            "machine_public_key": "age1abc",
            "settings": { "jwt_secret": REDACTED, "level": "info", "keys": REDACTED },
            "config": "[19 characters]",
            "enabled": true,
        });
        assert_eq!(body(sent.as_object().unwrap()), expected);
        let long = json!({ "name": "x".repeat(MAX_BODY) });
        assert_eq!(body(long.as_object().unwrap()), "[4107 bytes]");
    }
}
