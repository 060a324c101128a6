//! The way of a change, and who may see and report it.

use runbeam_emulator::{ChangeKind, ChangeSpec, ChangeStatus, Emulator, JwtSpec};
use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    get, post, start,
};

/// Authorizes a gateway: its id and its token.
async fn gateway(emulator: &Emulator, token: &str, code: &str) -> (String, String) {
    let request = Request::new("POST", "/api/harmony/authorize").bearer(token);
    let answer = request
        .json(json!({ "gateway_code": code }))
        .send(emulator.address())
        .await
        .json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&answer["gateway"]["id"]),
        text(&answer["machine_token"]),
    )
}

async fn send(
    emulator: &Emulator,
    token: &str,
    method: &'static str,
    path: &str,
    body: Value,
) -> Response {
    Request::new(method, format!("/api{path}"))
        .bearer(token)
        .json(body)
        .send(emulator.address())
        .await
}

fn queue(emulator: &Emulator, gateway: &str, toml: &str) -> String {
    emulator
        .queue_change(gateway, ChangeSpec::new(ChangeKind::Gateway, toml))
        .unwrap()
}

#[tokio::test]
async fn a_gateway_takes_its_changes_newest_first_and_reports_them() {
    let emulator = start().await;
    let (id, token) = gateway(&emulator, &emulator.mint_jwt(), "edge").await;
    let one = queue(&emulator, &id, "x = 1");
    let two = queue(&emulator, &id, "x = 2");
    let listed = async || {
        let list = send(
            &emulator,
            &token,
            "GET",
            &format!("/harmony/changes/{id}"),
            Value::Null,
        )
        .await
        .json();
        let rows = list["data"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [two.clone(), one.clone()]);
    let body = json!({ "change_ids": [one] });
    send(
        &emulator,
        &token,
        "POST",
        "/harmony/changes/acknowledge",
        body,
    )
    .await
    .expect(200, json!({ "acknowledged": [one], "failed": [] }));
    assert_eq!(
        listed().await,
        [two.as_str()],
        "what was acknowledged does not wait"
    );
    let applied = send(
        &emulator,
        &token,
        "POST",
        &format!("/harmony/change/{one}/applied"),
        Value::Null,
    )
    .await;
    applied.expect(
        200,
        json!({ "success": true, "message": "Change marked as applied" }),
    );
    let failure = json!({ "error": "no network", "details": ["networks[0]"] });
    let failed = send(
        &emulator,
        &token,
        "POST",
        &format!("/harmony/change/{two}/failed"),
        failure,
    )
    .await;
    failed.expect(
        200,
        json!({ "success": true, "message": "Change marked as failed" }),
    );
    assert_eq!(emulator.change_status(&one), Some(ChangeStatus::Applied));
    let shown = get(&emulator, &format!("/api/harmony/change/{two}"))
        .await
        .json();
    assert_eq!(shown["data"]["error_message"], "no network");
    assert_eq!(shown["data"]["error_details"], json!(["networks[0]"]));
    let all = get(&emulator, "/api/harmony/changes").await.json();
    assert_eq!(all["meta"]["total"], 2, "people see what is done, too");
}

#[tokio::test]
async fn nobody_reaches_the_changes_of_others() {
    let emulator = start().await;
    let team = emulator.add_team("Baltic Optics");
    let rival = emulator.add_user(&team, "Jurgis Kazlauskas", "jurgis@example.test");
    let rival = emulator.mint_jwt_with(JwtSpec::new().with_user(&rival));
    let person = emulator.mint_jwt();
    let (lisbon, in_lisbon) = gateway(&emulator, &person, "edge-lisbon").await;
    let (_, in_porto) = gateway(&emulator, &person, "edge-porto").await;
    let (riga, _) = gateway(&emulator, &rival, "edge-riga").await;
    let change = queue(&emulator, &lisbon, "x = 1");

    let status = async |token: &str, method, path: String, body: Value| {
        send(&emulator, token, method, &path, body).await.status
    };
    let list = |id: &str| format!("/harmony/changes/{id}");
    let show = format!("/harmony/change/{change}");
    assert_eq!(
        status(&in_lisbon, "GET", list(&lisbon), Value::Null).await,
        200
    );
    assert_eq!(
        status(&in_porto, "GET", list(&lisbon), Value::Null).await,
        403
    );
    assert_eq!(
        status(&in_porto, "GET", list(&riga), Value::Null).await,
        403
    );
    assert_eq!(
        status(&in_porto, "GET", list("none"), Value::Null).await,
        404
    );
    assert_eq!(
        status(&in_porto, "GET", show.clone(), Value::Null).await,
        403
    );
    assert_eq!(
        status(&rival, "GET", show.clone(), Value::Null).await,
        404,
        "it says nothing about other teams"
    );
    assert_eq!(
        status(&in_porto, "POST", format!("{show}/applied"), Value::Null).await,
        403
    );
    assert_eq!(
        status(&rival, "POST", format!("{show}/applied"), Value::Null).await,
        404
    );
    let ids = json!({ "change_ids": [change] });
    for token in [&in_porto, &rival] {
        let answer = send(
            &emulator,
            token,
            "POST",
            "/harmony/changes/acknowledge",
            ids.clone(),
        )
        .await;
        answer.expect(200, json!({ "acknowledged": [], "failed": [change] }));
    }
    assert_eq!(emulator.change_status(&change), Some(ChangeStatus::Pending));
    let push = |id: &str| json!({ "type": "gateway", "id": id, "config": "[proxy]" });
    assert_eq!(
        status(&in_lisbon, "POST", "/harmony/update".into(), push(&lisbon)).await,
        200
    );
    assert_eq!(
        status(&in_porto, "POST", "/harmony/update".into(), push(&lisbon)).await,
        403
    );
    assert_eq!(
        status(&in_porto, "POST", "/harmony/update".into(), push(&riga)).await,
        403
    );
    let all = format!("/gateways/{lisbon}/configuration");
    assert_eq!(
        status(&in_lisbon, "GET", all.clone(), Value::Null).await,
        200
    );
    assert_eq!(
        status(&in_porto, "GET", all.clone(), Value::Null).await,
        403
    );
    assert_eq!(status(&rival, "GET", all, Value::Null).await, 404);
}

#[tokio::test]
async fn a_pushed_file_becomes_a_record_and_comes_back_with_its_id() {
    let emulator = start().await;
    let (id, token) = gateway(&emulator, &emulator.mint_jwt(), "edge").await;
    let push = async |body: Value| send(&emulator, &token, "POST", "/harmony/update", body).await;
    let file = "[pipelines.studies]\ndescription = \"Studies\"\nnetworks = [\"default\"]\nendpoints = [\"in\"]\nextra = 7\n";
    let made = push(json!({ "type": "pipeline", "config": file }))
        .await
        .json();
    assert_eq!(made["data"]["action"], "created");
    assert_eq!(made["data"]["model"]["id"], made["data"]["id"]);
    let pipeline = made["data"]["id"].as_str().unwrap();
    let shown = get(&emulator, &format!("/api/pipelines/{pipeline}"))
        .await
        .json();
    assert_eq!(shown["data"]["gateway_id"], id.as_str());
    assert_eq!(shown["data"]["endpoints"], json!({ "in": {} }));
    let change = made["data"]["change"]["id"].as_str().unwrap();
    let change = get(&emulator, &format!("/api/harmony/change/{change}"))
        .await
        .json();
    assert_eq!(change["data"]["pipeline_id"], pipeline);
    let toml = change["data"]["toml_config"].as_str().unwrap();
    assert!(
        toml.contains(&format!("id = \"{pipeline}\"")) && toml.contains("extra = 7"),
        "{toml}"
    );

    let again = push(
        json!({ "type": "pipeline", "id": pipeline, "config": file.replace("Studies", "More") }),
    )
    .await;
    assert_eq!(again.json()["data"]["action"], "updated");
    assert_eq!(again.json()["data"]["change"], Value::Null);
    let shown = get(&emulator, &format!("/api/pipelines/{pipeline}"))
        .await
        .json();
    assert_eq!(shown["data"]["description"], "More");

    let wrong = async |body: Value, field: &str| {
        let answer = push(body).await;
        assert_eq!(answer.status, 422);
        assert!(
            answer.json()["errors"].get(field).is_some(),
            "{}",
            answer.text
        );
    };
    wrong(json!({ "type": "policy", "config": "" }), "type").await;
    wrong(json!({ "type": "pipeline", "config": "[" }), "config").await;
    wrong(json!({ "type": "pipeline", "config": "x = 1" }), "config").await;
    wrong(
        json!({ "type": "pipeline", "config": "[pipelines.x]\nnetworks = 1" }),
        "config.networks",
    )
    .await;
    let person = post(
        &emulator,
        "/api/harmony/update",
        json!({ "type": "gateway", "config": "[proxy]" }),
    )
    .await;
    assert_eq!(person.status, 422, "a person has to say which gateway");
}
