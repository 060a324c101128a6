//! Any payload under a good signature: what is believed of it.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use runbeam_auth::{Claims, ErrorKind, Rejection, TrustPolicy, TrustedIssuer, Verifier};
use runbeam_model::{ManualClock, Secret, Timestamp};
use serde_json::Value;

use crate::{NOW, shows};

const ISSUER: &str = "https://auth.example.com";
const SECRET: &str = "a secret of at least 32 bytes that everybody knows";
const LEEWAY: f64 = 60.0;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| verifier_at(NOW));

fn verifier_at(seconds: i64) -> Verifier {
    let issuer = TrustedIssuer::exact(ISSUER).with_shared_secret(Secret::from(SECRET));
    let clock = ManualClock::new(Timestamp::from_unix_seconds(seconds));
    Verifier::new(TrustPolicy::new(issuer.unwrap()))
        .unwrap()
        .with_clock(Arc::new(clock))
}

/// Whatever is accepted is true by a naive reading, too: no claim of a wrong type, no date that has passed, no
/// other issuer. And it is not accepted any more when its time is over.
pub fn claims(payload: &[u8]) {
    let token = sign(payload);
    match VERIFIER.verify(&token) {
        Ok(claims) => {
            let naive = serde_json::from_slice(payload).unwrap();
            check(&claims, &naive);
            let end = naive["exp"].as_f64().unwrap() + LEEWAY;
            // Beyond, a timestamp ends before the number does.
            if end < 1e11 {
                let later = verifier_at(end.ceil() as i64).verify(&token);
                let rejection = later.unwrap_err().rejection();
                assert_eq!(rejection, Some(Rejection::Expired));
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Rejected);
            let shown = format!("{error} {error:?}");
            assert!(!shows(&shown, &token), "the error shows the token");
        }
    }
}

fn sign(payload: &[u8]) -> String {
    static KEY: LazyLock<hmac::Key> =
        LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()));
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let tag = hmac::sign(&KEY, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn check(claims: &Claims, naive: &Value) {
    assert_eq!(naive["iss"], ISSUER);
    assert_eq!(claims.iss, ISSUER);

    let now = NOW as f64;
    // As exact as a timestamp, which counts in microseconds.
    let within = |seconds: f64, limit: f64| seconds <= limit + 1e-3;
    let end = naive["exp"].as_f64().expect("`exp` is a number");
    assert!(within(now, end + LEEWAY), "it has expired");
    for name in ["nbf", "iat"] {
        if let Some(value) = naive.get(name) {
            let seconds = value.as_f64().expect("a date is a number");
            assert!(within(seconds, now + LEEWAY), "`{name}` is in the future");
        }
    }
    for (name, claim) in [("sub", &claims.sub), ("jti", &claims.jti)] {
        let text = naive.get(name).map(|value| value.as_str().expect("a text"));
        assert_eq!(claim.as_deref(), text, "`{name}`");
    }
    let audience: Vec<&str> = match naive.get("aud") {
        None => Vec::new(),
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several
            .iter()
            .map(|one| one.as_str().expect("an audience is a text"))
            .collect(),
        Some(other) => panic!("`aud` is {other}"),
    };
    assert_eq!(claims.aud, audience);
    let text = |object: &Value, name: &str| object[name].as_str().map(str::to_owned);
    let user = naive.get("user").filter(|user| !user.is_null());
    assert_eq!(
        claims.user.as_ref().map(|user| Some(user.email.clone())),
        user.map(|user| text(user, "email"))
    );
    let team = naive.get("team").filter(|team| !team.is_null());
    assert_eq!(
        claims.team.as_ref().map(|team| Some(team.name.clone())),
        team.map(|team| text(team, "name"))
    );
}
