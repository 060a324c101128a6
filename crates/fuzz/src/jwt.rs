//! Any text as a token, under a fixed set of keys.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_auth::{ErrorKind, JwkSet, Jws, TrustPolicy, TrustedIssuer, Verifier};
use runbeam_model::{ManualClock, Timestamp};

use crate::{NOW, shows};

/// Two keys, whose private halves nobody has any more.
static KEYS: LazyLock<JwkSet> =
    LazyLock::new(|| JwkSet::parse(include_bytes!("../data/keys.json")).unwrap());

/// Every token that was ever signed with them, one a line.
const TOKENS: &str = include_str!("../data/tokens.txt");

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let issuer = TrustedIssuer::exact("https://auth.example.com").with_keys(KEYS.clone());
    let clock = ManualClock::new(Timestamp::from_unix_seconds(NOW));
    Verifier::new(TrustPolicy::new(issuer))
        .unwrap()
        .with_clock(Arc::new(clock))
});

/// Whatever is accepted is a token that was signed, byte for byte, and each of those is accepted.
///
/// Text of two lines is also taken for a header and a payload in JSON, which get the signature of each good token:
/// a way past base64, which hides the rest from chance.
pub fn jwt(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    check(text);
    if let Some((header, payload)) = text.split_once('\n') {
        let [header, payload] = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
        for good in TOKENS.lines() {
            let signature = good.rsplit('.').next().unwrap_or_default();
            check(&format!("{header}.{payload}.{signature}"));
        }
    }
}

fn check(token: &str) {
    let is_signed = TOKENS.lines().any(|good| good == token);
    let is_jws_good = Jws::parse(token).and_then(|jws| jws.verify(&KEYS)).is_ok();
    assert_eq!(is_jws_good, is_signed, "the level of signatures");
    match VERIFIER.verify(token) {
        Ok(_) => assert!(is_signed, "a token is accepted that nobody signed"),
        Err(error) => {
            assert!(!is_signed, "a good token is refused: {error}");
            assert_eq!(error.kind(), ErrorKind::Rejected);
            let shown = format!("{error} {error:?}");
            assert!(!shows(&shown, token), "the error shows the token");
        }
    }
}
