//! The management API of a gateway: what it says of itself, and the hand-over of its machine token.
//!
//! It is served by the gateway, not by the cloud, takes no bearer token, and lies below a prefix that the gateway's
//! configuration names.

use std::fmt;
use std::str::FromStr;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient::lenient;
use crate::operation::read_json;
use crate::{
    ApiRequest, BaseUrl, MachineToken, Operation, ParseError, ReadError, Secret, SecretBytes,
};

/// Where the management API lies below the gateway's address: `admin` unless configured otherwise.
///
/// ```
/// # use runbeam_model::ManagementPrefix;
/// assert_eq!("/admin/".parse::<ManagementPrefix>()?.to_string(), "admin");
/// assert!("a/../b".parse::<ManagementPrefix>().is_err());
/// # Ok::<_, runbeam_model::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ManagementPrefix(Box<str>);

impl ManagementPrefix {
    /// The path of the operation `name`, as it stands in a request.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        self.request(Method::GET, name).path().to_owned()
    }

    fn request(&self, method: Method, name: &str) -> ApiRequest {
        let segments = self.0.split('/').filter(|segment| !segment.is_empty());
        ApiRequest::at_root(method, segments.chain([name])).without_token()
    }
}

impl Default for ManagementPrefix {
    fn default() -> Self {
        Self("admin".into())
    }
}

impl FromStr for ManagementPrefix {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim_matches('/');
        if text
            .split('/')
            .any(|segment| segment == "." || segment == "..")
        {
            let problem = "it has a `.` or `..` segment";
            return Err(ParseError::new("path prefix", problem));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ManagementPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Operations that ask for one page below the prefix, and have no body.
macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident: $method:ident $path:literal $id:literal => $answer:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default)]
            pub struct $name {
                prefix: ManagementPrefix,
            }

            impl $name {
                /// For a gateway whose management API lies below `prefix`.
                #[must_use]
                pub fn new(prefix: ManagementPrefix) -> Self {
                    Self { prefix }
                }
            }

            impl Operation for $name {
                const NAME: &'static str = $id;
                type Answer = $answer;

                fn request(&self) -> ApiRequest {
                    self.prefix.request(Method::$method, $path)
                }

                fn read(&self, body: &[u8]) -> Result<$answer, ReadError> {
                    read_json(Self::NAME, body)
                }
            }
        )*
    };
}

pages! {
    /// Asks for facts about the process.
    ShowManagementInfo: GET "info" "info" => ManagementInfo;
    /// Asks for the pipelines that are configured.
    ShowPipelines: GET "pipelines" "pipelines" => ManagedPipelines;
    /// Asks for the routes that are served.
    ShowRoutes: GET "routes" "routes" => ManagedRoutes;
    /// Lets the gateway upload its configuration to the cloud, with its own machine token.
    UploadConfiguration: POST "update" "update" => Uploaded;
}

/// Facts about a gateway's process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManagementInfo {
    /// Its version.
    #[serde(default, deserialize_with = "lenient")]
    pub version: String,
    /// Unix seconds: of its start, or, from some versions, of the answer.
    #[serde(default, deserialize_with = "lenient")]
    pub uptime: u64,
    /// The operating system, such as `linux`.
    #[serde(default, deserialize_with = "lenient")]
    pub os: String,
    /// The processor, such as `x86_64`.
    #[serde(default, deserialize_with = "lenient")]
    pub arch: String,
    /// What else it says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The pipelines of a gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManagedPipelines {
    /// One entry a pipeline.
    pub pipelines: Vec<ManagedPipeline>,
}

/// A pipeline as a gateway describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManagedPipeline {
    /// Its id in the configuration.
    #[serde(default, deserialize_with = "lenient")]
    pub id: String,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    /// The networks that it serves.
    #[serde(default, deserialize_with = "lenient")]
    pub networks: Vec<String>,
    /// The endpoints that feed it.
    #[serde(default, deserialize_with = "lenient")]
    pub endpoints: Vec<String>,
    /// The backends that it feeds.
    #[serde(default, deserialize_with = "lenient")]
    pub backends: Vec<String>,
    /// What stands between them.
    #[serde(default, deserialize_with = "lenient")]
    pub middleware: Vec<String>,
    /// What else the gateway says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl ManagedPipelines {
    /// These, in this order.
    #[must_use]
    pub fn new(pipelines: Vec<ManagedPipeline>) -> Self {
        Self { pipelines }
    }
}

impl ManagedPipeline {
    /// One of which nothing but the id is known.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            description: String::new(),
            networks: Vec::new(),
            endpoints: Vec::new(),
            backends: Vec::new(),
            middleware: Vec::new(),
            more: Map::new(),
        }
    }
}

/// The routes of a gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManagedRoutes {
    /// One entry a path.
    pub routes: Vec<ManagedRoute>,
}

/// A route as a gateway describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManagedRoute {
    /// The path, with parameters in braces.
    #[serde(default, deserialize_with = "lenient")]
    pub path: String,
    /// The methods that it takes.
    #[serde(default, deserialize_with = "lenient")]
    pub methods: Vec<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
    /// The endpoint that serves it.
    #[serde(default, deserialize_with = "lenient")]
    pub endpoint_name: String,
    /// The kind of that endpoint.
    #[serde(default, deserialize_with = "lenient")]
    pub service_type: String,
    /// The pipeline that it leads to.
    #[serde(default, deserialize_with = "lenient")]
    pub pipeline: String,
    /// What else the gateway says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl ManagedRoutes {
    /// These, in the order of their paths.
    #[must_use]
    pub fn new(mut routes: Vec<ManagedRoute>) -> Self {
        routes.sort_by(|one, other| one.path.cmp(&other.path));
        Self { routes }
    }
}

impl ManagedRoute {
    /// One of which nothing but the path and the methods are known.
    #[must_use]
    pub fn new<M: Into<String>>(
        path: impl Into<String>,
        methods: impl IntoIterator<Item = M>,
    ) -> Self {
        Self {
            path: path.into(),
            methods: methods.into_iter().map(Into::into).collect(),
            description: None,
            endpoint_name: String::new(),
            service_type: String::new(),
            pipeline: String::new(),
            more: Map::new(),
        }
    }
}

/// What a gateway says of an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Uploaded {
    /// One line for a person.
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
    /// How many bytes were uploaded.
    #[serde(default, deserialize_with = "lenient")]
    pub config_size: u64,
    /// What else it says.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Lets a gateway read its configuration from disk anew. It is always at `/api/reload`, whatever the prefix.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ReloadConfiguration;

impl ReloadConfiguration {
    /// A reload, which has no parameters.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Operation for ReloadConfiguration {
    const NAME: &'static str = "reload";
    /// What was done. No field of it is promised.
    type Answer = Map<String, Value>;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::POST, ["reload"]).without_token()
    }

    fn read(&self, body: &[u8]) -> Result<Map<String, Value>, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// Hands no token over, which a gateway refuses: with 400 where its Runbeam integration is on, and with 403 where it is
/// off. It changes nothing.
#[derive(Debug, Clone, Default)]
pub struct ProbeIntegration {
    prefix: ManagementPrefix,
}

impl ProbeIntegration {
    /// For a gateway whose management API lies below `prefix`.
    #[must_use]
    pub fn new(prefix: ManagementPrefix) -> Self {
        Self { prefix }
    }
}

impl Operation for ProbeIntegration {
    const NAME: &'static str = "token";
    type Answer = ();

    fn request(&self) -> ApiRequest {
        let nothing = SecretBytes::from(b"{}".to_vec());
        self.prefix
            .request(Method::POST, "token")
            .with_json(nothing)
    }

    fn read(&self, _: &[u8]) -> Result<(), ReadError> {
        Ok(())
    }
}

/// Hands a machine token over to its gateway, and the key to keep it with.
///
/// Whoever listens on the way can have both: send it over TLS or to loopback alone.
#[derive(Debug, Clone)]
pub struct DeliverToken {
    prefix: ManagementPrefix,
    token: MachineToken,
    encryption_key: Option<Secret>,
    api_base_url: Option<String>,
}

impl DeliverToken {
    /// `token`, for a gateway whose management API lies below `prefix`.
    #[must_use]
    pub fn new(prefix: ManagementPrefix, token: MachineToken) -> Self {
        Self {
            prefix,
            token,
            encryption_key: None,
            api_base_url: None,
        }
    }

    /// The age identity that the gateway seals the token with. Default: a key that it makes itself.
    #[must_use]
    pub fn with_encryption_key(mut self, key: impl Into<Option<Secret>>) -> Self {
        self.encryption_key = key.into();
        self
    }

    /// The cloud that the token is for. Default: the one of the gateway's configuration.
    #[must_use]
    pub fn with_cloud(mut self, cloud: &BaseUrl) -> Self {
        self.api_base_url = Some(cloud.to_string());
        self
    }
}

impl Operation for DeliverToken {
    const NAME: &'static str = "token";
    type Answer = Delivered;

    fn request(&self) -> ApiRequest {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(serialize_with = "Secret::serialize_exposed")]
            machine_token: &'a Secret,
            expires_at: String,
            gateway_id: &'a str,
            gateway_code: &'a str,
            abilities: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            encryption_key: Option<Exposed<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            api_base_url: Option<&'a str>,
        }
        #[derive(Serialize)]
        #[serde(transparent)]
        struct Exposed<'a>(#[serde(serialize_with = "Secret::serialize_exposed")] &'a Secret);

        let MachineToken {
            machine_token,
            expires_at,
            gateway_id,
            gateway_code,
            abilities,
            ..
        } = &self.token;
        let body = Body {
            machine_token,
            expires_at: expires_at
                .get()
                .map(ToString::to_string)
                .unwrap_or_default(),
            gateway_id: gateway_id.get().map(AsRef::as_ref).unwrap_or_default(),
            gateway_code: gateway_code.get().map(AsRef::as_ref).unwrap_or_default(),
            abilities,
            encryption_key: self.encryption_key.as_ref().map(Exposed),
            api_base_url: self.api_base_url.as_deref(),
        };
        // Texts and lists of them always have a JSON form.
        let json = SecretBytes::from_json(&body).unwrap_or_default();
        self.prefix.request(Method::POST, "token").with_json(json)
    }

    fn read(&self, body: &[u8]) -> Result<Delivered, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// The gateway's word that it has kept a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delivered {
    /// One line for a person.
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_below_the_prefix_but_the_reload() {
        let check = |prefix: &str, expected: &str| {
            let request = ShowRoutes::new(prefix.parse().unwrap()).request();
            assert_eq!(request.path(), expected);
            assert!(!request.needs_token());
        };
        check("admin", "/admin/routes");
        check("/admin/", "/admin/routes");
        check("a//b", "/a/b/routes");
        check("", "/routes");
        check("a b?", "/a%20b%3F/routes");
        assert_eq!(ReloadConfiguration.request().path(), "/api/reload");
    }

    #[test]
    fn a_delivery_has_the_documented_form_and_shows_no_secret() {
        let token = MachineToken::from_json(
            br#"{"machine_token":"mt_canary","expires_at":"2026-02-11T08:15:30.000000Z","gateway_id":"01kc","gateway_code":"edge","abilities":["harmony:send"]}"#,
        )
        .unwrap();
        let plain = DeliverToken::new(ManagementPrefix::default(), token);
        let full = plain
            .clone()
            .with_encryption_key(Secret::from("AGE-canary"))
            .with_cloud(&"https://api.runbeam.io/api".parse().unwrap());
        let check = |operation: &DeliverToken, expected: Value| {
            let base = "http://127.0.0.1:8081".parse().unwrap();
            let request = operation.request().to_http(&base, None).unwrap();
            assert_eq!(request.uri(), "http://127.0.0.1:8081/admin/token");
            assert!(!request.headers().contains_key("authorization"));
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            assert_eq!(body, expected);
            assert!(!format!("{operation:?} {:?}", operation.request()).contains("canary"));
        };
        let mut body = serde_json::json!({
            "machine_token": "mt_canary",
            "expires_at": "2026-02-11T08:15:30.000000Z",
            "gateway_id": "01kc",
            "gateway_code": "edge",
            "abilities": ["harmony:send"],
        });
        check(&plain, body.clone());
        body["encryption_key"] = "AGE-canary".into();
        body["api_base_url"] = "https://api.runbeam.io".into();
        check(&full, body);
    }

    #[test]
    fn what_a_gateway_adds_is_kept() {
        let json =
            r#"{"version":"0.13.0","uptime":1768205731,"os":"linux","arch":"x86_64","pid":7}"#;
        let info: ManagementInfo = serde_json::from_str(json).unwrap();
        assert_eq!(info.more["pid"], 7);
        let back: Value = serde_json::to_value(&info).unwrap();
        assert_eq!(back, serde_json::from_str::<Value>(json).unwrap());
    }
}
