//! Device logins: begun by a program, decided by a person in a browser.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::random;

/// Ten minutes.
pub(crate) const LOGIN_LIFETIME: SignedDuration = SignedDuration::from_secs(600);

/// Most logins that are remembered; past it the oldest are forgotten, so that a loop of them costs no memory.
const MOST_LOGINS: usize = 10_000;

/// One device login.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// The order in which logins began.
    number: u64,
    pub(crate) device: String,
    pub(crate) address: String,
    pub(crate) started_at: Timestamp,
    pub(crate) decision: Decision,
}

/// What became of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Open,
    /// By the user with this id.
    Approved(String),
    Denied,
}

impl Login {
    pub(crate) fn expires_at(&self) -> Timestamp {
        crate::tokens::later(self.started_at, LOGIN_LIFETIME)
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at()
    }

    /// How it stands, in one word.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        match &self.decision {
            _ if self.has_expired(now) => "expired",
            Decision::Open => "open",
            Decision::Approved(_) => "approved",
            Decision::Denied => "denied",
        }
    }
}

/// The logins of the last time, by device token.
///
/// They are not written to a data file: a login outlives neither its ten minutes nor the program.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    logins: HashMap<String, Login>,
    begun: u64,
}

impl Logins {
    /// Begins a login and gives its device token. `device` and `address` say who asks.
    pub(crate) fn begin(&mut self, device: String, address: String, now: Timestamp) -> String {
        if self.logins.len() >= MOST_LOGINS
            && let Some(oldest) = self
                .logins
                .iter()
                .min_by_key(|(_, login)| login.number)
                .map(|(token, _)| token.clone())
        {
            self.logins.remove(&oldest);
        }
        self.begun += 1;
        let token = format!("dt_{}", random::alphanumeric(32));
        let login = Login {
            number: self.begun,
            device,
            address,
            started_at: now,
            decision: Decision::Open,
        };
        self.logins.insert(token.clone(), login);
        token
    }

    pub(crate) fn find(&self, token: &str) -> Option<&Login> {
        self.logins.get(token)
    }

    /// Decides an open login that has not expired; whether there was one.
    pub(crate) fn decide(&mut self, token: &str, decision: Decision, now: Timestamp) -> bool {
        let open = self
            .logins
            .get_mut(token)
            .filter(|login| login.decision == Decision::Open && !login.has_expired(now));
        open.map(|login| login.decision = decision).is_some()
    }

    /// All logins with their device tokens, newest first.
    pub(crate) fn newest_first(&self) -> Vec<(&str, &Login)> {
        let mut logins: Vec<_> = self
            .logins
            .iter()
            .map(|(token, login)| (token.as_str(), login))
            .collect();
        logins.sort_by_key(|(_, login)| std::cmp::Reverse(login.number));
        logins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_login_is_decided_once_and_in_time() {
        let mut logins = Logins::default();
        let token = logins.begin("cli".into(), "127.0.0.1".into(), NOW);
        assert!(logins.decide(&token, Decision::Denied, NOW));
        assert!(!logins.decide(&token, Decision::Approved("u".into()), NOW));
        let late = logins.begin("cli".into(), "127.0.0.1".into(), NOW);
        assert!(!logins.decide(&late, Decision::Denied, NOW + LOGIN_LIFETIME));
        assert!(!logins.decide("dt_x", Decision::Denied, NOW));
    }

    #[test]
    fn the_oldest_login_makes_room() {
        let mut logins = Logins::default();
        let first = logins.begin(String::new(), String::new(), NOW);
        for _ in 1..MOST_LOGINS {
            logins.begin(String::new(), String::new(), NOW);
        }
        assert!(logins.find(&first).is_some());
        logins.begin(String::new(), String::new(), NOW);
        assert!(logins.find(&first).is_none());
        assert_eq!(logins.newest_first().len(), MOST_LOGINS);
    }
}
