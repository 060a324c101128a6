//! What one cloud remembers, and which of it has changed since it was last written down.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    accounts::{Accounts, Team, User},
    changes::{Change, ChangeSpec, Changes, Report},
    clock::wire,
    digest::Digest,
    kind::Kind,
    logins::Logins,
    record::Record,
    table::Table,
    tokens::{Issued, MachineToken, SanctumSpec, SanctumToken, Tokens},
};

/// A list of rows in a dump, a seed and a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    Teams,
    Users,
    Resources(Kind),
    SanctumTokens,
    MachineTokens,
    Changes,
}

impl Section {
    /// All of them, in an order in which each row names earlier ones only.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::Teams, Self::Users]
            .into_iter()
            .chain(Kind::ALL.map(Self::Resources))
            .chain([Self::SanctumTokens, Self::MachineTokens, Self::Changes])
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Users => "users",
            Self::Resources(kind) => kind.definition().plural,
            Self::SanctumTokens => "sanctum_tokens",
            Self::MachineTokens => "machine_tokens",
            Self::Changes => "changes",
        }
    }

    pub(crate) fn with_name(name: &str) -> Option<Self> {
        Self::all().find(|section| section.name() == name)
    }
}

/// A row of a section, by its id.
pub(crate) type Place = (Section, String);

/// What the cloud remembers.
#[derive(Debug)]
pub(crate) struct Records {
    accounts: Accounts,
    tables: Vec<Table>,
    tokens: Tokens,
    changes: Changes,
    pub(crate) logins: Logins,
    /// What has changed since the last time that somebody asked; `None` when nobody ever does.
    touched: Option<BTreeSet<Place>>,
}

impl Records {
    /// Remembers the first user alone. `is_kept` says whether somebody asks what has changed.
    pub(crate) fn new(is_kept: bool) -> Self {
        let mut records = Self {
            accounts: Accounts::default(),
            tables: Kind::ALL.map(Table::new).into(),
            tokens: Tokens::default(),
            changes: Changes::default(),
            logins: Logins::default(),
            touched: is_kept.then(BTreeSet::new),
        };
        records.add_user(User::first());
        records
    }

    pub(crate) const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(crate) const fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(crate) const fn changes(&self) -> &Changes {
        &self.changes
    }

    pub(crate) fn table(&self, kind: Kind) -> &Table {
        &self.tables[kind as usize]
    }

    pub(crate) fn gateways(&self) -> &Table {
        self.table(Kind::Gateway)
    }

    pub(crate) fn add_team(&mut self, team: Team) {
        self.touch(Section::Teams, team.id());
        self.accounts.add_team(team);
    }

    pub(crate) fn add_user(&mut self, user: User) {
        self.touch(Section::Teams, user.team().id());
        self.touch(Section::Users, user.id());
        self.accounts.add_user(user);
    }

    pub(crate) fn insert(&mut self, record: Record) {
        self.touch(Section::Resources(record.kind), &record.id);
        self.tables[record.kind as usize].insert(record);
    }

    /// Removes a record, and with a gateway all that belongs to it: its records, its tokens and its changes.
    pub(crate) fn remove(&mut self, kind: Kind, id: &str, now: Timestamp) -> Option<Record> {
        self.touch(Section::Resources(kind), id);
        let removed = self.tables[kind as usize].remove(id);
        if kind == Kind::Gateway {
            for kind in Kind::ALL {
                for id in self.ids_of_gateway(kind, id) {
                    self.touch(Section::Resources(kind), &id);
                    self.tables[kind as usize].remove(&id);
                }
            }
            self.revoke_machine(id, now);
            for change in self.changes.forget_gateway(id) {
                self.touch(Section::Changes, &change);
            }
        }
        removed
    }

    fn ids_of_gateway(&self, kind: Kind, gateway_id: &str) -> Vec<String> {
        self.table(kind)
            .all()
            .filter(|record| record.gateway_id.as_deref() == Some(gateway_id))
            .map(|record| record.id.clone())
            .collect()
    }

    pub(crate) fn issue_sanctum(
        &mut self,
        spec: SanctumSpec,
        default_user: &User,
        now: Timestamp,
    ) -> Issued<SanctumToken> {
        let issued = self.tokens.issue_sanctum(spec, default_user, now);
        self.touch(Section::SanctumTokens, &issued.digest.to_hex());
        issued
    }

    pub(crate) fn add_sanctum(&mut self, digest: Digest, token: SanctumToken) {
        self.touch(Section::SanctumTokens, &digest.to_hex());
        self.tokens.add_sanctum(digest, token);
    }

    pub(crate) fn revoke_sanctum(&mut self, id: u64) -> bool {
        let digest = self.tokens.revoke_sanctum(id);
        if let Some(digest) = &digest {
            self.touch(Section::SanctumTokens, &digest.to_hex());
        }
        digest.is_some()
    }

    pub(crate) fn issue_machine(
        &mut self,
        gateway: (&str, &str),
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Issued<MachineToken> {
        let (gateway_id, team_id) = gateway;
        let issued = self
            .tokens
            .issue_machine(gateway_id, team_id, lifetime, now);
        self.touch(Section::MachineTokens, &issued.digest.to_hex());
        issued
    }

    pub(crate) fn add_machine(&mut self, digest: Digest, token: MachineToken) {
        self.touch(Section::MachineTokens, &digest.to_hex());
        self.tokens.machine.insert(digest, token);
    }

    /// Ends all machine tokens of a gateway and says how many were still alive.
    pub(crate) fn revoke_machine(&mut self, gateway_id: &str, now: Timestamp) -> usize {
        let (ended, living) = self.tokens.revoke_machine(gateway_id, now);
        for digest in ended {
            self.touch(Section::MachineTokens, &digest.to_hex());
        }
        living
    }

    /// Queues a change for a gateway.
    pub(crate) fn queue(
        &mut self,
        spec: ChangeSpec,
        gateway_id: &str,
        now: Timestamp,
    ) -> Option<Change> {
        let gateway = self.gateways().with_id(gateway_id)?;
        let change = Change::new(spec, (&gateway.id, &gateway.team_id, &gateway.name), now);
        self.add_change(change.clone());
        Some(change)
    }

    pub(crate) fn add_change(&mut self, change: Change) {
        self.touch(Section::Changes, &change.id);
        if let Some(forgotten) = self.changes.add(change) {
            self.touch(Section::Changes, &forgotten);
        }
    }

    pub(crate) fn report(&mut self, id: &str, report: Report, now: Timestamp) {
        self.changes.report(id, report, now);
        self.touch(Section::Changes, id);
    }

    /// The rows of a section, in the order of creation.
    pub(crate) fn rows(&self, section: Section) -> Vec<Value> {
        match section {
            Section::Teams => self.accounts.teams().map(|team| json!(team)).collect(),
            Section::Users => self.accounts.users().map(user_row).collect(),
            Section::Resources(kind) => self.table(kind).all().map(Record::to_row).collect(),
            Section::SanctumTokens => {
                let mut tokens: Vec<_> = self.tokens.sanctum.iter().collect();
                tokens.sort_by_key(|(_, token)| token.id);
                tokens
                    .into_iter()
                    .map(|(digest, token)| sanctum_row(*digest, token))
                    .collect()
            }
            Section::MachineTokens => {
                let mut tokens: Vec<_> = self.tokens.machine.iter().collect();
                tokens.sort_by_key(|(digest, token)| (token.issued_at, **digest));
                tokens
                    .into_iter()
                    .map(|(digest, token)| machine_row(*digest, token))
                    .collect()
            }
            Section::Changes => self
                .changes
                .oldest_first()
                .map(|change| json!(change))
                .collect(),
        }
    }

    /// One row, or `None` when there is none any more.
    pub(crate) fn row(&self, section: Section, id: &str) -> Option<Value> {
        match section {
            Section::Teams => self.accounts.team(id).map(|team| json!(team)),
            Section::Users => self.accounts.user(id).map(user_row),
            Section::Resources(kind) => self.table(kind).with_id(id).map(Record::to_row),
            Section::SanctumTokens => {
                let digest = Digest::from_hex(id)?;
                Some(sanctum_row(digest, self.tokens.sanctum.get(&digest)?))
            }
            Section::MachineTokens => {
                let digest = Digest::from_hex(id)?;
                Some(machine_row(digest, self.tokens.machine.get(&digest)?))
            }
            Section::Changes => self.changes.find(id).map(|change| json!(change)),
        }
    }

    /// What has changed since the last call.
    pub(crate) fn take_touched(&mut self) -> BTreeSet<Place> {
        self.touched
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Remembers that these have not been written down after all.
    pub(crate) fn touch_again(&mut self, places: BTreeSet<Place>) {
        if let Some(touched) = &mut self.touched {
            touched.extend(places);
        }
    }

    fn touch(&mut self, section: Section, id: &str) {
        if let Some(touched) = &mut self.touched {
            touched.insert((section, id.to_owned()));
        }
    }
}

fn user_row(user: &User) -> Value {
    json!({
        "id": user.id(),
        "email": user.email(),
        "name": user.name(),
        "team_id": user.team().id(),
    })
}

fn sanctum_row(digest: Digest, token: &SanctumToken) -> Value {
    json!({
        "id": token.id,
        "hash": digest.to_hex(),
        "user_id": token.user.id(),
        "abilities": token.abilities,
        "issued_at": wire(token.issued_at),
        "expires_at": token.expires_at.map(wire),
    })
}

fn machine_row(digest: Digest, token: &MachineToken) -> Value {
    json!({
        "hash": digest.to_hex(),
        "gateway_id": token.gateway_id,
        "issued_at": wire(token.issued_at),
        "expires_at": wire(token.expires_at),
    })
}
