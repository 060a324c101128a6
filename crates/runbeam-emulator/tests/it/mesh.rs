//! Mesh tokens and references to resources.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use runbeam_emulator::Emulator;
use serde_json::{Value, json};

use crate::{client::Request, get, post, start};

/// A mesh from a gateway, whose id and token are given, to one ingress.
async fn mesh(emulator: &Emulator) -> (String, String, String) {
    let authorized = post(
        emulator,
        "/api/harmony/authorize",
        json!({ "gateway_code": "edge" }),
    )
    .await
    .json();
    let seed = json!({
        "pipelines": [{ "name": "studies", "gateway": "edge" }],
        "endpoints": [{ "name": "studies-in", "gateway": "edge" }],
        "ingresses": [{
            "name": "in", "gateway": "edge", "pipeline": "studies", "endpoint": "studies-in",
            "urls": ["https://lisbon.example.test/studies"],
        }],
        "egresses": [{ "name": "out", "gateway": "edge" }],
        "meshes": [{ "name": "regional", "ingress": ["in"], "egress": ["out"] }],
    });
    emulator.seed(seed.as_object().unwrap()).unwrap();
    let meshes = get(emulator, "/api/meshes").await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&authorized["gateway"]["id"]),
        text(&authorized["machine_token"]),
        text(&meshes["data"][0]["id"]),
    )
}

#[tokio::test]
async fn a_mesh_token_lives_five_minutes_and_opens_nothing_else() {
    let emulator = start().await;
    let (gateway, machine, mesh) = mesh(&emulator).await;
    let body =
        json!({ "mesh_id": mesh, "destination_url": "https://lisbon.example.test/studies/7" });
    let ask = |token: &str| {
        Request::new("POST", "/api/harmony/mesh/token")
            .bearer(token)
            .json(body.clone())
            .send(emulator.address())
    };
    let answer = ask(&machine).await.json();
    let token = answer["token"].as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["iss"], emulator.url());
    assert_eq!(claims["sub"], format!("gateway:{gateway}"));
    assert_eq!(claims["aud"], format!("mesh:{mesh}"));
    assert_eq!(claims["dest_url"], body["destination_url"]);
    assert_eq!(claims["source_team"], emulator.team().id());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        300
    );
    let other = Request::new("GET", "/api/gateways")
        .bearer(token)
        .send(emulator.address())
        .await;
    assert_eq!(other.status, 401);
    let needed = json!({ "error": "Unauthenticated", "message": "A machine token is needed" });
    ask(&emulator.mint_jwt()).await.expect(401, needed);
}

#[tokio::test]
async fn a_reference_is_resolved_in_every_form() {
    let emulator = start().await;
    let (gateway, _, mesh) = mesh(&emulator).await;
    let team = emulator.team().id();
    let resolve = async |reference: &str| {
        get(
            &emulator,
            &format!("/api/harmony/resources/resolve?ref={reference}"),
        )
        .await
    };
    for reference in [
        "in".to_owned(),
        "runbeam.name.in".to_owned(),
        format!("runbeam.{team}.Ingress.name.in"),
    ] {
        let found = resolve(&reference).await.json();
        let data = &found["data"];
        assert_eq!(
            (&data["type"], &data["name"]),
            (&json!("ingress"), &json!("in")),
            "{reference}"
        );
        assert_eq!(data["gateway_id"], gateway.as_str());
        assert_eq!(data["mesh_id"], mesh.as_str());
        assert_eq!(data["urls"], json!(["https://lisbon.example.test/studies"]));
        assert!(
            data["pipeline_id"].is_string() && data["endpoint_id"].is_string(),
            "{data}"
        );
        assert_eq!(found["meta"]["provider"], "runbeam");
    }
    for reference in [
        format!("runbeam.id.{mesh}"),
        format!("runbeam.{team}.id.{mesh}"),
    ] {
        assert_eq!(resolve(&reference).await.json()["data"]["type"], "mesh");
    }
    for (reference, status) in [
        ("nothing", 404),
        ("elsewhere.name.in", 404),
        ("runbeam.otherteam.id.x", 403),
        ("a.b", 422),
        ("runbeam..in", 422),
        ("", 422),
    ] {
        assert_eq!(resolve(reference).await.status, status, "{reference}");
    }
}
