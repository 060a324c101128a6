//! Threads for slow hashes, so that they hold up nothing else.

use std::fmt;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::BuildError;

/// How many hashes may wait for each thread by default.
const QUEUE_A_THREAD: usize = 16;

/// A few threads that do nothing but slow hashes, with a short queue before them: what does not fit in is refused at
/// once, and is answered with 503. Clones share the threads, which end with the last of them.
///
/// On Linux the threads give way to all others (`nice` 10), so that a flood of passwords takes only the time that
/// nobody else wants.
#[derive(Clone)]
pub struct HashingPool {
    jobs: SyncSender<Job>,
    threads: usize,
    queue: usize,
}

struct Job {
    work: Box<dyn FnOnce() -> Option<usize> + Send>,
    answer: oneshot::Sender<Option<usize>>,
}

/// The queue is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl HashingPool {
    /// A thread for every second core, one at least, and room for 16 hashes to wait for each of them.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn new() -> Result<Self, BuildError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = NonZero::new(cores / 2).unwrap_or(NonZero::<usize>::MIN);
        Self::with_threads(threads, threads.get() * QUEUE_A_THREAD)
    }

    /// This many threads, and room for `queue` hashes to wait for them.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn with_threads(threads: NonZero<usize>, queue: usize) -> Result<Self, BuildError> {
        let (jobs, waiting) = sync_channel(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads.get() {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name("runbeam-hashing".to_owned())
                .spawn(move || work(&waiting))
                .map_err(|error| {
                    BuildError::new("the system gives no thread for hashing").with_source(error)
                })?;
        }
        Ok(Self {
            jobs,
            threads: threads.get(),
            queue,
        })
    }

    /// Does `work` on one of the threads. Work that nobody waits for any more when its turn comes is left out.
    pub(super) async fn run(
        &self,
        work: impl FnOnce() -> Option<usize> + Send + 'static,
    ) -> Result<Option<usize>, Full> {
        let (answer, answered) = oneshot::channel();
        let work = Box::new(work);
        self.jobs.try_send(Job { work, answer }).map_err(|_| Full)?;
        answered.await.map_err(|_| Full)
    }
}

/// What each thread does until the last pool is gone.
fn work(waiting: &Mutex<Receiver<Job>>) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(10) {
        tracing::debug!(%error, "a thread for hashing keeps the priority of the others");
    }
    let next = || {
        waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv()
    };
    while let Ok(Job { work, answer }) = next() {
        if !answer.is_closed() {
            // Whoever does not wait any more does not miss it.
            let _ = answer.send(work());
        }
    }
}

impl fmt::Debug for HashingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashingPool")
            .field("threads", &self.threads)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_in_is_refused_and_what_nobody_waits_for_is_not_done() {
        let pool = HashingPool::with_threads(NonZero::<usize>::MIN, 1).unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let (started, has_started) = oneshot::channel();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(move || {
                    let _ = started.send(());
                    gate.recv().ok().map(|()| 1)
                })
                .await
            }
        });
        has_started.await.unwrap();

        let (is_done, done) = mpsc::channel::<()>();
        let mut second = Box::pin(pool.run(move || is_done.send(()).ok().map(|()| 2)));
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert_eq!(pool.run(|| Some(3)).await, Err(Full));

        drop(second);
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(Some(1)));
        let mut fourth = pool.run(|| Some(4)).await;
        // The place of the second is free as soon as the thread looks at it.
        while fourth == Err(Full) {
            tokio::task::yield_now().await;
            fourth = pool.run(|| Some(4)).await;
        }
        assert_eq!(fourth, Ok(Some(4)));
        assert!(done.try_recv().is_err());
    }
}
