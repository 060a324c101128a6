//! What counts as a credential: the corpus `auth_headers`.

use runbeam_gateway::layers::{AuthLayer, Authenticator};
use serde::Deserialize;
use serde_json::json;

use crate::fixture::{API_KEY, api_key, ask, ask_layer, basic, jwt, sha256, token};
use crate::shared_files;

#[derive(Deserialize)]
struct Row {
    headers: Vec<(String, String)>,
    expect: u16,
    mw: String,
    why: String,
    www: Option<String>,
    #[serde(default)]
    no_error_attr: bool,
}

/// The corpus has an opaque token; here it stands for a JWT.
fn with_tokens(text: &str, token: &str) -> String {
    let opaque = format!("tok_{}", "a".repeat(40));
    let shorter = &opaque[..opaque.len() - 1];
    let text = text.replace(&opaque, token);
    let text = text.replace(shorter, &token[..token.len() - 1]);
    let text = text.replace(&opaque.to_uppercase(), &token.to_uppercase());
    text.replace("__HASH_OF_KEY__", &sha256(API_KEY))
}

#[tokio::test]
async fn the_corpus() {
    let Some(rows) = shared_files::read("vectors/corpora/auth_headers.jsonl") else {
        return;
    };
    let password = "pä:ss w0rd";
    let chain = |name: &str| -> Authenticator {
        let builder = Authenticator::builder();
        let builder = match name {
            "bearer" => builder.with_required(jwt()),
            "basic" => builder.with_required(basic(password)),
            "api-key" => builder.with_required(api_key()),
            "chain(optional jwt, api-key)" => builder.with_optional(jwt()).with_required(api_key()),
            "chain(optional jwt, optional api-key)" => {
                builder.with_optional(jwt()).with_optional(api_key())
            }
            other => panic!("unknown chain {other}"),
        };
        builder.build().unwrap()
    };
    let token = token(json!({}));
    let mut bodies = Vec::new();
    let mut count = 0;
    for row in rows.lines() {
        let row: Row = serde_json::from_str(row).unwrap();
        let fields: Vec<_> = row
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), with_tokens(value, &token)))
            .collect();
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let answer = ask(&chain(&row.mw), &fields).await;
        assert_eq!(answer.status, row.expect, "{} {:?}", row.why, row.headers);
        let challenges = answer.challenges();
        assert_eq!(challenges.is_empty(), row.expect == 200, "{}", row.why);
        if let Some(www) = row.www {
            assert!(challenges[0].starts_with(&www), "{challenges:?}");
        }
        if row.no_error_attr {
            assert!(!challenges[0].contains("error"), "{challenges:?}");
        }
        assert_eq!(answer.behind.is_some(), row.expect == 200);
        if row.expect == 401 {
            bodies.push(answer.body);
        }
        count += 1;
    }
    assert_eq!(count, 54);
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one body for all");
}

#[tokio::test]
async fn a_token_in_the_query_is_not_looked_at() {
    // The layer is given nothing of the target but what a request has; a form in a body it never reads.
    use http::Request;
    use tower::{Layer, ServiceExt};
    let authenticator = Authenticator::builder()
        .with_required(jwt())
        .build()
        .unwrap();
    let behind = tower::service_fn(|_: Request<String>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    });
    let token = token(json!({}));
    let request = Request::post(format!("/?access_token={token}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("access_token={token}"))
        .unwrap();
    let answer = AuthLayer::new(authenticator)
        .layer(behind)
        .oneshot(request)
        .await;
    assert_eq!(answer.unwrap().status(), 401);
}

#[tokio::test]
async fn credentials_end_at_the_layer_unless_they_are_wanted_behind() {
    let authenticator = Authenticator::builder()
        .with_optional(jwt())
        .with_required(api_key())
        .build()
        .unwrap();
    let bearer = format!("Bearer {}", token(json!({})));
    // Of a scheme that the chain does not read, too: the service behind would take it for checked.
    for authorization in [bearer.as_str(), "Basic YWRtaW46YQ=="] {
        let fields = [
            ("authorization", authorization),
            ("x-api-key", API_KEY),
            ("accept", "text/plain"),
        ];
        let (given, _) = ask(&authenticator, &fields).await.behind.unwrap();
        let names: Vec<_> = given.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, ["accept"]);
        let layer = AuthLayer::new(authenticator.clone()).with_forwarded_credentials();
        let (given, _) = ask_layer(layer, None, &fields).await.behind.unwrap();
        assert_eq!(given["authorization"], authorization);
        assert_eq!(given["x-api-key"], API_KEY);
    }
}

#[tokio::test]
async fn the_service_behind_knows_who_asks() {
    let authenticator = Authenticator::builder()
        .with_required(jwt())
        .with_required(api_key())
        .build()
        .unwrap();
    let bearer = format!("Bearer {}", token(json!({"sub": "u7"})));
    let fields = [("authorization", &*bearer), ("x-api-key", API_KEY)];
    let (_, caller) = ask(&authenticator, &fields).await.behind.unwrap();
    assert_eq!(caller.principals().len(), 2);
    assert_eq!(caller.claims().unwrap().sub.as_deref(), Some("u7"));
    assert_eq!(caller.api_key(), Some(0));
    assert_eq!(caller.user(), None);

    let authenticator = Authenticator::builder()
        .with_required(basic("open sesame"))
        .build()
        .unwrap();
    let fields = [("authorization", "Basic YWRtaW46b3BlbiBzZXNhbWU=")];
    let (_, caller) = ask(&authenticator, &fields).await.behind.unwrap();
    assert_eq!(caller.user(), Some("admin"));
    assert!(caller.claims().is_none() && caller.api_key().is_none());
}
