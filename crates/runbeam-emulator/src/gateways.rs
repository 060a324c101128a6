//! Gateways as the cloud keeps them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{clock, gateway_request::GatewayChanges, random};

/// One gateway, in the shape in which it is shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gateway {
    r#type: &'static str,
    pub(crate) id: String,
    pub(crate) code: String,
    name: String,
    pub(crate) team_id: String,
    enabled: bool,
    pipelines_path: Option<String>,
    transforms_path: Option<String>,
    jwks_cache_duration_hours: Option<i64>,
    management_enabled: bool,
    management_base_path: Option<String>,
    management_network_id: Option<String>,
    dns: Option<Vec<String>>,
    settings: Option<Value>,
    created_at: String,
    updated_at: String,
    /// The name that an authorization shows, which is another one until somebody names the gateway.
    #[serde(skip)]
    pub(crate) title: String,
}

impl Gateway {
    fn new(team_id: &str, code: String, name: String, now: Timestamp) -> Self {
        let created_at = clock::wire(now);
        Self {
            r#type: "gateway",
            id: random::id(now),
            code,
            title: name.clone(),
            name,
            team_id: team_id.into(),
            enabled: false,
            pipelines_path: None,
            transforms_path: None,
            jwks_cache_duration_hours: None,
            management_enabled: false,
            management_base_path: None,
            management_network_id: None,
            dns: None,
            settings: None,
            updated_at: created_at.clone(),
            created_at,
        }
    }

    /// Takes over what was sent and leaves the rest.
    fn merge(&mut self, changes: GatewayChanges, now: Timestamp) {
        if self.name != changes.name {
            self.title.clone_from(&changes.name);
            self.name = changes.name;
        }
        set(&mut self.code, changes.code);
        set(&mut self.enabled, changes.enabled);
        set(&mut self.pipelines_path, changes.pipelines_path);
        set(&mut self.transforms_path, changes.transforms_path);
        set(
            &mut self.jwks_cache_duration_hours,
            changes.jwks_cache_duration_hours,
        );
        set(&mut self.management_enabled, changes.management_enabled);
        set(&mut self.management_base_path, changes.management_base_path);
        set(
            &mut self.management_network_id,
            changes.management_network_id,
        );
        set(&mut self.dns, changes.dns);
        set(&mut self.settings, changes.settings);
        self.updated_at = clock::wire(now);
    }
}

fn set<T>(field: &mut T, sent: Option<T>) {
    if let Some(value) = sent {
        *field = value;
    }
}

/// What a gateway code means to a team.
#[derive(Debug)]
pub(crate) enum Coded<'a> {
    /// A gateway of the team has it.
    Own(&'a Gateway),
    /// Only other teams have a gateway with it.
    Foreign,
    /// Nobody has it.
    Free,
}

/// All gateways of all teams, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Gateways {
    rows: Vec<Gateway>,
}

impl Gateways {
    pub(crate) fn of_team(&self, team_id: &str) -> impl Iterator<Item = &Gateway> {
        self.rows
            .iter()
            .filter(move |gateway| gateway.team_id == team_id)
    }

    /// The gateway of a team with this id, or else with this code.
    pub(crate) fn find(&self, team_id: &str, id_or_code: &str) -> Option<&Gateway> {
        let by_id = self
            .of_team(team_id)
            .find(|gateway| gateway.id == id_or_code);
        by_id.or_else(|| {
            self.of_team(team_id)
                .find(|gateway| gateway.code == id_or_code)
        })
    }

    /// Whose gateway has this code, as a team may know it.
    pub(crate) fn with_code(&self, team_id: &str, code: &str) -> Coded<'_> {
        let mut coded = Coded::Free;
        for gateway in self.rows.iter().filter(|gateway| gateway.code == code) {
            if gateway.team_id == team_id {
                return Coded::Own(gateway);
            }
            coded = Coded::Foreign;
        }
        coded
    }

    /// Whether a gateway of the team other than `except` has this name.
    pub(crate) fn name_is_taken(&self, team_id: &str, name: &str, except: Option<&str>) -> bool {
        self.of_team(team_id)
            .any(|gateway| gateway.name == name && Some(gateway.id.as_str()) != except)
    }

    /// Whether a gateway of the team other than `except` has this code.
    pub(crate) fn code_is_taken(&self, team_id: &str, code: &str, except: Option<&str>) -> bool {
        self.of_team(team_id)
            .any(|gateway| gateway.code == code && Some(gateway.id.as_str()) != except)
    }

    /// Creates a disabled gateway, as the resource operation does.
    pub(crate) fn create(
        &mut self,
        team_id: &str,
        changes: GatewayChanges,
        now: Timestamp,
    ) -> &Gateway {
        let code = changes.code.clone().unwrap_or_else(|| {
            unique(&changes.name, |code| {
                self.code_is_taken(team_id, code, None)
            })
        });
        let mut gateway = Gateway::new(team_id, code, changes.name.clone(), now);
        gateway.merge(changes, now);
        self.insert(gateway)
    }

    /// Creates an enabled gateway for a code that nobody has used, as an authorization does.
    pub(crate) fn create_authorized(
        &mut self,
        team_id: &str,
        code: &str,
        now: Timestamp,
    ) -> &Gateway {
        let name = unique(&slug(code), |name| self.name_is_taken(team_id, name, None));
        let mut gateway = Gateway::new(team_id, code.into(), name, now);
        gateway.enabled = true;
        gateway.title = format!("Gateway {code}");
        self.insert(gateway)
    }

    pub(crate) fn update(
        &mut self,
        id: &str,
        changes: GatewayChanges,
        now: Timestamp,
    ) -> Option<&Gateway> {
        let gateway = self.rows.iter_mut().find(|gateway| gateway.id == id)?;
        gateway.merge(changes, now);
        Some(gateway)
    }

    pub(crate) fn delete(&mut self, id: &str) {
        self.rows.retain(|gateway| gateway.id != id);
    }

    fn insert(&mut self, gateway: Gateway) -> &Gateway {
        let place = self.rows.len();
        self.rows.push(gateway);
        &self.rows[place]
    }
}

/// A name of the allowed letters that resembles `text`.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !matches!(letter, 'a'..='z' | '0'..='9' | '_'))
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        "gateway".to_owned()
    } else {
        words.join("-")
    }
}

/// `wanted`, or with the first number that makes it free.
fn unique(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut candidate = wanted.to_owned();
    let mut number = 2_u32;
    while is_taken(&candidate) {
        candidate = format!("{wanted}-{number}");
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_hold_allowed_letters_only() {
        let check = |input: &str, expected: &str| assert_eq!(slug(input), expected);
        check("edge-lisbon", "edge-lisbon");
        check("Edge Lisbon / 2", "edge-lisbon-2");
        check("3f9a_0c1d", "3f9a_0c1d");
        check("São", "s-o");
        check("***", "gateway");
    }

    #[test]
    fn a_taken_word_gets_the_first_free_number() {
        let taken = ["edge", "edge-2"];
        assert_eq!(unique("edge", |word| taken.contains(&word)), "edge-3");
        assert_eq!(unique("core", |word| taken.contains(&word)), "core");
    }
}
