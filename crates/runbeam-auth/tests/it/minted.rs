//! Tokens with arbitrary claims: what was signed is what is read, until a moment that the claims say.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;
use runbeam_auth::{Claims, Error, Rejection, TrustPolicy, TrustedIssuer, Verified, Verifier};
use runbeam_emulator::{Emulator, JwtSpec};
use runbeam_model::{ManualClock, Timestamp};
use serde_json::{Map, Value, json};

use crate::campaign;
use crate::fixture::{ISSUER, NOW, header, key, key_set};

const LEEWAY: i64 = 60;

fn verify_at(seconds: i64, token: &str) -> Result<Verified<Claims>, Error> {
    static POLICY: LazyLock<TrustPolicy> =
        LazyLock::new(|| TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(key_set())));
    let clock = ManualClock::new(Timestamp::from_unix_seconds(seconds));
    Verifier::new(POLICY.clone())
        .unwrap()
        .with_clock(Arc::new(clock))
        .verify(token)
}

fn rejection(outcome: Result<Verified<Claims>, Error>) -> Option<Rejection> {
    outcome.err().and_then(|error| error.rejection())
}

/// Any JSON, under names that no standard knows.
fn claims_of_ones_own() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 32, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8).prop_map(Value::from_iter),
        ]
    });
    let named = ("[A-Z\u{e4}\u{1f600}_]{1,12}", value);
    prop::collection::vec(named, 0..6).prop_map(|members| members.into_iter().collect())
}

prop_compose! {
    fn minted()(
        own in claims_of_ones_own(),
        sub in prop::option::of(any::<String>()),
        jti in prop::option::of(any::<String>()),
        aud in prop::collection::vec(any::<String>(), 0..4),
        life in 1..10_000_000i64,
        age in 0..10_000_000i64,
        has_start in any::<bool>(),
    ) -> Value {
        let mut claims = own;
        claims.insert("iss".to_owned(), ISSUER.into());
        claims.insert("exp".to_owned(), (NOW + life).into());
        claims.insert("iat".to_owned(), (NOW - age).into());
        if has_start {
            claims.insert("nbf".to_owned(), (NOW - age).into());
        }
        claims.extend(sub.map(|sub| ("sub".to_owned(), sub.into())));
        claims.extend(jti.map(|jti| ("jti".to_owned(), jti.into())));
        match &aud[..] {
            [] => {}
            [one] => drop(claims.insert("aud".to_owned(), one.as_str().into())),
            several => drop(claims.insert("aud".to_owned(), several.into())),
        }
        claims.into()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: campaign::long_or(20_000, 300),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_was_minted_is_what_is_read(claims in minted()) {
        let token = key().sign_raw(&header().to_string(), &claims.to_string());
        let read = verify_at(NOW, &token).unwrap();
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        prop_assert_eq!(&*read.iss, ISSUER);
        prop_assert_eq!(read.sub.as_deref(), text("sub"));
        prop_assert_eq!(read.jti.as_deref(), text("jti"));
        let audience = match claims.get("aud") {
            None => json!([]),
            Some(Value::String(one)) => json!([one]),
            Some(several) => several.clone(),
        };
        prop_assert_eq!(json!(read.aud), audience);

        // To the second: the last one at which it is accepted, and the first at which it is not.
        let date = |name: &str| claims[name].as_i64().unwrap();
        let (end, start) = (date("exp") + LEEWAY, date("iat") - LEEWAY);
        prop_assert!(verify_at(end - 1, &token).is_ok());
        prop_assert_eq!(rejection(verify_at(end, &token)), Some(Rejection::Expired));
        prop_assert!(verify_at(start, &token).is_ok());
        let early = rejection(verify_at(start - 1, &token));
        let of_start = [Rejection::IssuedInFuture, Rejection::NotYetValid];
        prop_assert!(early.is_some_and(|early| of_start.contains(&early)));
    }
}

/// The emulator mints by itself, without a line of ours.
#[tokio::test]
async fn what_the_emulator_mints_is_what_is_read() {
    let cloud = Emulator::start().await.unwrap();
    let issuer = TrustedIssuer::cloud(&cloud.url().parse().unwrap());
    let verifier = runbeam_auth::RemoteVerifier::new(TrustPolicy::new(issuer)).unwrap();
    for lifetime in [1, 60, 3600, 30 * 24 * 3600] {
        let spec = JwtSpec::new()
            .with_lifetime(Duration::from_secs(lifetime))
            .with_claim("jti", format!("token-{lifetime}"))
            .with_claim("nested", json!({"a": [1, null, {"b": "\u{1f600}"}]}));
        let read = verifier.verify(&cloud.mint_jwt_with(spec)).await.unwrap();
        assert_eq!(read.jti.as_deref(), Some(&*format!("token-{lifetime}")));
        assert_eq!(read.api_base_url(), cloud.url());
        assert!(read.user.is_some() && read.team.is_some());
    }
}
