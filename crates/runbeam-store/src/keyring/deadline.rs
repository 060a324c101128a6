//! Calls that may never return, each with its deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::{Error, ErrorKind};

/// Makes calls on threads of their own, and leaves a thread behind if its call hangs.
///
/// They are not threads of the runtime: it would wait for them when it shuts down.
#[derive(Debug)]
pub(super) struct Caller {
    deadline: Duration,
    most_hanging: usize,
    hanging: Arc<AtomicUsize>,
}

const RUNNING: u8 = 0;
const DONE: u8 = 1;
const ABANDONED: u8 = 2;

/// Notes the end of a call, also of one that panics.
struct EndOfCall {
    state: Arc<AtomicU8>,
    hanging: Arc<AtomicUsize>,
}

impl Drop for EndOfCall {
    fn drop(&mut self) {
        if self.state.swap(DONE, Ordering::AcqRel) == ABANDONED {
            self.hanging.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Caller {
    /// No call is made while `most_hanging` earlier ones hang.
    pub(super) fn new(deadline: Duration, most_hanging: usize) -> Self {
        Self {
            deadline,
            most_hanging,
            hanging: Arc::default(),
        }
    }

    /// The outcome of `call`, or `None` if there is none after the deadline.
    pub(super) fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.hanging.load(Ordering::Acquire) >= self.most_hanging {
            return None;
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        let state = Arc::new(AtomicU8::new(RUNNING));
        let end = EndOfCall {
            state: state.clone(),
            hanging: self.hanging.clone(),
        };
        let thread = std::thread::Builder::new().name("runbeam-keyring".to_owned());
        let spawned = thread.spawn(move || {
            let _end = end;
            let outcome = call();
            // Nobody listens any more once the deadline has passed.
            let _ = sender.send(outcome);
        });
        spawned.ok()?;
        if let Ok(outcome) = receiver.recv_timeout(self.deadline) {
            return Some(outcome);
        }
        self.hanging.fetch_add(1, Ordering::AcqRel);
        if state
            .compare_exchange(RUNNING, ABANDONED, Ordering::AcqRel, Ordering::Acquire)
            .is_err()
        {
            // It ended in this very moment.
            self.hanging.fetch_sub(1, Ordering::AcqRel);
            return receiver.try_recv().ok();
        }
        None
    }

    pub(super) fn hung(&self, account: &str) -> Error {
        Error::new(
            ErrorKind::KeyringUnavailable,
            format!(
                "the keyring gave no answer within {} ms (account `{account}`); see whether it waits for a prompt, or \
                 set RUNBEAM_DISABLE_KEYRING to keep secrets in files",
                self.deadline.as_millis()
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST_HANGING: usize = 3;

    #[test]
    fn calls_that_hang_are_left_behind_but_not_without_end() {
        let caller = Caller::new(Duration::from_millis(10), MOST_HANGING);
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = Arc::new(std::sync::Mutex::new(blocked));
        for _ in 0..MOST_HANGING {
            let blocked = blocked.clone();
            assert_eq!(
                caller.call(move || blocked.lock().unwrap().recv().is_ok()),
                None
            );
        }
        assert_eq!(
            caller.call(|| 1),
            None,
            "no more threads while all of them hang"
        );
        drop(release);
        let start = std::time::Instant::now();
        while caller.call(|| 1).is_none() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "the freed threads are counted as hanging"
            );
        }
    }

    #[test]
    fn a_call_that_panics_is_no_outcome() {
        let caller = Caller::new(Duration::from_secs(5), MOST_HANGING);
        for _ in 0..=MOST_HANGING {
            let number: Option<u8> = caller.call(|| panic!("as it must"));
            assert_eq!(number, None);
        }
        let start = std::time::Instant::now();
        while caller.call(|| 1).is_none() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "the ended threads are counted as hanging"
            );
        }
    }
}
