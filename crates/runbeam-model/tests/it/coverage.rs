//! Every operation of the description has its counterpart: the same request, and every documented answer is read.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Response, StatusCode};
use runbeam_model::{
    AcknowledgeChanges, AnswerError, AnyJson, AuthenticationDraft, AuthorizeGateway, BackendDraft,
    CheckLogin, ConnectionConfig, CreateResource, DeleteResource, DiscoverBaseUrl,
    DiscoverBaseUrlByOldName, EndpointDraft, GatewayDraft, ListChanges, ListGatewayChanges,
    ListResources, MeshDraft, MiddlewareDraft, NetworkDraft, Operation, Paged, PeerDraft,
    PipelineDraft, PolicyDraft, ReportChangeApplied, ReportChangeFailed, RequestMeshToken,
    ResolveReference, Resource, RevokeGateway, RuleDraft, Secret, ServiceDraft, ShowChange,
    ShowResource, StartLogin, StoreConfiguration, TargetDraft, TransformDraft, UpdateResource,
};
use runbeam_model::{
    Authentication, Backend, Endpoint, Gateway, Mesh, Middleware, Network, Peer, Pipeline, Policy,
    Rule, Service, Target, Transform,
};
use serde_json::{Value, json};

use crate::contract::{Contract, Described};

/// Operations without a counterpart, each with the reason. The list is exact: one that gets a counterpart must go.
const LEFT_OUT: &[(&str, &str)] = &[
    ("jwks", "runbeam-auth fetches it by `BaseUrl::jwks_url`"),
    (
        "gatewayConfiguration",
        "an extension of the emulator: the SDK walks the lists",
    ),
    (
        "legacyChangesIndex",
        "the name of `changesIndex` until 0.4.0",
    ),
    ("legacyChangeShow", "the name of `changeShow` until 0.4.0"),
    (
        "legacyAcknowledge",
        "the name of `changesAcknowledge` until 0.4.0",
    ),
    ("legacyApplied", "the name of `changeApplied` until 0.4.0"),
    ("legacyFailed", "the name of `changeFailed` until 0.4.0"),
    ("configChangesIndex", "what changes were in 0.3.1 to 0.4.0"),
    ("configChangeShow", "what changes were in 0.3.1 to 0.4.0"),
    (
        "configChangeAcknowledge",
        "what changes were in 0.3.1 to 0.4.0",
    ),
    ("configChangeApplied", "what changes were in 0.3.1 to 0.4.0"),
    ("configChangeFailed", "what changes were in 0.3.1 to 0.4.0"),
];

/// Parts of requests that are never sent, each with the reason.
const NOT_SENT: &[(&str, &str, &str)] = &[(
    "revokeGateway",
    "token",
    "the header has it, as the description allows",
)];

type Answer = Box<dyn Fn(&Response<Bytes>) -> Result<(), AnswerError>>;

/// What an operation asks, and how it reads an answer.
struct Counterpart {
    name: &'static str,
    request: http::Request<Bytes>,
    answer: Answer,
}

fn of<O: Operation + 'static>(operation: O) -> Counterpart {
    let base = "https://api.runbeam.io".parse().unwrap();
    Counterpart {
        name: O::NAME,
        request: operation
            .request()
            .to_http(&base, &Secret::from("12|token"))
            .unwrap(),
        answer: Box::new(move |response| operation.answer(response).map(drop)),
    }
}

/// The five operations of a kind, from a draft that says everything.
fn kind<R: Resource>(draft: R::Draft) -> Vec<Counterpart> {
    let id = || "01kc".parse::<R::Id>().unwrap();
    let draft: &'static R::Draft = Box::leak(Box::new(draft));
    vec![
        of(ListResources::<R>::new().with_page(2).with_per_page(100)),
        of(ShowResource::<R>::new(id())),
        of(CreateResource::<R>::new(draft)),
        of(UpdateResource::<R>::new(id(), draft)),
        of(DeleteResource::<R>::new(id())),
    ]
}

fn counterparts() -> Vec<Counterpart> {
    let connection = ConnectionConfig::new()
        .with_host("h")
        .with_port(443)
        .with_protocol("https")
        .with_base_path("/v2");
    let json = || AnyJson::from(json!({ "a": 1 }));
    let reference = "runbeam.team.ingress.name.x y".parse().unwrap();
    let alone = vec![
        of(StartLogin::new()),
        of(CheckLogin::new("01kc")),
        of(
            AuthorizeGateway::new("12|token".into(), "edge".parse().unwrap())
                .with_machine_public_key("age1x".to_owned())
                .with_metadata(vec!["os=linux".to_owned()]),
        ),
        of(RevokeGateway::new("edge".parse().unwrap())),
        of(DiscoverBaseUrl::new()),
        of(DiscoverBaseUrlByOldName::new()),
        of(ListChanges::new().with_page(2).with_per_page(100)),
        of(ListGatewayChanges::new("01kc".parse().unwrap())
            .with_page(2)
            .with_per_page(100)),
        of(ShowChange::new("01kc".parse().unwrap())),
        of(AcknowledgeChanges::new(["01kc".parse().unwrap()])),
        of(ReportChangeApplied::new("01kc".parse().unwrap())),
        of(ReportChangeFailed::new("01kc".parse().unwrap(), "why").with_details(["more"])),
        of(StoreConfiguration::new("pipeline", "[pipelines.x]")
            .with_id("01kc".parse::<runbeam_model::ResourceId>().unwrap())),
        of(RequestMeshToken::new(
            "01kc".parse().unwrap(),
            "https://h/x",
        )),
        of(ResolveReference::new(reference)),
    ];
    macro_rules! neighbour {
        ($draft:ident) => {
            $draft::new("x")
                .with_code("x")
                .with_gateway_id("01kc".parse::<runbeam_model::GatewayId>().unwrap())
                .with_connection(connection.clone())
                .with_protocol("https")
                .with_description("x")
                .with_enabled(true)
                .with_authentication("x")
                .with_tags(["x"])
                .with_timeout_secs(1)
                .with_max_retries(1)
        };
    }
    let gateway = || "01kc".parse::<runbeam_model::GatewayId>().unwrap();
    let service = || "01kc".parse::<runbeam_model::ServiceId>().unwrap();
    let kinds = [
        kind::<Gateway>(
            GatewayDraft::new("x")
                .with_code("x".parse::<runbeam_model::GatewayCode>().unwrap())
                .with_enabled(true)
                .with_pipelines_path("p")
                .with_transforms_path("t")
                .with_jwks_cache_duration_hours(24)
                .with_management_enabled(true)
                .with_management_base_path("admin")
                .with_management_network_id("01kc".parse::<runbeam_model::NetworkId>().unwrap())
                .with_dns(["a.test"])
                .with_settings(json()),
        ),
        kind::<Service>(
            ServiceDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_description("x"),
        ),
        kind::<Endpoint>(
            EndpointDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_service_id(service())
                .with_path("/x")
                .with_methods(["GET"])
                .with_description("x")
                .with_peer_ref("x")
                .with_connection(connection.clone())
                .with_authentication("x")
                .with_options(json()),
        ),
        kind::<Backend>(
            BackendDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_service_id(service())
                .with_url("https://h")
                .with_timeout_seconds(1)
                .with_max_retries(1)
                .with_target_ref("x")
                .with_connection(connection.clone())
                .with_authentication("x")
                .with_options(json()),
        ),
        kind::<Pipeline>(
            PipelineDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_service_id(service())
                .with_description("x")
                .with_networks(["default"])
                .with_endpoints(json())
                .with_backends(json())
                .with_middleware(json()),
        ),
        kind::<Middleware>(
            MiddlewareDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_middleware_type("jwt_auth")
                .with_authentication("x")
                .with_options(json()),
        ),
        kind::<Transform>(
            TransformDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_instructions("[]"),
        ),
        kind::<Policy>(
            PolicyDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_enabled(true)
                .with_rules(["x"]),
        ),
        kind::<Network>(
            NetworkDraft::new("x", false, "127.0.0.1", 8080)
                .with_code("x")
                .with_gateway_id(gateway())
                .with_interface("wg0"),
        ),
        kind::<Authentication>(
            AuthenticationDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_method("jwt")
                .with_options(json()),
        ),
        kind::<Peer>(neighbour!(PeerDraft)),
        kind::<Target>(neighbour!(TargetDraft)),
        kind::<Rule>(
            RuleDraft::new("x")
                .with_code("x")
                .with_gateway_id(gateway())
                .with_rule_type("ip_allow")
                .with_weight(1)
                .with_enabled(true)
                .with_options(json()),
        ),
        kind::<Mesh>(
            MeshDraft::new("x")
                .with_protocol("http")
                .with_provider("runbeam")
                .with_auth_type("jwt")
                .with_ingress(["x"])
                .with_egress(["x"])
                .with_enabled(true)
                .with_description("x"),
        ),
    ];
    alone
        .into_iter()
        .chain(kinds.into_iter().flatten())
        .collect()
}

#[test]
fn every_operation_has_its_counterpart() {
    let Some(contract) = Contract::get() else {
        return;
    };
    let described: BTreeSet<&str> = contract.operations().into_keys().collect();
    let ours: BTreeSet<&str> = counterparts().iter().map(|ours| ours.name).collect();
    let left_out: BTreeSet<&str> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
    assert_eq!(counterparts().len(), ours.len(), "one is there twice");
    assert_eq!(ours.intersection(&left_out).count(), 0, "left out, and not");
    let missing: Vec<_> = described
        .iter()
        .filter(|name| !ours.contains(*name) && !left_out.contains(*name))
        .collect();
    assert!(missing.is_empty(), "without a counterpart: {missing:?}");
    let all: BTreeSet<&str> = ours.union(&left_out).copied().collect();
    assert_eq!(all, described, "not described");
    // What is left out as an older name or an extension is marked so in the description.
    for (name, reason) in LEFT_OUT {
        let operation = contract.operations()[name].value;
        let is_marked = operation["deprecated"] == true
            || operation["x-evidence"] == json!(["extension"])
            || *name == "jwks";
        assert!(is_marked, "{name}: {reason}");
    }
}

#[test]
fn every_request_is_the_described_one() {
    let Some(contract) = Contract::get() else {
        return;
    };
    let operations = contract.operations();
    for ours in counterparts() {
        let described = &operations[ours.name];
        let name = ours.name;
        assert_eq!(ours.request.method().as_str(), described.method, "{name}");
        assert_eq!(
            ours.request.uri().path(),
            path_with_ids(described.path),
            "{name}"
        );
        let has_token = ours.request.headers().contains_key("authorization");
        let needs_token = described.value["security"] != json!([]);
        assert_eq!(has_token, needs_token, "{name}");
        assert_eq!(
            query_of(&ours),
            parameters_of(contract, described),
            "{name}"
        );
        check_body(contract, described, &ours);
    }
}

fn path_with_ids(template: &str) -> String {
    let segments = template.split('/').map(|segment| {
        if segment.starts_with('{') {
            "01kc"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn query_of(ours: &Counterpart) -> BTreeSet<String> {
    let query = ours.request.uri().query().unwrap_or_default();
    let names = query.split('&').filter(|part| !part.is_empty());
    names
        .map(|part| part.split('=').next().unwrap().to_owned())
        .collect()
}

fn parameters_of(contract: &Contract, described: &Described<'_>) -> BTreeSet<String> {
    let parameters = described.value["parameters"]
        .as_array()
        .into_iter()
        .flatten();
    parameters
        .map(|parameter| contract.deref(parameter))
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The body fits its schema, and says everything that can be said.
fn check_body(contract: &Contract, described: &Described<'_>, ours: &Counterpart) {
    let name = ours.name;
    let schema = &described.value["requestBody"]["content"]["application/json"]["schema"];
    if schema.is_null() {
        assert!(ours.request.body().is_empty(), "{name}");
        assert!(
            !ours.request.headers().contains_key("content-type"),
            "{name}"
        );
        return;
    }
    let body: Value = serde_json::from_slice(ours.request.body()).unwrap();
    let validator = contract.validator(schema);
    let errors: Vec<_> = validator
        .iter_errors(&body)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:?}\n{body}");
    let said: BTreeSet<&String> = body.as_object().unwrap().keys().collect();
    let mut sayable: BTreeSet<&String> = contract.deref(schema)["properties"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    sayable.retain(|field| !NOT_SENT.iter().any(|(id, f, _)| *id == name && f == field));
    assert_eq!(said, sayable, "{name}");
}

#[test]
fn every_described_answer_is_read() {
    let Some(contract) = Contract::get() else {
        return;
    };
    let operations = contract.operations();
    let mut read = BTreeMap::new();
    for ours in counterparts() {
        let responses = operations[ours.name].value["responses"]
            .as_object()
            .unwrap();
        for (status, response) in responses {
            let response = contract.deref(response);
            let examples = response["content"]["application/json"]["examples"].as_object();
            for (name, example) in examples.into_iter().flatten() {
                let value = &contract.deref(example)["value"];
                let status: StatusCode = status.parse().unwrap();
                let answer = Response::builder()
                    .status(status)
                    .body(Bytes::from(value.to_string()))
                    .unwrap();
                let outcome = (ours.answer)(&answer);
                let is_state = ours.name == "checkLogin" && status != 429;
                match outcome {
                    Ok(()) => assert!(status.is_success() || is_state, "{} {name}", ours.name),
                    Err(AnswerError::Refused(refused)) => {
                        assert!(!status.is_success() && !is_state, "{} {name}", ours.name);
                        let said = refused.message.or(refused.name);
                        let expected = value.get("message").or(value.get("error"));
                        assert_eq!(said.as_deref(), expected.unwrap().as_str());
                    }
                    Err(error) => panic!("{} {name}: {error}", ours.name),
                }
                *read.entry(ours.name).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(read.len(), counterparts().len(), "{read:?}");
}
