//! What is known of each change, and what remains to be done about it. It does no I/O: whoever drives it writes it to the
//! store before it acts, and again after.

use std::collections::VecDeque;

use runbeam_sdk::model::{ChangeId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Quarantined, Rejection};

/// So many changes are taken in at once; the rest waits with the cloud. It keeps the journal within one entry.
const MOST_OPEN: usize = 24;

/// So many finished ones are remembered, for a list that was made before the report arrived.
const MOST_FINISHED: usize = 48;

/// So many of those in quarantine are shown.
const MOST_QUARANTINED: usize = 12;

/// What is kept of the reasons of all failures that are not yet reported, in bytes. No more is applied until there is room.
const MOST_TEXT: usize = 6 * 1024;

/// A change that the process ends in so many times is not tried again.
const MOST_ATTEMPTS: u32 = 3;

/// The open changes of one gateway, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Journal {
    open: Vec<Open>,
    finished: VecDeque<ChangeId>,
    quarantined: VecDeque<Quarantined>,
    /// The last good configuration that holds by this journal.
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open {
    id: ChangeId,
    created_at: Option<Timestamp>,
    progress: Progress,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Progress {
    /// The cloud listed it.
    Listed,
    /// The cloud knows that we know it, and lists it no more: from here on this journal alone remembers it.
    Acknowledged,
    /// The gateway was told to apply it, so many times.
    Begun { attempts: u32 },
    /// The gateway runs by it; that is to be reported.
    Applied,
    /// The gateway does not; that is to be reported.
    Failed(Rejection),
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// Apply this change. With `was_interrupted` the process ended while it was being applied.
    Apply { id: ChangeId, was_interrupted: bool },
    /// The process ended too often while this change was being applied.
    GiveUp(ChangeId),
}

/// What is to be told to the cloud.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Report {
    Applied,
    Failed(Rejection),
}

impl Journal {
    /// Takes in what the cloud lists, oldest first, as far as it is new and there is room. Whether something is left
    /// over.
    pub(super) fn admit(
        &mut self,
        listed: impl IntoIterator<Item = (ChangeId, Option<Timestamp>)>,
    ) -> bool {
        for (id, created_at) in listed {
            if self.is_known(&id) {
                continue;
            }
            if self.open.len() >= MOST_OPEN {
                return true;
            }
            self.open.push(Open {
                id,
                created_at,
                progress: Progress::Listed,
            });
        }
        // A page may have been missed while others changed the list. Those without a time stay where they are.
        self.open.sort_by(|one, other| {
            let times = one.created_at.zip(other.created_at);
            times.map_or(std::cmp::Ordering::Equal, |(one, other)| one.cmp(&other))
        });
        false
    }

    fn is_known(&self, id: &ChangeId) -> bool {
        self.finished.contains(id) || self.open.iter().any(|open| open.id == *id)
    }

    /// Those of which the cloud does not yet know that we know them.
    pub(super) fn to_acknowledge(&self) -> Vec<ChangeId> {
        let listed = |open: &&Open| open.progress == Progress::Listed;
        let listed = self.open.iter().filter(listed);
        listed.map(|open| open.id.clone()).collect()
    }

    /// The cloud took the acknowledgement of all but `refused`, which it does not know, or not as ours.
    pub(super) fn acknowledged(&mut self, refused: &[ChangeId]) {
        self.open
            .retain(|open| open.progress != Progress::Listed || !refused.contains(&open.id));
        for open in &mut self.open {
            if open.progress == Progress::Listed {
                open.progress = Progress::Acknowledged;
            }
        }
    }

    /// What is to be applied next: the oldest, unless it must wait for an acknowledgement, or for room.
    pub(super) fn next(&self) -> Option<Next> {
        let unsettled =
            |open: &&Open| !matches!(open.progress, Progress::Applied | Progress::Failed(_));
        let was_begun = |open: &&Open| matches!(open.progress, Progress::Begun { .. });
        let open = &self.open;
        let first = open
            .iter()
            .find(was_begun)
            .or_else(|| open.iter().find(unsettled))?;
        let id = first.id.clone();
        match first.progress {
            Progress::Begun { attempts } if attempts >= MOST_ATTEMPTS => Some(Next::GiveUp(id)),
            _ if self.text() > MOST_TEXT => None,
            Progress::Begun { .. } => Some(Next::Apply {
                id,
                was_interrupted: true,
            }),
            Progress::Acknowledged => Some(Next::Apply {
                id,
                was_interrupted: false,
            }),
            _ => None,
        }
    }

    fn text(&self) -> usize {
        let lengths = self.open.iter().map(|open| match &open.progress {
            Progress::Failed(rejection) => rejection.len(),
            _ => 0,
        });
        lengths.sum()
    }

    /// The gateway is about to be told to apply it.
    pub(super) fn begin(&mut self, id: &ChangeId) {
        if let Some(open) = self.find(id) {
            open.progress = match open.progress {
                Progress::Begun { attempts } => Progress::Begun {
                    attempts: attempts + 1,
                },
                _ => Progress::Begun { attempts: 1 },
            };
        }
    }

    /// The gateway runs by it, and `version` is the last good configuration.
    pub(super) fn applied(&mut self, id: &ChangeId, version: u64) {
        self.version = version;
        if let Some(open) = self.find(id) {
            open.progress = Progress::Applied;
        }
    }

    /// `version` is the last good configuration.
    pub(super) fn replaced(&mut self, version: u64) {
        self.version = version;
    }

    /// The gateway does not run by it.
    pub(super) fn failed(&mut self, id: &ChangeId, rejection: Rejection, at: Timestamp) {
        if self.quarantined.len() >= MOST_QUARANTINED {
            self.quarantined.pop_front();
        }
        self.quarantined
            .push_back(Quarantined::new(id.clone(), at, rejection.headline()));
        if let Some(open) = self.find(id) {
            open.progress = Progress::Failed(rejection);
        }
    }

    /// What is to be reported, oldest first.
    pub(super) fn to_report(&self) -> Vec<(ChangeId, Report)> {
        let reports = self.open.iter().filter_map(|open| {
            let report = match &open.progress {
                Progress::Applied => Report::Applied,
                Progress::Failed(rejection) => Report::Failed(rejection.clone()),
                _ => return None,
            };
            Some((open.id.clone(), report))
        });
        reports.collect()
    }

    /// Nothing more comes of it: the cloud took the report, or does not know the change any more.
    pub(super) fn finish(&mut self, id: &ChangeId) {
        self.open.retain(|open| open.id != *id);
        if self.finished.len() >= MOST_FINISHED {
            self.finished.pop_front();
        }
        self.finished.push_back(id.clone());
    }

    fn find(&mut self, id: &ChangeId) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.id == *id)
    }

    /// The last good configuration that holds by this journal; 0 for none.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// How many are to be applied.
    pub(super) fn waiting(&self) -> usize {
        self.open.len() - self.to_report().len()
    }

    pub(super) fn quarantined(&self) -> Vec<Quarantined> {
        self.quarantined.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
