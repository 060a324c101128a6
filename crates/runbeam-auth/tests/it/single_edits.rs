//! A million single edits of valid tokens: none is accepted.
//!
//! Four tokens, a test each, so that a runner of tests can use several cores. Every kind of edit is tried at every
//! place of each; edits of two places, by a fixed seed, make up the number.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use runbeam_auth::{TrustPolicy, TrustedIssuer, Verifier};
use serde_json::json;

use crate::campaign;
use crate::fixture::{ISSUER, NOW, clock, header, key, policy, token};

const EDITS: usize = 250_000;
const SEED: u64 = 0x72_75_6e_62_65_61_6d;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Substitute,
    Insert,
    Delete,
    Swap,
    Truncate,
    Duplicate,
    /// The same bytes, written otherwise.
    Alphabet,
}

const KINDS: usize = Kind::Alphabet as usize + 1;

struct Campaign<'a> {
    token: &'a [u8],
    verifier: Verifier,
    edited: Vec<u8>,
    tried: [usize; KINDS],
}

fn refuse_every_edit(token: &str, policy: TrustPolicy) {
    let verifier = Verifier::new(policy).unwrap().with_clock(Arc::new(clock()));
    verifier.verify(token).unwrap();
    let mut campaign = Campaign {
        token: token.as_bytes(),
        verifier,
        edited: Vec::new(),
        tried: [0; KINDS],
    };
    for at in 0..=token.len() {
        campaign.edit_at(at);
    }
    let systematic: usize = campaign.tried.iter().sum();
    campaign.edit_by_chance(campaign::long_or(10 * EDITS, EDITS));
    let tried = campaign.tried;
    println!(
        "{} edits of a token of {} bytes, {systematic} of them at every place: {tried:?}",
        tried.iter().sum::<usize>(),
        token.len()
    );
    assert!(tried.iter().sum::<usize>() >= EDITS, "{tried:?}");
    assert!(
        tried.iter().all(|count| *count >= token.len() / 2),
        "{tried:?}"
    );
}

impl Campaign<'_> {
    fn refuse(&mut self, kind: Kind, parts: &[&[u8]]) {
        self.edited.clear();
        for part in parts {
            self.edited.extend_from_slice(part);
        }
        // An edit of equal neighbours gives the token itself.
        if self.edited != self.token {
            let text = str::from_utf8(&self.edited).unwrap();
            assert!(self.verifier.verify(text).is_err(), "accepted: {text}");
            self.tried[kind as usize] += 1;
        }
    }

    /// Every edit of one place.
    fn edit_at(&mut self, at: usize) {
        let (before, after) = self.token.split_at(at);
        self.refuse(Kind::Truncate, &[before]);
        self.refuse(Kind::Truncate, &[after]);
        for byte in 0..128 {
            // To insert what stands before is what was tried one position earlier; it is a duplication.
            if before.last() != Some(&byte) {
                self.refuse(Kind::Insert, &[before, &[byte], after]);
            }
        }
        let Some((first, rest)) = after.split_first() else {
            return;
        };
        for byte in 0..128 {
            self.refuse(Kind::Substitute, &[before, &[byte], rest]);
        }
        if before.last() != Some(first) {
            self.refuse(Kind::Delete, &[before, rest]);
            self.refuse(Kind::Duplicate, &[before, &[*first, *first], rest]);
        }
        if let Some((second, rest)) = rest.split_first() {
            self.refuse(Kind::Swap, &[before, &[*second, *first], rest]);
        }
        let escaped = format!("%{first:02X}");
        self.refuse(Kind::Alphabet, &[before, escaped.as_bytes(), rest]);
        self.refuse(Kind::Alphabet, &[before, b"=", after]);
        let to_standard = |byte: &u8| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        let standard: Vec<u8> = after.iter().map(to_standard).collect();
        self.refuse(Kind::Alphabet, &[before, &standard]);
    }

    /// Edits of what stands between two places, until there are `count` of all kinds.
    fn edit_by_chance(&mut self, count: usize) {
        let mut chance = Chance(SEED);
        while self.tried.iter().sum::<usize>() < count {
            let (one, other) = (
                chance.below(self.token.len() + 1),
                chance.below(self.token.len() + 1),
            );
            let (before, rest) = self.token.split_at(one.min(other));
            let (middle, after) = rest.split_at(one.abs_diff(other));
            let at = chance.below(self.token.len() + 1);
            let (head, tail) = self.token.split_at(at);
            match chance.below(5) {
                0 => self.refuse(Kind::Delete, &[before, after]),
                1 => self.refuse(Kind::Duplicate, &[before, middle, middle, after]),
                2 => self.refuse(Kind::Insert, &[head, middle, tail]),
                3 => {
                    let mut other: Vec<u8> = middle.to_vec();
                    other.reverse();
                    self.refuse(Kind::Swap, &[before, &other, after]);
                }
                _ => {
                    let letters: Vec<u8> = middle.iter().map(|_| chance.letter()).collect();
                    self.refuse(Kind::Substitute, &[before, &letters, after]);
                }
            }
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A letter of base64url.
    fn letter(&mut self) -> u8 {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        LETTERS[self.below(LETTERS.len())]
    }
}

#[test]
fn of_the_shortest_token() {
    let token = key().sign_raw(
        r#"{"alg":"RS256"}"#,
        &json!({"iss": ISSUER, "exp": NOW + 1}).to_string(),
    );
    refuse_every_edit(&token, policy());
}

#[test]
fn of_a_token_with_all_registered_claims() {
    let token =
        token(json!({"aud": ["harmony-api", "other"], "jti": "01m8168j2xebdw9x071yc77cp5"}));
    refuse_every_edit(&token, policy().with_audience("harmony-api"));
}

#[test]
fn of_a_token_as_the_cloud_writes_it() {
    let claims = json!({
        "iss": format!("{ISSUER}/api/cli/login"), "sub": "01k", "aud": "harmony", "exp": NOW + 1, "iat": NOW,
        "user": {"id": "01k", "email": "ines@example.test", "name": "In\u{ea}s Prado"},
        "team": {"id": "01t", "name": "Atlantic Imaging"},
    });
    let token = key().sign_raw(&header().to_string(), &claims.to_string());
    let origin = runbeam_model::Origin::of(ISSUER).unwrap();
    let issuer = TrustedIssuer::origin(origin).with_keys(crate::fixture::key_set());
    refuse_every_edit(&token, TrustPolicy::new(issuer));
}

#[test]
fn of_a_token_with_a_mac() {
    const SECRET: &str = "a secret that the issuer shares with us";
    let claims = json!({"iss": ISSUER, "sub": "u1", "exp": NOW + 1, "nbf": NOW});
    let parts = [r#"{"alg":"HS256"}"#.to_owned(), claims.to_string()];
    let signed = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    let issuer = TrustedIssuer::exact(ISSUER).with_shared_secret(SECRET);
    let policy = TrustPolicy::new(issuer.unwrap());
    refuse_every_edit(&format!("{signed}.{tag}"), policy);
}
