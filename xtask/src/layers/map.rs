//! The map of our crates. An arrow that does not stand here does not exist.

use super::listed;

/// One crate, and where its arrows may point.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) arrows: &'static [Arrow],
    /// What its tests may use besides.
    pub(super) tests_with: &'static [&'static str],
}

pub(super) enum Arrow {
    Always(&'static str),
    /// Optional, and turned on by this feature alone.
    Behind {
        feature: &'static str,
        to: &'static str,
    },
}

/// Third-party crates that only some of ours may name.
pub(super) struct Confined {
    pub(super) crates: &'static [&'static str],
    pub(super) to: &'static [&'static str],
    /// Whose tests and examples may name them, too.
    pub(super) tests_of: &'static [&'static str],
    pub(super) because: &'static str,
}

use Arrow::{Always, Behind};

const EMULATOR: &str = "runbeam-emulator";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("runbeam-model", &[], &[]),
    row("runbeam-http", &[Always("runbeam-model")], &[EMULATOR]),
    row("runbeam-auth", &[Always("runbeam-model"), Behind { feature: "fetch", to: "runbeam-http" }], &[EMULATOR]),
    row("runbeam-store", &[Always("runbeam-model")], &[EMULATOR]),
    row("runbeam-sdk", &[Always("runbeam-model"), Always("runbeam-http"), Always("runbeam-auth"), Always("runbeam-store")], &[EMULATOR]),
    row("runbeam-gateway", &[Always("runbeam-sdk")], &[EMULATOR]),
    row("runbeam-cli", &[Always("runbeam-sdk"), Behind { feature: "dev", to: EMULATOR }], &[]),
    // It reads the contract by itself, so that two readings check each other.
    row(EMULATOR, &[], &[]),
    row("xtask", &[Always("runbeam-sdk"), Always(EMULATOR)], &[]),
];

pub(super) const CONFINED: &[Confined] = &[Confined {
    crates: &["hyper", "hyper-util", "hyper-rustls", "axum"],
    to: &["runbeam-http", EMULATOR],
    // Its layers are shown before services of each.
    tests_of: &["runbeam-gateway"],
    because: "deadlines, limits and redaction are in one client, and a web framework is the choice of our users",
}];

const fn row(
    name: &'static str,
    arrows: &'static [Arrow],
    tests_with: &'static [&'static str],
) -> Row {
    Row {
        name,
        arrows,
        tests_with,
    }
}

impl Row {
    pub(super) fn for_code(&self) -> String {
        let arrow = |arrow: &Arrow| match arrow {
            Always(to) => (*to).to_owned(),
            Behind { feature, to } => format!("{to} behind its feature `{feature}`"),
        };
        let arrows: Vec<String> = self.arrows.iter().map(arrow).collect();
        listed(&arrows.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(super) fn for_tests(&self) -> String {
        let names: Vec<&str> = self
            .arrows
            .iter()
            .map(Arrow::to)
            .chain(self.tests_with.iter().copied())
            .collect();
        listed(&names)
    }
}

impl Arrow {
    pub(super) const fn to(&self) -> &'static str {
        match self {
            Always(to) | Behind { to, .. } => to,
        }
    }
}
