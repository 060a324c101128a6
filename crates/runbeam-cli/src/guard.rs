//! What the process denies itself, because it holds secrets.

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
