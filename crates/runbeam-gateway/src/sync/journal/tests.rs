//! The journal through every order of events: crashes, lost answers and lists that are late.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn id(number: u32) -> ChangeId {
    format!("01HZ{number:022}").parse().unwrap()
}

fn at(number: u32) -> Option<Timestamp> {
    Some(Timestamp::from_unix_seconds(i64::from(number)))
}

fn listed(numbers: impl IntoIterator<Item = u32>) -> Vec<(ChangeId, Option<Timestamp>)> {
    let numbers = numbers.into_iter();
    numbers.map(|number| (id(number), at(number))).collect()
}

fn apply(journal: &mut Journal) -> ChangeId {
    let Some(Next::Apply { id, .. }) = journal.next() else {
        panic!("nothing is to be applied");
    };
    journal.begin(&id);
    id
}

#[test]
fn a_change_goes_its_way_once() {
    let mut journal = Journal::default();
    assert!(!journal.admit(listed([1, 2])));
    assert_eq!(journal.next(), None, "the cloud still lists them");
    assert_eq!(journal.to_acknowledge(), [id(1), id(2)]);
    journal.acknowledged(&[]);
    assert_eq!(apply(&mut journal), id(1));
    journal.applied(&id(1), 7);
    assert_eq!(apply(&mut journal), id(2));
    let rejection = Rejection::new("no such backend");
    journal.failed(&id(2), rejection.clone(), Timestamp::UNIX_EPOCH);
    let reports = [(id(1), Report::Applied), (id(2), Report::Failed(rejection))];
    assert_eq!(journal.to_report(), reports);
    assert_eq!((journal.waiting(), journal.version()), (0, 7));
    journal.finish(&id(1));
    journal.finish(&id(2));
    // A list that is older than the reports.
    journal.admit(listed([1, 2]));
    assert!(journal.to_acknowledge().is_empty());
    assert_eq!(journal.quarantined().len(), 1);
}

#[test]
fn what_the_cloud_does_not_know_as_ours_is_dropped() {
    let mut journal = Journal::default();
    journal.admit(listed([1, 2]));
    journal.acknowledged(&[id(1)]);
    assert_eq!(apply(&mut journal), id(2));
}

#[test]
fn one_that_was_missed_comes_before_the_younger_ones() {
    let mut journal = Journal::default();
    journal.admit(listed([1, 3]));
    journal.acknowledged(&[]);
    journal.admit(listed([2]));
    assert_eq!(apply(&mut journal), id(1));
    journal.applied(&id(1), 1);
    assert_eq!(journal.next(), None, "2 is not acknowledged");
    journal.acknowledged(&[]);
    assert_eq!(apply(&mut journal), id(2));
}

#[test]
fn one_that_ends_the_process_again_and_again_is_given_up() {
    let mut journal = Journal::default();
    journal.admit(listed([1]));
    journal.acknowledged(&[]);
    for attempt in 0..MOST_ATTEMPTS {
        let was_interrupted = attempt > 0;
        let id = id(1);
        assert_eq!(
            journal.next(),
            Some(Next::Apply {
                id,
                was_interrupted
            })
        );
        journal.begin(&self::id(1));
    }
    assert_eq!(journal.next(), Some(Next::GiveUp(id(1))));
}

#[test]
fn it_fits_into_one_entry_whatever_comes() {
    let mut journal = Journal::default();
    let long = |number: u32| -> ChangeId { format!("{number:0>255}").parse().unwrap() };
    let mut number = 0;
    for _ in 0..8 {
        journal.admit((0..1_000).map(|more| (long(number + more), at(number + more))));
        number += 1_000;
        journal.acknowledged(&[]);
        while let Some(Next::Apply { id, .. }) = journal.next() {
            journal.begin(&id);
            let rejection =
                Rejection::new("\"".repeat(5_000)).with_details(vec!["\\".repeat(5_000); 9]);
            journal.failed(&id, rejection, Timestamp::MAX);
        }
        let length = serde_json::to_vec(&journal).unwrap().len();
        assert!(length < runbeam_sdk::store::MAX_SECRET_LEN, "{length}");
        for (id, _) in journal.to_report() {
            journal.finish(&id);
        }
    }
}

/// What may happen between two crashes.
#[derive(Debug, Clone)]
enum Step {
    Queue,
    /// The list; the cloud lists what is not acknowledged.
    List,
    Acknowledge {
        is_answer_lost: bool,
    },
    Apply {
        is_good: bool,
        is_interrupted: bool,
    },
    Report {
        is_answer_lost: bool,
    },
    /// The process ends. What was written last is what there is.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Queue),
        2 => Just(Step::List),
        2 => any::<bool>().prop_map(|is_answer_lost| Step::Acknowledge { is_answer_lost }),
        3 => (any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(is_good, is_interrupted)| Step::Apply { is_good, is_interrupted }),
        2 => any::<bool>().prop_map(|is_answer_lost| Step::Report { is_answer_lost }),
        1 => Just(Step::Crash),
    ]
}

/// A cloud, a gateway and a store, as far as the journal concerns them.
#[derive(Default)]
struct World {
    journal: Journal,
    written: String,
    queued: u32,
    acknowledged: BTreeMap<ChangeId, bool>,
    /// How often each was begun without a warning that it was begun before.
    begun: BTreeMap<ChangeId, u32>,
    /// In which order they were settled.
    settled: Vec<ChangeId>,
    reported: BTreeMap<ChangeId, Report>,
}

impl World {
    fn write(&mut self) {
        self.written = serde_json::to_string(&self.journal).unwrap();
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Queue => {
                self.acknowledged.insert(id(self.queued), false);
                self.queued += 1;
            }
            Step::List => {
                let waits = |number: &u32| !self.acknowledged[&id(*number)];
                let waiting: Vec<u32> = (0..self.queued).filter(waits).collect();
                self.journal.admit(listed(waiting));
                self.write();
            }
            Step::Acknowledge { is_answer_lost } => {
                for id in self.journal.to_acknowledge() {
                    self.acknowledged.insert(id, true);
                }
                if !is_answer_lost {
                    self.journal.acknowledged(&[]);
                }
            }
            Step::Apply {
                is_good,
                is_interrupted,
            } => self.apply(*is_good, *is_interrupted),
            Step::Report { is_answer_lost } => {
                for (id, report) in self.journal.to_report() {
                    let former = self.reported.insert(id.clone(), report.clone());
                    assert!(former.is_none_or(|former| former == report));
                    if !is_answer_lost {
                        self.journal.finish(&id);
                    }
                }
            }
            Step::Crash => {
                self.journal = serde_json::from_str(&self.written).unwrap_or_default();
            }
        }
    }

    fn apply(&mut self, is_good: bool, is_interrupted: bool) {
        let (id, was_interrupted) = match self.journal.next() {
            None => return,
            Some(Next::GiveUp(id)) => {
                let rejection = Rejection::new("it ends the process");
                self.journal.failed(&id, rejection, Timestamp::UNIX_EPOCH);
                self.settled.push(id);
                return self.write();
            }
            Some(Next::Apply {
                id,
                was_interrupted,
            }) => (id, was_interrupted),
        };
        self.journal.begin(&id);
        self.write();
        assert!(!self.settled.contains(&id), "{id} is applied again");
        *self.begun.entry(id.clone()).or_default() += u32::from(!was_interrupted);
        if is_interrupted {
            return self.step(&Step::Crash);
        }
        match is_good {
            true => self.journal.applied(&id, 1),
            false => self
                .journal
                .failed(&id, Rejection::new("no"), Timestamp::UNIX_EPOCH),
        }
        self.write();
        self.settled.push(id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_change_reaches_its_end_once_and_in_order(steps in prop::collection::vec(step(), 0..120)) {
        let mut world = World::default();
        for step in &steps {
            world.step(step);
        }
        for _ in 0..=world.queued {
            world.step(&Step::List);
            world.step(&Step::Acknowledge { is_answer_lost: false });
            world.step(&Step::Apply { is_good: true, is_interrupted: false });
            world.step(&Step::Report { is_answer_lost: false });
        }
        prop_assert_eq!(world.reported.len() as u32, world.queued);
        prop_assert!(world.begun.values().all(|begun| *begun == 1), "{:?}", world.begun);
        prop_assert!(world.settled.is_sorted(), "{:?}", world.settled);
        prop_assert_eq!(world.journal.waiting(), 0);
    }
}
