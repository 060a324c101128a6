//! Faults as a client meets them, and the log of what happened.

use std::{io::ErrorKind, time::Duration};

use runbeam_emulator::{Emulator, Fault, FaultRule, Operation};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    as_user,
    client::{Request, Response},
    get, post, start,
};

/// What comes over the wire in answer to a `POST` of a gateway, and how the connection ends.
async fn raw(emulator: &Emulator, name: &str) -> (String, Option<ErrorKind>) {
    let body = json!({ "name": name }).to_string();
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    let request = format!(
        "POST /api/gateways HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        emulator.mint_jwt(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8(answer).unwrap();
    (text, ended.err().map(|error| error.kind()))
}

async fn gateways(emulator: &Emulator) -> u64 {
    get(emulator, "/api/gateways").await.json()["meta"]["total"]
        .as_u64()
        .unwrap()
}

fn on_store(fault: Fault) -> FaultRule {
    FaultRule::new(fault).on(Operation::GatewaysStore).times(1)
}

#[tokio::test]
async fn a_status_comes_instead_of_the_effect() {
    let emulator = start().await;
    emulator.inject(on_store(Fault::status_with_retry_after(503, 7)));
    let request = || {
        Request::new("POST", "/api/gateways")
            .json(json!({ "name": "edge" }))
            .unchecked()
    };
    let refused = as_user(&emulator, request()).await;
    refused.expect(503, json!({ "message": "Service Unavailable" }));
    assert_eq!(refused.header("retry-after"), Some("7"));
    assert_eq!(gateways(&emulator).await, 0);
    assert_eq!(
        as_user(&emulator, request()).await.status,
        201,
        "once is over"
    );
}

#[tokio::test]
async fn a_reset_before_leaves_no_trace_and_one_after_does() {
    let emulator = start().await;
    emulator.inject(on_store(Fault::ResetBefore));
    assert_eq!(
        raw(&emulator, "one").await,
        (String::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(gateways(&emulator).await, 0);
    emulator.inject(on_store(Fault::ResetAfter));
    assert_eq!(
        raw(&emulator, "two").await,
        (String::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(gateways(&emulator).await, 1);
}

#[tokio::test]
async fn a_body_is_cut_off_below_its_announced_length() {
    let emulator = start().await;
    emulator.inject(on_store(Fault::truncated_body(10)));
    let (text, _) = raw(&emulator, "edge").await;
    let answer = Response::parse(&text);
    assert_eq!((answer.status, answer.text.len()), (201, 10));
    let announced: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert!(announced > 10);
}

#[tokio::test]
async fn a_body_is_swollen_and_stays_json() {
    let emulator = start().await;
    emulator.inject(on_store(Fault::huge_body(1_000_000)));
    let (text, _) = raw(&emulator, "edge").await;
    let answer = Response::parse(&text);
    assert_eq!(answer.text.len(), 1_000_000);
    assert_eq!(answer.json()["data"]["name"], "edge");
}

#[tokio::test]
async fn an_answer_is_mislabelled() {
    let emulator = start().await;
    emulator.inject(on_store(Fault::content_type("text/html")));
    let (text, _) = raw(&emulator, "edge").await;
    let answer = Response::parse(&text);
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(answer.json()["data"]["name"], "edge");
}

#[tokio::test(start_paused = true)]
async fn answers_are_late_and_bodies_slow() {
    let emulator = start().await;
    let begin = tokio::time::Instant::now();
    let hour = Duration::from_secs(3600);
    emulator.inject(on_store(Fault::delay(hour)));
    assert_eq!(Response::parse(&raw(&emulator, "one").await.0).status, 201);
    assert!(begin.elapsed() >= hour);
    let begin = tokio::time::Instant::now();
    emulator.inject(on_store(Fault::slow_body(100, Duration::from_secs(60))));
    let (text, _) = raw(&emulator, "two").await;
    let length = Response::parse(&text).text.len() as u64;
    assert_eq!(begin.elapsed().as_secs(), length.div_ceil(100) * 60);
}

#[tokio::test]
async fn the_keys_can_be_out() {
    let emulator = start().await;
    let outage = emulator.inject(FaultRule::jwks_outage());
    let keys = || {
        Request::new("GET", "/api/.well-known/jwks.json")
            .unchecked()
            .send(emulator.address())
    };
    assert_eq!(keys().await.status, 503);
    assert_eq!(gateways(&emulator).await, 0, "the rest goes on");
    assert!(emulator.end_fault(outage));
    assert!(!emulator.end_fault(outage));
    assert_eq!(keys().await.status, 200);
}

#[tokio::test]
async fn faults_are_followed_through_the_administration() {
    let emulator = start().await;
    let send = |method, path: &str, body| {
        Request::new(method, format!("/_emulator{path}"))
            .json(body)
            .send(emulator.address())
    };
    let rule =
        json!({ "operation": "jwks", "count": 1, "fault": { "type": "status", "status": 500 } });
    let added = send("POST", "/faults", rule).await;
    assert_eq!(added.status, 201);
    let list = send("GET", "/faults", json!({})).await.json();
    assert_eq!(list["faults"][0]["id"], added.json()["id"]);
    assert_eq!(list["faults"][0]["happened"], 0);
    let keys = Request::new("GET", "/api/.well-known/jwks.json").unchecked();
    assert_eq!(keys.send(emulator.address()).await.status, 500);
    assert_eq!(
        send("GET", "/faults", json!({})).await.json(),
        json!({ "faults": [] })
    );
    for wrong in [
        json!({}),
        json!({ "fault": { "type": "status", "status": 42 } }),
    ] {
        assert_eq!(send("POST", "/faults", wrong).await.status, 422);
    }
    assert_eq!(send("DELETE", "/faults/9", json!({})).await.status, 404);
}

#[tokio::test]
async fn the_log_tells_what_happened_and_no_secret() {
    let emulator = start().await;
    let token = emulator.mint_sanctum_token();
    let body = json!({ "token": token, "gateway_code": "edge" });
    let authorize = Request::new("POST", "/api/harmony/authorize")
        .bearer(&token)
        .json(body);
    let machine = authorize.send(emulator.address()).await.json();
    let machine = machine["machine_token"].as_str().unwrap();
    let started = Request::new("POST", "/api/cli/start-login")
        .send(emulator.address())
        .await
        .json();
    let device = started["device_token"].as_str().unwrap();
    let check = format!("/api/cli/check-login/{device}?token={machine}");
    Request::new("GET", check).send(emulator.address()).await;
    Request::new("GET", "/nowhere")
        .bearer(machine)
        .send(emulator.address())
        .await;

    let log = emulator.logged_requests();
    let seen: Vec<_> = log
        .iter()
        .map(|one| (one.number, one.operation, one.status))
        .collect();
    let expected = [
        (1, Some("authorizeGateway"), 201),
        (2, Some("startLogin"), 201),
        (3, Some("checkLogin"), 200),
        (4, None, 404),
    ];
    assert_eq!(seen, expected);
    assert_eq!(log[0].caller.as_deref(), Some("user ines@example.test"));
    assert_eq!(
        log[0].body,
        Some(json!({ "token": "[redacted]", "gateway_code": "edge" }))
    );
    assert_eq!(
        log[2].target,
        "/api/cli/check-login/dt_[redacted]?token=[redacted]"
    );
    let list = Request::new("GET", "/_emulator/requests")
        .send(emulator.address())
        .await;
    assert_eq!(
        list.json()["requests"].as_array().unwrap().len(),
        4,
        "looking leaves no trace"
    );
    for secret in [&token, machine, device] {
        assert!(!format!("{log:?}{}", list.text).contains(secret));
    }
}

#[tokio::test]
async fn a_test_waits_for_a_request() {
    let emulator = start().await;
    let query = "/_emulator/requests?operation=gatewaysStore&wait_ms=20000";
    let waiting = Request::new("GET", query).send(emulator.address());
    let second = emulator.wait_for_requests(Operation::GatewaysStore, 2);
    let act = async {
        post(&emulator, "/api/gateways", json!({ "name": "one" })).await;
        post(&emulator, "/api/gateways", json!({ "name": "two" })).await;
    };
    let all = async { tokio::join!(waiting, second, act) };
    let (listed, (), ()) = timeout(Duration::from_secs(15), all)
        .await
        .expect("nobody waits for ever");
    assert_eq!(listed.json()["requests"][0]["body"]["name"], "one");
    let none = Request::new("GET", "/_emulator/requests?after=99&wait_ms=1")
        .send(emulator.address())
        .await;
    assert_eq!(none.json(), json!({ "requests": [] }));
    let wrong = Request::new("GET", "/_emulator/requests?since=1")
        .send(emulator.address())
        .await;
    assert_eq!(wrong.status, 422);
}
