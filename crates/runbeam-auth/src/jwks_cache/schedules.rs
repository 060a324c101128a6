//! The cache under thousands of orders of events, which `shuttle` picks: look-ups, fetches, the clock, and ends.
//!
//! A schedule that breaks a rule is printed; `shuttle::replay` runs it again. The orders are the same in every run,
//! unless the campaign is the long one.

mod scripted_server;

use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shuttle::future::{JoinHandle, block_on, spawn, yield_now};
use shuttle::rand::Rng;
use shuttle::scheduler::{PctScheduler, RandomScheduler};

use self::scripted_server::{Mood, ScriptedServer, SharedClock, fetched};
use super::shared_state::ArcSwapOption;
use super::{JwksCache, KeptSet, Refresh};
use crate::{Error, ErrorKind, Rejection};

const REFRESH: Refresh = Refresh {
    ttl: Duration::from_secs(1000),
    stale_limit: Duration::from_secs(100_000),
    cool_down: Duration::from_secs(COOL_DOWN),
    deadline: Duration::from_secs(10),
};
const COOL_DOWN: u64 = 30;

type Cache = Arc<JwksCache<ScriptedServer>>;

/// One cache, its server and its clock.
struct World {
    server: ScriptedServer,
    clock: Arc<SharedClock>,
    cache: Cache,
}

impl World {
    /// A cache that knows nothing yet.
    fn cold(mood: Mood) -> Self {
        Self::with(None, mood)
    }

    /// A cache that has a set with the key `key_id`, from a snapshot.
    fn warm(key_id: &'static str, mood: Mood) -> Self {
        let set = KeptSet::new(fetched(key_id), Duration::ZERO, Duration::ZERO, REFRESH.ttl);
        Self::with(Some(set), mood)
    }

    fn with(set: Option<KeptSet>, mood: Mood) -> Self {
        let server = ScriptedServer::new(mood);
        let clock = Arc::new(SharedClock::default());
        let cache = JwksCache::starting_with(set, server.clone(), clock.clone(), REFRESH);
        Self {
            server,
            clock,
            cache: Arc::new(cache),
        }
    }

    fn look_ups(&self, key_id: &'static str, count: usize) -> Vec<JoinHandle<Result<(), Error>>> {
        (0..count)
            .map(|_| {
                let cache = self.cache.clone();
                spawn(async move { look_up(&cache, key_id).await })
            })
            .collect()
    }

    /// A task that looks for a key that is known, again and again, and must be answered without waiting.
    fn hits(&self, key_id: &'static str, count: usize) -> JoinHandle<()> {
        let cache = self.cache.clone();
        spawn(async move {
            for _ in 0..count {
                hit(&cache, key_id);
                yield_now().await;
            }
        })
    }

    fn ticks(&self, seconds: &'static [u64]) -> JoinHandle<()> {
        let clock = self.clock.clone();
        spawn(async move {
            for seconds in seconds {
                clock.advance(*seconds);
                yield_now().await;
            }
        })
    }
}

async fn look_up(cache: &Cache, key_id: &str) -> Result<(), Error> {
    let set = match cache.at_once(Some(key_id)) {
        Some(set) => set,
        None => cache.after_fetch(Some(key_id)).await?,
    };
    set.keys().find(Some(key_id)).map(drop)
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn hit(cache: &Cache, key_id: &str) {
    match poll_once(pin!(look_up(cache, key_id))) {
        Poll::Ready(Ok(())) => {}
        Poll::Ready(Err(error)) => panic!("a known key is refused: {error}"),
        Poll::Pending => panic!("a known key waits"),
    }
}

/// The outcomes of all tasks. If one waits for ever, `shuttle` says that it is a deadlock.
async fn all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// Runs a scenario in many orders of its events.
fn explore<F: Future<Output = ()>>(scenario: impl Fn() -> F + Clone + Send + Sync + 'static) {
    const SEED: u64 = 0x6a77_6b73;
    // The depth is the number of changes of mind of a scheduler that otherwise keeps to an order of priorities:
    // few of them find most faults, and chance alone finds those rarely.
    const DEPTH: usize = 4;
    let is_long = is_long_campaign();
    let count = if is_long { 200_000 } else { 2_000 };
    let mut config = shuttle::Config::default();
    config.stack_size = 256 << 10;
    let test = move || block_on(scenario());
    if is_long {
        shuttle::Runner::new(RandomScheduler::new(count), config.clone()).run(test.clone());
        shuttle::Runner::new(PctScheduler::new(DEPTH, count), config).run(test);
    } else {
        let random = RandomScheduler::new_from_seed(SEED, count);
        shuttle::Runner::new(random, config.clone()).run(test.clone());
        let pct = PctScheduler::new_from_seed(SEED, DEPTH, count);
        shuttle::Runner::new(pct, config).run(test);
    }
    println!("{} schedules", 2 * count);
}

#[allow(
    clippy::disallowed_methods,
    reason = "`cargo xtask ci full` asks by this variable for the long form"
)]
fn is_long_campaign() -> bool {
    std::env::var_os("RUNBEAM_CAMPAIGN").is_some_and(|value| value == "full")
}

#[test]
fn look_ups_in_a_cold_cache_share_one_fetch() {
    explore(|| async {
        let world = World::cold(Mood::Good("a"));
        for outcome in all(world.look_ups("a", 4)).await {
            outcome.unwrap();
        }
        assert_eq!(world.server.asked(), 1);
        assert_eq!(world.cache.status().fetches, 1);
    });
}

#[test]
fn unknown_key_ids_cause_one_fetch_and_keep_nobody_waiting() {
    explore(|| async {
        let world = World::warm("a", Mood::Chancy("a"));
        let hits = vec![world.hits("a", 3), world.hits("a", 3)];
        for outcome in all(world.look_ups("unknown", 3)).await {
            // If the fetch failed, nobody can say whether the key is unknown.
            let kind = outcome.unwrap_err().kind();
            let failures = world.cache.status().failures;
            assert!(kind == ErrorKind::Rejected || failures == 1, "{kind:?}");
        }
        all(hits).await;
        assert_eq!(world.server.asked(), 1);
    });
}

#[test]
fn there_is_one_fetch_per_cool_down_at_most() {
    explore(|| async {
        const TICKS: &[u64] = &[COOL_DOWN, COOL_DOWN / 2, COOL_DOWN / 2];
        let world = World::warm("a", Mood::Chancy("a"));
        let others = vec![world.hits("a", 4), world.ticks(TICKS)];
        let mut strangers = world.look_ups("unknown", 2);
        strangers.extend(world.look_ups("stranger", 2));
        assert!(all(strangers).await.iter().all(Result::is_err));
        all(others).await;
        let most = 1 + TICKS.iter().sum::<u64>() / COOL_DOWN;
        let asked = world.server.asked() as u64;
        assert!((1..=most).contains(&asked), "{asked} fetches");
    });
}

#[test]
fn a_known_key_is_never_refused_however_old_its_set_and_however_its_server_does() {
    explore(|| async {
        let world = World::warm("a", Mood::Chancy("a"));
        // Into the time in which it is due, and past its end.
        let time = world.ticks(&[950, 20, 40, 1000, 31]);
        let mut tasks = world.look_ups("a", 3);
        let unknown = world.look_ups("unknown", 1);
        for _ in 0..3 {
            yield_now().await;
            tasks.extend(world.look_ups("a", 1));
        }
        for outcome in all(tasks).await {
            outcome.unwrap();
        }
        all(unknown).await;
        time.await.unwrap();
        look_up(&world.cache, "a").await.unwrap();
    });
}

#[test]
fn a_set_that_is_due_is_fetched_beside_its_use() {
    explore(|| async {
        let world = World::warm("a", Mood::Chancy("a"));
        world.clock.advance(950);
        all(vec![world.hits("a", 2), world.hits("a", 2)]).await;
        // The fetch that they began goes on without them.
        while world.server.asked() == 0 {
            yield_now().await;
        }
        assert_eq!(world.cache.status().fetches, 1);
    });
}

#[test]
fn a_rotation_is_found_and_never_undone() {
    explore(|| async {
        let world = World::warm("old", Mood::Good("old"));
        let cache = world.cache.clone();
        let follower = spawn(async move {
            let mut found = false;
            for _ in 0..4 {
                match look_up(&cache, "new").await {
                    Ok(()) => found = true,
                    Err(error) => {
                        assert_eq!(error.rejection(), Some(Rejection::UnknownKey));
                        assert!(!found, "the new key is lost again");
                    }
                }
                yield_now().await;
            }
        });
        let others = world.look_ups("new", 2);
        world.server.change(Mood::Good("new"));
        world.clock.advance(COOL_DOWN);
        all(others).await;
        follower.await.unwrap();
        // A fetch that began before the rotation is too soon after it at worst.
        world.clock.advance(COOL_DOWN);
        look_up(&world.cache, "new").await.unwrap();
        let error = look_up(&world.cache, "old").await.unwrap_err();
        assert_eq!(error.rejection(), Some(Rejection::UnknownKey));
    });
}

#[test]
fn callers_that_give_up_take_nothing_from_the_others() {
    explore(|| async {
        let world = World::cold(Mood::Good("a"));
        let impatient = (0..3).map(|_| {
            let cache = world.cache.clone();
            spawn(async move {
                let patience = shuttle::rand::thread_rng().gen_range(0..3);
                let mut look_up = Box::pin(look_up(&cache, "a"));
                for _ in 0..patience {
                    if poll_once(look_up.as_mut()).is_ready() {
                        return;
                    }
                    yield_now().await;
                }
            })
        });
        let impatient: Vec<_> = impatient.collect();
        for outcome in all(world.look_ups("a", 2)).await {
            outcome.unwrap();
        }
        all(impatient).await;
        assert_eq!(world.server.asked(), 1);
    });
}

#[test]
fn nobody_hangs_on_a_source_that_fails() {
    explore(|| async {
        let world = World::cold(Mood::Failing);
        for outcome in all(world.look_ups("a", 4)).await {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::KeysUnavailable);
        }
        assert_eq!(world.server.asked(), 1);
        world.server.change(Mood::Good("a"));
        world.clock.advance(COOL_DOWN);
        look_up(&world.cache, "a").await.unwrap();
    });
}

#[test]
fn the_end_of_the_cache_ends_its_fetch() {
    explore(|| async {
        let world = World::cold(Mood::Silent);
        let mut end = world.server.end_of_next_question();
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let cache = world.cache.clone();
                spawn(async move {
                    assert!(poll_once(pin!(look_up(&cache, "a"))).is_pending());
                })
            })
            .collect();
        all(callers).await;
        let World { server, cache, .. } = world;
        assert_eq!(Arc::strong_count(&cache), 1);
        drop(cache);
        // Closed by the end of the question, or with the server if it was never asked.
        drop(server);
        assert!(end.changed().await.is_err());
    });
}

#[test]
fn a_hit_takes_no_lock() {
    // One task has one order of events.
    let test = || {
        let world = World::warm("a", Mood::Good("a"));
        let _flight = world.cache.shared.flight();
        hit(&world.cache, "a");
        world.clock.advance(950);
        hit(&world.cache, "a");
    };
    shuttle::check_random(test, 1);
}

/// Whoever looks and then acts, without a lock around both, is found out.
#[test]
fn the_exploration_is_not_blind() {
    let outcome = catch_unwind(|| {
        explore(|| async {
            let slot = Arc::new(ArcSwapOption::from_pointee(None));
            let fills = (0..2).map(|_| {
                let slot = slot.clone();
                spawn(async move {
                    let is_first = slot.load().is_none();
                    if is_first {
                        slot.store(Some(Arc::new(())));
                    }
                    is_first
                })
            });
            let fills = all(fills.collect()).await;
            assert_eq!(fills.into_iter().filter(|is_first| *is_first).count(), 1);
        });
    });
    assert!(outcome.is_err());
}
