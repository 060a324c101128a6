//! The gateways that were added, in `harmony.json`: the file of the earlier command, in its form.

use std::fmt::Write;

use runbeam_sdk::model::Origin;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::args::Selector;
use crate::failure::Failure;
use crate::files::Home;

const FILE: &str = "harmony.json";

/// A gateway, and where its management API is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Instance {
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) ip: String,
    pub(crate) port: u16,
    pub(crate) label: String,
    #[serde(default = "usual_prefix")]
    pub(crate) path_prefix: String,
    /// Its id in the cloud, once it is authorized.
    #[serde(default)]
    pub(crate) gateway_id: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) tls: bool,
    /// What another version wrote.
    #[serde(flatten)]
    other: Map<String, Value>,
}

fn usual_prefix() -> String {
    "admin".to_owned()
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Instance {
    /// # Errors
    ///
    /// If `ip` is neither an address nor a name.
    pub(crate) fn new(
        ip: String,
        port: u16,
        label: Option<String>,
        path_prefix: String,
        tls: bool,
    ) -> Result<Self, Failure> {
        let label = label.unwrap_or_else(|| format!("{ip}:{port}"));
        let instance = Self {
            id: id_of(&ip, port, &label),
            ip,
            port,
            label,
            path_prefix,
            gateway_id: None,
            tls,
            other: Map::new(),
        };
        let is_origin = Origin::of(&instance.address()).is_ok();
        if !is_origin || instance.ip.contains(['/', '?', '#']) {
            return Err(Failure::usage(
                format!(
                    "`{}` is neither an IP address nor the name of a machine",
                    instance.ip
                ),
                "correct `--ip`",
            ));
        }
        Ok(instance)
    }

    /// Scheme, host and port of its management API.
    pub(crate) fn address(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        if self.ip.contains(':') && !self.ip.starts_with('[') {
            return format!("{scheme}://[{}]:{}", self.ip, self.port);
        }
        format!("{scheme}://{}:{}", self.ip, self.port)
    }

    /// The prefix without the slashes around it.
    pub(crate) fn prefix(&self) -> &str {
        self.path_prefix.trim_matches('/')
    }
}

/// The first eight hexadecimal digits of SHA-256 of `ip:port:label`.
fn id_of(ip: &str, port: u16, label: &str) -> String {
    let digest = Sha256::digest(format!("{ip}:{port}:{label}"));
    digest.iter().take(4).fold(String::new(), |mut id, byte| {
        // Writing to a String never fails.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// All gateways that were added. Missing ids are filled in and kept.
pub(crate) fn list(home: &Home) -> Result<Vec<Instance>, Failure> {
    let instances: Vec<Instance> = home.read(FILE)?.unwrap_or_default();
    if instances.iter().all(|instance| !instance.id.is_empty()) {
        return Ok(instances);
    }
    home.change(FILE, |instances: &mut Vec<Instance>| {
        for instance in instances
            .iter_mut()
            .filter(|instance| instance.id.is_empty())
        {
            instance.id = id_of(&instance.ip, instance.port, &instance.label);
        }
        Ok(instances.clone())
    })
}

/// Adds a gateway, or gives one of the same label or the same address what is new. Its id stays.
pub(crate) fn add(home: &Home, new: Instance) -> Result<Instance, Failure> {
    home.change(FILE, |instances: &mut Vec<Instance>| {
        let same_label = instances.iter().position(|old| old.label == new.label);
        let same = same_label.or_else(|| {
            instances
                .iter()
                .position(|old| old.ip == new.ip && old.port == new.port)
        });
        let Some(old) = same.and_then(|index| instances.get_mut(index)) else {
            instances.push(new.clone());
            return Ok(new);
        };
        let id = match old.id.as_str() {
            "" => id_of(&old.ip, old.port, &old.label),
            id => id.to_owned(),
        };
        *old = Instance {
            id,
            gateway_id: old.gateway_id.take(),
            other: std::mem::take(&mut old.other),
            ..new
        };
        Ok(old.clone())
    })
}

/// Removes the gateways that `is_wanted` names, and returns them.
pub(crate) fn remove(
    home: &Home,
    is_wanted: impl Fn(&Instance) -> bool,
) -> Result<Vec<Instance>, Failure> {
    if !list(home)?.iter().any(&is_wanted) {
        return Ok(Vec::new());
    }
    home.change(FILE, |instances: &mut Vec<Instance>| {
        let (removed, kept) = instances.drain(..).partition(is_wanted);
        *instances = kept;
        Ok(removed)
    })
}

/// Keeps the id that a gateway has in the cloud.
pub(crate) fn set_gateway_id(home: &Home, id: &str, gateway_id: &str) -> Result<(), Failure> {
    home.change(FILE, |instances: &mut Vec<Instance>| {
        for instance in instances.iter_mut().filter(|instance| instance.id == id) {
            instance.gateway_id = Some(gateway_id.to_owned());
        }
        Ok(())
    })
}

/// The gateway that is meant.
pub(crate) fn find(home: &Home, selector: &Selector) -> Result<Instance, Failure> {
    let instances = list(home)?;
    let found = instances.into_iter().find(|instance| {
        selector.id.as_ref().is_some_and(|id| *id == instance.id)
            || selector
                .label
                .as_ref()
                .is_some_and(|label| *label == instance.label)
    });
    found.ok_or_else(|| {
        let (kind, value) = match (&selector.id, &selector.label) {
            (Some(id), _) => ("id", id.as_str()),
            (None, label) => ("label", label.as_deref().unwrap_or_default()),
        };
        Failure::not_found(
            format!("there is no instance with {kind} `{value}`"),
            "see `runbeam harmony:list`, or add it with `runbeam harmony:add`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_the_earlier_command() {
        assert_eq!(id_of("127.0.0.1", 18_081, "gw1"), "67981fef");
    }

    #[test]
    fn an_address_is_one_or_refused() {
        let check = |ip: &str, expected: Option<&str>| {
            let instance = Instance::new(ip.to_owned(), 8081, None, usual_prefix(), true);
            assert_eq!(
                instance.ok().map(|instance| instance.address()).as_deref(),
                expected
            );
        };
        check("10.0.0.7", Some("https://10.0.0.7:8081"));
        check("::1", Some("https://[::1]:8081"));
        check("[::1]", Some("https://[::1]:8081"));
        check(
            "edge-1.example.com",
            Some("https://edge-1.example.com:8081"),
        );
        check("a/b", None);
        check("user@h", None);
        check("a b", None);
        check("", None);
    }
}
