//! Every single edit of one valid token: none is accepted.

use std::sync::Arc;

use runbeam_auth::Verifier;
use serde_json::json;

use crate::fixture::{ISSUER, NOW, clock, key, policy};

#[test]
fn no_single_edit_of_a_token_is_accepted() {
    let verifier = Verifier::new(policy())
        .unwrap()
        .with_clock(Arc::new(clock()));
    // As short as a token can be, so that all of its edits can be tried.
    let token = key().sign_raw(
        r#"{"alg":"RS256"}"#,
        &json!({"iss": ISSUER, "exp": NOW + 1}).to_string(),
    );
    assert!(verifier.verify(&token).is_ok());

    let mut edited = [0usize; 4];
    let mut refuse = |edit: usize, text: &[&[u8]]| {
        let text = text.concat();
        // An edit of equal neighbours gives the token itself.
        if text != token.as_bytes() {
            let text = str::from_utf8(&text).unwrap();
            assert!(verifier.verify(text).is_err(), "accepted: {text}");
            edited[edit] += 1;
        }
    };
    let bytes = token.as_bytes();
    for at in 0..=bytes.len() {
        let (before, after) = bytes.split_at(at);
        for byte in 0..128 {
            // To insert what stands before is what was tried one position earlier; it is a duplication.
            if before.last() != Some(&byte) {
                refuse(0, &[before, &[byte], after]);
            }
        }
        let Some((first, rest)) = after.split_first() else {
            break;
        };
        for byte in 0..128 {
            refuse(1, &[before, &[byte], rest]);
        }
        if before.last() != Some(first) {
            refuse(2, &[before, rest]);
        }
        if let Some((second, rest)) = rest.split_first() {
            refuse(3, &[before, &[*second, *first], rest]);
        }
    }
    let [inserted, substituted, deleted, swapped] = edited;
    assert_eq!(inserted, 127 * bytes.len() + 128);
    assert_eq!(substituted, 127 * bytes.len());
    assert!(deleted > 300 && swapped > 300, "{deleted} {swapped}");
    assert!(edited.iter().sum::<usize>() > 100_000, "{edited:?}");
}
