//! Reading rows: what a seed file says in part, and what a dump or a data file says in full.

use std::{fs, io, path::Path};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    abilities::Abilities,
    accounts::{Team, User},
    changes::{Change, ChangeKind, ChangeSpec},
    digest::Digest,
    error::Error,
    kind::{Gateway, Kind},
    problem::Problem,
    record::Record,
    records::{Records, Section},
    resource_request::{Changes, Subject},
    table::{slug, unique},
    tokens::{MACHINE_TOKEN_LIFETIME, MachineToken, SanctumToken, later},
};

/// The key of a seed that no list of rows stands under.
pub(crate) const CLOCK: &str = "clock";

/// Reads a JSON or TOML file, told apart by the end of its name.
pub(crate) fn read_file(path: &Path) -> Result<Map<String, Value>, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::seed_file(path, source))?;
    let is_toml = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("toml"));
    let document: Value = if is_toml {
        toml::from_str(&text).map_err(|error| {
            Error::seed_file(path, io::Error::new(io::ErrorKind::InvalidData, error))
        })?
    } else {
        serde_json::from_str(&text).map_err(|error| Error::seed_file(path, error.into()))?
    };
    match document {
        Value::Object(document) => Ok(document),
        _ => {
            let error = io::Error::new(io::ErrorKind::InvalidData, "it is no object");
            Err(Error::seed_file(path, error))
        }
    }
}

/// Adds everything that `document` holds; the error names the place in it that is wrong.
///
/// Rows before that place have been added when there is an error.
pub(crate) fn apply(
    records: &mut Records,
    document: &Map<String, Value>,
    now: Timestamp,
) -> Result<(), String> {
    if let Some(unknown) = document
        .keys()
        .find(|name| *name != CLOCK && Section::with_name(name).is_none())
    {
        let known: Vec<&str> = Section::all().map(Section::name).collect();
        return Err(format!(
            "'{unknown}' is not known; a seed has {CLOCK}, {}",
            known.join(", ")
        ));
    }
    for section in Section::all() {
        let Some(rows) = document.get(section.name()) else {
            continue;
        };
        let Some(rows) = rows.as_array() else {
            return Err(format!("{} is no list", section.name()));
        };
        for (index, row) in rows.iter().enumerate() {
            let place = |error| format!("{}[{index}]: {error}", section.name());
            let row = row
                .as_object()
                .ok_or_else(|| place("it is no object".into()))?;
            add(records, section, row, now).map_err(place)?;
        }
    }
    Ok(())
}

/// Adds one row.
pub(crate) fn add(
    records: &mut Records,
    section: Section,
    row: &Map<String, Value>,
    now: Timestamp,
) -> Result<(), String> {
    let row = Row { fields: row, now };
    match section {
        Section::Teams => {
            row.only(&["id", "name"])?;
            let name = row.needed("name")?;
            records.add_team(match row.text("id")? {
                Some(id) => Team::with_id(id.into(), name.into()),
                None => Team::new(name, now),
            });
        }
        Section::Users => {
            row.only(&["id", "name", "email", "team", "team_id"])?;
            let team = row.team(records)?;
            let (name, email) = (row.needed("name")?, row.needed("email")?);
            records.add_user(match row.text("id")? {
                Some(id) => User::with_id(id.into(), email.into(), name.into(), team),
                None => User::new(&team, name, email, now),
            });
        }
        Section::Resources(kind) => {
            let record = row.resource(records, kind)?;
            records.insert(record);
        }
        Section::SanctumTokens => {
            let (digest, token) = row.sanctum(records)?;
            records.add_sanctum(digest, token);
        }
        Section::MachineTokens => {
            let (digest, token) = row.machine(records)?;
            records.add_machine(digest, token);
        }
        Section::Changes => {
            let change = row.change(records)?;
            records.add_change(change);
        }
    }
    Ok(())
}

/// A row that is being read.
struct Row<'a> {
    fields: &'a Map<String, Value>,
    now: Timestamp,
}

impl<'a> Row<'a> {
    /// A misspelled name is an error, because what it stands for would be missing without a word.
    fn only(&self, known: &[&str]) -> Result<(), String> {
        match self
            .fields
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            Some(name) => Err(format!(
                "'{name}' is not known here; it may have {}",
                known.join(", ")
            )),
            None => Ok(()),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name} is no text")),
        }
    }

    fn needed(&self, name: &str) -> Result<&'a str, String> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    fn moment(&self, name: &str) -> Result<Option<Timestamp>, String> {
        let text = self.text(name)?;
        let read = |text: &str| {
            text.parse()
                .map_err(|_| format!("{name} is no time such as 2026-01-12T08:15:30Z"))
        };
        text.map(read).transpose()
    }

    /// The team that the row names, or the one of the first user.
    fn team(&self, records: &Records) -> Result<Team, String> {
        let accounts = records.accounts();
        let (named, found) = match (self.text("team_id")?, self.text("team")?) {
            (Some(id), _) => (id, accounts.team(id)),
            (None, Some(name)) => (name, accounts.team_with_name(name)),
            (None, None) => return Ok(User::first().team().clone()),
        };
        found
            .cloned()
            .ok_or_else(|| format!("there is no team '{named}'"))
    }

    /// The gateway that the row names by its id or, as `gateway`, by its code.
    fn gateway<'r>(&self, records: &'r Records) -> Result<Option<&'r Record>, String> {
        let gateways = records.gateways();
        let (named, found) = match (self.text("gateway_id")?, self.text("gateway")?) {
            (Some(id), _) => (id, gateways.with_id(id)),
            (None, Some(code)) => (code, gateways.all().find(|gateway| gateway.code == code)),
            (None, None) => return Ok(None),
        };
        found
            .map(Some)
            .ok_or_else(|| format!("there is no gateway '{named}'"))
    }

    fn resource(&self, records: &Records, kind: Kind) -> Result<Record, String> {
        let definition = kind.definition();
        let mut known = vec![
            "id",
            "team",
            "team_id",
            "code",
            "name",
            "title",
            "created_at",
            "updated_at",
        ];
        if definition.gateway != Gateway::Itself {
            known.extend(["gateway", "gateway_id"]);
        }
        known.extend(definition.fields.iter().map(|field| field.name));
        self.only(&known)?;

        let team = self.team(records)?;
        let id = self.text("id")?;
        let mut sent = self.fields.clone();
        if let Some(gateway) = self.gateway(records)? {
            sent.insert("gateway_id".into(), json!(gateway.id));
        }
        // A code may be of any letters, because an authorization takes any.
        sent.remove("code");
        let table = records.table(kind);
        let subject = Subject {
            kind,
            team_id: team.id(),
            id,
        };
        let changes = Changes::validate(&sent, &subject, table, records.gateways())
            .map_err(|problem| findings(&problem))?;
        let code = match self.text("code")? {
            Some(code) => code.to_owned(),
            None => unique(&slug(&changes.name, definition.tag), |code| {
                table.id_of_code(team.id(), code).is_some()
            }),
        };
        if table
            .id_of_code(team.id(), &code)
            .is_some_and(|other| Some(other) != id)
        {
            return Err(format!("the code '{code}' is taken"));
        }
        let created_at = self.moment("created_at")?.unwrap_or(self.now);
        let updated_at = self.moment("updated_at")?.unwrap_or(created_at);
        let mut record = Record::new(kind, team.id(), code, changes.name.clone(), created_at);
        record.merge(changes, updated_at);
        record.title = self.text("title")?.map(str::to_owned);
        if let Some(id) = id {
            record.id = id.to_owned();
        }
        Ok(record)
    }

    fn sanctum(&self, records: &Records) -> Result<(Digest, SanctumToken), String> {
        self.only(&[
            "id",
            "token",
            "hash",
            "user",
            "user_id",
            "abilities",
            "issued_at",
            "expires_at",
        ])?;
        let accounts = records.accounts();
        let (named, user) = match (self.text("user_id")?, self.text("user")?) {
            (Some(id), _) => (id, accounts.user(id)),
            (None, Some(email)) => (email, accounts.user_with_email(email)),
            (None, None) => ("", accounts.user(User::first().id())),
        };
        let user = user.ok_or_else(|| format!("there is no user '{named}'"))?;
        let (id, digest) = match self.text("token")? {
            Some(token) => {
                let (id, secret) = token
                    .split_once('|')
                    .ok_or("token has the form {number}|{secret}")?;
                let id = id.parse().map_err(|_| "token begins with a number")?;
                (id, Digest::of(secret))
            }
            None => {
                let id = self.fields.get("id").and_then(Value::as_u64);
                (id.ok_or("token or id is missing")?, self.hash()?)
            }
        };
        let abilities = match self.fields.get("abilities") {
            None => Abilities::All,
            Some(names) => {
                serde_json::from_value(names.clone()).map_err(|error| error.to_string())?
            }
        };
        let token = SanctumToken {
            id,
            user: user.clone(),
            abilities,
            issued_at: self.moment("issued_at")?.unwrap_or(self.now),
            expires_at: self.moment("expires_at")?,
        };
        Ok((digest, token))
    }

    fn machine(&self, records: &Records) -> Result<(Digest, MachineToken), String> {
        self.only(&[
            "token",
            "hash",
            "gateway",
            "gateway_id",
            "issued_at",
            "expires_at",
        ])?;
        let gateway = self.gateway(records)?.ok_or("gateway is missing")?;
        let digest = match self.text("token")? {
            Some(token) => Digest::of(token),
            None => self.hash()?,
        };
        let issued_at = self.moment("issued_at")?.unwrap_or(self.now);
        let expires_at = self
            .moment("expires_at")?
            .unwrap_or_else(|| later(issued_at, MACHINE_TOKEN_LIFETIME));
        let token = MachineToken {
            gateway_id: gateway.id.clone(),
            team_id: gateway.team_id.clone(),
            issued_at,
            expires_at,
        };
        Ok((digest, token))
    }

    fn hash(&self) -> Result<Digest, String> {
        let hash = self.text("hash")?.ok_or("token or hash is missing")?;
        Digest::from_hex(hash).ok_or_else(|| "hash is no SHA-256 in hexadecimal".into())
    }

    fn change(&self, records: &Records) -> Result<Change, String> {
        if self.fields.contains_key("status") {
            let row = Value::Object(self.fields.clone());
            return serde_json::from_value(row).map_err(|error| error.to_string());
        }
        self.only(&["gateway", "gateway_id", "kind", "toml"])?;
        let gateway = self.gateway(records)?.ok_or("gateway is missing")?;
        let kind = match self.fields.get("kind") {
            None => ChangeKind::Gateway,
            Some(kind) => {
                serde_json::from_value(kind.clone()).map_err(|error| error.to_string())?
            }
        };
        let spec = ChangeSpec::new(kind, self.needed("toml")?);
        let gateway = (
            gateway.id.as_str(),
            gateway.team_id.as_str(),
            gateway.name.as_str(),
        );
        Ok(Change::new(spec, gateway, self.now))
    }
}

/// What is wrong with a row by the rules of its kind.
fn findings(problem: &Problem) -> String {
    match problem {
        Problem::Invalid(errors) => errors.lines().join(" "),
        other => format!("{other:?}"),
    }
}
