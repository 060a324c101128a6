//! The shell around stores whose work blocks: it is done apart from the asynchronous tasks.

use std::collections::BTreeSet;
use std::sync::Arc;

use runbeam_model::SecretBytes;

use crate::seal::Place;
use crate::secret_store::check_len;
use crate::watch::Changes;
use crate::{Description, EntryName, Error, ErrorKind, InstanceId, Precondition, Revision, Stored};

/// What [`SecretStore`](crate::SecretStore) promises, done while a thread waits for it.
pub(crate) trait Blocking: Send + Sync + 'static {
    /// What [`load`](Self::load) would return, if that is known without waiting for anything. Whatever is in the way is left
    /// to [`load`](Self::load).
    fn load_at_once(&self, _: Place<'_>) -> Option<Stored> {
        None
    }

    fn load(&self, place: Place<'_>) -> Result<Option<Stored>, Error>;

    fn save(
        &self,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error>;

    fn clear(&self, place: Place<'_>) -> Result<bool, Error>;

    fn list(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Error>;

    fn describe(&self, place: Place<'_>) -> Result<Description, Error>;

    /// Told of every write, and asked by those who wait for one.
    fn changes(&self) -> &Changes;
}

/// Implements [`SecretStore`](crate::SecretStore) for a handle that shares a [`Blocking`] one in its field.
macro_rules! secret_store_in_background {
    ($handle:ty, $field:ident) => {
        impl $crate::SecretStore for $handle {
            async fn load(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
            ) -> Result<Option<$crate::Stored>, $crate::Error> {
                $crate::blocking::load(&self.$field, instance, entry).await
            }

            async fn save(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
                value: &runbeam_model::SecretBytes,
                precondition: $crate::Precondition,
            ) -> Result<$crate::Revision, $crate::Error> {
                $crate::blocking::save(&self.$field, instance, entry, value, precondition).await
            }

            async fn clear(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
            ) -> Result<bool, $crate::Error> {
                $crate::blocking::clear(&self.$field, instance, entry).await
            }

            async fn list(
                &self,
                instance: &$crate::InstanceId,
            ) -> Result<std::collections::BTreeSet<$crate::EntryName>, $crate::Error> {
                $crate::blocking::list(&self.$field, instance).await
            }

            async fn changed(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
                seen: Option<$crate::Revision>,
            ) -> Result<Option<$crate::Stored>, $crate::Error> {
                let load = || $crate::blocking::load(&self.$field, instance, entry);
                $crate::blocking::Blocking::changes(&*self.$field)
                    .wait(seen, load)
                    .await
            }

            async fn describe(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
            ) -> Result<$crate::Description, $crate::Error> {
                $crate::blocking::describe(&self.$field, instance, entry).await
            }
        }
    };
}

pub(crate) use secret_store_in_background;

/// Does not leave the thread of the caller if nothing has to be waited for.
pub(crate) async fn load<B: Blocking>(
    store: &Arc<B>,
    instance: &InstanceId,
    entry: &EntryName,
) -> Result<Option<Stored>, Error> {
    if let Some(stored) = store.load_at_once(Place { instance, entry }) {
        return Ok(Some(stored));
    }
    at(store, instance, entry, |store, place| store.load(place)).await
}

pub(crate) async fn save<B: Blocking>(
    store: &Arc<B>,
    instance: &InstanceId,
    entry: &EntryName,
    value: &SecretBytes,
    precondition: Precondition,
) -> Result<Revision, Error> {
    check_len(value)?;
    let value = value.clone();
    at(store, instance, entry, move |store, place| {
        let saved = store.save(place, &value, precondition);
        store.changes().tell();
        saved
    })
    .await
}

pub(crate) async fn clear<B: Blocking>(
    store: &Arc<B>,
    instance: &InstanceId,
    entry: &EntryName,
) -> Result<bool, Error> {
    at(store, instance, entry, |store, place| {
        let cleared = store.clear(place);
        store.changes().tell();
        cleared
    })
    .await
}

pub(crate) async fn list<B: Blocking>(
    store: &Arc<B>,
    instance: &InstanceId,
) -> Result<BTreeSet<EntryName>, Error> {
    let (store, instance) = (store.clone(), instance.clone());
    in_background(move || store.list(&instance)).await
}

pub(crate) async fn describe<B: Blocking>(
    store: &Arc<B>,
    instance: &InstanceId,
    entry: &EntryName,
) -> Result<Description, Error> {
    at(store, instance, entry, |store, place| store.describe(place)).await
}

async fn at<B: Blocking, T: Send + 'static>(
    store: &Arc<B>,
    instance: &InstanceId,
    entry: &EntryName,
    work: impl FnOnce(&B, Place<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (store, instance, entry) = (store.clone(), instance.clone(), entry.clone());
    in_background(move || {
        let place = Place {
            instance: &instance,
            entry: &entry,
        };
        work(&store, place)
    })
    .await
}

/// Runs `work` on a thread where it may block. It goes on to its end even if nobody waits for it any more.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::new(ErrorKind::Io, "the runtime is shutting down")),
        },
    }
}
