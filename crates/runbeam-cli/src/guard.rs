//! What the process denies itself, because it holds secrets.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

/// Runs `work`. Where that panics, standard error gets the place in this program and nothing that the program held.
///
/// # Errors
///
/// That it panicked.
pub(crate) fn without_crash_output<T>(work: impl FnOnce() -> T) -> Result<T, Crashed> {
    panic::set_hook(Box::new(|panic| crate::output::emergency(&notice(panic))));
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| Crashed)
}

/// The program has a fault, and said so.
#[derive(Debug)]
pub(crate) struct Crashed;

/// The message of a panic may quote what was being worked on; its place cannot.
fn notice(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(
        || "an unknown place".to_owned(),
        |place| format!("{}:{}", place.file(), place.line()),
    );
    format!(
        "runbeam {} has a fault at {place}; please report that line, and run `runbeam doctor` meanwhile",
        env!("CARGO_PKG_VERSION")
    )
}

/// Turns core dumps off, so that a crash writes no token to a disk. It is no error where that cannot be done.
#[cfg(unix)]
pub(crate) fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    // A program that collects core dumps through a pipe is not held by the limit; nor is a debugger of the same user.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Windows writes none unless somebody asks for them.
#[cfg(not(unix))]
pub(crate) fn forbid_core_dumps() {}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_crash_tells_its_place_and_no_secret() {
        let told = Arc::new(Mutex::new(String::new()));
        let hook = told.clone();
        panic::set_hook(Box::new(move |panic| {
            *hook.lock().unwrap() = notice(panic);
        }));
        let ended = panic::catch_unwind(|| panic!("while reading {}", "mt_canary"));
        let _ = panic::take_hook();
        assert!(ended.is_err());
        let told = told.lock().unwrap();
        assert!(
            told.contains("guard.rs:") && !told.contains("canary"),
            "{told}"
        );
    }
}
