//! How a gateway comes by its machine token: it is handed over, or exchanged for a user's token.

use std::borrow::Cow;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use runbeam_sdk::MachineToken;
use runbeam_sdk::auth::{self, BearerToken, TokenKind};
use runbeam_sdk::model::{BaseUrl, Clock, GatewayCode, Secret, SecretBytes};
use runbeam_sdk::store::{self, EntryName, SecretStore, Store};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::ManagedGateway;
use super::answer::{self, Answer, Refusal};
use super::operations::{Call, Operations};

/// How long a caller waits until the gateway uses the token that was kept.
const UNTIL_USED: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct AuthorizeForm {
    gateway_code: Option<String>,
    machine_public_key: Option<String>,
    metadata: Option<Map<String, Value>>,
    encryption_key: Option<Secret>,
}

#[derive(Deserialize)]
struct TokenForm {
    machine_token: Option<Secret>,
    expires_at: Option<Value>,
    encryption_key: Option<Secret>,
    api_base_url: Option<String>,
}

impl<G: ManagedGateway, S: SecretStore + 'static> Operations<G, S> {
    /// Exchanges a user's token for a machine token.
    pub(super) async fn authorize(&self, call: Call) -> Result<Answer, Refusal> {
        self.require_integration()?;
        self.count_attempt(call.connection.as_ref())?;
        let user_token = bearer(&call.headers)?;
        let form: AuthorizeForm = read(&call.body)?;
        let code = form.gateway_code.filter(|code| !code.is_empty());
        let code: GatewayCode = code
            .ok_or_else(|| invalid("gateway_code is missing"))?
            .parse()
            .map_err(|_| invalid("gateway_code is not one"))?;
        let key = self.acceptable_key(form.encryption_key, &call)?;
        self.judge(&user_token).await?;

        let metadata = form.metadata.map(facts);
        let authorized = self
            .client
            .authorize_gateway(
                user_token.into_secret(),
                &code,
                form.machine_public_key,
                metadata,
            )
            .await
            .map_err(|error| {
                tracing::warn!(instance = %self.instance, %error, "the cloud did not authorize the gateway");
                Refusal::of_cloud(&error, StatusCode::INTERNAL_SERVER_ERROR)
            })?;
        let left = authorized.expires_at;
        let left = left.saturating_duration_since(self.clock.now()).as_secs();
        let gateway = json!({
            "id": authorized.gateway.id,
            "code": authorized.gateway.code,
            "name": authorized.gateway.name,
        });
        let mut token = MachineToken::new(
            authorized.machine_token,
            authorized.expires_at,
            authorized.gateway.id,
            authorized.gateway.code,
            authorized.abilities,
        );
        token.issued_at = self.clock.now().into();
        self.keep(&token, key).await?;
        let body = json!({
            "success": true,
            "message": "Gateway authorized",
            "gateway": gateway,
            "expires_at": authorized.expires_at,
            "expires_in": left,
        });
        Ok(answer::json(StatusCode::CREATED, &body))
    }

    /// Keeps a machine token that is handed over.
    pub(super) async fn take_token(&self, call: Call) -> Result<Answer, Refusal> {
        self.require_integration()?;
        let form: TokenForm = read(&call.body)?;
        if form
            .machine_token
            .is_none_or(|token| token.expose().is_empty())
        {
            return Err(invalid("machine_token is missing or empty"));
        }
        if form.expires_at.is_none() {
            return Err(invalid("expires_at is missing"));
        }
        let token = MachineToken::from_json(call.body.expose());
        let mut token = token.map_err(|problem| invalid(problem.to_string()))?;
        if token.gateway_id.get().is_none() {
            return Err(invalid("gateway_id is missing or empty"));
        }
        let now = self.clock.now();
        if !token.is_valid_at(now) {
            return Err(invalid("expires_at says that the token has ended"));
        }
        if let Some(cloud) = form.api_base_url {
            self.require_our_cloud(&cloud)?;
        }
        let key = self.acceptable_key(form.encryption_key, &call)?;
        if token.issued_at.get().is_none() {
            token.issued_at = now.into();
        }
        self.keep(&token, key).await?;
        let body = json!({ "success": true, "message": "Token stored" });
        Ok(answer::json(StatusCode::OK, &body))
    }

    /// Whether a user's token may be shown to the cloud: a JWT has to be good already, and Sanctum tokens are the cloud's to
    /// judge.
    async fn judge(&self, token: &BearerToken) -> Result<(), Refusal> {
        let verified = match token.kind() {
            TokenKind::Sanctum => return Ok(()),
            TokenKind::Jwt => self.verifier.verify(token.secret().expose()).await,
            _ => return Err(not_accepted("it is neither a JWT nor a Sanctum token")),
        };
        match verified {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == auth::ErrorKind::KeysUnavailable => {
                tracing::warn!(%error, "a user's token cannot be verified");
                Err(Refusal::failed("The token cannot be verified at present"))
            }
            Err(error) => Err(not_accepted(error.to_string())),
        }
    }

    /// A token for another cloud is of no use here, and would be shown to this one.
    fn require_our_cloud(&self, named: &str) -> Result<(), Refusal> {
        let named = BaseUrl::dangerous_allow_plaintext(named)
            .map_err(|problem| invalid(format!("api_base_url: {problem}")))?;
        if named.origin() == self.cloud.origin() {
            return Ok(());
        }
        Err(invalid(format!(
            "the token is for {}, and this gateway works with {}; correct the one or the other",
            named.origin(),
            self.cloud.origin()
        )))
    }

    fn acceptable_key(&self, key: Option<Secret>, call: &Call) -> Result<Option<Secret>, Refusal> {
        let Some(key) = key else {
            return Ok(None);
        };
        let connection = call.connection.as_ref();
        if !connection.is_some_and(|connection| connection.keeps_secrets(&call.headers)) {
            return Err(invalid(
                "encryption_key is taken over TLS or from this machine alone",
            ));
        }
        if self.adopt_key.is_none() {
            return Err(invalid("this gateway takes no encryption_key"));
        }
        match Store::check_key(&key) {
            Ok(()) => Ok(Some(key)),
            Err(_) => Err(invalid(
                "encryption_key is not a key as age-keygen makes it",
            )),
        }
    }

    /// Keeps a token, sealed with the key if there is one, and waits until the gateway uses it.
    async fn keep(&self, token: &MachineToken, key: Option<Secret>) -> Result<(), Refusal> {
        let _turn = self.turn.lock().await;
        let instance = &self.instance;
        let failed = |error: store::Error| {
            tracing::error!(%instance, %error, "the machine token could not be stored");
            Refusal::failed("The token could not be stored")
        };
        if let Some((adopt, key)) = self.adopt_key.as_ref().zip(key) {
            adopt(key).await.map_err(|error| match error.kind() {
                store::ErrorKind::EncryptionKey => {
                    tracing::warn!(%instance, %error, "the encryption key was not taken over");
                    invalid("encryption_key is not the one that this gateway is set up with")
                }
                _ => failed(error),
            })?;
        }
        let entry = EntryName::machine_token();
        let saved = self.store.save_value(instance, &entry, token).await;
        saved.map_err(failed)?;
        tracing::info!(%instance, gateway_id = %token.gateway_id, expires_at = %token.expires_at, "was given a machine token");
        // If it does not come to that, the store has it all the same.
        let _ = tokio::time::timeout(UNTIL_USED, self.until_used(token)).await;
        Ok(())
    }

    async fn until_used(&self, token: &MachineToken) {
        let mut states = self.identity.watch();
        let is_used = || {
            let held = self.identity.token();
            held.is_some_and(|held| held.machine_token == token.machine_token)
        };
        while !is_used() && states.changed().await.is_ok() {}
    }
}

fn bearer(headers: &HeaderMap) -> Result<BearerToken, Refusal> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return Err(Refusal::unauthorized(
            "One Authorization header with a user's token is needed",
        ));
    };
    let token = field.to_str().ok().map(BearerToken::from_header);
    match token {
        Some(Ok(token)) => Ok(token),
        _ => Err(not_accepted("the header is not `Bearer` and a token")),
    }
}

/// One answer for all reasons.
fn not_accepted(reason: impl Into<Cow<'static, str>>) -> Refusal {
    tracing::info!(reason = %reason.into(), "refused to authorize: the user's token is not good");
    Refusal::unauthorized("The token is not accepted")
}

fn invalid(problem: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::bad_request(format!("Invalid request body: {}", problem.into()))
}

/// What does not read is named by its place, never by its value.
fn read<T: DeserializeOwned>(body: &SecretBytes) -> Result<T, Refusal> {
    let is_blank = body.expose().trim_ascii().is_empty();
    if is_blank {
        return Err(invalid("it is missing"));
    }
    body.parse_json()
        .map_err(|problem| invalid(problem.to_string()))
}

/// The cloud takes a list.
fn facts(metadata: Map<String, Value>) -> Vec<String> {
    let fact = |(name, value)| match value {
        Value::Null => name,
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    metadata.into_iter().map(fact).collect()
}
