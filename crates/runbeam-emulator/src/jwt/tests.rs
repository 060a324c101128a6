//! Which tokens the emulator takes for its own.

use std::sync::LazyLock;

use super::*;

static KEY: LazyLock<SigningKey> = LazyLock::new(SigningKey::generate);

fn minted(spec: JwtSpec, at: Timestamp) -> String {
    let mint = Mint {
        origin: "http://127.0.0.1:8090",
        key: &KEY,
        default_user: &User::first(),
        lifetime: Duration::from_secs(3600),
    };
    mint.mint(spec, at)
}

/// The key with this id, as long as the only one has it.
fn published(key_id: &str) -> Option<SigningKey> {
    (key_id == KEY.key_id()).then(|| KEY.clone())
}

fn now() -> Timestamp {
    Timestamp::from_second(1_768_205_731).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_secs(seconds)
}

#[track_caller]
fn check(spec: JwtSpec, at: Timestamp, accepted: bool) {
    let token = minted(spec, now());
    assert_eq!(verify(&token, published, at).is_some(), accepted);
}

#[test]
fn a_token_is_good_from_its_issue_until_its_expiry() {
    check(JwtSpec::new(), after(-1), false);
    check(JwtSpec::new(), after(0), true);
    check(JwtSpec::new(), after(3599), true);
    check(JwtSpec::new(), after(3600), false);
    check(
        JwtSpec::new().with_lifetime(Duration::from_secs(5)),
        after(5),
        false,
    );
    check(
        JwtSpec::new().with_age(Duration::from_secs(3600)),
        after(0),
        false,
    );
}

#[test]
fn claims_of_the_wrong_kind_are_refused_not_ignored() {
    check(JwtSpec::new().with_claim("exp", "never"), after(0), false);
    check(JwtSpec::new().with_claim("nbf", 1.5), after(0), false);
    check(JwtSpec::new().with_claim("sub", 7), after(0), false);
    check(JwtSpec::new().with_claim("team", "mine"), after(0), false);
    check(JwtSpec::new().without_claim("exp"), after(0), false);
    check(JwtSpec::new().without_claim("nbf"), after(0), true);
    check(JwtSpec::new().without_claim("team"), after(0), true);
}

#[test]
fn headers_that_are_not_ours_are_refused() {
    let claims = r#"{"sub":"a","exp":9999999999}"#;
    let check = |header: String, accepted: bool| {
        let token = KEY.sign_raw(&header, claims);
        let bearer = verify(&token, published, now());
        assert_eq!(bearer.is_some(), accepted, "{header}");
    };
    let kid = KEY.key_id();
    check(format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#), true);
    check(format!(r#"{{"alg":"none","kid":"{kid}"}}"#), false);
    check(format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), false);
    check(
        format!(r#"{{"alg":"RS256","kid":"{kid}","crit":["b64"]}}"#),
        false,
    );
    check(r#"{"alg":"RS256","kid":"other"}"#.into(), false);
    check(r#"{"alg":"RS256"}"#.into(), false);
}

#[test]
fn another_key_and_a_changed_payload_are_refused() {
    let token = minted(JwtSpec::new(), now());
    let stranger = SigningKey::generate();
    assert_eq!(verify(&token, |_| Some(stranger), now()), None);

    let other = minted(JwtSpec::new().with_claim("sub", "someone"), now());
    let (signed, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(
        verify(&format!("{signed}.{signature}"), published, now()),
        None
    );
}

#[test]
fn the_form_of_a_jwt_is_three_parts_with_an_algorithm() {
    let check = |text: &str, expected: bool| assert_eq!(has_form(text), expected, "{text}");
    check(&minted(JwtSpec::new(), now()), true);
    check("eyJhbGciOiJub25lIn0..", true);
    check("eyJhbGciOiJub25lIn0.", false);
    check("eyJhbGciOiJub25lIn0...", false);
    check("e30.e30.", false);
    check("gw.token.value", false);
    check("mt_00", false);
}
