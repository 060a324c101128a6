//! A key, tokens signed with it, a chain of each kind, and a service behind it that tells what it was given.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::OnceLock;

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use runbeam_emulator::SigningKey;
use runbeam_gateway::layers::{
    ApiKeyAuth, AuthLayer, Authenticated, Authenticator, BasicAuth, JwtAuth, StoredHash,
};
use runbeam_sdk::auth::{JwkSet, RemoteVerifier, TokenCacheLimits, TrustPolicy, TrustedIssuer};
use runbeam_sdk::model::{Clock, SystemClock};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const API_KEY: &str = "k_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
/// What bcrypt costs at least.
pub(crate) const COST: u32 = 4;

pub(crate) fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(SigningKey::generate)
}

pub(crate) fn now() -> i64 {
    SystemClock.now().as_unix_seconds()
}

/// A token of [`ISSUER`] with the members of `changes` put in.
pub(crate) fn token(changes: Value) -> String {
    let mut claims = json!({"iss": ISSUER, "sub": "u1", "aud": "harmony-api", "exp": now() + 3600});
    let changes = changes.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(changes);
    let header = json!({"alg": "RS256", "kid": key().key_id()});
    key().sign_raw(&header.to_string(), &claims.to_string())
}

pub(crate) fn issuer() -> TrustedIssuer {
    let set = json!({ "keys": [key().jwk()] }).to_string();
    TrustedIssuer::exact(ISSUER).with_keys(JwkSet::parse(set.as_bytes()).unwrap())
}

pub(crate) fn jwt_of(policy: TrustPolicy) -> JwtAuth {
    let verifier = RemoteVerifier::builder(policy).with_token_cache(TokenCacheLimits::new());
    JwtAuth::new(verifier.build().unwrap())
}

pub(crate) fn jwt() -> JwtAuth {
    jwt_of(TrustPolicy::new(issuer()))
}

pub(crate) fn bcrypt_hash(password: &str) -> StoredHash {
    StoredHash::parse(&bcrypt::hash(password, COST).unwrap()).unwrap()
}

pub(crate) fn basic(password: &str) -> BasicAuth {
    BasicAuth::new("admin", bcrypt_hash(password)).unwrap()
}

pub(crate) fn sha256(text: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn api_key() -> ApiKeyAuth {
    let hash = StoredHash::parse(&sha256(API_KEY)).unwrap();
    ApiKeyAuth::new("x-api-key")
        .unwrap()
        .with_key(hash)
        .unwrap()
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// What the service behind was given, if it was asked.
    pub(crate) behind: Option<(HeaderMap, Authenticated)>,
}

impl Answer {
    pub(crate) fn challenges(&self) -> Vec<&str> {
        let fields = self.headers.get_all(WWW_AUTHENTICATE).iter();
        fields.map(|field| field.to_str().unwrap()).collect()
    }
}

pub(crate) async fn ask(authenticator: &Authenticator, fields: &[(&str, &str)]) -> Answer {
    ask_layer(AuthLayer::new(authenticator.clone()), None, fields).await
}

pub(crate) async fn ask_layer(
    layer: AuthLayer,
    peer: Option<SocketAddr>,
    fields: &[(&str, &str)],
) -> Answer {
    let mut request = Request::new(Full::<Bytes>::default());
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request.headers_mut().append(name, value);
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    let behind = tower::service_fn(|request: Request<Full<Bytes>>| async move {
        let mut response = Response::new(Full::from("behind"));
        let authenticated: &Authenticated = request.extensions().get().unwrap();
        let given = (request.headers().clone(), authenticated.clone());
        response.extensions_mut().insert(given);
        Ok::<_, Infallible>(response)
    });
    let response = layer.layer(behind).oneshot(request).await.unwrap();
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        behind: parts.extensions.remove(),
    }
}
