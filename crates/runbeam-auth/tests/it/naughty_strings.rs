//! Strings that break programs, as key ids, claims and header parameters.

use runbeam_auth::{JwkSet, Rejection, TrustPolicy, TrustedIssuer};
use serde_json::json;

use crate::fixture::{
    ISSUER, claims, header, jwks, key, token, token_with_header, verify, verify_by, with,
};
use crate::vectors;

#[test]
fn they_are_texts_like_any_other() {
    let Some(strings) = vectors::text("wordlists/blns.json") else {
        return;
    };
    let strings: Vec<String> = serde_json::from_str(&strings).unwrap();
    assert_eq!(strings.len(), 515);
    for text in &strings {
        // As claims that are only handed on, and as header parameters that nobody looks at.
        let header = with(header(), json!({"cty": text, "jku": text}));
        let claims = with(claims(), json!({"sub": text, "jti": text}));
        let token_around = key().sign_raw(&header.to_string(), &claims.to_string());
        let verified = verify(&token_around).unwrap();
        assert_eq!(verified.sub.as_ref(), Some(text));

        // As something that is compared.
        let token_by_key = token_with_header(json!({"kid": text}));
        for (token, expected) in [
            (&token_by_key, Rejection::UnknownKey),
            (&token(json!({"iss": text})), Rejection::Issuer),
            (
                &token_with_header(json!({"alg": text})),
                Rejection::Algorithm,
            ),
        ] {
            let error = verify(token).unwrap_err();
            assert_eq!(error.rejection(), Some(expected), "{text:?}");
            let shown = format!("{error} {error:?}");
            assert!(text.len() < 12 || !shown.contains(text.as_str()), "{shown}");
        }
        let keys = jwks(&[with(key().jwk(), json!({"kid": text}))]);
        let keys = JwkSet::parse(keys.as_bytes()).unwrap();
        let policy = TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(keys));
        assert!(verify_by(policy, &token_by_key).is_ok(), "{text:?}");
    }
}
