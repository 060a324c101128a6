//! Every answer beside the description of the API: a documented status, a body that fits its schema, and the headers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::client::Response;

/// Statuses of HTTP itself, which the description of an operation does not list.
const OF_HTTP: [u16; 4] = [302, 405, 408, 413];

#[allow(
    clippy::disallowed_methods,
    reason = "the environment alone knows whether everything must be checked"
)]
pub(crate) fn must_be_complete() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Reads a file of the contract, or says that it is skipped; where everything must be checked, it is an error.
pub(crate) fn shared_contract(name: &str) -> Option<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contract");
    match fs::read_to_string(directory.join(name)) {
        Ok(text) => Some(text),
        Err(error) => {
            assert!(!must_be_complete(), "{name}: {error}");
            eprintln!("skipped: {name} is not here");
            None
        }
    }
}

/// The description, and which of it has been seen.
pub(crate) struct Contract {
    document: Value,
    routes: Vec<Route>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
    seen: Mutex<BTreeSet<(String, String)>>,
}

/// The description as JSON. Reading YAML takes seconds without optimization, and each test is a process of its own:
/// what one has read, the others find beside the test binaries.
fn document(yaml: &str) -> Value {
    let mut hasher = DefaultHasher::new();
    yaml.hash(&mut hasher);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let cache = directory.join(format!("contract-{:016x}.json", hasher.finish()));
    if let Some(document) = fs::read(&cache)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
    {
        return document;
    }
    // YAML 1.1 takes `n`, the modulus of a key, for `false`.
    let options = serde_saphyr::options! { strict_booleans: true };
    let document: Value = serde_saphyr::from_str_with_options(yaml, options).unwrap();
    let mut file = tempfile::NamedTempFile::new_in(directory).unwrap();
    serde_json::to_writer(&mut file, &document).unwrap();
    file.persist(cache).unwrap();
    document
}

struct Route {
    method: String,
    segments: Vec<String>,
    operation: String,
}

impl Contract {
    /// The description, read once in a process.
    pub(crate) fn get() -> Option<&'static Self> {
        static CONTRACT: OnceLock<Option<Contract>> = OnceLock::new();
        CONTRACT
            .get_or_init(|| {
                shared_contract("runbeam-cloud.openapi.yaml").map(|text| Self::of(&text))
            })
            .as_ref()
    }

    fn of(yaml: &str) -> Self {
        let document = document(yaml);
        let mut routes = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let aliases = operation["x-aliases"].as_array().into_iter().flatten();
                let paths = aliases.filter_map(Value::as_str).chain([path.as_str()]);
                let distinct: BTreeSet<Vec<String>> = paths.map(segments).collect();
                routes.extend(distinct.into_iter().map(|segments| Route {
                    method: method.to_uppercase(),
                    segments,
                    operation: operation["operationId"].as_str().unwrap().to_owned(),
                }));
            }
        }
        // A written segment goes before one that stands for anything.
        routes.sort_by_key(|route| {
            route
                .segments
                .iter()
                .filter(|one| one.starts_with('{'))
                .count()
        });
        Self {
            document,
            routes,
            validators: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Every operation with its description, in the order of the file.
    pub(crate) fn operations(&self) -> BTreeMap<String, (String, String, &Value)> {
        let mut operations = BTreeMap::new();
        for (path, methods) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                operations.insert(id, (method.to_uppercase(), path.clone(), operation));
            }
        }
        operations
    }

    /// The pairs of operation and status that answers of this process had.
    pub(crate) fn seen(&self) -> BTreeSet<(String, String)> {
        self.seen.lock().unwrap().clone()
    }

    fn route(&self, method: &str, target: &str) -> Option<&str> {
        let method = match method {
            "PATCH" => "PUT",
            "HEAD" => "GET",
            other => other,
        };
        let path = target.split('?').next().unwrap();
        let asked = segments(path);
        let fits = |route: &&Route| {
            route.method == method
                && route.segments.len() == asked.len()
                && route
                    .segments
                    .iter()
                    .zip(&asked)
                    .all(|(one, asked)| one.starts_with('{') || one == asked)
        };
        self.routes
            .iter()
            .find(fits)
            .map(|route| route.operation.as_str())
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(name.to_owned()).or_insert_with(|| {
            let whole = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "components": self.document["components"],
                "allOf": [schema],
            });
            let options = jsonschema::options().should_validate_formats(true);
            Arc::new(options.build(&whole).unwrap())
        });
        Arc::clone(validator)
    }

    /// Follows a reference within the document.
    fn deref<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => self
                .document
                .pointer(place.strip_prefix('#').unwrap())
                .unwrap(),
            None => value,
        }
    }

    fn check(&self, id: &str, answer: &Response) -> Result<(), String> {
        let (_, _, operation) = &self.operations()[id];
        let status = answer.status.to_string();
        let responses = &operation["responses"];
        let documented = responses.get(&status);
        // The lists name no 403, and yet a token may lack the right to read.
        let response = match (documented, answer.status) {
            (Some(response), _) => response,
            (None, status) if OF_HTTP.contains(&status) => return Ok(()),
            (None, 403) => &self.document["components"]["responses"]["E403"],
            (None, _) => return Err(format!("{id} has no status {status}")),
        };
        let response = self.deref(response);
        if documented.is_some() {
            self.seen
                .lock()
                .unwrap()
                .insert((id.to_owned(), status.clone()));
        }
        for name in response["headers"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys())
        {
            let is_there = answer.header(&name.to_lowercase()).is_some();
            // Without a limit nothing says where a client stands.
            if !is_there && (answer.status == 429 || !name.starts_with("X-RateLimit")) {
                return Err(format!("{id} {status}: {name} is missing"));
            }
        }
        let Some(content) = response["content"].as_object() else {
            return Ok(());
        };
        let kind = answer.header("content-type").unwrap_or_default();
        if !content.contains_key(kind) {
            return Err(format!("{id} {status}: the content type is '{kind}'"));
        }
        if answer.text.is_empty() {
            return Ok(()); // HEAD
        }
        let body = answer.json();
        let mut schema = content[kind]["schema"].clone();
        let mut name = format!("{id} {status}");
        if id == "changesForGateway" && body["data"].is_object() {
            // At this address old clients look for one change.
            schema = json!({ "$ref": "#/components/schemas/ChangeResource" });
            name.push_str(" of a change");
        }
        if id == "jwks"
            && body["keys"]
                .as_array()
                .is_some_and(|keys| keys.iter().any(|key| key["kty"] == "EC"))
        {
            return Ok(()); // Asked for by a test, and no part of the contract.
        }
        let validator = self.validator(&name, &schema);
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        Err(format!("{name}: {}\n{body:#}", errors.join("\n")))
    }
}

/// The segments of a path below its mount.
fn segments(path: &str) -> Vec<String> {
    let mut rest = path.trim_start_matches('/');
    for _ in 0..2 {
        rest = rest
            .strip_prefix("api/")
            .unwrap_or(rest)
            .trim_start_matches('/');
    }
    rest.split('/').map(str::to_owned).collect()
}

/// Checks an answer, if it is one of an operation.
#[track_caller]
pub(crate) fn check(method: &str, target: &str, answer: &Response) {
    assert!(answer.header("x-request-id").is_some(), "{answer:?}");
    let Some(contract) = Contract::get() else {
        return;
    };
    if let Some(id) = contract.route(method, target)
        && let Err(error) = contract.check(id, answer)
    {
        panic!("{method} {target}: {error}");
    }
}

#[test]
fn an_answer_that_does_not_fit_is_found() {
    let Some(contract) = Contract::get() else {
        return;
    };
    let answer = |status: u16, body: Value| {
        Response::parse(&format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nx-request-id: 1\r\n\r\n{body}"
        ))
    };
    let check = |id: &str, answer: &Response, expected: &str| {
        let error = contract.check(id, answer).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    check("gatewaysShow", &answer(418, json!({})), "has no status 418");
    check(
        "gatewaysShow",
        &answer(404, json!({})),
        "\"message\" is a required property",
    );
    check(
        "gatewaysShow",
        &answer(429, json!({ "message": "" })),
        "is missing",
    );
    let wrong = json!({ "device_token": "", "verification_url": "x", "expires_in_seconds": 0 });
    check("startLogin", &answer(201, wrong), "/device_token");
    assert_eq!(
        contract.route("PATCH", "/api/api/gateways/x?y=/z"),
        Some("gatewaysUpdate")
    );
    assert_eq!(
        contract.route("POST", "/harmony/changes/acknowledge"),
        Some("changesAcknowledge")
    );
    assert_eq!(
        contract.route("POST", "/api/harmony/changes/x/failed"),
        Some("changeFailed")
    );
    assert_eq!(contract.route("GET", "/cli/verify/x"), None);
}
