//! Ids and codes: opaque texts that can stand in a path, a header and a log.

use std::fmt;
use std::str::FromStr;

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::lenient::{Anything, Lenient};

const MAX_LENGTH: usize = 255;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// One to 255 characters without a slash, a backslash, a space or a control character, and neither
        /// `.` nor `..`; read from a JSON string or integer, written as a string.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text of the id.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                check($what, text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = ParseError;

            fn try_from(text: &str) -> Result<Self, ParseError> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseError;

            fn try_from(text: String) -> Result<Self, ParseError> {
                text.parse()
            }
        }

        impl TryFrom<&Self> for $name {
            type Error = ParseError;

            fn try_from(id: &Self) -> Result<Self, ParseError> {
                Ok(id.clone())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let Anything(id) = Anything::deserialize(deserializer)?;
                id.ok_or_else(|| serde::de::Error::custom(concat!("it is no ", $what)))
            }
        }

        impl Lenient for $name {
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn from_integer(number: i128) -> Option<Self> {
                Some(Self(number.to_string().into()))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }
    };
}

id_type! {
    /// The id of a gateway, given by the cloud (a ULID in lower case).
    GatewayId, "gateway id"
}
id_type! {
    /// The code of a gateway: the short name that its operator chose.
    GatewayCode, "gateway code"
}
id_type! {
    /// The id of a service.
    ServiceId, "service id"
}
id_type! {
    /// The id of an endpoint.
    EndpointId, "endpoint id"
}
id_type! {
    /// The id of a backend.
    BackendId, "backend id"
}
id_type! {
    /// The id of a pipeline.
    PipelineId, "pipeline id"
}
id_type! {
    /// The id of a middleware.
    MiddlewareId, "middleware id"
}
id_type! {
    /// The id of a transform.
    TransformId, "transform id"
}
id_type! {
    /// The id of a policy.
    PolicyId, "policy id"
}
id_type! {
    /// The id of a rule.
    RuleId, "rule id"
}
id_type! {
    /// The id of a network.
    NetworkId, "network id"
}
id_type! {
    /// The id of an authentication.
    AuthenticationId, "authentication id"
}
id_type! {
    /// The id of a peer.
    PeerId, "peer id"
}
id_type! {
    /// The id of a target.
    TargetId, "target id"
}
id_type! {
    /// The id of a mesh.
    MeshId, "mesh id"
}
id_type! {
    /// The id of a place where a mesh comes in.
    MeshIngressId, "mesh ingress id"
}
id_type! {
    /// The id of a place where a mesh goes out.
    MeshEgressId, "mesh egress id"
}
id_type! {
    /// The id of a gateway's connection with the cloud.
    RunbeamId, "runbeam id"
}
id_type! {
    /// The id of a configuration change.
    ChangeId, "change id"
}
id_type! {
    /// The id of a resource whose kind is told beside it.
    ResourceId, "resource id"
}
id_type! {
    /// The id of a team.
    TeamId, "team id"
}
id_type! {
    /// The id of a user.
    UserId, "user id"
}

fn check(what: &'static str, text: &str) -> Result<(), ParseError> {
    // Nearly all ids are such, and one look at each byte settles it.
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=MAX_LENGTH).contains(&text.len()) && text.as_bytes().iter().all(is_plain) {
        return Ok(());
    }
    let problem = if text.is_empty() {
        "it is empty"
    } else if text.chars().count() > MAX_LENGTH {
        "it is longer than 255 characters"
    } else if text == "." || text == ".." {
        "it is a step in a path"
    } else if text.contains(['/', '\\']) {
        "it holds a path separator"
    } else if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        "it holds a space or a control character"
    } else {
        return Ok(());
    };
    Err(ParseError::new(what, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        for text in [
            "",
            ".",
            "..",
            "a/../../services?x=1",
            "a\\b",
            "a\0",
            "a\nb",
            "a b",
            &"x".repeat(256),
        ] {
            assert!(text.parse::<GatewayId>().is_err(), "{text:?}");
        }
        for text in [
            "01kctftk2mdjffee5fqs6capf6",
            "7",
            "edge-lisbon",
            "a?b",
            "é",
            &"x".repeat(255),
        ] {
            assert_eq!(text.parse::<GatewayId>().unwrap(), text);
        }
    }

    #[test]
    fn integers_are_read_as_their_text() {
        let ids: Vec<GatewayId> =
            serde_json::from_str(r#"["a", 17, 18446744073709551615]"#).unwrap();
        assert_eq!(
            ids.iter().map(GatewayId::as_str).collect::<Vec<_>>(),
            ["a", "17", "18446744073709551615"]
        );
        assert!(serde_json::from_str::<GatewayId>("1.5").is_err());
        assert!(serde_json::from_str::<GatewayId>("null").is_err());
        assert_eq!(serde_json::to_string(&ids[1]).unwrap(), "\"17\"");
    }
}
