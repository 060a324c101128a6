//! How often a peer may guess wrong.

use std::fmt;
use std::hash::RandomState;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use runbeam_sdk::model::{Clock, SystemClock};

const FAILURES_A_MINUTE: u32 = 10;
const PEERS: usize = 16_384;

/// Counts credentials that were not good, peer by peer, and holds back a peer that has had too many.
///
/// A peer may fail ten times, and from then on once in six seconds. It is held back from what can be guessed:
/// passwords and API keys are not looked at until its time has come, and are answered with 429. A JWT is verified as
/// ever; one that is not good is answered with 429, too.
///
/// - A peer is an IPv4 address, or the first 64 bits of an IPv6 address: whoever has one of them has them all.
/// - What is good is not counted, and clears nothing. Neither does what cannot be checked.
/// - What is checked at the same time is counted only when it is done: as many more may be tried as fit into the
///   queue of the [`HashingPool`](super::HashingPool).
/// - The last 16,384 peers are remembered, in some 2 MiB. Others have a clean slate. Clones share what is counted.
#[derive(Clone)]
pub struct FailureLimiter {
    peers: Arc<Peers>,
    clock: Arc<dyn Clock>,
    /// What a failure costs, and how many of them one may owe.
    interval: Duration,
    burst: u32,
}

/// For each peer the time, in nanoseconds of the clock, at which all that it owes is paid.
type Peers = Cache<Peer, Arc<AtomicU64>, UnitWeighter, RandomState>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Peer {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

impl FailureLimiter {
    /// Ten failures a minute, and 16,384 peers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            peers: Arc::new(peers(PEERS)),
            clock: Arc::new(SystemClock),
            interval: Duration::from_secs(60) / FAILURES_A_MINUTE,
            burst: FAILURES_A_MINUTE,
        }
    }

    /// This many failures a minute.
    #[must_use]
    pub fn with_failures_a_minute(mut self, failures: NonZero<u32>) -> Self {
        self.burst = failures.get();
        self.interval = Duration::from_secs(60) / self.burst;
        self
    }

    /// Remembers this many peers at most, and none that was counted before.
    #[must_use]
    pub fn with_peers(mut self, count: NonZero<usize>) -> Self {
        self.peers = Arc::new(peers(count.get()));
        self
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How many peers are remembered at present.
    #[must_use]
    pub fn remembered_peers(&self) -> usize {
        self.peers.len()
    }

    /// How long a peer is held back from here on; `None` if it is not.
    pub(crate) fn wait(&self, peer: IpAddr) -> Option<Duration> {
        let paid_at = self.peers.get(&Peer::of(peer))?.load(Ordering::Relaxed);
        let owed = Duration::from_nanos(paid_at).checked_sub(self.clock.monotonic())?;
        let wait = owed.checked_sub(self.interval * (self.burst - 1))?;
        (!wait.is_zero()).then_some(wait)
    }

    /// Counts a failure.
    pub(crate) fn count(&self, peer: IpAddr) {
        let paid_at = self
            .peers
            .get_or_insert_with(&Peer::of(peer), || Ok::<_, ()>(Arc::default()));
        let Ok(paid_at) = paid_at else { return };
        let now = nanoseconds(self.clock.monotonic());
        let (cost, most) = (
            nanoseconds(self.interval),
            nanoseconds(self.interval * self.burst),
        );
        let owe = |paid_at: u64| Some((paid_at.max(now) + cost).min(now + most));
        // It gives a value each time, so that it does not fail.
        let _ = paid_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, owe);
    }
}

impl Default for FailureLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl Peer {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

fn peers(count: usize) -> Peers {
    Cache::with(
        count,
        count as u64,
        UnitWeighter,
        RandomState::new(),
        Default::default(),
    )
}

/// 584 years of them fit.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2)
}

impl fmt::Debug for FailureLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailureLimiter")
            .field("failures_a_minute", &self.burst)
            .field("remembered_peers", &self.remembered_peers())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use runbeam_sdk::model::{ManualClock, Timestamp};

    use super::*;

    fn limiter() -> (FailureLimiter, ManualClock) {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let limiter = FailureLimiter::new().with_clock(Arc::new(clock.clone()));
        (limiter, clock)
    }

    #[test]
    fn ten_failures_at_once_and_then_one_in_six_seconds() {
        let (limiter, clock) = limiter();
        let peer = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..10 {
            assert_eq!(limiter.wait(peer), None);
            limiter.count(peer);
        }
        assert_eq!(limiter.wait(peer), Some(Duration::from_secs(6)));
        assert_eq!(limiter.wait(IpAddr::from([192, 0, 2, 2])), None);
        clock.advance(Duration::from_secs(5));
        assert_eq!(limiter.wait(peer), Some(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(1));
        assert_eq!(limiter.wait(peer), None);
        limiter.count(peer);
        assert_eq!(limiter.wait(peer), Some(Duration::from_secs(6)));
        // However much was tried at the same time, a minute is enough for all of it.
        for _ in 0..1_000 {
            limiter.count(peer);
        }
        clock.advance(Duration::from_secs(60));
        for _ in 0..10 {
            assert_eq!(limiter.wait(peer), None);
            limiter.count(peer);
        }
        assert!(limiter.wait(peer).is_some());
    }

    #[test]
    fn addresses_of_one_network_are_one_peer() {
        let (limiter, _) = limiter();
        for last in 0..10 {
            limiter.count(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last).into());
        }
        let wait = |address: &str| limiter.wait(address.parse().unwrap());
        assert!(wait("2001:db8:0:1:ffff::9").is_some());
        assert!(wait("2001:db8:0:2::1").is_none());
        for _ in 0..10 {
            limiter.count("::ffff:192.0.2.7".parse().unwrap());
        }
        assert!(wait("192.0.2.7").is_some());
    }

    #[test]
    fn a_million_peers_take_no_more_than_their_place() {
        let (limiter, _) = limiter();
        for number in 0..1_000_000u32 {
            limiter.count(Ipv4Addr::from(number).into());
        }
        assert!(limiter.remembered_peers() <= PEERS);
        assert!(limiter.remembered_peers() > PEERS / 2);
    }
}
