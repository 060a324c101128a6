//! What the look-ups and the fetch of one cache share: a lock, a slot that is read without one, a task.
//!
//! The unit tests of this crate see others of the same names, by `shuttle`: each use of one is a point at which any
//! other task may go on, so that thousands of orders of events can be tried. They work inside of an exploration
//! alone. Tokio's `watch` needs no twin: that it wakes whom it should is its own to prove.

#[cfg(not(test))]
pub(super) use self::real::*;
#[cfg(test)]
pub(super) use self::twins::*;

#[cfg(not(test))]
mod real {
    pub(in super::super) use std::sync::{Mutex, MutexGuard};

    pub(in super::super) use arc_swap::ArcSwapOption;
    pub(in super::super) use tokio::task::AbortHandle;

    /// Runs a task on the runtime that this is called on. A hit needs none, and must not panic for the lack of it.
    pub(in super::super) fn spawn(
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        Some(runtime.spawn(task).abort_handle())
    }
}

#[cfg(test)]
mod twins {
    use std::sync::{Arc, PoisonError};

    pub(in super::super) use shuttle::future::AbortHandle;
    pub(in super::super) use shuttle::sync::{Mutex, MutexGuard};

    pub(in super::super) fn spawn(
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        Some(shuttle::future::spawn(task).abort_handle())
    }

    /// What `arc_swap` promises: one value that is read and replaced at once.
    pub(in super::super) struct ArcSwapOption<T>(Mutex<Option<Arc<T>>>);

    impl<T> ArcSwapOption<T> {
        pub(in super::super) fn from_pointee(value: Option<T>) -> Self {
            Self(Mutex::new(value.map(Arc::new)))
        }

        pub(in super::super) fn load_full(&self) -> Option<Arc<T>> {
            self.lock().clone()
        }

        pub(in super::super) fn load(&self) -> Option<Arc<T>> {
            self.load_full()
        }

        pub(in super::super) fn store(&self, value: Option<Arc<T>>) {
            *self.lock() = value;
        }

        fn lock(&self) -> MutexGuard<'_, Option<Arc<T>>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}
