//! Configuration changes: queued for a gateway, acknowledged by it, and applied or failed.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{clock::wire, random};

/// Finished changes that are remembered; past it the oldest are forgotten. Waiting ones never are.
const MOST_FINISHED: usize = 10_000;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChangeKind {
    /// The settings of the gateway itself.
    Gateway,
    /// One pipeline.
    Pipeline,
    /// One transform.
    Transform,
    /// One mesh.
    Mesh,
}

impl ChangeKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Pipeline => "pipeline",
            Self::Transform => "transform",
            Self::Mesh => "mesh",
        }
    }
}

/// How far a change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChangeStatus {
    /// No gateway has taken it.
    Pending,
    /// A gateway has taken it.
    Acknowledged,
    /// The gateway works by it.
    Applied,
    /// The gateway could not take it over.
    Failed,
}

impl ChangeStatus {
    /// Whether nothing more will come of it.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Applied | Self::Failed)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Acknowledged => "acknowledged",
            Self::Applied => "applied",
            Self::Failed => "failed",
        }
    }
}

/// A configuration change to queue.
#[derive(Clone, Debug)]
pub struct ChangeSpec {
    pub(crate) kind: ChangeKind,
    pub(crate) toml: String,
    pub(crate) operation: &'static str,
    /// The id and the name of the resource; those of the gateway by default.
    pub(crate) resource: Option<(String, String)>,
    pub(crate) payload: Value,
}

impl ChangeSpec {
    /// A change that tells a gateway to work by this TOML text.
    #[must_use]
    pub fn new(kind: ChangeKind, toml: impl Into<String>) -> Self {
        Self {
            kind,
            toml: toml.into(),
            operation: "update",
            resource: None,
            payload: Value::Null,
        }
    }

    /// The id and the name of the resource that changes.
    #[must_use]
    pub fn with_resource(mut self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.resource = Some((id.into(), name.into()));
        self
    }
}

/// One change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) id: String,
    pub(crate) status: ChangeStatus,
    pub(crate) kind: ChangeKind,
    pub(crate) team_id: String,
    pub(crate) gateway_id: String,
    pub(crate) gateway_name: String,
    pub(crate) resource_id: String,
    pub(crate) resource_name: String,
    pub(crate) operation: String,
    pub(crate) toml: String,
    pub(crate) payload: Value,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) acknowledged_at: Option<Timestamp>,
    pub(crate) applied_at: Option<Timestamp>,
    pub(crate) failed_at: Option<Timestamp>,
    pub(crate) error: Option<String>,
    pub(crate) error_details: Option<Vec<String>>,
}

/// What a gateway says about a change.
#[derive(Clone, Debug)]
pub(crate) enum Report {
    Acknowledged,
    Applied,
    Failed {
        error: String,
        details: Option<Vec<String>>,
    },
}

impl Change {
    /// A waiting change of `gateway`, which is its id, its team and its name.
    pub(crate) fn new(spec: ChangeSpec, gateway: (&str, &str, &str), now: Timestamp) -> Self {
        let (gateway_id, team_id, gateway_name) = gateway;
        let (resource_id, resource_name) = spec
            .resource
            .unwrap_or_else(|| (gateway_id.to_owned(), gateway_name.to_owned()));
        Self {
            id: random::id(now),
            status: ChangeStatus::Pending,
            kind: spec.kind,
            team_id: team_id.into(),
            gateway_id: gateway_id.into(),
            gateway_name: gateway_name.into(),
            resource_id,
            resource_name,
            operation: spec.operation.into(),
            toml: spec.toml,
            payload: spec.payload,
            created_at: now,
            updated_at: now,
            acknowledged_at: None,
            applied_at: None,
            failed_at: None,
            error: None,
            error_details: None,
        }
    }

    /// The row of a list.
    pub(crate) fn metadata(&self) -> Value {
        json!({
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "gateway_id": self.gateway_id,
            "created_at": wire(self.created_at),
        })
    }

    pub(crate) fn detail(&self) -> Value {
        let is_pipeline = self.kind == ChangeKind::Pipeline;
        let mut metadata = json!({
            "gateway_name": self.gateway_name,
            "generated_at": wire(self.created_at),
        });
        if self.kind != ChangeKind::Gateway {
            metadata[format!("{}_name", self.kind.name())] = json!(self.resource_name);
        }
        json!({
            "id": self.id,
            "status": self.status,
            "type": self.kind,
            "gateway_id": self.gateway_id,
            "pipeline_id": is_pipeline.then_some(&self.resource_id),
            "toml_config": self.toml,
            "metadata": metadata,
            "created_at": wire(self.created_at),
            "acknowledged_at": self.acknowledged_at.map(wire),
            "applied_at": self.applied_at.map(wire),
            "failed_at": self.failed_at.map(wire),
            "error_message": self.error,
            "error_details": self.error_details,
        })
    }

    /// What the first clients read, and what later ones read besides.
    pub(crate) fn legacy(&self) -> Value {
        let mut change = self.detail();
        change["operation"] = json!(self.operation);
        change["resourceType"] = json!(self.kind);
        change["resource_id"] = json!(self.resource_id);
        change["payload"] = self.payload.clone();
        change["error"] = json!(self.error);
        change["updated_at"] = json!(wire(self.updated_at));
        change
    }

    /// One line about it.
    pub(crate) fn summary(&self) -> String {
        let done = match self.operation.as_str() {
            "create" => "created",
            "delete" => "deleted",
            _ => "updated",
        };
        let mut kind = self.kind.name().to_owned();
        if let Some(first) = kind.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("{kind} {} {done}", self.resource_name)
    }

    /// Takes a report over. A report that comes again changes nothing, and a later one than a final one wins: what
    /// the gateway says last is how it is.
    fn report(&mut self, report: Report, now: Timestamp) {
        match report {
            Report::Acknowledged => {
                if self.status == ChangeStatus::Pending {
                    self.status = ChangeStatus::Acknowledged;
                    self.acknowledged_at = Some(now);
                    self.updated_at = now;
                }
                return;
            }
            Report::Applied => {
                if self.status == ChangeStatus::Applied {
                    return;
                }
                self.status = ChangeStatus::Applied;
                self.applied_at = Some(now);
                self.failed_at = None;
                self.error = None;
                self.error_details = None;
            }
            Report::Failed { error, details } => {
                self.status = ChangeStatus::Failed;
                self.failed_at = Some(now);
                self.applied_at = None;
                self.error = Some(error);
                self.error_details = details;
            }
        }
        self.acknowledged_at.get_or_insert(now);
        self.updated_at = now;
    }
}

/// The place of a change among all.
type Number = u64;

/// All changes of all gateways.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    rows: BTreeMap<Number, Change>,
    ids: HashMap<String, Number>,
    last: Number,
    finished: BTreeMap<Number, ()>,
}

impl Changes {
    /// Adds a change, and gives the id of the one that was forgotten for it.
    pub(crate) fn add(&mut self, change: Change) -> Option<String> {
        self.last += 1;
        self.ids.insert(change.id.clone(), self.last);
        if change.status.is_final() {
            self.finished.insert(self.last, ());
        }
        self.rows.insert(self.last, change);
        if self.finished.len() <= MOST_FINISHED {
            return None;
        }
        let (oldest, ()) = self.finished.pop_first()?;
        let forgotten = self.rows.remove(&oldest)?;
        self.ids.remove(&forgotten.id);
        Some(forgotten.id)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Change> {
        self.rows.get(self.ids.get(id)?)
    }

    /// Takes a report about the change with this id.
    pub(crate) fn report(&mut self, id: &str, report: Report, now: Timestamp) -> Option<&Change> {
        let number = *self.ids.get(id)?;
        let change = self.rows.get_mut(&number)?;
        change.report(report, now);
        if change.status.is_final() {
            self.finished.insert(number, ());
        }
        Some(change)
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Change> {
        self.rows.values().rev()
    }

    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = &Change> {
        self.rows.values()
    }

    /// Forgets all changes of a gateway and gives their ids.
    pub(crate) fn forget_gateway(&mut self, gateway_id: &str) -> Vec<String> {
        let numbers: Vec<Number> = self
            .rows
            .iter()
            .filter(|(_, change)| change.gateway_id == gateway_id)
            .map(|(number, _)| *number)
            .collect();
        let forgotten = numbers.into_iter().filter_map(|number| {
            self.finished.remove(&number);
            let change = self.rows.remove(&number)?;
            self.ids.remove(&change.id);
            Some(change.id)
        });
        forgotten.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn change() -> Change {
        let spec = ChangeSpec::new(ChangeKind::Pipeline, "x = 1").with_resource("p", "studies");
        Change::new(spec, ("g", "t", "edge"), NOW)
    }

    #[test]
    fn what_a_gateway_says_last_is_how_it_is() {
        let mut change = change();
        let later = NOW + jiff::SignedDuration::from_secs(1);
        let failed = || Report::Failed {
            error: "no".into(),
            details: None,
        };
        change.report(Report::Acknowledged, NOW);
        change.report(Report::Acknowledged, later);
        assert_eq!(change.acknowledged_at, Some(NOW));
        change.report(failed(), later);
        assert_eq!(change.status, ChangeStatus::Failed);
        change.report(Report::Applied, later);
        assert_eq!((change.error.as_ref(), change.failed_at), (None, None));
        change.report(Report::Acknowledged, later);
        assert_eq!(change.status, ChangeStatus::Applied);
    }

    #[test]
    fn finished_changes_are_forgotten_and_waiting_ones_are_not() {
        let mut changes = Changes::default();
        let waiting = change();
        let waits = waiting.id.clone();
        changes.add(waiting);
        let mut first = None;
        for _ in 0..=MOST_FINISHED {
            let mut done = change();
            done.report(Report::Applied, NOW);
            first.get_or_insert(done.id.clone());
            changes.add(done);
        }
        assert!(changes.find(&first.unwrap()).is_none());
        assert!(changes.find(&waits).is_some());
        assert_eq!(changes.newest_first().count(), MOST_FINISHED + 1);
        assert_eq!(changes.forget_gateway("g").len(), MOST_FINISHED + 1);
    }

    #[test]
    fn a_summary_is_one_line() {
        assert_eq!(change().summary(), "Pipeline studies updated");
    }
}
