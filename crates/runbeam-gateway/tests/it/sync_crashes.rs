//! A gateway whose process ends again and again, at every point at which something is written or applied, with a cloud that
//! fails: every change reaches its end, none is applied twice, and the last good configuration always loads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use runbeam_emulator::{ChangeStatus, Fault, FaultRule};
use runbeam_gateway::sync::{ChangeFeed, LastGood, Rejection, Update};

use crate::campaign;
use crate::sync::Gateway;
use crate::test_store::Crash;

/// What outlives the process on the gateway's side, as files of its own would.
#[derive(Clone, Default)]
struct World(Arc<Mutex<BTreeMap<String, Fate>>>);

#[derive(Clone, Default, Debug)]
struct Fate {
    /// How often it was given as if for the first time.
    given: u32,
    /// How often it was given after an interruption.
    given_again: u32,
    /// How often it took effect.
    effects: u32,
}

impl World {
    fn with<T>(&self, id: &str, change: impl FnOnce(&mut Fate) -> T) -> T {
        change(self.0.lock().unwrap().entry(id.to_owned()).or_default())
    }

    async fn apply(self, crash: Crash, update: Update) -> Result<(), Rejection> {
        let Update::Change {
            change,
            was_interrupted,
            ..
        } = update
        else {
            return Ok(());
        };
        let id = change.id.as_str();
        self.with(id, |fate| {
            fate.given += u32::from(!was_interrupted);
            fate.given_again += u32::from(was_interrupted);
        });
        crash.point().await;
        if was_interrupted && self.with(id, |fate| fate.effects > 0) {
            return Ok(());
        }
        if change.toml_config.as_deref() == Some("bad") {
            return Err(Rejection::new("it is bad"));
        }
        self.with(id, |fate| fate.effects += 1);
        crash.point().await;
        Ok(())
    }
}

/// The last change of each pipeline that the cloud has been told of is in the last good configuration, or a later one.
fn check_last_good(gateway: &Gateway, queued: &[Queued], last_good: Option<&LastGood>) {
    let mut reported: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, change) in queued.iter().enumerate() {
        if gateway.status(&change.id) == ChangeStatus::Applied {
            reported.insert(&change.pipeline, number);
        }
    }
    for (pipeline, number) in reported {
        let last_good = last_good.unwrap();
        let is_of = |change: &&runbeam_sdk::model::Change| {
            change
                .pipeline_id
                .as_ref()
                .is_some_and(|id| *id == *pipeline)
        };
        let kept = last_good.changes.iter().find(is_of).unwrap();
        let kept = queued
            .iter()
            .position(|one| kept.id == *one.id.as_str())
            .unwrap();
        assert!(kept >= number, "{pipeline}: {kept} is older than {number}");
    }
}

struct Queued {
    id: String,
    pipeline: String,
    is_good: bool,
}

/// What happened, for a person.
#[derive(Debug, Default)]
struct Tally {
    crashes: usize,
    outages: usize,
    changes: usize,
    interrupted: usize,
    given_up: usize,
}

struct Campaign {
    gateway: Gateway,
    world: World,
    random: fastrand::Rng,
    queued: Vec<Queued>,
    tally: Tally,
}

impl Campaign {
    async fn feed(&self, crash: &Crash) -> ChangeFeed {
        let (world, applying) = (self.world.clone(), crash.clone());
        let apply = move |update| world.clone().apply(applying.clone(), update);
        let store = self.gateway.store.ending_at(crash);
        self.gateway.feed(store).start(apply).await.unwrap()
    }

    fn queue(&mut self) {
        for _ in 0..self.random.u8(1..4) {
            let pipeline = format!("p{}", self.random.u8(0..4));
            let is_good = self.random.u8(..) > 50;
            let text = if is_good { "good" } else { "bad" };
            let id = self.gateway.queue_for(&pipeline, text);
            self.queued.push(Queued {
                id,
                pipeline,
                is_good,
            });
        }
    }

    fn outage(&mut self) -> Option<u64> {
        let fault = match self.random.u8(0..6) {
            0 => Fault::status(503),
            1 => Fault::ResetBefore,
            2 => Fault::ResetAfter,
            _ => return None,
        };
        self.tally.outages += 1;
        let (after, times) = (self.random.u64(0..6), self.random.u64(1..4));
        let rule = FaultRule::new(fault).after(after).times(times);
        Some(self.gateway.times.cloud.inject(rule))
    }

    /// A process, which may end at any point.
    async fn life(&mut self) {
        if self.random.bool() {
            self.queue();
        }
        let outage = self.outage();
        let crash = Crash::after(self.random.i64(0..24));
        let ended = tokio::select! {
            () = crash.happened() => true,
            () = async {
                let feed = self.feed(&crash).await;
                check_last_good(&self.gateway, &self.queued, feed.last_good().as_deref());
                for _ in 0..3 {
                    // What fails is tried again, in this process or in the next one.
                    let _ = feed.poll_now().await;
                }
            } => false,
        };
        self.tally.crashes += usize::from(ended);
        if let Some(outage) = outage {
            self.gateway.times.cloud.end_fault(outage);
        }
    }

    /// A process to which nothing happens; then every change is where it should be.
    async fn check(&mut self) {
        let feed = self.feed(&Crash::default()).await;
        feed.poll_now().await.unwrap();
        check_last_good(&self.gateway, &self.queued, feed.last_good().as_deref());
        for change in std::mem::take(&mut self.queued) {
            let fate = self.world.with(&change.id, |fate| fate.clone());
            assert!(fate.given <= 1, "given as new again: {fate:?}");
            assert!(fate.effects <= u32::from(change.is_good), "{fate:?}");
            match self.gateway.status(&change.id) {
                ChangeStatus::Applied => assert!(change.is_good && fate.effects == 1),
                ChangeStatus::Failed if change.is_good => {
                    // It ended three times after it had begun, before or after the gateway heard of it.
                    assert!(fate.given + fate.given_again <= 3, "{fate:?}");
                    self.tally.given_up += 1;
                }
                ChangeStatus::Failed => {}
                other => panic!("{} ended as {other:?}", change.id),
            }
            self.tally.interrupted += usize::from(fate.given_again > 0);
            self.tally.changes += 1;
        }
    }
}

#[tokio::test]
async fn every_change_reaches_its_end_and_none_is_applied_twice() {
    let crashes = campaign::rounds(150, 10_000);
    let mut campaign = Campaign {
        gateway: Gateway::start().await,
        world: World::default(),
        random: fastrand::Rng::with_seed(11),
        queued: Vec::new(),
        tally: Tally::default(),
    };
    let mut lives = 0;
    while campaign.tally.crashes < crashes {
        campaign.life().await;
        lives += 1;
        if lives % 100 == 0 {
            campaign.check().await;
        }
    }
    campaign.check().await;
    let tally = campaign.tally;
    eprintln!("{tally:?}");
    assert!(tally.interrupted > crashes / 50 && tally.changes > crashes / 2);
    assert!(tally.given_up < tally.changes / 20);
}
