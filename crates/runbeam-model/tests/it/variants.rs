//! The variants in which servers of different versions tell the same facts.

use runbeam_model::{
    Authentication, AuthenticationMethod, Change, ChangeStatus, ConfigKind, Endpoint, Gateway,
    Known, Mesh, Middleware, Network, Operation, Pipeline, Policy, ResourceId, Service,
    StoreAction, StoreConfiguration, Transform,
};
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn a_code_may_be_missing_and_an_id_may_be_a_number() {
    let middleware: Middleware = read(r#"{"id":17,"name":"a","middleware_type":"jwt_auth"}"#);
    assert_eq!(
        (middleware.id.as_str(), middleware.code.as_str()),
        ("17", "")
    );
    let endpoint: Endpoint = read(r#"{"id":1,"service_id":42,"gateway_id":7}"#);
    assert_eq!(endpoint.service_id.unwrap(), "42");
    let service: Service = read(r#"{"id":"a"}"#);
    assert_eq!(format!("{}", service.gateway_id), "unknown");
    let gateway: Gateway = read(r#"{"id":"a","enabled":"1","settings":["a"],"type":7}"#);
    assert_eq!(
        (gateway.enabled, gateway.settings[0].as_str()),
        (Known::from(true), Some("a"))
    );
}

#[test]
fn an_empty_object_may_be_a_list() {
    for empty in ["[]", "{}", "null"] {
        let pipeline: Pipeline = read(&format!(
            r#"{{"id":"a","description":null,"endpoints":{empty},"backends":{empty},"middleware":{empty}}}"#
        ));
        assert_eq!(pipeline.description, "");
        assert!(pipeline.endpoints.is_empty() && pipeline.middleware.is_empty());
        let transform: Transform = read(&format!(r#"{{"id":"a","options":{empty}}}"#));
        assert_eq!(
            transform.options.and_then(|options| options.instructions),
            None
        );
    }
}

#[test]
fn a_policy_is_enabled_in_every_spelling() {
    for (enabled, expected) in [
        ("1", Some(true)),
        ("0", Some(false)),
        ("true", Some(true)),
        ("\"0\"", Some(false)),
        ("null", None),
    ] {
        let policy: Policy = read(&format!(
            r#"{{"id":"a","enabled":{enabled},"rules":["r",3]}}"#
        ));
        assert_eq!(
            (policy.enabled, policy.rules),
            (expected, vec!["r".to_owned(), "3".to_owned()])
        );
    }
    let policy: Policy = read(r#"{"id":"a","enabled":true,"rules":{"r":1}}"#);
    assert!(
        serde_json::to_string(&policy)
            .unwrap()
            .contains(r#""enabled":1"#)
    );
}

#[test]
fn a_network_listens_by_either_name() {
    for name in ["http", "tcp_config"] {
        let network: Network = read(&format!(
            r#"{{"id":"a","enable_wireguard":0,"{name}":{{"bind_address":"::1","bind_port":"80"}}}}"#
        ));
        let listener = network.listener().unwrap();
        assert_eq!(
            (listener.bind_address.as_deref(), listener.bind_port),
            (Some("::1"), Some(80))
        );
    }
    let both = r#"{"id":"a","http":{"bind_port":1},"tcp_config":{"bind_port":2}}"#;
    assert_eq!(read::<Network>(both).listener().unwrap().bind_port, Some(1));
}

#[test]
fn an_authentication_may_be_an_object_or_have_no_method() {
    let endpoint: Endpoint =
        read(r#"{"id":"a","authentication":{"method":"jwt","credentials_path":"x"}}"#);
    assert_eq!(endpoint.authentication, None);
    let authentication: Authentication = read(r#"{"id":"a","options":"text"}"#);
    assert_eq!(
        (
            authentication.method.as_str(),
            authentication.options.as_str()
        ),
        ("", Some("text"))
    );
    let authentication: Authentication = read(r#"{"id":"a","method":"mutual-tls"}"#);
    assert_eq!(authentication.method, AuthenticationMethod::MutualTls);
}

#[test]
fn a_value_that_is_not_known_is_kept() {
    let change: Change = read(r#"{"id":"a","status":"frozen","type":"galaxy","gateway_id":"g"}"#);
    assert_eq!(change.status, ChangeStatus::Other("frozen".into()));
    assert_eq!(
        (change.kind.as_str(), &change.kind),
        ("galaxy", &ConfigKind::from("galaxy"))
    );
    assert!(
        serde_json::to_string(&change)
            .unwrap()
            .contains(r#""status":"frozen""#)
    );
    let queued: Change = read(r#"{"id":"a","status":"queued","metadata":[]}"#);
    assert_eq!(queued.status, ChangeStatus::Pending);
    let mesh: Mesh = read(r#"{"id":"a","name":"m","type":"http9","provider":"local"}"#);
    assert_eq!(
        (mesh.protocol.to_string(), mesh.enabled),
        ("http9".to_owned(), None)
    );
}

#[test]
fn what_was_stored_is_told_in_two_places() {
    let operation = StoreConfiguration::new("pipeline", "x");
    let id: ResourceId = "01kc".parse().unwrap();
    for data in [
        r#"{"id":"01kc","type":"pipeline","action":"created"}"#,
        r#"{"model":{"id":"01kc","type":"pipeline","action":"created"}}"#,
        r#"{"id":"01kc","action":"created","model":{"type":"pipeline"},"change":{"odd":1}}"#,
    ] {
        let body = format!(r#"{{"success":true,"message":"m","data":{data}}}"#);
        let stored = operation.read(body.as_bytes()).unwrap();
        assert_eq!(
            (stored.id.as_ref(), &stored.kind),
            (Some(&id), &ConfigKind::Pipeline),
            "{data}"
        );
        assert_eq!((stored.action, stored.change), (StoreAction::Created, None));
    }
}

#[test]
fn what_may_hold_secrets_shows_nothing_of_them() {
    let authentication: Authentication = read(
        r#"{"id":"a","options":{"password":"canary","list":["canary"],"deep":{"hs256_secret":"canary"}}}"#,
    );
    let pipeline: Pipeline = read(r#"{"id":"a","middleware":{"basic":{"password":"canary"}}}"#);
    let mesh: Mesh = read(r#"{"id":"a","jwt_secret":"canary"}"#);
    let change: Change = read(r#"{"id":"a","toml_config":"password = \"canary\""}"#);
    let push = StoreConfiguration::new("mesh", "jwt_secret = \"canary\"");
    let shown = format!(
        "{authentication:?} {pipeline:?} {mesh:?} {change:?} {push:?} {:?}",
        push.request()
    );
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("password") && shown.contains("basic"));
    assert!(!serde_json::to_string(&mesh).unwrap().contains("canary"));
    assert_eq!(
        change.toml_config.unwrap().as_str(),
        "password = \"canary\""
    );
}
