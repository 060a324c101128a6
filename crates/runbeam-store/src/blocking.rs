//! The shell around stores whose work blocks: it is done apart from the asynchronous tasks.

use runbeam_model::SecretBytes;

use crate::{Description, EntryName, Error, ErrorKind, InstanceId, Precondition, Revision, Stored};

/// What [`SecretStore`](crate::SecretStore) promises, done while a thread waits for it.
pub(crate) trait Blocking: Send + Sync + 'static {
    fn load(&self, instance: &InstanceId, entry: &EntryName) -> Result<Option<Stored>, Error>;

    fn save(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error>;

    fn clear(&self, instance: &InstanceId, entry: &EntryName) -> Result<bool, Error>;

    fn describe(&self, instance: &InstanceId, entry: &EntryName) -> Result<Description, Error>;
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
                let store = self.$field.clone();
                let (instance, entry) = (instance.clone(), entry.clone());
                $crate::blocking::in_background(move || {
                    $crate::blocking::Blocking::load(&*store, &instance, &entry)
                })
                .await
            }

            async fn save(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
                value: &runbeam_model::SecretBytes,
                precondition: $crate::Precondition,
            ) -> Result<$crate::Revision, $crate::Error> {
                $crate::secret_store::check_len(value)?;
                let store = self.$field.clone();
                let (instance, entry, value) = (instance.clone(), entry.clone(), value.clone());
                $crate::blocking::in_background(move || {
                    $crate::blocking::Blocking::save(
                        &*store,
                        &instance,
                        &entry,
                        &value,
                        precondition,
                    )
                })
                .await
            }

            async fn clear(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
            ) -> Result<bool, $crate::Error> {
                let store = self.$field.clone();
                let (instance, entry) = (instance.clone(), entry.clone());
                $crate::blocking::in_background(move || {
                    $crate::blocking::Blocking::clear(&*store, &instance, &entry)
                })
                .await
            }

            async fn describe(
                &self,
                instance: &$crate::InstanceId,
                entry: &$crate::EntryName,
            ) -> Result<$crate::Description, $crate::Error> {
                let store = self.$field.clone();
                let (instance, entry) = (instance.clone(), entry.clone());
                $crate::blocking::in_background(move || {
                    $crate::blocking::Blocking::describe(&*store, &instance, &entry)
                })
                .await
            }
        }
    };
}

pub(crate) use secret_store_in_background;

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
