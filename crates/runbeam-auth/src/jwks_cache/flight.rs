//! The fetches of one source: whether one is under way, how the last ones went, and when the next may start.

use std::time::Duration;

use tokio::sync::watch;

use super::jitter;
use super::shared_state::AbortHandle;

#[derive(Default)]
pub(super) struct Flight {
    /// When the last fetch was started.
    started: Option<Duration>,
    landing: Option<watch::Receiver<()>>,
    task: Option<AbortHandle>,
    fetches: u64,
    failures: u64,
    failures_in_a_row: u32,
    last_problem: Option<String>,
    /// The least time from the start of the last fetch to the next, if it failed.
    back_off: Duration,
    has_used_stale_keys: bool,
}

impl Flight {
    /// What ends when the fetch that is under way ends.
    pub(super) fn landing(&self) -> Option<watch::Receiver<()>> {
        self.landing
            .as_ref()
            .filter(|landing| landing.has_changed().is_ok())
            .cloned()
    }

    /// Whether it is not too soon for another fetch. While there are good keys, the cool-down is kept whatever
    /// happened. Without any, nobody is served, so the first tries follow each other faster.
    pub(super) fn may_start(&self, now: Duration, has_good_set: bool, cool_down: Duration) -> bool {
        let pause = match (has_good_set, self.is_failing()) {
            (true, _) => cool_down,
            (false, true) => self.back_off,
            (false, false) => Duration::ZERO,
        };
        self.started
            .is_none_or(|started| now.saturating_sub(started) >= pause)
    }

    pub(super) fn start(&mut self, now: Duration, landing: watch::Receiver<()>, task: AbortHandle) {
        self.started = Some(now);
        self.landing = Some(landing);
        self.task = Some(task);
        self.fetches += 1;
    }

    /// Whether this ends an outage.
    pub(super) fn succeed(&mut self) -> bool {
        self.last_problem = None;
        self.has_used_stale_keys = false;
        std::mem::take(&mut self.failures_in_a_row) > 0
    }

    pub(super) fn fail(&mut self, problem: String, cool_down: Duration) {
        let most = Duration::from_secs(1 << self.failures_in_a_row.min(16)).min(cool_down);
        self.back_off = jitter::between(most / 2, most);
        self.failures += 1;
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.last_problem = Some(problem);
    }

    pub(super) fn abort(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Whether the last fetch failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failures_in_a_row > 0
    }

    /// Whether the source failed so lately that it is not worth while to wait for it again.
    pub(super) fn is_outage(&self, now: Duration, cool_down: Duration) -> bool {
        self.is_failing()
            && self
                .started
                .is_some_and(|started| now.saturating_sub(started) <= cool_down.saturating_mul(2))
    }

    /// True once per outage.
    pub(super) fn is_first_use_of_stale_keys(&mut self) -> bool {
        !std::mem::replace(&mut self.has_used_stale_keys, true)
    }

    pub(super) fn fetches(&self) -> u64 {
        self.fetches
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    pub(super) fn last_problem(&self) -> Option<&str> {
        self.last_problem.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_cool_down_does_not_overflow() {
        let mut flight = Flight {
            started: Some(Duration::ZERO),
            ..Flight::default()
        };
        flight.fail("no answer".to_owned(), Duration::MAX);
        assert!(flight.is_outage(Duration::MAX, Duration::MAX));
        assert!(!flight.may_start(Duration::from_secs(3600), true, Duration::MAX));
    }
}
