//! The keys of an emulator: the one that signs, and all that are published.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use crate::{digest::Digest, issuer::SigningKey};

/// The published keys of one emulator, the newest first. There is always one, and the first one signs.
#[derive(Debug)]
pub(crate) struct Keyring {
    published: RwLock<Published>,
}

#[derive(Debug)]
struct Published {
    keys: Vec<SigningKey>,
    neighbour: Option<Value>,
}

impl Keyring {
    pub(crate) fn new(keys: Vec<SigningKey>) -> Self {
        Self {
            published: RwLock::new(Published {
                keys,
                neighbour: None,
            }),
        }
    }

    /// The key that signs.
    #[allow(
        clippy::expect_used,
        reason = "a ring is made of at least one key, and the last one cannot be withdrawn"
    )]
    pub(crate) fn signing(&self) -> SigningKey {
        let first = self.read().keys.first().cloned();
        first.expect("a ring has a key")
    }

    /// The published key with this id.
    pub(crate) fn find(&self, key_id: &str) -> Option<SigningKey> {
        self.read()
            .keys
            .iter()
            .find(|key| key.key_id() == key_id)
            .cloned()
    }

    /// All published keys of ours, the one that signs first.
    pub(crate) fn all(&self) -> Vec<SigningKey> {
        self.read().keys.clone()
    }

    /// Signs with `key` from now on. The former keys stay published, so that their tokens stay good.
    pub(crate) fn rotate_to(&self, key: SigningKey) {
        self.write().keys.insert(0, key);
    }

    /// Takes a key out of the ring; not the last one.
    pub(crate) fn withdraw(&self, key_id: &str) -> Withdrawal {
        let keys = &mut self.write().keys;
        match keys.iter().position(|key| key.key_id() == key_id) {
            None => Withdrawal::Unknown,
            Some(_) if keys.len() == 1 => Withdrawal::Last,
            Some(place) => {
                keys.remove(place);
                Withdrawal::Done
            }
        }
    }

    /// Publishes an elliptic-curve key (RFC 7518, section 6.2) beside ours, or stops to.
    pub(crate) fn set_neighbour(&self, is_wanted: bool) {
        let neighbour = is_wanted.then(elliptic_curve_jwk).flatten();
        self.write().neighbour = neighbour;
    }

    /// The public halves as a JWK set (RFC 7517, section 5).
    pub(crate) fn to_jwks(&self) -> Value {
        let published = self.read();
        let keys: Vec<Value> = published
            .keys
            .iter()
            .map(SigningKey::jwk)
            .chain(published.neighbour.clone())
            .collect();
        json!({ "keys": keys })
    }

    fn read(&self) -> RwLockReadGuard<'_, Published> {
        self.published
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Published> {
        self.published
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the wish to withdraw a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withdrawal {
    Done,
    Unknown,
    Last,
}

/// The public half of a fresh P-256 key, which nothing is ever signed with.
fn elliptic_curve_jwk() -> Option<Value> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).ok()?;
    // An uncompressed point: 4, then both coordinates (SEC 1, section 2.3.3).
    let point = pair.public_key().as_ref();
    let (x, y) = point.get(1..)?.split_at_checked(32)?;
    let key_id = URL_SAFE_NO_PAD.encode(Digest::of(point).as_bytes());
    Some(json!({
        "kty": "EC",
        "use": "sig",
        "alg": "ES256",
        "kid": format!("ec-{}", key_id.get(..11)?),
        "crv": "P-256",
        "x": URL_SAFE_NO_PAD.encode(x),
        "y": URL_SAFE_NO_PAD.encode(y),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_publishes_both_keys_until_the_old_one_is_withdrawn() {
        let (old, new) = (SigningKey::generate(), SigningKey::generate());
        let ring = Keyring::new(vec![old.clone()]);
        assert_eq!(ring.withdraw(old.key_id()), Withdrawal::Last);
        ring.rotate_to(new.clone());
        assert_eq!(ring.signing().key_id(), new.key_id());
        assert_eq!(ring.to_jwks(), json!({ "keys": [new.jwk(), old.jwk()] }));
        assert_eq!(ring.withdraw(old.key_id()), Withdrawal::Done);
        assert_eq!(ring.withdraw(old.key_id()), Withdrawal::Unknown);
        assert!(ring.find(old.key_id()).is_none());
        assert_eq!(ring.to_jwks(), json!({ "keys": [new.jwk()] }));
    }

    #[test]
    fn a_neighbour_is_an_elliptic_curve_key_with_coordinates() {
        let ring = Keyring::new(vec![SigningKey::generate()]);
        ring.set_neighbour(true);
        let neighbour = &ring.to_jwks()["keys"][1];
        assert_eq!(neighbour["kty"], "EC");
        for coordinate in ["x", "y"] {
            let text = neighbour[coordinate].as_str().unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(text).unwrap().len(), 32);
        }
        ring.set_neighbour(false);
        assert_eq!(ring.to_jwks()["keys"].as_array().unwrap().len(), 1);
    }
}
