//! Gateways: created, listed, shown, changed and deleted.

use jiff::Timestamp;
use runbeam_emulator::{Emulator, JwtSpec, Operation};
use serde_json::{Value, json};

use crate::{as_user, client::Request, get, post, start};

async fn create(emulator: &Emulator, body: Value) -> Value {
    let answer = post(emulator, "/api/gateways", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["data"].clone()
}

fn id(gateway: &Value) -> &str {
    gateway["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_new_gateway_is_disabled_and_mostly_empty() {
    let emulator = start().await;
    let gateway = create(&emulator, json!({ "name": "edge-porto" })).await;
    let created_at = gateway["created_at"].as_str().unwrap();
    assert!(
        created_at.len() == 27 && created_at.ends_with('Z'),
        "{created_at}"
    );
    created_at.parse::<Timestamp>().unwrap();
    assert_eq!(id(&gateway).len(), 26);
    assert_eq!(id(&gateway), id(&gateway).to_lowercase());
    let expected = json!({
        "type": "gateway",
        "id": gateway["id"],
        "code": "edge-porto",
        "name": "edge-porto",
        "team_id": emulator.team().id(),
        "enabled": false,
        "pipelines_path": null,
        "transforms_path": null,
        "jwks_cache_duration_hours": null,
        "management_enabled": false,
        "management_base_path": null,
        "management_network_id": null,
        "dns": null,
        "settings": null,
        "created_at": created_at,
        "updated_at": created_at,
    });
    assert_eq!(gateway, expected);
    get(&emulator, &format!("/api/gateways/{}", id(&gateway)))
        .await
        .expect(200, json!({ "data": expected }));
}

#[tokio::test]
async fn every_field_is_kept_and_a_change_leaves_what_was_not_sent() {
    let emulator = start().await;
    let sent = json!({
        "name": "edge",
        "code": "edge-1",
        "enabled": true,
        "pipelines_path": "pipelines",
        "transforms_path": "transforms",
        "jwks_cache_duration_hours": 24,
        "management_enabled": true,
        "management_base_path": "admin",
        "management_network_id": 17,
        "dns": ["edge.example.test"],
        "settings": { "log_level": "info" },
        "unknown": "ignored",
    });
    let mut expected = create(&emulator, sent.clone()).await;
    for (field, value) in sent.as_object().unwrap() {
        match field.as_str() {
            "management_network_id" => assert_eq!(expected[field], "17"),
            "unknown" => assert_eq!(expected.get(field), None),
            _ => assert_eq!(&expected[field], value, "{field}"),
        }
    }
    for method in ["PUT", "PATCH"] {
        let target = format!("/api/gateways/{}", id(&expected));
        let change = json!({ "name": "edge", "enabled": method == "PATCH", "pipelines_path": null, "dns": [] });
        let answer = as_user(&emulator, Request::new(method, target).json(change)).await;
        let changed = answer.json()["data"].clone();
        assert_eq!(answer.status, 200);
        assert!(changed["updated_at"].as_str() > expected["updated_at"].as_str());
        expected["enabled"] = json!(method == "PATCH");
        expected["pipelines_path"] = json!(null);
        expected["dns"] = json!([]);
        expected["updated_at"] = changed["updated_at"].clone();
        assert_eq!(changed, expected, "{method}");
    }
    assert_eq!(emulator.requests(Operation::GatewaysUpdate), 2);
}

#[tokio::test]
async fn a_gateway_is_found_by_id_and_by_code() {
    let emulator = start().await;
    let gateway = create(&emulator, json!({ "name": "edge", "code": "e_1" })).await;
    for key in [id(&gateway), "e_1"] {
        assert_eq!(
            get(&emulator, &format!("/api/gateways/{key}")).await.json()["data"],
            gateway
        );
    }
    assert_eq!(
        get(&emulator, "/api/gateways/edge").await.status,
        404,
        "a name is no key"
    );
}

#[tokio::test]
async fn a_deleted_gateway_is_gone() {
    let emulator = start().await;
    let gateway = create(&emulator, json!({ "name": "edge" })).await;
    let delete = || {
        as_user(
            &emulator,
            Request::new("DELETE", format!("/api/gateways/{}", id(&gateway))),
        )
    };
    delete()
        .await
        .expect(200, json!({ "message": "Gateway deleted successfully" }));
    delete()
        .await
        .expect(404, json!({ "message": "Gateway not found." }));
    assert_eq!(
        get(&emulator, "/api/gateways").await.json()["meta"]["total"],
        0
    );
}

#[tokio::test]
async fn another_team_sees_nothing_and_learns_nothing() {
    let emulator = start().await;
    let gateway = create(&emulator, json!({ "name": "edge" })).await;
    let rival = emulator.add_user(
        &emulator.add_team("Baltic Optics"),
        "Jurgis Kazlauskas",
        "jurgis@example.test",
    );
    let token = emulator.mint_jwt_with(JwtSpec::new().with_user(&rival));
    let send = |method, target: &str| {
        Request::new(method, target)
            .bearer(&token)
            .json(json!({ "name": "mine" }))
    };

    let list = send("GET", "/api/gateways").send(emulator.address()).await;
    assert_eq!(list.json()["meta"]["total"], 0);
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        for target in [
            format!("/api/gateways/{}", id(&gateway)),
            "/api/gateways/edge".into(),
            "/api/gateways/no".into(),
        ] {
            let answer = send(method, &target).send(emulator.address()).await;
            answer.expect(404, json!({ "message": "Gateway not found." }));
        }
    }
    let same_name = Request::new("POST", "/api/gateways")
        .bearer(&token)
        .json(json!({ "name": "edge" }));
    assert_eq!(
        same_name.send(emulator.address()).await.status,
        201,
        "names are unique in a team alone"
    );
    assert_eq!(
        get(&emulator, "/api/gateways/edge").await.json()["data"],
        gateway
    );
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let emulator = start().await;
    for number in 1..=51 {
        create(&emulator, json!({ "name": format!("edge-{number}") })).await;
    }
    let check = async |query: &str, from: u32, to: u32, per_page: u32, last: u32| {
        let page = get(&emulator, &format!("/api/gateways{query}"))
            .await
            .json();
        let meta = &page["meta"];
        assert_eq!(
            (
                &meta["from"],
                &meta["to"],
                &meta["per_page"],
                &meta["last_page"],
                &meta["total"]
            ),
            (
                &json!(from),
                &json!(to),
                &json!(per_page),
                &json!(last),
                &json!(51)
            ),
            "{query}"
        );
        let rows = page["data"].as_array().unwrap();
        assert_eq!(rows.len() as u32, to - from + 1);
        assert_eq!(rows[0]["name"], format!("edge-{from}"), "oldest first");
    };
    check("", 1, 50, 50, 2).await;
    check("?page=2", 51, 51, 50, 2).await;
    check("?page=3&per_page=10", 21, 30, 10, 6).await;
    check("?per_page=500", 1, 51, 100, 1).await;
    check("?page=zero&per_page=-3", 1, 50, 50, 2).await;
}

#[tokio::test]
async fn a_code_comes_from_the_name_and_is_made_unique() {
    let emulator = start().await;
    create(&emulator, json!({ "name": "core", "code": "edge" })).await;
    let gateway = create(&emulator, json!({ "name": "edge" })).await;
    assert_eq!(gateway["code"], "edge-2");
}
