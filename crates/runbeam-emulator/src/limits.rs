//! Rate limits: fixed windows of a minute by the emulator's clock, with Laravel's headers.

use std::{collections::HashMap, sync::Mutex};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{cloud::unpoisoned, digest::Digest, operation::Operation};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Past this many clients, windows that have ended are forgotten.
const MANY_CLIENTS: usize = 10_000;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How many requests a client may make in a minute. A client is a bearer token, or an address without one.
///
/// There are no limits unless they are set. Nothing limits the public keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RateLimits {
    /// Requests a minute for everything that has no limit of its own.
    pub requests: Option<u32>,
    /// Authorizations a minute; they do not count among the requests.
    pub authorizations: Option<u32>,
    /// Polls of device logins a minute; they do not count among the requests.
    pub login_polls: Option<u32>,
}

impl RateLimits {
    /// No limits.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            requests: None,
            authorizations: None,
            login_polls: None,
        }
    }

    /// The limits that are taken for the cloud's: 60 requests and 20 authorizations a minute, and free polling.
    #[must_use]
    pub const fn of_the_cloud() -> Self {
        Self {
            requests: Some(60),
            authorizations: Some(20),
            login_polls: None,
        }
    }

    /// The same with this many requests a minute.
    #[must_use]
    pub const fn with_requests(mut self, limit: u32) -> Self {
        self.requests = Some(limit);
        self
    }

    /// The same with this many authorizations a minute.
    #[must_use]
    pub const fn with_authorizations(mut self, limit: u32) -> Self {
        self.authorizations = Some(limit);
        self
    }

    /// The same with this many polls of device logins a minute.
    #[must_use]
    pub const fn with_login_polls(mut self, limit: u32) -> Self {
        self.login_polls = Some(limit);
        self
    }

    const fn of(self, class: Class) -> Option<u32> {
        match class {
            Class::Requests => self.requests,
            Class::Authorizations => self.authorizations,
            Class::LoginPolls => self.login_polls,
        }
    }
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Class {
    Requests,
    Authorizations,
    LoginPolls,
}

impl Class {
    const fn of(operation: Operation) -> Option<Self> {
        match operation {
            Operation::Jwks => None,
            Operation::AuthorizeGateway => Some(Self::Authorizations),
            Operation::CheckLogin => Some(Self::LoginPolls),
            _ => Some(Self::Requests),
        }
    }
}

/// Counts requests.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    limits: RateLimits,
    windows: HashMap<(Class, Digest), Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends_at: Timestamp,
    count: u32,
}

/// Where a client stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    limit: u32,
    remaining: u32,
    /// The end of the window, for a client that is past its limit.
    refused_until: Option<Timestamp>,
}

impl Limiter {
    pub(crate) fn limits(&self) -> RateLimits {
        unpoisoned(&self.state).limits
    }

    /// Sets other limits and forgets all counts.
    pub(crate) fn set(&self, limits: RateLimits) {
        let mut state = unpoisoned(&self.state);
        state.limits = limits;
        state.windows.clear();
    }

    /// Counts a request; `None` when nothing limits it.
    pub(crate) fn count(
        &self,
        operation: Operation,
        client: impl FnOnce() -> Digest,
        now: Timestamp,
    ) -> Option<Standing> {
        let class = Class::of(operation)?;
        let mut state = unpoisoned(&self.state);
        let limit = state.limits.of(class)?;
        if state.windows.len() > MANY_CLIENTS {
            state.windows.retain(|_, window| now < window.ends_at);
        }
        let fresh = Window {
            ends_at: crate::tokens::later(now, WINDOW),
            count: 0,
        };
        let window = state.windows.entry((class, client())).or_insert(fresh);
        // A clock that was moved back would leave a window that ends in days.
        if now >= window.ends_at || window.ends_at > fresh.ends_at {
            *window = fresh;
        }
        let is_refused = window.count >= limit;
        window.count = window.count.saturating_add(1);
        Some(Standing {
            limit,
            remaining: limit.saturating_sub(window.count),
            refused_until: is_refused.then_some(window.ends_at),
        })
    }
}

impl Standing {
    pub(crate) const fn is_refused(self) -> bool {
        self.refused_until.is_some()
    }

    /// Says in the headers of the answer where the client stands.
    pub(crate) fn write(self, headers: &mut HeaderMap, now: Timestamp) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        if let Some(end) = self.refused_until {
            let wait = end.duration_since(now);
            let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            headers.insert(RESET, HeaderValue::from(now.as_second() + seconds));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Digest {
        Digest::of("client")
    }

    #[test]
    fn a_window_is_a_minute_of_the_clock() {
        let limiter = Limiter::default();
        let now = Timestamp::UNIX_EPOCH;
        let count = |now| limiter.count(Operation::GatewaysIndex, client, now);
        assert_eq!(count(now), None, "without a limit nothing is counted");
        limiter.set(RateLimits::none().with_requests(2));
        assert_eq!(count(now).unwrap().remaining, 1);
        assert!(!count(now).unwrap().is_refused());
        let refused = count(now + SignedDuration::from_secs(59)).unwrap();
        let mut headers = HeaderMap::new();
        refused.write(&mut headers, now + SignedDuration::from_millis(58_500));
        assert_eq!(headers[header::RETRY_AFTER], "2");
        assert_eq!(headers[&RESET], "60");
        assert!(!count(now + WINDOW).unwrap().is_refused());
    }

    #[test]
    fn classes_and_clients_are_counted_apart() {
        let limiter = Limiter::default();
        limiter.set(RateLimits::none().with_requests(1).with_authorizations(1));
        let check = |operation, client: &str, refused: bool| {
            let standing = limiter.count(operation, || Digest::of(client), Timestamp::UNIX_EPOCH);
            assert_eq!(standing.map(Standing::is_refused), Some(refused));
        };
        check(Operation::GatewaysIndex, "a", false);
        check(Operation::ServicesIndex, "a", true);
        check(Operation::ServicesIndex, "b", false);
        check(Operation::AuthorizeGateway, "a", false);
        check(Operation::AuthorizeGateway, "a", true);
        let free = limiter.count(Operation::Jwks, client, Timestamp::UNIX_EPOCH);
        assert_eq!(free, None);
    }

    #[test]
    fn a_clock_moved_back_locks_nobody_out() {
        let limiter = Limiter::default();
        limiter.set(RateLimits::none().with_requests(1));
        let later = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24);
        limiter.count(Operation::GatewaysIndex, client, later);
        let standing = limiter.count(Operation::GatewaysIndex, client, Timestamp::UNIX_EPOCH);
        assert!(!standing.unwrap().is_refused());
    }
}
