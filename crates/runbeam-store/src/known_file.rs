//! What small files said when they were read, good for as long as they stand unchanged.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::InstanceId;
use crate::directory::Witness;

/// The meaning of one file of each instance that was used last.
#[derive(Debug)]
pub(crate) struct KnownFiles<T> {
    known: Mutex<Vec<Known<T>>>,
}

#[derive(Debug)]
struct Known<T> {
    instance: InstanceId,
    meaning: Arc<T>,
    witness: Arc<Witness>,
}

/// As many instances as there are copies of secrets.
const MOST_INSTANCES: usize = 64;

impl<T> Default for KnownFiles<T> {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
        }
    }
}

impl<T> KnownFiles<T> {
    /// What the file of `instance` says, if it was read and stands unchanged. One system call.
    pub(crate) fn unchanged(&self, instance: &InstanceId) -> Option<(Arc<T>, Witness)> {
        let (meaning, witness) = self
            .known()
            .iter()
            .find(|known| known.instance == *instance)
            .map(|known| (known.meaning.clone(), known.witness.clone()))?;
        witness.holds().then(|| (meaning, (*witness).clone()))
    }

    /// Notes what a file says that was opened after `since_1970`.
    pub(crate) fn note(
        &self,
        instance: &InstanceId,
        meaning: &Arc<T>,
        witness: Option<&Witness>,
        since_1970: Duration,
    ) {
        let mut known = self.known();
        known.retain(|known| known.instance != *instance);
        if let Some(witness) = witness.filter(|witness| witness.was_settled(since_1970)) {
            if known.len() >= MOST_INSTANCES {
                known.remove(0);
            }
            known.push(Known {
                instance: instance.clone(),
                meaning: meaning.clone(),
                witness: Arc::new(witness.clone()),
            });
        }
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known<T>>> {
        // The list is whole between its calls, whatever panicked.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
