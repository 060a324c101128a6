//! The usual cases of keeping in one call each: machine tokens, user tokens, and values of your own.
//!
//! Each call opens the store as the environment says, so that a variable or a mounted file that changes counts from
//! the next call on. Whoever keeps more than a token now and then opens a [`Store`] once.

use runbeam_model::{MachineToken, Secret, SystemClock, UserToken};
use runbeam_store::{EntryName, InstanceId, Provisioning, SecretStore, Store, StoreBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// Keeps the machine token of an instance: in the keyring of the operating system, or else in an encrypted file.
/// See [`Store`] for what is chosen when.
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if it cannot be kept; then what was kept before still is.
pub async fn save_token(instance_id: impl AsRef<str>, token: &MachineToken) -> Result<(), Error> {
    let (store, instance) = open(instance_id.as_ref())?;
    store
        .save_value(&instance, &EntryName::machine_token(), token)
        .await?;
    Ok(())
}

/// Keeps the machine token of an instance in a file that is sealed with `encryption_key`, whatever the environment
/// says about keys and keyrings.
///
/// The key has any form that `RUNBEAM_ENCRYPTION_KEY` may have. [`load_token`] reads the token where that variable
/// holds the same key; a [`Store`] reads it that is built
/// [with the key](runbeam_store::StoreBuilder::with_encryption_key).
///
/// ```no_run
/// # use runbeam_sdk::{MachineToken, save_token_with_key};
/// # async fn example(token: &MachineToken, key_of_the_vault: &str) -> Result<(), runbeam_sdk::Error> {
/// save_token_with_key("my-gateway", token, key_of_the_vault).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if the key is not one or the token cannot be kept; then what was kept
/// before still is.
pub async fn save_token_with_key(
    instance_id: impl AsRef<str>,
    token: &MachineToken,
    encryption_key: impl Into<Secret>,
) -> Result<(), Error> {
    let instance: InstanceId = instance_id.as_ref().parse()?;
    let store = StoreBuilder::from_env()?
        .with_encryption_key(encryption_key)
        .build()?;
    store
        .save_value(&instance, &EntryName::machine_token(), token)
        .await?;
    Ok(())
}

/// The machine token of an instance, valid or expired; `None` if there is none.
///
/// A valid one in `RUNBEAM_MACHINE_TOKEN`, or in the file that `RUNBEAM_MACHINE_TOKEN_FILE` names, comes before the one
/// that was saved, for every instance: see [`Provisioning`] for what is kept of it.
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if there may be one but it cannot be read.
pub async fn load_token(instance_id: impl AsRef<str>) -> Result<Option<MachineToken>, Error> {
    let (store, instance) = open(instance_id.as_ref())?;
    Ok(Provisioning::from_env()?
        .load_token(&store, &instance, &SystemClock)
        .await?)
}

/// Forgets the machine token of an instance. It is no error if there is none. One that the environment hands over
/// is still handed over.
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if there may be one that is still kept.
pub async fn clear_token(instance_id: impl AsRef<str>) -> Result<(), Error> {
    clear(instance_id.as_ref(), &EntryName::machine_token()).await
}

/// Keeps the token that a person logged in with, as `user_auth` of an instance.
///
/// ```no_run
/// # use runbeam_sdk::model::UserToken;
/// # use runbeam_sdk::{load_user_token, save_user_token};
/// # async fn example() -> Result<(), runbeam_sdk::Error> {
/// let token = UserToken::new("12|p0LmXw3rT8", Some(1_768_209_331), None);
/// save_user_token("runbeam-cli", &token).await?;
/// assert_eq!(load_user_token("runbeam-cli").await?, Some(token));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if it cannot be kept; then what was kept before still is.
pub async fn save_user_token(instance_id: impl AsRef<str>, token: &UserToken) -> Result<(), Error> {
    let (store, instance) = open(instance_id.as_ref())?;
    store
        .save_value(&instance, &EntryName::user_token(), token)
        .await?;
    Ok(())
}

/// The token that a person logged in with, valid or expired; `None` if none was saved.
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if there may be one but it cannot be read.
pub async fn load_user_token(instance_id: impl AsRef<str>) -> Result<Option<UserToken>, Error> {
    let (store, instance) = open(instance_id.as_ref())?;
    Ok(store
        .load_value(&instance, &EntryName::user_token())
        .await?)
}

/// Forgets the token that a person logged in with. It is no error if there is none.
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if there may be one that is still kept.
pub async fn clear_user_token(instance_id: impl AsRef<str>) -> Result<(), Error> {
    clear(instance_id.as_ref(), &EntryName::user_token()).await
}

/// Keeps a value of your own as the entry `token_type` of an instance, as JSON.
///
/// A [`Secret`] in it is neither serialized nor shown unless its field says so:
///
/// ```no_run
/// use runbeam_sdk::model::Secret;
/// use runbeam_sdk::{load_token_as, save_token_as};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Registry {
///     user: String,
///     #[serde(serialize_with = "Secret::serialize_exposed")]
///     password: Secret,
/// }
///
/// # async fn example() -> Result<(), runbeam_sdk::Error> {
/// let registry = Registry { user: "ines".into(), password: "hunter2".into() };
/// save_token_as("my-gateway", "registry", &registry).await?;
/// let registry: Option<Registry> = load_token_as("my-gateway", "registry").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if `token_type` is no [`EntryName`], if the value has no JSON form, or if
/// it cannot be kept; then what was kept before still is.
pub async fn save_token_as<T: Serialize + Sync + ?Sized>(
    instance_id: impl AsRef<str>,
    token_type: impl AsRef<str>,
    token: &T,
) -> Result<(), Error> {
    let (store, instance) = open(instance_id.as_ref())?;
    let entry = token_type.as_ref().parse()?;
    store.save_json(&instance, &entry, token).await?;
    Ok(())
}

/// A value of your own that [`save_token_as`] kept; `None` if none was saved.
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if there may be one but it cannot be read, or if it is not a `T`.
pub async fn load_token_as<T: DeserializeOwned>(
    instance_id: impl AsRef<str>,
    token_type: impl AsRef<str>,
) -> Result<Option<T>, Error> {
    let (store, instance) = open(instance_id.as_ref())?;
    let entry = token_type.as_ref().parse()?;
    Ok(store.load_json(&instance, &entry).await?)
}

/// Forgets a value that [`save_token_as`] kept. It is no error if there is none.
///
/// # Errors
///
/// [`Storage`](crate::ErrorKind::Storage), if there may be one that is still kept.
pub async fn clear_token_as(
    instance_id: impl AsRef<str>,
    token_type: impl AsRef<str>,
) -> Result<(), Error> {
    clear(instance_id.as_ref(), &token_type.as_ref().parse()?).await
}

async fn clear(instance_id: &str, entry: &EntryName) -> Result<(), Error> {
    let (store, instance) = open(instance_id)?;
    store.clear(&instance, entry).await?;
    Ok(())
}

fn open(instance_id: &str) -> Result<(Store, InstanceId), Error> {
    Ok((Store::from_env()?, instance_id.parse()?))
}
