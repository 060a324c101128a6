//! Operations, described and answered without sending anything.

use bytes::Bytes;
use http::Response;
use runbeam_model::{
    AnswerError, AuthorizeGateway, CreateResource, DeleteResource, Gateway, GatewayDraft,
    ListResources, Operation, Paged, RevokeGateway, Secret, ShowResource, UpdateResource,
};
use serde_json::Value;

use crate::examples::example;

fn sent(operation: &impl Operation) -> String {
    let base = "https://api.runbeam.io".parse().unwrap();
    let request = operation
        .request()
        .to_http(&base, &Secret::from("1|t"))
        .unwrap();
    format!(
        "{} {} {}",
        request.method(),
        request.uri(),
        String::from_utf8_lossy(request.body())
    )
}

#[test]
fn each_operation_makes_the_documented_request() {
    let draft = GatewayDraft::new("edge").with_enabled(true);
    let id = || "01kc".parse().unwrap();
    let gateways = "https://api.runbeam.io/api/gateways";
    assert_eq!(
        sent(&ListResources::<Gateway>::new()),
        format!("GET {gateways} ")
    );
    let page = ListResources::<Gateway>::new()
        .with_page(2)
        .with_per_page(100);
    assert_eq!(sent(&page), format!("GET {gateways}?page=2&per_page=100 "));
    assert_eq!(
        sent(&ShowResource::<Gateway>::new(id())),
        format!("GET {gateways}/01kc ")
    );
    let body = r#"{"name":"edge","enabled":true}"#;
    assert_eq!(
        sent(&CreateResource::<Gateway>::new(&draft)),
        format!("POST {gateways} {body}")
    );
    assert_eq!(
        sent(&UpdateResource::<Gateway>::new(id(), &draft)),
        format!("PUT {gateways}/01kc {body}")
    );
    assert_eq!(
        sent(&DeleteResource::<Gateway>::new(id())),
        format!("DELETE {gateways}/01kc ")
    );
    let revoke = RevokeGateway::new("edge".parse().unwrap());
    assert_eq!(
        sent(&revoke),
        r#"POST https://api.runbeam.io/api/harmony/revoke {"gateway_code":"edge"}"#
    );
}

#[test]
fn an_authorization_is_asked_for_as_documented_and_shows_no_token() {
    let Some(expected) = example("cloud-authorize-request") else {
        return;
    };
    let operation = AuthorizeGateway::new("12|p0LmXw3rT8".into(), "edge-lisbon".parse().unwrap())
        .with_metadata(vec!["version=0.11.0".to_owned(), "os=linux".to_owned()]);
    let base = "https://api.runbeam.io".parse().unwrap();
    let request = operation
        .request()
        .to_http(&base, &Secret::from("t"))
        .unwrap();
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body, serde_json::from_str::<Value>(&expected).unwrap());
    assert!(!format!("{operation:?} {:?}", operation.request()).contains("p0LmXw3rT8"));
}

#[test]
fn any_success_is_read_and_anything_else_is_a_refusal() {
    let Some(body) = example("cloud-authorize-201") else {
        return;
    };
    let operation = AuthorizeGateway::new("t".into(), "edge-lisbon".parse().unwrap());
    let answer = |status: u16, body: &str| {
        let response = Response::builder()
            .status(status)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        operation.answer(&response)
    };
    for status in [200, 201, 202] {
        assert_eq!(answer(status, &body).unwrap().gateway.code, "edge-lisbon");
    }
    for status in [199, 300, 302, 401, 500] {
        assert!(
            matches!(answer(status, &body), Err(AnswerError::Refused(_))),
            "{status}"
        );
    }
    let without_token = body.replace("\"machine_token\"", "\"other\"");
    let error = answer(201, &without_token).unwrap_err();
    let expected = "the answer to `authorizeGateway` cannot be read: the field `machine_token` is missing at `.`";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(!format!("{error:?}").contains("mt_fe7f"));
}
