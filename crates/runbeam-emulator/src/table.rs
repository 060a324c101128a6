//! All records of one kind, oldest first within a team, and found by id, by code and by name without a search.

use std::collections::{BTreeMap, HashMap};

use crate::{kind::Kind, record::Record};

/// A record's number, in the order of creation.
type Number = u64;

/// All records of one kind, of all teams.
#[derive(Debug)]
pub(crate) struct Table {
    kind: Kind,
    rows: BTreeMap<Number, Record>,
    next: Number,
    ids: HashMap<String, Number>,
    teams: HashMap<String, Index>,
}

/// The records of one team.
#[derive(Debug, Default)]
struct Index {
    order: Vec<Number>,
    codes: HashMap<String, Number>,
    /// Of gateways alone, whose names are unique.
    names: HashMap<String, Number>,
}

/// What a code means to a team.
#[derive(Debug)]
pub(crate) enum Coded<'a> {
    /// A record of the team has it.
    Own(&'a Record),
    /// Only other teams have a record with it.
    Foreign,
    /// Nobody has it.
    Free,
}

impl Table {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            rows: BTreeMap::new(),
            next: 0,
            ids: HashMap::new(),
            teams: HashMap::new(),
        }
    }

    pub(crate) fn len_of_team(&self, team_id: &str) -> usize {
        self.teams.get(team_id).map_or(0, |team| team.order.len())
    }

    pub(crate) fn of_team(&self, team_id: &str) -> impl Iterator<Item = &Record> {
        self.page_of_team(team_id, 0..usize::MAX)
    }

    /// The records of a team at these places; places past the end have none.
    pub(crate) fn page_of_team(
        &self,
        team_id: &str,
        places: std::ops::Range<usize>,
    ) -> impl Iterator<Item = &Record> {
        let order: &[Number] = self.teams.get(team_id).map_or(&[], |team| &team.order);
        let end = places.end.min(order.len());
        let start = places.start.min(end);
        order[start..end]
            .iter()
            .filter_map(|number| self.rows.get(number))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Record> {
        self.rows.values()
    }

    /// The record with this id, of whichever team.
    pub(crate) fn with_id(&self, id: &str) -> Option<&Record> {
        self.rows.get(self.ids.get(id)?)
    }

    /// The record of a team with this id, or else with this code.
    pub(crate) fn find(&self, team_id: &str, id_or_code: &str) -> Option<&Record> {
        self.with_id(id_or_code)
            .filter(|record| record.team_id == team_id)
            .or_else(|| {
                let number = self.teams.get(team_id)?.codes.get(id_or_code)?;
                self.rows.get(number)
            })
    }

    pub(crate) fn with_code(&self, team_id: &str, code: &str) -> Coded<'_> {
        let own = self
            .teams
            .get(team_id)
            .and_then(|team| team.codes.get(code));
        if let Some(record) = own.and_then(|number| self.rows.get(number)) {
            return Coded::Own(record);
        }
        if self
            .teams
            .values()
            .any(|team| team.codes.contains_key(code))
        {
            return Coded::Foreign;
        }
        Coded::Free
    }

    pub(crate) fn id_of_code(&self, team_id: &str, code: &str) -> Option<&str> {
        let number = self.teams.get(team_id)?.codes.get(code)?;
        self.rows.get(number).map(|record| record.id.as_str())
    }

    /// The id of the gateway with this name.
    pub(crate) fn id_of_name(&self, team_id: &str, name: &str) -> Option<&str> {
        let number = self.teams.get(team_id)?.names.get(name)?;
        self.rows.get(number).map(|record| record.id.as_str())
    }

    /// Adds a record, or replaces the one with its id.
    pub(crate) fn insert(&mut self, record: Record) {
        let number = match self.ids.get(&record.id) {
            Some(number) => *number,
            None => {
                self.next += 1;
                self.next
            }
        };
        if let Some(former) = self.rows.remove(&number) {
            self.forget(number, &former);
        } else {
            self.ids.insert(record.id.clone(), number);
        }
        let names_are_unique = self.kind == Kind::Gateway;
        let team = self.teams.entry(record.team_id.clone()).or_default();
        let place = team.order.partition_point(|other| *other < number);
        team.order.insert(place, number);
        team.codes.insert(record.code.clone(), number);
        if names_are_unique {
            team.names.insert(record.name.clone(), number);
        }
        self.rows.insert(number, record);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Record> {
        let number = self.ids.remove(id)?;
        let record = self.rows.remove(&number)?;
        self.forget(number, &record);
        Some(record)
    }

    fn forget(&mut self, number: Number, record: &Record) {
        if let Some(team) = self.teams.get_mut(&record.team_id) {
            if let Ok(place) = team.order.binary_search(&number) {
                team.order.remove(place);
            }
            team.codes.remove(&record.code);
            team.names.remove(&record.name);
        }
    }
}

/// A word of the allowed letters that resembles `text`.
pub(crate) fn slug(text: &str, otherwise: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !matches!(letter, 'a'..='z' | '0'..='9' | '_'))
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return otherwise.to_owned();
    }
    let mut slug = words.join("-");
    slug.truncate(MAX_SLUG);
    slug
}

/// Leaves room for a number within the 255 characters of a code.
const MAX_SLUG: usize = 240;

/// `wanted`, or with the first number that makes it free.
pub(crate) fn unique(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
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
    use jiff::Timestamp;

    use super::*;

    fn record(team: &str, code: &str) -> Record {
        Record::new(
            Kind::Gateway,
            team,
            code.into(),
            code.into(),
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn slugs_hold_allowed_letters_only() {
        let check = |input: &str, expected: &str| assert_eq!(slug(input, "gateway"), expected);
        check("edge-lisbon", "edge-lisbon");
        check("Edge Lisbon / 2", "edge-lisbon-2");
        check("3f9a_0c1d", "3f9a_0c1d");
        check("São", "s-o");
        check("***", "gateway");
        assert_eq!(slug(&"x".repeat(300), "gateway").len(), MAX_SLUG);
    }

    #[test]
    fn a_taken_word_gets_the_first_free_number() {
        let taken = ["edge", "edge-2"];
        assert_eq!(unique("edge", |word| taken.contains(&word)), "edge-3");
        assert_eq!(unique("core", |word| taken.contains(&word)), "core");
    }

    #[test]
    fn a_replaced_record_keeps_its_place_and_gives_its_code_free() {
        let mut table = Table::new(Kind::Gateway);
        let first = record("t", "one");
        table.insert(first.clone());
        table.insert(record("t", "two"));
        let mut changed = first.clone();
        changed.code = "uno".into();
        changed.name = "uno".into();
        table.insert(changed);
        let codes: Vec<&str> = table
            .of_team("t")
            .map(|record| record.code.as_str())
            .collect();
        assert_eq!(codes, ["uno", "two"]);
        assert!(matches!(table.with_code("t", "one"), Coded::Free));
        assert_eq!(table.id_of_name("t", "one"), None);
        assert_eq!(table.id_of_name("t", "uno"), Some(first.id.as_str()));
        assert!(matches!(table.with_code("u", "uno"), Coded::Foreign));
    }

    #[test]
    fn a_removed_record_leaves_no_trace() {
        let mut table = Table::new(Kind::Gateway);
        let one = record("t", "one");
        table.insert(one.clone());
        assert!(table.remove(&one.id).is_some());
        assert!(table.remove(&one.id).is_none());
        assert_eq!(table.len_of_team("t"), 0);
        assert!(table.find("t", "one").is_none());
        assert!(table.find("t", &one.id).is_none());
    }
}
