//! The configuration that a gateway last ran by.

use runbeam_sdk::model::{Change, ConfigKind, GatewayConfiguration, Timestamp};
use serde::{Deserialize, Serialize};

/// The configuration that a gateway last took over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastGood {
    /// Its number, counted from 1.
    pub version: u64,
    /// When it was taken over.
    pub saved_at: Timestamp,
    /// What the cloud gave as a whole, if it did.
    pub configuration: Option<GatewayConfiguration>,
    /// What was changed since, in the order in which it was applied: of each resource the last change.
    pub changes: Vec<Change>,
}

impl LastGood {
    /// The next version, where all is replaced.
    pub(super) fn whole(version: u64, at: Timestamp, configuration: GatewayConfiguration) -> Self {
        Self {
            version,
            saved_at: at,
            configuration: Some(configuration),
            changes: Vec::new(),
        }
    }

    /// The next version, where `former` is changed.
    pub(super) fn changed(
        former: Option<&Self>,
        version: u64,
        at: Timestamp,
        change: Change,
    ) -> Self {
        let former_changes = former.map(|former| former.changes.as_slice());
        let others = former_changes
            .unwrap_or_default()
            .iter()
            .filter(|former| !is_of_same(former, &change));
        let mut changes: Vec<Change> = others.cloned().collect();
        changes.push(change);
        Self {
            version,
            saved_at: at,
            configuration: former.and_then(|former| former.configuration.clone()),
            changes,
        }
    }
}

/// Whether two changes are of one resource, as far as they say which.
fn is_of_same(one: &Change, other: &Change) -> bool {
    if one.id == other.id {
        return true;
    }
    if one.kind != other.kind {
        return false;
    }
    match resource(one).zip(resource(other)) {
        Some((one, other)) => one == other,
        None => false,
    }
}

/// The id of the resource, or its name where changes of its kind have no id.
fn resource(change: &Change) -> Option<&str> {
    match &change.kind {
        ConfigKind::Gateway => change.gateway_id.as_ref().map(|id| id.as_str()),
        ConfigKind::Pipeline => change.pipeline_id.as_ref().map(|id| id.as_str()),
        ConfigKind::Transform => change.metadata.get("transform_name")?.as_str(),
        ConfigKind::Mesh => change.metadata.get("mesh_name")?.as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: &str, rest: &str) -> Change {
        serde_json::from_str(&format!(r#"{{"id":"{id}",{rest}}}"#)).unwrap()
    }

    #[test]
    fn of_each_resource_the_last_change_counts() {
        let changes = [
            change("1", r#""type":"pipeline","pipeline_id":"p""#),
            change("2", r#""type":"pipeline","pipeline_id":"q""#),
            change(
                "3",
                r#""type":"transform","metadata":{"transform_name":"p"}"#,
            ),
            change("4", r#""type":"transform""#),
            change("5", r#""type":"transform""#),
            change("6", r#""type":"pipeline","pipeline_id":"p""#),
            change(
                "7",
                r#""type":"transform","metadata":{"transform_name":"p"}"#,
            ),
        ];
        let mut last_good = None;
        for (version, change) in (1..).zip(changes) {
            let at = Timestamp::UNIX_EPOCH;
            last_good = Some(LastGood::changed(last_good.as_ref(), version, at, change));
        }
        let last_good = last_good.unwrap();
        let ids: Vec<&str> = last_good
            .changes
            .iter()
            .map(|change| change.id.as_str())
            .collect();
        assert_eq!((ids, last_good.version), (vec!["2", "4", "5", "6", "7"], 7));
    }
}
