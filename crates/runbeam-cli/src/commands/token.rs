//! `token:*`: machine tokens for gateways, and where secrets are kept.

use runbeam_sdk::model::{Clock, MachineToken, SystemClock, Timestamp, UserToken};
use runbeam_sdk::store::{
    Backend, Description, EntryName, InstanceId, Lifetime, Presence, SecretStore, Store,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Kept, Place};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;
use crate::spoken_time;

pub(super) async fn get(session: &Session, gateway_code: &str, raw: bool) -> Outcome {
    let login = session.require_login().await?;
    session.verify(&login).await?;
    let answer = session
        .anonymous_client()?
        .authorize_gateway(&login.token.token, gateway_code, None, None)
        .await?;
    let token = answer.machine_token.expose();
    if raw {
        return Ok(Report::raw(format!("{token}\n")));
    }
    let gateway = &answer.gateway;
    let report = Report::new(json!({
        "machine_token": token,
        "expires_at": answer.expires_at,
        "gateway_id": gateway.id,
        "gateway_code": gateway.code,
        "abilities": answer.abilities,
        "issued_at": SystemClock.now(),
    }));
    let left = answer
        .expires_at
        .saturating_duration_since(SystemClock.now());
    Ok(report
        .fields([
            ("gateway", format!("{} (code {}, id {})", gateway.name, gateway.code, gateway.id)),
            ("expires", format!("{} ({} left)", answer.expires_at, spoken_time::span(left))),
            ("abilities", answer.abilities.join(", ")),
            ("token", token.to_owned()),
        ])
        .line("Give it to the gateway as RUNBEAM_MACHINE_TOKEN; the output with --json is the form that lasts."))
}

pub(super) async fn show(session: &Session, kept: &Kept) -> Outcome {
    let instance = instance(session, kept)?;
    let store = Store::from_env()?;
    let mut entries = store.list(&instance).await?;
    if entries.is_empty() {
        // Where it would be is worth knowing, too.
        entries.insert(if kept.instance.is_none() {
            EntryName::user_token()
        } else {
            EntryName::machine_token()
        });
    }
    let mut report_json = Vec::new();
    let mut fields = Vec::new();
    for entry in entries {
        let description = store.describe(&instance, &entry).await?;
        let expiry = expiry(&store, &instance, &entry).await?;
        report_json.push(to_json(&entry, &description, expiry));
        fields.extend(in_words(&entry, &description, expiry));
    }
    let json = json!({ "instance": instance.as_str(), "data": report_json });
    let mut all = vec![("instance".to_owned(), instance.to_string())];
    all.append(&mut fields);
    Ok(Report::new(json).fields(all))
}

pub(super) async fn clear(session: &Session, kept: &Kept) -> Outcome {
    let instance = instance(session, kept)?;
    let store = Store::from_env()?;
    let mut cleared = Vec::new();
    for entry in store.list(&instance).await? {
        if store.clear(&instance, &entry).await? {
            cleared.push(entry.to_string());
        }
    }
    let line = match cleared.as_slice() {
        [] => format!("The instance `{instance}` has no secrets."),
        entries => format!(
            "Removed {} of the instance `{instance}`.",
            entries.join(", ")
        ),
    };
    let json = json!({ "instance": instance.as_str(), "cleared": cleared });
    Ok(Report::new(json).line(line))
}

pub(super) async fn rotate_key(session: &Session, kept: &Kept) -> Outcome {
    let instance = instance(session, kept)?;
    let rotation = Store::from_env()?.rotate(&instance).await?;
    let report = Report::new(json!({
        "instance": instance.as_str(),
        "resealed": rotation.resealed,
        "current": rotation.current,
        "in_keyring": rotation.in_keyring,
    }));
    let sealed = spoken_time::counted(rotation.resealed as u64, "secret");
    let report = report.line(format!(
        "Sealed {sealed} of the instance `{instance}` anew."
    ));
    Ok(if rotation.in_keyring {
        report.line(
            "Its secrets in the keyring have no key of ours; the operating system protects them.",
        )
    } else {
        report
    })
}

pub(super) async fn migrate(session: &Session, kept: &Kept, to: Place) -> Outcome {
    let instance = instance(session, kept)?;
    let (backend, place) = match to {
        Place::Keyring => (Backend::Keyring, "keyring"),
        Place::Files => (Backend::Files, "files"),
    };
    let migration = Store::from_env()?.migrate(&instance, backend).await?;
    let report = Report::new(json!({
        "instance": instance.as_str(),
        "to": place,
        "moved": migration.moved,
        "kept": migration.kept,
    }));
    let moved = spoken_time::counted(migration.moved as u64, "secret");
    Ok(report.line(format!(
        "The instance `{instance}` keeps its secrets in {} now; {moved} moved.",
        if to == Place::Keyring {
            "the keyring"
        } else {
            "files"
        }
    )))
}

fn instance(session: &Session, kept: &Kept) -> Result<InstanceId, Failure> {
    match &kept.instance {
        Some(instance) => instance
            .parse()
            .map_err(|error: runbeam_sdk::store::Error| {
                Failure::usage("that is no instance", "see the message above").because(&error)
            }),
        None => session.settings.login_instance(),
    }
}

/// When the token in an entry ends, where it is a token that says so.
pub(super) async fn expiry(
    store: &Store,
    instance: &InstanceId,
    entry: &EntryName,
) -> Result<Option<Timestamp>, Failure> {
    if *entry == EntryName::machine_token() {
        let token: Option<MachineToken> = store.load_value(instance, entry).await?;
        return Ok(token.and_then(|token| token.expires_at.get().copied()));
    }
    if *entry == EntryName::user_token() {
        let token: Option<UserToken> = store.load_value(instance, entry).await?;
        return Ok(token.and_then(|token| token.expires_at.get().copied()));
    }
    Ok(None)
}

fn to_json(entry: &EntryName, description: &Description, expiry: Option<Timestamp>) -> Value {
    let survival = description.survival();
    json!({
        "entry": entry.as_str(),
        "present": match description.presence {
            Presence::Present => Value::Bool(true),
            Presence::Absent => Value::Bool(false),
            _ => Value::Null,
        },
        "backend": description.backend(),
        "location": description.location.to_string(),
        "protection": description.protection(),
        "key_source": description.key_source.as_ref().map(ToString::to_string),
        "lasts": lasts(description.lifetime),
        "survives_reboot": survival.reboot,
        "expires_at": expiry,
        "note": description.note,
    })
}

fn in_words(
    entry: &EntryName,
    description: &Description,
    expiry: Option<Timestamp>,
) -> Vec<(String, String)> {
    let mut fields = vec![
        (
            entry.to_string(),
            match description.presence {
                Presence::Present => "kept".to_owned(),
                Presence::Absent => "none".to_owned(),
                _ => "unknown".to_owned(),
            },
        ),
        ("  where".to_owned(), description.location.to_string()),
        (
            "  protected by".to_owned(),
            description.protection().to_owned(),
        ),
        ("  lasts".to_owned(), lasts(description.lifetime).to_owned()),
    ];
    if let Some(source) = &description.key_source {
        fields.push(("  key".to_owned(), source.to_string()));
    }
    if let Some(expiry) = expiry {
        fields.push((
            "  expires".to_owned(),
            format!("{} ({expiry})", spoken_time::relative(expiry)),
        ));
    }
    if let Some(note) = &description.note {
        fields.push(("  note".to_owned(), note.clone()));
    }
    fields
}

fn lasts(lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Process => "until the process ends",
        Lifetime::Session => "until you log out",
        Lifetime::Boot => "until the machine starts again",
        Lifetime::Container => "until the container is replaced",
        _ => "until it is cleared",
    }
}
