//! Device login: a program asks for a login, and a person approves it in a browser (like RFC 8628).

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use serde::Deserialize;

use crate::lenient::{all_lenient_object, lenient};
use crate::operation::{read_json, refusal};
use crate::{
    AnswerError, ApiRequest, Clock, Operation, Origin, ReadError, Secret, UserInfo, UserToken,
};

/// How often to ask where the server does not say (RFC 8628, section 3.5).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// How long a login waits where the server does not say.
const DEFAULT_LIFE: Duration = Duration::from_secs(600);

/// Begins a login. It takes no token.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct StartLogin;

impl StartLogin {
    /// A login, which has no parameters.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Operation for StartLogin {
    const NAME: &'static str = "startLogin";
    type Answer = StartLoginResponse;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::POST, ["cli", "start-login"]).without_token()
    }

    fn read(&self, body: &[u8]) -> Result<StartLoginResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// A login that waits for a person.
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct StartLoginResponse {
    /// What [`CheckLogin`] asks with. Whoever has it gets the token.
    pub device_token: Secret,
    /// Where a person approves the login.
    pub verification_url: String,
    /// How long the login waits, in seconds: 600.
    #[serde(default, deserialize_with = "lenient")]
    pub expires_in_seconds: Option<f64>,
    /// How long to wait between two questions, in seconds, where the server says so.
    #[serde(default, deserialize_with = "lenient")]
    pub interval: Option<f64>,
}

/// The page's address holds the device token, so that no more than its origin is shown.
impl fmt::Debug for StartLoginResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartLoginResponse")
            .field("device_token", &self.device_token)
            .field(
                "verification_origin",
                &Origin::of(&self.verification_url).ok(),
            )
            .field("expires_in_seconds", &self.expires_in_seconds)
            .field("interval", &self.interval)
            .finish()
    }
}

impl StartLoginResponse {
    /// How long the login waits for a person: what the server says, or ten minutes.
    #[must_use]
    pub fn life(&self) -> Duration {
        seconds(self.expires_in_seconds).unwrap_or(DEFAULT_LIFE)
    }

    /// How long to wait between two questions: what the server says, but no less than a second, or five seconds.
    #[must_use]
    pub fn interval(&self) -> Duration {
        seconds(self.interval).map_or(DEFAULT_INTERVAL, |interval| {
            interval.max(Duration::from_secs(1))
        })
    }
}

fn seconds(number: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(number?)
        .ok()
        .filter(|duration| !duration.is_zero())
}

/// Asks what became of a login. It takes no token.
#[derive(Debug, Clone)]
pub struct CheckLogin {
    device_token: Secret,
}

impl CheckLogin {
    /// The login of this device token.
    #[must_use]
    pub fn new(device_token: impl Into<Secret>) -> Self {
        Self {
            device_token: device_token.into(),
        }
    }
}

impl Operation for CheckLogin {
    const NAME: &'static str = "checkLogin";
    type Answer = LoginStatus;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::GET, ["cli", "check-login"])
            .with_secret_segment(&self.device_token)
            .without_token()
    }

    fn read(&self, body: &[u8]) -> Result<LoginStatus, ReadError> {
        let form: Form = read_json(Self::NAME, body)?;
        let state = form.state();
        let Some(status) = form.into_status() else {
            let problem = if state.is_empty() {
                "the field `status` is missing"
            } else {
                "the login is approved, but the field `token` is missing"
            };
            return Err(ReadError::new(Self::NAME, problem));
        };
        Ok(status)
    }

    /// Reads the state from an answer of any status: the cloud tells some of them with 404 and 410.
    fn answer(&self, response: &Response<Bytes>) -> Result<LoginStatus, AnswerError> {
        if response.status().is_success() {
            return self.read(response.body()).map_err(AnswerError::Unreadable);
        }
        let form = serde_json::from_slice::<Form>(response.body()).ok();
        match form.and_then(Form::into_status) {
            Some(LoginStatus::Other(_)) | None => Err(refusal(response)),
            Some(status) => Ok(status),
        }
    }
}

/// What became of a login.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LoginStatus {
    /// Nobody has decided yet. Ask again after the interval.
    Pending,
    /// Nobody has decided yet, and the questions come too fast: ask five seconds slower from now on (RFC 8628,
    /// section 3.5).
    SlowDown,
    /// Somebody approved it. A server may tell this only once: keep the token before anything else.
    Authenticated(LoggedIn),
    /// Nobody decided in time. Begin another login.
    Expired,
    /// The login is not known, or somebody denied it. Begin another login.
    Invalid,
    /// A state that is not known here, as the server writes it.
    Other(String),
}

/// The token of a login that was approved.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The user's token.
    pub token: Secret,
    /// How long it works, in seconds, where the server says so.
    pub expires_in: Option<f64>,
    /// Whose it is, where the server says so.
    pub user: Option<UserInfo>,
}

impl LoggedIn {
    /// The token as it is kept, received now.
    #[must_use]
    pub fn to_user_token(&self, clock: &dyn Clock) -> UserToken {
        let expiry = seconds(self.expires_in).map(|life| clock.now().saturating_add(life));
        UserToken::new(
            self.token.clone(),
            expiry.map(|expiry| expiry.as_unix_seconds()),
            self.user.clone(),
        )
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    #[serde(deserialize_with = "lenient")]
    status: Option<String>,
    /// What RFC 8628 calls it.
    #[serde(deserialize_with = "lenient")]
    error: Option<String>,
    #[serde(deserialize_with = "lenient")]
    token: Option<Secret>,
    #[serde(deserialize_with = "lenient")]
    expires_in: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    user: Option<UserInfo>,
}

all_lenient_object!(Form);

impl Form {
    fn state(&self) -> String {
        let state = self.status.as_ref().or(self.error.as_ref());
        state.cloned().unwrap_or_default()
    }

    /// `None` without a state, or where an approved login has no token.
    fn into_status(self) -> Option<LoginStatus> {
        Some(match self.state().as_str() {
            "" => return None,
            "pending" | "authorization_pending" => LoginStatus::Pending,
            "slow_down" => LoginStatus::SlowDown,
            "authenticated" => LoginStatus::Authenticated(LoggedIn {
                token: self.token.filter(|token| !token.expose().is_empty())?,
                expires_in: self.expires_in,
                user: self.user,
            }),
            "expired" | "expired_token" => LoginStatus::Expired,
            "invalid" | "denied" | "access_denied" => LoginStatus::Invalid,
            other => LoginStatus::Other(other.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expected: Option<LoginStatus>) {
        let response = Response::builder()
            .status(status)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let answer = CheckLogin::new("dt_canary").answer(&response).ok();
        assert_eq!(answer, expected, "{status} {body}");
    }

    #[test]
    fn the_state_is_read_from_any_status() {
        for status in [200, 400, 404, 410, 500] {
            check(
                status,
                r#"{"status":"expired"}"#,
                Some(LoginStatus::Expired),
            );
            check(
                status,
                r#"{"status":"invalid"}"#,
                Some(LoginStatus::Invalid),
            );
            check(
                status,
                r#"{"error":"slow_down"}"#,
                Some(LoginStatus::SlowDown),
            );
            check(
                status,
                r#"{"error":"authorization_pending"}"#,
                Some(LoginStatus::Pending),
            );
        }
        check(
            200,
            r#"{"status":"frozen"}"#,
            Some(LoginStatus::Other("frozen".to_owned())),
        );
    }

    #[test]
    fn what_is_no_state_is_a_refusal() {
        for (status, body) in [
            (200, "{}"),
            (200, r#"{"status":"authenticated"}"#),
            (200, r#"{"status":"authenticated","token":""}"#),
            (404, r#"{"message":"Not Found"}"#),
            (404, r#"{"error":"Not Found"}"#),
            (429, r#"{"message":"Too Many Attempts."}"#),
            (500, "<html>"),
        ] {
            check(status, body, None);
        }
    }

    #[test]
    fn the_pace_is_that_of_the_server_and_never_a_flood() {
        let started = |json: &str| serde_json::from_str::<StartLoginResponse>(json).unwrap();
        let plain = started(r#"{"device_token":"d","verification_url":"u"}"#);
        assert_eq!(plain.life(), DEFAULT_LIFE);
        assert_eq!(plain.interval(), DEFAULT_INTERVAL);
        let odd = started(
            r#"{"device_token":"d","verification_url":"u","expires_in_seconds":90.5,"interval":0.01}"#,
        );
        assert_eq!(odd.life(), Duration::from_millis(90_500));
        assert_eq!(odd.interval(), Duration::from_secs(1));
    }

    #[test]
    fn a_device_token_shows_nowhere() {
        let operation = CheckLogin::new("dt_canary");
        assert!(!format!("{operation:?} {:?}", operation.request()).contains("canary"));
        let started: StartLoginResponse = serde_json::from_str(
            r#"{"device_token":"dt_canary","verification_url":"https://h/cli/verify/dt_canary"}"#,
        )
        .unwrap();
        assert!(!format!("{started:?}").contains("canary"));
    }
}
