//! One token after the other that looks almost right.

use proptest::prelude::*;
use runbeam_auth::{ErrorKind, JwkSet, Rejection, TrustedIssuer};
use serde_json::{Value, json};

use crate::fixture::{
    ISSUER, NOW, claims, header, jwks, key, other_key, policy, token, token_with_header, verify,
    verify_by, with,
};

fn check(token: &str, expected: Rejection) {
    let error = verify(token).unwrap_err();
    assert_eq!(
        (error.kind(), error.rejection()),
        (ErrorKind::Rejected, Some(expected)),
        "{error}"
    );
    let part = token.get(..20).unwrap_or(token);
    assert!(
        part.is_empty() || !format!("{error} {error:?}").contains(part),
        "{error:?}"
    );
}

#[test]
fn a_good_token_is_accepted_with_all_its_claims() {
    let user = json!({"id": "u1", "email": "ines@example.test", "name": "Ines Prado"});
    let team = json!({"id": "t1", "name": "Atlantic Imaging"});
    let verified = verify(&token(
        json!({"user": user, "team": team, "jti": "j", "other": [1]}),
    ))
    .unwrap();
    assert_eq!(verified.sub.as_deref(), Some("u1"));
    assert_eq!(verified.exp.as_unix_seconds(), NOW + 3600);
    assert_eq!(verified.user.as_ref().unwrap().email, "ines@example.test");
    assert_eq!(verified.team.as_ref().unwrap().name, "Atlantic Imaging");
    assert_eq!(verified.api_base_url(), ISSUER);
}

#[test]
fn the_algorithm_is_ours_to_choose() {
    for alg in [
        "none", "None", "NONE", "HS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256",
        "RS256 ", "",
    ] {
        check(
            &token_with_header(json!({ "alg": alg })),
            Rejection::Algorithm,
        );
    }
    for alg in [
        json!(null),
        json!(["RS256"]),
        json!({"a": "RS256"}),
        json!(256),
        json!(true),
    ] {
        check(
            &token_with_header(json!({ "alg": alg })),
            Rejection::Algorithm,
        );
    }
    let unsigned = token_with_header(json!({"alg": "none"}));
    check(
        &unsigned[..=unsigned.rfind('.').unwrap()],
        Rejection::Algorithm,
    );
}

#[test]
fn extensions_are_refused() {
    for crit in [
        json!(["b64"]),
        json!(["exp"]),
        json!([]),
        json!("b64"),
        json!([1]),
        json!({}),
    ] {
        check(
            &token_with_header(json!({ "crit": crit })),
            Rejection::Critical,
        );
    }
    check(
        &token_with_header(json!({"b64": false})),
        Rejection::Critical,
    );
    check(
        &token_with_header(json!({"b64": false, "crit": ["b64"]})),
        Rejection::Critical,
    );
}

#[test]
fn a_key_that_comes_with_the_token_is_never_used() {
    let stranger = other_key();
    let urls = json!({"jku": "http://127.0.0.1:1/k", "x5u": "http://127.0.0.1:1/c", "x5c": ["AA=="], "jwk": stranger.jwk()});
    let header = with(header(), urls.clone()).to_string();
    check(
        &stranger.sign_raw(&header, &claims().to_string()),
        Rejection::Signature,
    );
    let own = with(
        crate::fixture::header(),
        json!({"kid": stranger.key_id(), "jwk": stranger.jwk()}),
    )
    .to_string();
    check(
        &stranger.sign_raw(&own, &claims().to_string()),
        Rejection::UnknownKey,
    );
    assert!(verify(&token_with_header(urls)).is_ok());
}

#[test]
fn one_token_has_one_spelling() {
    let good = token(json!({}));
    let parts: Vec<_> = good.split('.').collect();
    let spellings = [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        format!("\u{feff}{good}"),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}\0.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        good.replace('-', "+").replace('_', "/") + "+/",
    ];
    for spelling in spellings {
        check(&spelling, Rejection::Malformed);
    }
}

#[test]
fn header_and_claims_are_objects_with_each_name_once() {
    let (header, claims) = (header().to_string(), claims().to_string());
    let twice = header.replace("\"alg\":\"RS256\"", "\"alg\":\"RS256\",\"alg\":\"RS256\"");
    for bad in [
        "",
        "null",
        "[]",
        "\"RS256\"",
        "{} {}",
        "{",
        &twice,
        &format!("\u{feff}{header}"),
        &format!("{header}x"),
    ] {
        check(&key().sign_raw(bad, &claims), Rejection::Malformed);
    }
    let twice = claims.replacen('{', "{\"exp\":99999999999,", 1);
    for bad in [
        "",
        "null",
        "[]",
        "\"a\"",
        "1",
        &twice,
        &format!("{claims} {claims}"),
    ] {
        check(&key().sign_raw(&header, bad), Rejection::Malformed);
    }
}

#[test]
fn size_is_limited() {
    check(&"x".repeat(16_385), Rejection::TooLarge);
    check(
        &token(json!({"x": "x".repeat(20_000)})),
        Rejection::TooLarge,
    );
    check(
        &token_with_header(json!({"x": "x".repeat(8_192)})),
        Rejection::TooLarge,
    );
    assert!(verify(&token(json!({"x": "x".repeat(8_000)}))).is_ok());
}

#[test]
fn dates_are_honoured_to_the_fraction_and_never_overflow() {
    check(&token(json!({"exp": NOW - 60})), Rejection::Expired);
    check(
        &token(json!({"exp": NOW as f64 - 60.25})),
        Rejection::Expired,
    );
    assert!(verify(&token(json!({"exp": NOW as f64 - 59.75}))).is_ok());
    check(
        &token(json!({"nbf": NOW as f64 + 60.25})),
        Rejection::NotYetValid,
    );
    assert!(verify(&token(json!({"nbf": NOW + 60}))).is_ok());
    check(&token(json!({"iat": NOW + 61})), Rejection::IssuedInFuture);
    for exp in [
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(-1e300),
        json!(-0.0),
    ] {
        check(&token(json!({ "exp": exp })), Rejection::Expired);
    }
    for exp in [
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(9_007_199_254_740_993u64),
    ] {
        assert!(
            verify(&token(json!({ "exp": exp.clone() }))).is_ok(),
            "{exp}"
        );
        check(
            &token(json!({ "nbf": exp.clone() })),
            Rejection::NotYetValid,
        );
        check(&token(json!({ "iat": exp })), Rejection::IssuedInFuture);
    }
}

#[test]
fn a_claim_of_a_wrong_type_is_never_taken_for_absent() {
    let wrong = [
        json!("1768209331"),
        json!([NOW + 3600]),
        json!({}),
        json!(true),
    ];
    for value in &wrong {
        for name in ["exp", "nbf", "iat"] {
            check(&token(json!({ name: value })), Rejection::Claim);
        }
    }
    for name in ["exp", "nbf", "iat", "iss", "sub", "aud", "jti"] {
        let payload = claims()
            .to_string()
            .replacen('{', &format!("{{\"{name}\":null,"), 1);
        assert!(
            verify(&key().sign_raw(&header().to_string(), &payload)).is_err(),
            "{name}"
        );
    }
    check(&token(json!({"iss": [ISSUER]})), Rejection::Claim);
    check(&token(json!({"sub": 17})), Rejection::Claim);
    check(&token(json!({"aud": [1]})), Rejection::Claim);
    check(
        &key().sign_raw(
            &header().to_string(),
            &with(claims(), json!({"exp": Value::Null})).to_string(),
        ),
        Rejection::Claim,
    );
    check(
        &key().sign_raw(
            &header().to_string(),
            &with(claims(), json!({"iss": Value::Null})).to_string(),
        ),
        Rejection::Claim,
    );
}

#[test]
fn user_and_team_are_read_as_strictly_as_the_claims_around_them() {
    let signed = |name: &str, text: &str| {
        let payload = claims()
            .to_string()
            .replacen('{', &format!("{{\"{name}\":{text},"), 1);
        key().sign_raw(&header().to_string(), &payload)
    };
    let members = r#""id":"i1","email":"ines@example.test","name":"Ines Prado""#;
    for name in ["user", "team"] {
        for good in ["null", &format!("{{{members},\"more\":[{{}}]}}")] {
            assert!(verify(&signed(name, good)).is_ok(), "{name} {good}");
        }
        for wrong in [
            r#""i1""#,
            "1",
            "true",
            "[]",
            r#"["i1","ines@example.test","Ines Prado"]"#,
            "{}",
            r#"{"id":"i1"}"#,
            r#"{"id":true,"email":"","name":""}"#,
            r#"{"id":"i1","email":"","name":null}"#,
        ] {
            check(&signed(name, wrong), Rejection::Claim);
        }
        for twice in [
            r#""id":"i1""#,
            r#""\u0069d":"i1""#,
            r#""x":1,"x":1"#,
            r#""x":[{"y":1,"y":2}]"#,
            r#""x":1e999"#,
            r#""x":"\ud800""#,
        ] {
            let text = format!("{{{members},{twice}}}");
            check(&signed(name, &text), Rejection::Malformed);
        }
        let deep = format!("{{{members},\"x\":{}{}}}", "[".repeat(500), "]".repeat(500));
        check(&signed(name, &deep), Rejection::Malformed);
        let both = format!("{{{members}}},\"{name}\":{{{members}}}");
        check(&signed(name, &both), Rejection::Malformed);
    }
}

#[test]
fn the_audience_is_required_where_one_is_configured() {
    let with_audience = |aud: Value| {
        verify_by(
            policy().with_audience("harmony-api"),
            &token(json!({ "aud": aud })),
        )
    };
    for aud in [json!("harmony-api"), json!(["other", "harmony-api"])] {
        assert!(with_audience(aud.clone()).is_ok(), "{aud}");
    }
    for aud in [
        json!(null),
        json!("harmony"),
        json!("harmony-api2"),
        json!("Harmony-Api"),
        json!([]),
        json!(["other"]),
    ] {
        assert_eq!(
            with_audience(aud.clone()).unwrap_err().rejection(),
            Some(Rejection::Audience),
            "{aud}"
        );
    }
}

#[test]
fn keys_serve_one_purpose() {
    let verify_with = |jwk: Value| {
        let keys = JwkSet::parse(jwks(&[jwk]).as_bytes()).unwrap();
        let policy = runbeam_auth::TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(keys));
        verify_by(policy, &token(json!({})))
    };
    for good in [
        json!({}),
        json!({"use": null, "alg": null}),
        json!({"key_ops": ["verify"]}),
        json!({"key_ops": ["sign", "verify", "something-of-our-own"]}),
        json!({"x": 1}),
    ] {
        assert!(
            verify_with(with(key().jwk(), good.clone())).is_ok(),
            "{good}"
        );
    }
    let bad = [
        json!({"use": "enc"}),
        json!({"use": "SIG"}),
        json!({"alg": "RS512"}),
        json!({"alg": "PS256"}),
        json!({"alg": 1}),
        json!({"key_ops": ["sign"]}),
        json!({"key_ops": []}),
        json!({"key_ops": "verify"}),
        json!({"key_ops": ["verify", "encrypt"]}),
        json!({"use": "sig", "key_ops": ["verify", "deriveBits"]}),
        json!({"key_ops": ["verify", "verify"]}),
        json!({"key_ops": ["verify", 1]}),
        json!({"oth": []}),
        json!({"use": ["sig"]}),
        json!({"kty": "rsa"}),
        json!({"kty": "EC"}),
        json!({"e": "AQ"}),
        json!({"e": "AQAA"}),
        json!({"e": ""}),
        json!({"e": "Av____8"}),
        json!({"n": null}),
        json!({"n": "AQAB"}),
        json!({"n": format!("{}A", key().jwk()["n"].as_str().unwrap())}),
        json!({"kid": 7}),
    ];
    for bad in bad {
        assert!(
            verify_with(with(key().jwk(), bad.clone())).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn neighbours_in_a_set_do_not_disturb() {
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": key().key_id()});
    let broken = json!({"kty": "RSA", "kid": "broken", "n": "!", "e": 3});
    let without_id = with(other_key().jwk(), json!({"kid": null}));
    let twin_for_encryption = with(
        other_key().jwk(),
        json!({"kid": key().key_id(), "use": "enc"}),
    );
    let set = jwks(&[
        ec,
        broken,
        json!("no key"),
        without_id,
        twin_for_encryption,
        key().jwk(),
    ]);
    let keys = JwkSet::parse(set.as_bytes()).unwrap();
    assert_eq!(keys.len(), 2);
    let policy = runbeam_auth::TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(keys));
    assert!(verify_by(policy.clone(), &token(json!({}))).is_ok());
    // With two keys for RS256, a token that names none is ambiguous.
    let unnamed = token_with_header(json!({"kid": null}));
    assert_eq!(
        verify_by(policy, &unnamed).unwrap_err().rejection(),
        Some(Rejection::UnknownKey)
    );
    assert!(verify(&unnamed).is_ok());
}

#[test]
fn a_neighbour_that_is_no_sound_json_does_not_disturb_either() {
    for neighbour in [
        r#"{"kty":"EC","kty":"EC"}"#,
        r#"{"kty":"RSA","x":{"a":1,"a":2}}"#,
        r#"{"kty":"EC","x":1e999}"#,
        r#"{"kty":"EC","x":"\ud800"}"#,
        &format!("{{\"x\":{}{}}}", "[".repeat(500), "]".repeat(500)),
    ] {
        let set = format!(r#"{{"keys":[{neighbour},{}]}}"#, key().jwk());
        let keys = JwkSet::parse(set.as_bytes()).unwrap();
        let policy = runbeam_auth::TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(keys));
        assert!(verify_by(policy, &token(json!({}))).is_ok(), "{neighbour}");
    }
    // Of the key itself, nothing is taken that could be read in two ways.
    let twice = key().jwk().to_string().replacen('{', r#"{"use":"sig","#, 1);
    let twice = twice.replacen('{', r#"{"use":"enc","#, 1);
    let set = format!(r#"{{"keys":[{twice}]}}"#);
    assert!(JwkSet::parse(set.as_bytes()).unwrap().is_empty());
}

#[test]
fn a_token_in_a_token_is_none_of_claims() {
    for content in ["JWT", "jwt", "application/jwt", "Application/JWT"] {
        check(
            &token_with_header(json!({ "cty": content })),
            Rejection::Malformed,
        );
    }
    for content in [
        json!("json"),
        json!("JWS"),
        json!(""),
        json!(["JWT"]),
        json!(7),
    ] {
        assert!(verify(&token_with_header(json!({ "cty": content }))).is_ok());
    }
}

#[test]
fn a_set_that_can_be_read_in_two_ways_is_refused() {
    let twins = jwks(&[
        key().jwk(),
        with(other_key().jwk(), json!({"kid": key().key_id()})),
    ]);
    let many = jwks(&vec![json!({"kty": "EC"}); 513]);
    let twice = r#"{"keys":[],"keys":[]}"#;
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":["#,
        "\u{feff}{\"keys\":[]}",
        twice,
        &twins,
        &many,
        &" ".repeat(2 << 20),
    ] {
        assert!(
            JwkSet::parse(bad.as_bytes()).is_err(),
            "{}",
            &bad[..bad.len().min(50)]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_verifier_panic(text in ".{0,200}", header in ".{0,60}", payload in ".{0,60}") {
        prop_assert!(verify(&text).is_err());
        prop_assert!(verify(&key().sign_raw(&header, &payload)).is_err());
        let _ = JwkSet::parse(text.as_bytes());
    }
}
