//! What a refused client learns: which credentials to bring, and nothing else.

use runbeam_gateway::layers::Authenticator;
use serde_json::json;

use crate::fixture::{API_KEY, api_key, ask, basic, jwt, token};

#[tokio::test]
async fn each_method_has_its_challenge_and_only_a_bad_token_is_called_one() {
    let chain = Authenticator::builder()
        .with_optional(jwt())
        .with_optional(basic("open sesame"))
        .with_required(api_key())
        .with_realm("orders")
        .build()
        .unwrap();
    let usual = [
        r#"Bearer realm="orders""#,
        r#"Basic realm="orders", charset="UTF-8""#,
        r#"ApiKey realm="orders", header="x-api-key""#,
    ];
    let bad_token = [
        r#"Bearer realm="orders", error="invalid_token""#,
        usual[1],
        usual[2],
    ];
    for (fields, expected) in [
        (&[][..], usual),
        (&[("authorization", "Digest x")], usual),
        (&[("authorization", "Basic YWRtaW46eA==")], usual),
        (&[("x-api-key", "x")], usual),
        (&[("authorization", "Bearer x")], bad_token),
        (
            &[("authorization", "Bearer x"), ("x-api-key", API_KEY)],
            bad_token,
        ),
    ] {
        let answer = ask(&chain, fields).await;
        assert_eq!(
            (answer.status, answer.challenges()),
            (401, expected.to_vec()),
            "{fields:?}"
        );
    }
}

#[tokio::test]
async fn every_failed_verification_has_the_same_answer() {
    let chain = Authenticator::builder()
        .with_required(jwt())
        .build()
        .unwrap();
    let good = token(json!({}));
    let tokens = [
        "x".to_owned(),
        format!("{}x", &good[..good.len() - 1]),
        token(json!({"exp": 1})),
        token(json!({"nbf": crate::fixture::now() + 3600})),
        token(json!({"iss": "https://auth.example.com.evil.test"})),
        token(json!({"exp": "soon"})),
        "eyJhbGciOiJub25lIn0.e30.".to_owned(),
        "x".repeat(20_000),
    ];
    let mut answers = Vec::new();
    for token in tokens {
        let answer = ask(&chain, &[("authorization", &format!("Bearer {token}"))]).await;
        answers.push((answer.status, format!("{:?}", answer.headers), answer.body));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, 401);
    let body: serde_json::Value = serde_json::from_str(&answers[0].2).unwrap();
    assert_eq!(body["error"], "Unauthorized");
}
