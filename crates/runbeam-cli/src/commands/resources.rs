//! `gateways`, `services` and all other kinds: list, show, create, update and delete, from one definition.

use std::path::Path;
use std::pin::Pin;

use clap::{ArgMatches, FromArgMatches, Subcommand};
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::model::{
    self, CreateResource, DeleteResource, GatewayId, ListResources, Resource, ShowResource,
    UpdateResource,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::gateway_calls::cell;
use super::{more_verbs, pages};
use crate::Outcome;
use crate::args::{Fields, GatewayVerb, MeshVerb};
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, Report, Table};
use crate::session::Session;

/// What to do with one kind of resource.
#[derive(Debug)]
pub(crate) struct ResourceCommand {
    kind: &'static Kind,
    verb: Verb,
}

/// One of the five verbs, or what only some kinds have.
#[derive(Debug)]
enum Verb {
    Common(Action),
    Gateway(GatewayVerb),
    Mesh(MeshVerb),
}

/// A kind as the command line knows it.
struct Kind {
    /// The command, which is the collection of the API.
    name: &'static str,
    /// One of it, which is the same command.
    singular: &'static str,
    about: &'static str,
    run: for<'a> fn(&'a RunbeamClient, &'a Action, &'a Output) -> Running<'a>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

macro_rules! kinds {
    ($($kind:ident $about:literal;)*) => {
        const KINDS: &[Kind] = &[$(Kind {
            name: <model::$kind as Resource>::COLLECTION,
            singular: <model::$kind as Resource>::KIND,
            about: $about,
            run: |client, action, output| Box::pin(act::<model::$kind>(client, action, output)),
        }),*];
    };
}

kinds! {
    Gateway "Gateways of your team";
    Service "Services: what gateways serve";
    Endpoint "Endpoints: where requests come in";
    Backend "Backends: where requests go";
    Pipeline "Pipelines: the way from endpoints to backends";
    Middleware "Middlewares: what stands on that way";
    Transform "Transforms of messages";
    Policy "Policies: who may do what";
    Rule "Rules of policies";
    Network "Networks of gateways";
    Authentication "Authentications: how requests prove who they are from";
    Peer "Peers of gateways";
    Target "Targets of requests";
    Mesh "Meshes of gateways";
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all of your team
    List,
    /// Show one
    Show {
        /// Its id
        id: String,
    },
    /// Create one
    Create {
        /// Its name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Update one: the fields that are given; the others stay
    Update {
        /// Its id
        id: String,
        /// Its name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        fields: Fields,
    },
    /// Delete one
    Delete {
        /// Its id
        id: String,
    },
}

/// One command for each kind.
pub(crate) fn commands() -> impl Iterator<Item = clap::Command> {
    KINDS.iter().map(|kind| {
        let command = clap::Command::new(kind.name)
            .alias(kind.singular)
            .subcommand_required(true)
            .arg_required_else_help(true);
        let command = Action::augment_subcommands(command);
        let command = match kind.name {
            model::Gateway::COLLECTION => GatewayVerb::augment_subcommands(command),
            model::Mesh::COLLECTION => MeshVerb::augment_subcommands(command),
            _ => command,
        };
        // They say what they are of, too: the last one counts.
        command.about(kind.about)
    })
}

/// Whether it is the command of a kind.
pub(crate) fn is_kind(name: &str) -> bool {
    KINDS
        .iter()
        .any(|kind| kind.name == name || kind.singular == name)
}

/// What was typed, if it is the command of a kind.
pub(crate) fn read(matches: &ArgMatches) -> Result<Option<ResourceCommand>, clap::Error> {
    let Some((name, inner)) = matches.subcommand() else {
        return Ok(None);
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        return Ok(None);
    };
    let verb = inner.subcommand_name().unwrap_or_default();
    let verb = if Action::has_subcommand(verb) {
        Verb::Common(Action::from_arg_matches(inner)?)
    } else if kind.name == model::Mesh::COLLECTION {
        Verb::Mesh(MeshVerb::from_arg_matches(inner)?)
    } else {
        Verb::Gateway(GatewayVerb::from_arg_matches(inner)?)
    };
    Ok(Some(ResourceCommand { kind, verb }))
}

pub(super) async fn run(session: &Session, command: &ResourceCommand, output: &Output) -> Outcome {
    let client = session.client().await?;
    match &command.verb {
        Verb::Common(action) => (command.kind.run)(&client, action, output).await,
        Verb::Gateway(verb) => more_verbs::of_gateways(&client, verb, output).await,
        Verb::Mesh(verb) => more_verbs::of_meshes(&client, verb).await,
    }
}

async fn act<R: Resource>(client: &RunbeamClient, action: &Action, output: &Output) -> Outcome {
    match action {
        Action::List => {
            let rows = pages::all(client, ListResources::<R>::new(), R::COLLECTION, output).await?;
            Ok(Report::new(json!({ "data": rows })).table(table(&rows)))
        }
        Action::Show { id } => {
            let one = client.send(&ShowResource::<R>::new(id.parse()?)).await?;
            Ok(Report::new(&one).fields(fields(&one)))
        }
        Action::Create {
            name,
            fields: given,
        } => {
            let draft = draft(name.as_deref(), given).await?;
            if !draft.contains_key("name") {
                return Err(Failure::usage(
                    format!("a {} needs a name", R::KIND),
                    "give it with `--name`",
                ));
            }
            let draft = Value::Object(draft);
            let Typed(one) = client
                .send(&CreateResource::<Typed<R>>::new(&draft))
                .await?;
            Ok(Report::new(&one).fields(fields(&one)))
        }
        Action::Update {
            id,
            name,
            fields: given,
        } => {
            let draft = draft(name.as_deref(), given).await?;
            if draft.is_empty() {
                return Err(Failure::usage(
                    "nothing is to be changed",
                    "name fields with `--set FIELD=VALUE`, `--name` or `--file`",
                ));
            }
            let draft = Value::Object(draft);
            let operation = UpdateResource::<Typed<R>>::new(id.parse()?, &draft);
            let Typed(one) = client.send(&operation).await?;
            Ok(Report::new(&one).fields(fields(&one)))
        }
        Action::Delete { id } => {
            let deleted = client.send(&DeleteResource::<R>::new(id.parse()?)).await?;
            let report = Report::new(json!({
                "deleted": true,
                "id": id,
                "message": deleted.message,
            }));
            Ok(report.line(format!("Deleted the {} {id}.", R::KIND)))
        }
    }
}

/// A kind whose drafts are what was typed: the cloud says what is wrong with them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent, bound = "R: Resource")]
struct Typed<R>(R);

impl<R: Resource> Resource for Typed<R> {
    type Id = R::Id;
    type Draft = Value;
    const KIND: &'static str = R::KIND;
    const COLLECTION: &'static str = R::COLLECTION;
    const OPERATIONS: [&'static str; 5] = R::OPERATIONS;

    fn id(&self) -> &R::Id {
        self.0.id()
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn gateway_id(&self) -> Option<&GatewayId> {
        self.0.gateway_id()
    }
}

/// The fields that were typed; those with flags of their own come last.
async fn draft(name: Option<&str>, given: &Fields) -> Result<Map<String, Value>, Failure> {
    let mut draft = typed(given).await?;
    if let Some(name) = name {
        draft.insert("name".to_owned(), name.into());
    }
    Ok(draft)
}

/// The fields of a file, and then those that were typed one by one.
pub(super) async fn typed(given: &Fields) -> Result<Map<String, Value>, Failure> {
    let mut fields = match &given.file {
        Some(path) => fields_of_file(path).await?,
        None => Map::new(),
    };
    for pair in &given.set {
        let (field, value) = pair_of("--set FIELD=VALUE", pair)?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        fields.insert(field.to_owned(), value);
    }
    Ok(fields)
}

/// A name and a value, as `form` says.
pub(super) fn pair_of<'a>(form: &str, pair: &'a str) -> Result<(&'a str, &'a str), Failure> {
    let parts = pair.split_once('=').filter(|(name, _)| !name.is_empty());
    parts.ok_or_else(|| {
        Failure::usage(
            format!("`{pair}` names nothing that a value is for"),
            format!("write `{form}`"),
        )
    })
}

async fn fields_of_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    serde_json::from_slice(&files::read_input(path).await?).map_err(|error| {
        Failure::usage(
            format!("no fields can be read from {}", path.display()),
            "name a file that holds a JSON object",
        )
        // The content may be a secret: the place must do.
        .with_cause(format_args!(
            "line {}, column {}",
            error.line(),
            error.column()
        ))
    })
}

/// The columns that every kind has, and the gateway where rows belong to one.
fn table<R: Resource>(rows: &[R]) -> Table {
    let has_gateway = rows.iter().any(|row| row.gateway_id().is_some());
    let mut header = vec!["ID", "CODE", "NAME"];
    if has_gateway {
        header.push("GATEWAY");
    }
    let mut table = Table::new(header, format!("Your team has no {}.", R::COLLECTION));
    for row in rows {
        let json = serde_json::to_value(row).unwrap_or_default();
        let code = json.get("code").map(cell).unwrap_or_default();
        let mut cells = vec![row.id().to_string(), code, row.name().to_owned()];
        if has_gateway {
            cells.push(
                row.gateway_id()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            );
        }
        table.row(cells);
    }
    table
}

/// All fields of one, below one another.
pub(super) fn fields(one: &impl Serialize) -> Vec<(String, String)> {
    let Ok(Value::Object(object)) = serde_json::to_value(one) else {
        return Vec::new();
    };
    let fields = object.into_iter();
    fields.map(|(name, value)| (name, cell(&value))).collect()
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
