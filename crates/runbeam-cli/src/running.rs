//! Runs what waits for others: on a runtime that is made when it is needed, until it ends or somebody presses Ctrl-C.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::failure::{Exit, Failure};

/// What is being saved when somebody presses Ctrl-C gets this long to be saved.
const GRACE: Duration = Duration::from_secs(5);

/// Runs `work` to its end.
///
/// # Errors
///
/// Its own, and [`Exit::Interrupted`] on Ctrl-C.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_uninterrupted(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
            result = work => result,
        }
    })
}

/// Does `work`, which may wait for a person or a pipe, on a thread of its own. Nobody waits for that thread after Ctrl-C.
///
/// # Errors
///
/// That the system has no thread left.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Failure::failed("nothing can be read", "check the limits of the system").because(error)
    };
    let (done, result) = oneshot::channel();
    std::thread::Builder::new()
        .spawn(move || drop(done.send(work())))
        .map_err(|error| failed(&error))?;
    result.await.map_err(|error| failed(&error))
}

/// Runs `work`, which listens for Ctrl-C by itself, to its end.
///
/// # Errors
///
/// Its own.
pub(crate) fn run_uninterrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::failed("no work can be started", "check the limits of the system")
                .because(&error)
        })?;
    let result = runtime.block_on(work);
    // Only what was interrupted can still be saving. Nothing else is worth waiting for.
    if matches!(&result, Err(failure) if failure.exit() == Exit::Interrupted) {
        runtime.shutdown_timeout(GRACE);
    } else {
        runtime.shutdown_background();
    }
    result
}
