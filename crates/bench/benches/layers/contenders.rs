//! Layers before one and the same service: none, ours, and the peer's, by the same policy.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::time::SystemTime;

use http::{Request, Response};
use jwt_authorizer::{IntoLayer, JwtAuthorizer, RegisteredClaims, Validation};
use runbeam_emulator::SigningKey;
use runbeam_gateway::layers::{ApiKeyAuth, AuthLayer, Authenticator, JwtAuth, StoredHash};
use runbeam_sdk::auth::{JwkSet, RemoteVerifier, TokenCacheLimits, TrustPolicy, TrustedIssuer};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceExt};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "harmony-api";
const API_KEY: &str = "k_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The status of the answer to a request.
pub(crate) type Ask = Box<dyn Fn(Request<String>) -> Pin<Box<dyn Future<Output = u16>>>>;

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) ask: Ask,
}

/// No layer, ours, the peer's, and ours for API keys.
pub(crate) fn all(runtime: &Runtime, key: &SigningKey) -> [Contender; 4] {
    let jwt = Authenticator::builder()
        .with_required(jwt(key))
        .build()
        .unwrap();
    let api_key = Authenticator::builder()
        .with_required(api_key())
        .build()
        .unwrap();
    [
        contender("no layer", tower::service_fn(behind)),
        contender(
            "jwt-auth",
            AuthLayer::new(jwt).layer(tower::service_fn(behind)),
        ),
        contender("jwt-authorizer 0.15", peer(runtime, key)),
        contender(
            "api-key",
            AuthLayer::new(api_key).layer(tower::service_fn(behind)),
        ),
    ]
}

/// Ours for tokens.
pub(crate) fn jwt(key: &SigningKey) -> JwtAuth {
    let keys = JwkSet::parse(key_set(key).as_bytes()).unwrap();
    let issuer = TrustedIssuer::exact(ISSUER).with_keys(keys);
    let policy = TrustPolicy::new(issuer).with_audience(AUDIENCE);
    let verifier = RemoteVerifier::builder(policy).with_token_cache(TokenCacheLimits::new());
    JwtAuth::new(verifier.build().unwrap())
}

fn api_key() -> ApiKeyAuth {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let hash = StoredHash::parse(&hex(&Sha256::digest(API_KEY))).unwrap();
    ApiKeyAuth::new("x-api-key")
        .unwrap()
        .with_key(hash)
        .unwrap()
}

/// The layer of the crate jwt-authorizer.
fn peer(
    runtime: &Runtime,
    key: &SigningKey,
) -> impl Service<Request<String>, Response = Answer, Error = Infallible, Future: 'static>
+ Clone
+ 'static {
    let validation = Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]).nbf(true);
    let authorizer = JwtAuthorizer::<RegisteredClaims>::from_jwks_text(&key_set(key))
        .validation(validation)
        .build();
    let layer = runtime.block_on(authorizer).unwrap().into_layer();
    layer.layer(tower::service_fn(|request| {
        ready(Ok::<_, Infallible>(Answer(answer(&request))))
    }))
}

/// The peer wants an answer that its errors can become.
pub(crate) struct Answer(Response<String>);

impl From<jwt_authorizer::AuthError> for Answer {
    fn from(_: jwt_authorizer::AuthError) -> Self {
        let mut response = Response::new(String::new());
        *response.status_mut() = http::StatusCode::UNAUTHORIZED;
        Self(response)
    }
}

/// What a status is read of.
pub(crate) trait Status {
    fn status(&self) -> u16;
}

impl<B> Status for Response<B> {
    fn status(&self) -> u16 {
        Response::status(self).as_u16()
    }
}

impl Status for Answer {
    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }
}

fn contender<S>(name: &'static str, service: S) -> Contender
where
    S: Service<Request<String>, Error = Infallible> + Clone + 'static,
    S::Response: Status,
    S::Future: 'static,
{
    let ask: Ask = Box::new(move |request| {
        let service = service.clone();
        Box::pin(async move { service.oneshot(request).await.unwrap().status() })
    });
    Contender { name, ask }
}

pub(crate) fn behind(request: Request<String>) -> Ready<Result<Response<String>, Infallible>> {
    ready(Ok(answer(&request)))
}

fn answer(request: &Request<String>) -> Response<String> {
    Response::new(request.body().clone())
}

/// A request with the credentials of all contenders.
pub(crate) fn request(token: &str) -> Request<String> {
    Request::get("/orders/7")
        .header("host", "gateway.example.com")
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .header("x-api-key", API_KEY)
        .body(String::new())
        .unwrap()
}

fn key_set(key: &SigningKey) -> String {
    format!(r#"{{"keys":[{}]}}"#, key.jwk())
}

/// A token of its own for each number.
pub(crate) fn token(key: &SigningKey, number: usize) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let header = format!(r#"{{"typ":"JWT","alg":"RS256","kid":"{}"}}"#, key.key_id());
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"user-{number}","iat":{now},"nbf":{now},"exp":{},"jti":"{number:032}"}}"#,
        now + 3600
    );
    key.sign_raw(&header, &claims)
}
