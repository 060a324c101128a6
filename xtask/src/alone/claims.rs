//! What each of our crates brings to its user, and what not.

use std::fmt;

/// A statement about the packages that a user of one of ours gets.
pub(super) struct Claim {
    pub(super) package: &'static str,
    pub(super) features: Features,
    pub(super) has: &'static [&'static str],
    pub(super) lacks: &'static [&'static str],
    /// Whether a package outside of the workspace that depends on this one alone is built, too.
    pub(super) built: bool,
}

/// How many packages a user of one of ours gets at most, on the platform that this runs on: each of them is fetched,
/// built and audited by every user.
pub(super) struct Size {
    pub(super) package: &'static str,
    pub(super) features: Features,
    pub(super) most: usize,
}

pub(super) const SIZES: &[Size] = &[
    Size {
        package: "runbeam-auth",
        features: Features::None,
        most: 40,
    },
    // As many as the earlier SDK had, which knew no keyring.
    Size {
        package: "runbeam-sdk",
        features: Features::Default,
        most: 228,
    },
];

#[derive(Clone, Copy)]
pub(super) enum Features {
    All,
    Default,
    None,
}

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        package: "runbeam-model",
        features: Features::Default,
        has: &["jiff", "secrecy"],
        lacks: &[
            "tokio",
            "hyper",
            "rustls",
            "ring",
            "age",
            "keyring-core",
            "zbus",
            "tempfile",
        ],
        built: false,
    },
    Claim {
        package: "runbeam-http",
        features: Features::Default,
        has: &["hyper", "rustls", "ring", "tokio"],
        lacks: &[
            "age",
            "keyring-core",
            "zbus",
            "runbeam-auth",
            "runbeam-store",
        ],
        built: false,
    },
    // A pure verifier, for those who bring their own keys.
    Claim {
        package: "runbeam-auth",
        features: Features::None,
        has: &["ring", "runbeam-model"],
        lacks: &[
            "tokio",
            "hyper",
            "rustls",
            "age",
            "keyring-core",
            "zbus",
            "aws-lc-rs",
            "runbeam-http",
            "runbeam-store",
        ],
        built: true,
    },
    Claim {
        package: "runbeam-auth",
        features: Features::Default,
        has: &["hyper", "rustls", "ring", "tokio", "runbeam-http"],
        lacks: &["age", "keyring-core", "zbus", "aws-lc-rs", "runbeam-store"],
        built: false,
    },
    Claim {
        package: "runbeam-auth",
        features: Features::All,
        has: &["aws-lc-rs", "ring"],
        lacks: &["age", "keyring-core", "zbus", "runbeam-store"],
        built: false,
    },
    Claim {
        package: "runbeam-store",
        features: Features::Default,
        has: &["age", "keyring-core", "zbus", "tempfile", "runbeam-model"],
        lacks: &["hyper", "rustls", "ring", "runbeam-http", "runbeam-auth"],
        built: true,
    },
    Claim {
        package: "runbeam-sdk",
        features: Features::Default,
        has: &[
            "age",
            "hyper",
            "keyring-core",
            "ring",
            "runbeam-auth",
            "runbeam-http",
            "runbeam-store",
        ],
        lacks: &["axum", "aws-lc-rs", "runbeam-emulator"],
        built: false,
    },
    Claim {
        package: "runbeam-gateway",
        features: Features::Default,
        has: &["bcrypt", "tower-service", "runbeam-sdk"],
        lacks: &["axum", "aws-lc-rs", "runbeam-emulator"],
        built: false,
    },
    Claim {
        package: "runbeam-cli",
        features: Features::None,
        has: &["clap", "runbeam-sdk"],
        lacks: &["axum", "rusqlite", "aws-lc-rs", "runbeam-emulator"],
        built: false,
    },
    Claim {
        package: "runbeam-cli",
        features: Features::Default,
        has: &["clap", "runbeam-sdk", "runbeam-emulator"],
        lacks: &["aws-lc-rs"],
        built: false,
    },
    Claim {
        package: "runbeam-emulator",
        features: Features::Default,
        has: &["axum", "crypto-primes", "rusqlite"],
        lacks: &[
            "runbeam-model",
            "runbeam-http",
            "runbeam-auth",
            "runbeam-store",
            "age",
            "keyring-core",
        ],
        built: false,
    },
];

impl Features {
    /// As cargo wants them on the command line.
    pub(super) const fn flags(self) -> &'static str {
        match self {
            Self::All => "--all-features",
            Self::Default => "",
            Self::None => "--no-default-features",
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.features {
            Features::All => write!(f, "{} with all features", self.package),
            Features::Default => f.write_str(self.package),
            Features::None => write!(f, "{} without features", self.package),
        }
    }
}
