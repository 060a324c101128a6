//! How a machine identity stands, for people and for metrics.

use std::sync::Arc;

use runbeam_sdk::model::{GatewayCode, GatewayId, Known, MachineToken, Timestamp};

use super::ExpiryWarning;
use crate::Fault;

/// How a gateway's right to call the cloud stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// There is no token. Authorize the gateway.
    #[default]
    Missing,
    /// There is a token, and nothing speaks against it.
    Good,
    /// Its life is over. Authorize the gateway.
    Expired,
    /// The cloud does not accept it before its life is over: it was revoked, or the gateway deleted.
    Revoked,
}

/// How a machine identity stands.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct IdentityState {
    pub(super) token: Option<Arc<MachineToken>>,
    /// Whether there is a token to call with.
    pub standing: Standing,
    /// When the token stops to work.
    pub expires_at: Known<Timestamp>,
    /// The gateway that it is for.
    pub gateway_id: Known<GatewayId>,
    /// The gateway's short name.
    pub gateway_code: Known<GatewayCode>,
    /// Whether the store keeps the token. What is not kept is lost with the process; keeping it is tried again.
    pub is_kept: bool,
    /// When the next renewal is tried; `None` without a credentials provider, or where a revocation forbids it.
    pub next_attempt: Option<Timestamp>,
    /// The renewals that failed since the last one that did not.
    pub failures: u32,
    /// The renewals by this process.
    pub renewals: u64,
    /// The warning that is in force, from five days before the expiry on.
    pub warning: Option<ExpiryWarning>,
    /// How many warnings were logged.
    pub warnings: u64,
    /// When a token was last received: by a renewal of this process, or by the store.
    pub last_success: Option<Timestamp>,
    /// What went wrong last. It stays after it went well again: compare the times.
    pub last_error: Option<Fault>,
}

/// The same as numbers. What is not known, or never happened, is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct IdentityMetrics {
    /// Seconds until the token's life is over; negative once it is.
    pub seconds_to_expiry: Option<f64>,
    /// Seconds until the gateway has no usable token, unless something is done: 0 if it has none now.
    pub seconds_to_lockout: Option<f64>,
    /// When a token was last received, in Unix seconds.
    pub last_success: Option<f64>,
    /// When something last went wrong, in Unix seconds.
    pub last_error: Option<f64>,
    /// The renewals that failed since the last one that did not.
    pub failures: u32,
    /// The renewals by this process.
    pub renewals: u64,
    /// How many warnings were logged.
    pub warnings: u64,
}

impl IdentityState {
    /// The numbers at `now`.
    #[must_use]
    pub fn metrics_at(&self, now: Timestamp) -> IdentityMetrics {
        let expires = self.expires_at.get();
        let to_expiry =
            expires.map(|expires| expires.as_unix_seconds_f64() - now.as_unix_seconds_f64());
        let to_lockout = match self.standing {
            // A token of unknown expiry has an unknown time to the lock-out, too.
            Standing::Good => to_expiry.map(|seconds| seconds.max(0.0)),
            _ => Some(0.0),
        };
        IdentityMetrics {
            seconds_to_expiry: to_expiry,
            seconds_to_lockout: to_lockout,
            last_success: self.last_success.map(Timestamp::as_unix_seconds_f64),
            last_error: self
                .last_error
                .as_ref()
                .map(|fault| fault.at.as_unix_seconds_f64()),
            failures: self.failures,
            renewals: self.renewals,
            warnings: self.warnings,
        }
    }
}
