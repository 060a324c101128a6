//! Whether a server is worth asking: after enough failures in a row nobody asks it for a while, and then one does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest time that a circuit stays open, however often its server failed.
const MAX_OPEN: Duration = Duration::from_secs(60);

/// Whether requests go to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CircuitState {
    /// They do.
    Closed,
    /// They do not: too many in a row failed.
    Open,
    /// One is under way, to find out whether the server is back; others do not go.
    HalfOpen,
}

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CircuitRule {
    pub(crate) failures: u32,
    /// For the first time. It doubles with each probe that fails.
    pub(crate) open_for: Duration,
}

/// The circuit of one server.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    /// Whether there is anything in `state` to look at: mostly there is not, and nobody takes the lock.
    is_troubled: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    until: Instant,
    length: Duration,
    is_probing: bool,
}

/// The permission to ask, which ends with the word about what came of it. If it is dropped without one, nothing was
/// found out.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    circuit: &'a Circuit,
    /// `None`: the outcome does not matter to the circuit.
    rule: Option<CircuitRule>,
    is_probe: bool,
}

impl Circuit {
    /// Whether to ask now. The error is the time to wait.
    pub(crate) fn enter(&self, rule: Option<CircuitRule>) -> Result<Permit<'_>, Duration> {
        let mut permit = Permit {
            circuit: self,
            rule,
            is_probe: false,
        };
        if rule.is_none() || !self.is_troubled.load(Ordering::Acquire) {
            return Ok(permit);
        }
        let mut state = self.lock();
        if let Some(open) = &mut state.open {
            let left = open.until.saturating_duration_since(Instant::now());
            if open.is_probing || !left.is_zero() {
                return Err(left);
            }
            open.is_probing = true;
            permit.is_probe = true;
        }
        Ok(permit)
    }

    pub(crate) fn state(&self) -> CircuitState {
        match self.lock().open {
            None => CircuitState::Closed,
            Some(Open {
                is_probing: true, ..
            }) => CircuitState::HalfOpen,
            Some(_) => CircuitState::Open,
        }
    }

    pub(crate) fn is_troubled(&self) -> bool {
        self.is_troubled.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The server answered.
    pub(crate) fn succeed(mut self) {
        self.is_probe = false;
        if self.rule.is_some() && self.circuit.is_troubled() {
            *self.circuit.lock() = State::default();
            self.circuit.is_troubled.store(false, Ordering::Release);
        }
    }

    /// The server cannot be reached, or says so of the one behind it.
    pub(crate) fn fail(mut self) {
        let was_probe = std::mem::take(&mut self.is_probe);
        let Some(rule) = self.rule else { return };
        let mut state = self.circuit.lock();
        state.failures = state.failures.saturating_add(1);
        let length = match state.open {
            // Those that were under way when it opened say nothing new.
            Some(_) if !was_probe => return,
            Some(open) => (open.length * 2).min(MAX_OPEN),
            None if state.failures >= rule.failures => rule.open_for.min(MAX_OPEN),
            None => {
                self.circuit.is_troubled.store(true, Ordering::Release);
                return;
            }
        };
        state.open = Some(Open {
            until: Instant::now() + length,
            length,
            is_probing: false,
        });
        self.circuit.is_troubled.store(true, Ordering::Release);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.is_probe {
            return;
        }
        if let Some(open) = &mut self.circuit.lock().open {
            open.is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Option<CircuitRule> = Some(CircuitRule {
        failures: 3,
        open_for: Duration::from_secs(5),
    });

    fn opened() -> Circuit {
        let circuit = Circuit::default();
        (0..3).for_each(|_| circuit.enter(RULE).unwrap().fail());
        circuit
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_alone() {
        let circuit = Circuit::default();
        for _ in 0..10 {
            circuit.enter(RULE).unwrap().fail();
            circuit.enter(RULE).unwrap().fail();
            circuit.enter(RULE).unwrap().succeed();
        }
        assert_eq!(circuit.state(), CircuitState::Closed);
        assert_eq!(
            opened().enter(RULE).unwrap_err(),
            Duration::from_secs(5),
            "the third failure opens it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_closes_it_or_keeps_it_open_for_twice_as_long() {
        let circuit = opened();
        for length in [5, 10, 20, 40, 60, 60] {
            tokio::time::advance(Duration::from_millis(length * 1000 - 1)).await;
            assert!(circuit.enter(RULE).is_err());
            tokio::time::advance(Duration::from_millis(1)).await;
            let probe = circuit.enter(RULE).unwrap();
            assert_eq!(circuit.state(), CircuitState::HalfOpen);
            assert!(circuit.enter(RULE).is_err(), "one probe at a time");
            probe.fail();
            assert_eq!(circuit.state(), CircuitState::Open);
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        circuit.enter(RULE).unwrap().succeed();
        assert_eq!(circuit.state(), CircuitState::Closed);
        circuit.enter(RULE).unwrap().fail();
        assert!(circuit.enter(RULE).is_ok(), "the count began anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_given_up_makes_room_for_another() {
        let circuit = opened();
        tokio::time::advance(Duration::from_secs(5)).await;
        drop(circuit.enter(RULE).unwrap());
        assert_eq!(circuit.state(), CircuitState::Open);
        circuit.enter(RULE).unwrap().succeed();
        assert_eq!(circuit.state(), CircuitState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn latecomers_neither_prolong_it_nor_are_ignored_when_they_bring_good_news() {
        let circuit = Circuit::default();
        let late: Vec<_> = (0..5).map(|_| circuit.enter(RULE).unwrap()).collect();
        (0..3).for_each(|_| circuit.enter(RULE).unwrap().fail());
        tokio::time::advance(Duration::from_secs(3)).await;
        let mut late = late.into_iter();
        late.by_ref().take(4).for_each(Permit::fail);
        assert_eq!(circuit.enter(RULE).unwrap_err(), Duration::from_secs(2));
        late.next().unwrap().succeed();
        assert_eq!(circuit.state(), CircuitState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rule_everything_goes_and_nothing_is_learnt() {
        let circuit = opened();
        circuit.enter(None).unwrap().succeed();
        assert!(circuit.enter(RULE).is_err());
        let fresh = Circuit::default();
        (0..10).for_each(|_| fresh.enter(None).unwrap().fail());
        assert!(fresh.enter(RULE).is_ok());
    }
}
