//! Machine tokens that are handed over from outside, for gateways that nobody authorizes by hand.

use runbeam_model::{Clock, MachineToken, Secret, Timestamp};

use crate::environment::{self, Setting};
use crate::{
    EntryName, Error, ErrorKind, InstanceId, Precondition, SecretStore, Stored, StoredValue,
};

/// What hands a machine token over from outside: `RUNBEAM_MACHINE_TOKEN`, or the file that
/// `RUNBEAM_MACHINE_TOKEN_FILE` names; or nothing.
///
/// The value is the token's JSON, of which only `machine_token` must be there, or the bare token as
/// `runbeam token:get --raw` prints it.
///
/// ```
/// use runbeam_model::SystemClock;
/// use runbeam_store::{InstanceId, MemoryStore, Provisioning};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), runbeam_store::Error> {
/// let instance: InstanceId = "my-gateway".parse()?;
/// let store = MemoryStore::new();
/// // The usual way is `Provisioning::from_env()?`.
/// let provisioning = Provisioning::new("mt_fe7f7ccc3fc1")?;
/// let token = provisioning.load_token(&store, &instance, &SystemClock).await?;
/// assert_eq!(token.unwrap().machine_token.expose(), "mt_fe7f7ccc3fc1");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Provisioning {
    handed_over: Option<HandedOver>,
}

#[derive(Debug, Clone)]
struct HandedOver {
    token: MachineToken,
    /// A bare token says nothing of itself: it is never written anywhere.
    is_bare: bool,
    source: String,
}

impl Provisioning {
    /// What the environment hands over.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if a variable is set but is no machine token, if its file cannot be
    /// read, or if both variables are set.
    pub fn from_env() -> Result<Self, Error> {
        let handed_over = match environment::machine_token()? {
            None => return Ok(Self::default()),
            Some(Setting::Text(text)) => {
                HandedOver::parse(&text, environment::MACHINE_TOKEN.to_owned())
            }
            Some(Setting::File(file)) => {
                let text = file.read_text(ErrorKind::Configuration)?;
                HandedOver::parse(
                    &text,
                    format!("{} ({})", file.variable, file.path.display()),
                )
            }
        };
        Ok(Self {
            handed_over: Some(handed_over?),
        })
    }

    /// What the caller hands over, in any form that the variable may have.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no machine token.
    pub fn new(token: impl Into<Secret>) -> Result<Self, Error> {
        let handed_over =
            HandedOver::parse(&token.into(), "the token that was handed over".to_owned())?;
        Ok(Self {
            handed_over: Some(handed_over),
        })
    }

    /// The machine token of an instance: the one that is handed over if it is valid at the time of `clock`, or
    /// else the one that `store` keeps, valid or expired.
    ///
    /// One that is handed over as JSON is saved to the store, so that it is still there when nothing hands it over
    /// any more. What the store keeps stays as it is if it is for the same gateway and lives longer: it is the renewal
    /// of the one that is handed over. A store that cannot be read or written at present is a warning and not an
    /// error, because there is a token. A bare token stays in memory.
    ///
    /// One that is expired, or has less than a minute to live, is ignored with a warning.
    ///
    /// # Errors
    ///
    /// Those of [`SecretStore::load_value`], where no valid token is handed over.
    pub async fn load_token(
        &self,
        store: &impl SecretStore,
        instance: &InstanceId,
        clock: &impl Clock,
    ) -> Result<Option<MachineToken>, Error> {
        let entry = EntryName::machine_token();
        let Some(handed_over) = &self.handed_over else {
            return store.load_value(instance, &entry).await;
        };
        let token = &handed_over.token;
        let now = clock.now();
        if !token.is_valid_at(now) {
            tracing::warn!(
                source = handed_over.source,
                expires_at = %token.expires_at,
                "the machine token that is handed over has expired and is ignored; hand over a new one, or none"
            );
            return store.load_value(instance, &entry).await;
        }
        if !handed_over.is_bare {
            handed_over.keep(store, instance, &entry, now).await;
        }
        Ok(Some(token.clone()))
    }
}

impl HandedOver {
    fn parse(text: &Secret, source: String) -> Result<Self, Error> {
        let trimmed = text.expose().trim();
        let token = trimmed.parse::<MachineToken>().map_err(|problem| {
            Error::new(
                ErrorKind::Configuration,
                format!(
                    "{source} holds no machine token; set it to the token's JSON or to the bare token, or unset it"
                ),
            )
            .because(problem)
        })?;
        Ok(Self {
            token,
            is_bare: !trimmed.starts_with('{'),
            source,
        })
    }

    /// Saves the token, unless the store keeps it or its renewal already.
    async fn keep(
        &self,
        store: &impl SecretStore,
        instance: &InstanceId,
        entry: &EntryName,
        now: Timestamp,
    ) {
        let outcome = match store.load(instance, entry).await {
            Ok(Some(stored)) if is_kept(&self.token, &stored, now) => return,
            Ok(stored) => {
                let precondition = stored.map_or(Precondition::Absent, |stored| {
                    Precondition::Unchanged(stored.revision)
                });
                let value = self.token.to_secret_bytes();
                store.save(instance, entry, &value, precondition).await
            }
            Err(error) => Err(error),
        };
        let source = &self.source;
        match outcome {
            Ok(_) => {
                tracing::info!(%instance, source, "saved the machine token that is handed over")
            }
            // Another process was faster. What it wrote is looked at by the next load.
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            Err(error) => tracing::warn!(
                %instance, source, %error,
                "the machine token that is handed over is used, but cannot be saved"
            ),
        }
    }
}

/// Whether the store keeps `token`, or one of the same gateway that is good for longer as far as anybody knows.
fn is_kept(token: &MachineToken, stored: &Stored, now: Timestamp) -> bool {
    if stored.value == token.to_secret_bytes() {
        return true;
    }
    let Ok(kept) = MachineToken::from_secret_bytes(&stored.value) else {
        return false;
    };
    let is_same_gateway = match (kept.gateway_id.get(), token.gateway_id.get()) {
        (Some(kept), Some(handed_over)) => kept == handed_over,
        _ => true,
    };
    let lives_longer = match (kept.expires_at.get(), token.expires_at.get()) {
        (Some(kept), Some(handed_over)) => kept > handed_over,
        (Some(_), None) => kept.is_valid_at(now),
        (None, _) => false,
    };
    is_same_gateway && lives_longer
}
