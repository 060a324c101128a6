//! The tokens that are kept: a gateway's machine token and a person's user token.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lenient::lenient;
use crate::operation::read_json_described;
use crate::{
    Clock, GatewayCode, GatewayId, Known, ParseError, Secret, SecretBytes, SystemClock, Timestamp,
    UserInfo,
};

/// A token that is about to expire is not worth a call: clocks differ, and calls take time.
const VALIDITY_MARGIN: Duration = Duration::from_secs(60);

/// What a gateway calls the API with on its own, for thirty days.
///
/// It is written with all fields ([`MachineToken::to_json`]), the only form that every version reads, and read
/// from every form that occurs: files of all versions, the JSON of `RUNBEAM_MACHINE_TOKEN` with any of its
/// optional fields missing, and the bare token. It has no `Serialize`: its text leaves by explicit calls alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Form")]
#[non_exhaustive]
pub struct MachineToken {
    /// The token itself.
    pub machine_token: Secret,
    /// When it stops to work.
    pub expires_at: Known<Timestamp>,
    /// The gateway that it is for.
    pub gateway_id: Known<GatewayId>,
    /// The gateway's short name.
    pub gateway_code: Known<GatewayCode>,
    /// What it may do.
    pub abilities: Vec<String>,
    /// When it was received.
    pub issued_at: Known<Timestamp>,
}

impl MachineToken {
    /// A token as the cloud's answer to an authorization describes it, received now.
    #[must_use]
    pub fn new(
        machine_token: impl Into<Secret>,
        expires_at: impl Into<Known<Timestamp>>,
        gateway_id: impl Into<Known<GatewayId>>,
        gateway_code: impl Into<Known<GatewayCode>>,
        abilities: Vec<String>,
    ) -> Self {
        Self {
            machine_token: machine_token.into(),
            expires_at: expires_at.into(),
            gateway_id: gateway_id.into(),
            gateway_code: gateway_code.into(),
            abilities,
            issued_at: SystemClock.now().into(),
        }
    }

    /// Whether its last second has passed. One of unknown expiry never counts as expired.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.is_expired_at(SystemClock.now())
    }

    /// Whether its last second has passed at `now`.
    #[must_use]
    pub fn is_expired_at(&self, now: Timestamp) -> bool {
        self.expires_at.get().is_some_and(|expiry| *expiry <= now)
    }

    /// Whether it is worth a call: more than a minute is left. One of unknown expiry is, until the cloud
    /// answers 401.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.is_valid_at(SystemClock.now())
    }

    /// Whether it is worth a call at `now`.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        !self.is_expired_at(now.saturating_add(VALIDITY_MARGIN))
    }

    /// The time that is left at `now`, if the expiry is known; zero once it is past.
    #[must_use]
    pub fn time_left_at(&self, now: Timestamp) -> Option<Duration> {
        self.expires_at
            .get()
            .map(|expiry| expiry.saturating_duration_since(now))
    }

    /// The JSON that is sealed in a store: all fields, whatever is unknown in the form that says so to every
    /// version.
    #[must_use]
    pub fn to_json(&self) -> SecretBytes {
        #[derive(Serialize)]
        struct Written<'a> {
            #[serde(serialize_with = "Secret::serialize_exposed")]
            machine_token: &'a Secret,
            expires_at: Timestamp,
            gateway_id: &'a str,
            gateway_code: &'a str,
            abilities: &'a [String],
            issued_at: Timestamp,
        }
        let written = Written {
            machine_token: &self.machine_token,
            expires_at: self.expires_at.into_option().unwrap_or(Timestamp::MAX),
            gateway_id: self.gateway_id.get().map_or("", GatewayId::as_str),
            gateway_code: self.gateway_code.get().map_or("", GatewayCode::as_str),
            abilities: &self.abilities,
            issued_at: self
                .issued_at
                .into_option()
                .unwrap_or(Timestamp::UNIX_EPOCH),
        };
        // Texts and lists of texts always have a JSON form.
        SecretBytes::from_json_pretty(&written).unwrap_or_default()
    }

    /// Reads the JSON of any version.
    ///
    /// # Errors
    ///
    /// If it is not an object with at least a `machine_token`, or if a date in it cannot be read.
    pub fn from_json(json: &[u8]) -> Result<Self, ParseError> {
        let token: Self = read_json_described(json)
            .map_err(|problem| ParseError::new("machine token", problem))?;
        token.machine_token.to_bearer_header()?;
        Ok(token)
    }
}

/// The value of `RUNBEAM_MACHINE_TOKEN`: JSON, or the bare token of which nothing else is known.
impl FromStr for MachineToken {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        if text.starts_with('{') {
            return Self::from_json(text.as_bytes());
        }
        let machine_token = Secret::from(text);
        machine_token.to_bearer_header()?;
        Ok(Self {
            machine_token,
            expires_at: Known::unknown(),
            gateway_id: Known::unknown(),
            gateway_code: Known::unknown(),
            abilities: Vec::new(),
            issued_at: Known::unknown(),
        })
    }
}

/// The JSON form: what is unknown may be missing, null, empty or the far end of time.
#[derive(Deserialize)]
struct Form {
    machine_token: Secret,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    gateway_id: Option<GatewayId>,
    #[serde(default, deserialize_with = "lenient")]
    gateway_code: Option<GatewayCode>,
    #[serde(default, deserialize_with = "lenient")]
    abilities: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    issued_at: Option<Timestamp>,
}

impl From<Form> for MachineToken {
    fn from(form: Form) -> Self {
        // Six digits are written of the nine that the latest time has.
        let latest_written = Timestamp::from_unix_seconds(Timestamp::MAX.as_unix_seconds());
        Self {
            machine_token: form.machine_token,
            expires_at: form
                .expires_at
                .filter(|expiry| *expiry < latest_written)
                .into(),
            gateway_id: form.gateway_id.into(),
            gateway_code: form.gateway_code.into(),
            abilities: form.abilities,
            issued_at: form
                .issued_at
                .filter(|issued| *issued != Timestamp::UNIX_EPOCH)
                .into(),
        }
    }
}

/// What a person logged in with: a JWT or a Sanctum token, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserToken {
    /// The token itself.
    pub token: Secret,
    /// When it stops to work.
    pub expires_at: Known<Timestamp>,
    /// Whose it is.
    pub user: Option<UserInfo>,
}

impl UserToken {
    /// A token, with its expiry in Unix seconds and its owner where they are known.
    #[must_use]
    pub fn new(token: impl Into<Secret>, expires_at: Option<i64>, user: Option<UserInfo>) -> Self {
        Self {
            token: token.into(),
            expires_at: expires_at.map(Timestamp::from_unix_seconds).into(),
            user,
        }
    }

    /// Whether its last second has passed at `now`. One of unknown expiry never counts as expired.
    #[must_use]
    pub fn is_expired_at(&self, now: Timestamp) -> bool {
        self.expires_at.get().is_some_and(|expiry| *expiry <= now)
    }

    /// The JSON that is sealed in a store.
    #[must_use]
    pub fn to_json(&self) -> SecretBytes {
        #[derive(Serialize)]
        struct Written<'a> {
            #[serde(serialize_with = "Secret::serialize_exposed")]
            token: &'a Secret,
            expires_at: Option<i64>,
            user: &'a Option<UserInfo>,
        }
        let expires_at = self.expires_at.get().map(|expiry| expiry.as_unix_seconds());
        // Texts and numbers always have a JSON form.
        SecretBytes::from_json_pretty(&Written {
            token: &self.token,
            expires_at,
            user: &self.user,
        })
        .unwrap_or_default()
    }

    /// Reads the JSON of any version.
    ///
    /// # Errors
    ///
    /// If it is not an object with at least a `token`.
    pub fn from_json(json: &[u8]) -> Result<Self, ParseError> {
        #[derive(Deserialize)]
        struct Form {
            token: Secret,
            #[serde(default)]
            expires_at: Option<i64>,
            #[serde(default, deserialize_with = "lenient")]
            user: Option<UserInfo>,
        }
        let form: Form =
            read_json_described(json).map_err(|problem| ParseError::new("user token", problem))?;
        form.token.to_bearer_header()?;
        Ok(Self::new(form.token, form.expires_at, form.user))
    }
}
