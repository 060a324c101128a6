//! The emulated cloud, for tests that wait for programs.

use runbeam_emulator::{Builder, Emulator};
use tokio::runtime::Runtime;

/// A cloud that runs on threads of its own while a test waits for the binary.
pub(crate) struct Cloud {
    emulator: Option<Emulator>,
    runtime: Runtime,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let emulator = runtime
            .block_on(settings(Emulator::builder()).start())
            .unwrap();
        Self {
            emulator: Some(emulator),
            runtime,
        }
    }

    /// Waits for the device token of the login that is begun next or was begun.
    pub(crate) fn device_token_in(text: &str) -> String {
        let start = text.find("/cli/verify/").unwrap() + "/cli/verify/".len();
        text[start..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    }
}

impl std::ops::Deref for Cloud {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        self.emulator.as_ref().unwrap()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let emulator = self.emulator.take();
        self.runtime.block_on(async { drop(emulator) });
    }
}
