//! What a client may say about a resource: the rules of its kind, the same for creation and change.

use serde_json::{Map, Value};

use crate::{
    kind::{Gateway, Kind},
    problem::Problem,
    table::Table,
    validate::{Fields, Letters},
};

/// A request that met all rules. `None` stands for a field that was not sent.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) name: String,
    pub(crate) code: Option<String>,
    pub(crate) gateway_id: Option<Option<String>>,
    /// In the order of the kind's fields.
    pub(crate) values: Vec<Option<Value>>,
}

/// Whose request it is, and about what.
pub(crate) struct Subject<'a> {
    pub(crate) kind: Kind,
    pub(crate) team_id: &'a str,
    /// The record that is to change, which may keep its name and code.
    pub(crate) id: Option<&'a str>,
}

impl Changes {
    /// Checks `sent` against all rules.
    pub(crate) fn validate(
        sent: &Map<String, Value>,
        subject: &Subject<'_>,
        records: &Table,
        gateways: &Table,
    ) -> Result<Self, Problem> {
        let definition = subject.kind.definition();
        let mut fields = Fields::of(sent);
        let letters = match definition.gateway {
            Gateway::Itself => Letters::Slug,
            _ => Letters::Any,
        };
        let name = fields.required_text("name", letters);
        let is_own = |id: Option<&str>| id.is_some() && id == subject.id;
        if definition.gateway == Gateway::Itself
            && let Some(name) = &name
            && records
                .id_of_name(subject.team_id, name)
                .is_some_and(|id| !is_own(Some(id)))
        {
            fields.fail("name", "The :field has already been taken.");
        }
        let code = fields.text("code", Letters::Slug);
        if let Some(code) = &code
            && records
                .id_of_code(subject.team_id, code)
                .is_some_and(|id| !is_own(Some(id)))
        {
            fields.fail("code", "The :field has already been taken.");
        }
        let gateway_id = match definition.gateway {
            Gateway::Itself => None,
            _ => gateway_id(&mut fields, subject, gateways),
        };
        let values = definition
            .fields
            .iter()
            .map(|field| fields.value(field))
            .collect();
        fields.finish()?;
        Ok(Self {
            name: name.unwrap_or_default(),
            code,
            gateway_id,
            values,
        })
    }
}

/// The gateway that the record belongs to, or why there is none.
fn gateway_id(
    fields: &mut Fields<'_>,
    subject: &Subject<'_>,
    gateways: &Table,
) -> Option<Option<String>> {
    let sent = fields.nullable_id("gateway_id");
    if let Some(Some(id)) = &sent
        && gateways
            .find(subject.team_id, id)
            .is_none_or(|gateway| gateway.id != *id)
    {
        fields.fail("gateway_id", "The selected :field is invalid.");
        return None;
    }
    let is_needed = subject.kind.definition().gateway == Gateway::Needed;
    match sent {
        Some(None) | None if is_needed && (subject.id.is_none() || sent.is_some()) => {
            let first = gateways.of_team(subject.team_id).next();
            if first.is_none() {
                fields.fail("gateway_id", "The :field field is required.");
            }
            first.map(|gateway| Some(gateway.id.clone()))
        }
        sent => sent,
    }
}
