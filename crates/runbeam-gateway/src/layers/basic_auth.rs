//! The method `basic-auth`: a user and a password (RFC 7617).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use runbeam_sdk::model::{Secret, SecretBytes};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use super::authorization::Authorization;
use super::method::{Attempt, Outcome};
use super::stored_hash::{BcryptHash, Kind, MAX_BCRYPT_BYTES, Sha256Digest};
use super::{Principal, StoredHash};
use crate::BuildError;

/// Authenticates by `Authorization: Basic …`, in UTF-8. Names and passwords are compared byte for byte: what looks the
/// same in another Unicode normalization is not the same.
///
/// An unknown user costs as much as a known one with a wrong password.
///
/// ```
/// use runbeam_gateway::layers::{BasicAuth, StoredHash};
///
/// let hash = StoredHash::parse("$2b$04$7T2KuY/nGU0JOtneBfdffe7DJMvJrlJZurASznYsPt6nq7pOAIq3y")?;
/// let method = BasicAuth::new("admin", hash)?;
/// # Ok::<_, runbeam_gateway::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct BasicAuth {
    users: Arc<Vec<User>>,
}

#[derive(Debug, Clone)]
struct User {
    name: Arc<str>,
    digest: Sha256Digest,
    password: Password,
}

#[derive(Debug, Clone)]
enum Password {
    Bcrypt(BcryptHash),
    /// Of a password that the configuration has as plain text.
    Sha256(Sha256Digest),
}

impl BasicAuth {
    /// Lets this user pass.
    ///
    /// # Errors
    ///
    /// If the name is empty, or holds a colon or a control character (RFC 7617, section 2), or if the hash is not by
    /// bcrypt: a hash that is fast to make is fast to guess.
    pub fn new(user: &str, password: StoredHash) -> Result<Self, BuildError> {
        let none = Self {
            users: Arc::default(),
        };
        none.with_user(user, password)
    }

    /// Lets this user pass, too.
    ///
    /// # Errors
    ///
    /// As [`BasicAuth::new`], and if the name is there already, or if the hash has another cost than those before: the
    /// time of an answer would tell who is known.
    pub fn with_user(self, user: &str, password: StoredHash) -> Result<Self, BuildError> {
        match password.into_kind() {
            Kind::Bcrypt(hash) => self.with(user, Password::Bcrypt(hash)),
            Kind::Sha256(_) => Err(BuildError::new(
                "the hash of a password is not by bcrypt: make one with `htpasswd -nB USER`",
            )),
        }
    }

    /// Lets the one user of a configuration pass that has the password as plain text.
    pub(super) fn with_plain_password(user: &str, password: &Secret) -> Result<Self, BuildError> {
        let none = Self {
            users: Arc::default(),
        };
        let digest = Sha256Digest::of(password.expose().as_bytes());
        none.with(user, Password::Sha256(digest))
    }

    fn with(mut self, name: &str, password: Password) -> Result<Self, BuildError> {
        if name.is_empty() || name.contains(|c: char| c == ':' || c.is_control()) {
            return Err(BuildError::new(
                "the name of a user is empty, or holds a colon or a control character",
            ));
        }
        if self.users.iter().any(|user| *user.name == *name) {
            return Err(BuildError::new(format!("the user {name} is there twice")));
        }
        if let Some(first) = self.users.first()
            && first.password.cost() != password.cost()
        {
            return Err(BuildError::new(format!(
                "the hash of the user {name} has another cost than that of {}: give all passwords hashes of one cost, \
                 so that the time of an answer does not tell who is known",
                first.name
            )));
        }
        let users = Arc::make_mut(&mut self.users);
        users.push(User {
            name: name.into(),
            digest: Sha256Digest::of(name.as_bytes()),
            password,
        });
        Ok(self)
    }

    pub(super) fn needs_hashing(&self) -> bool {
        self.users
            .iter()
            .any(|user| matches!(user.password, Password::Bcrypt(_)))
    }

    pub(super) async fn judge(&self, headers: &HeaderMap, attempt: &Attempt<'_>) -> Outcome {
        let credentials = match Authorization::of(headers, "Basic") {
            Authorization::Missing => return Outcome::Missing,
            Authorization::Malformed(problem) => return Outcome::Invalid(problem.into()),
            Authorization::Credentials { rest, .. } => rest,
        };
        let Some((name, password)) = read(credentials) else {
            return Outcome::Invalid("it is not a user and a password in base64 and UTF-8".into());
        };
        if attempt.is_held_back() {
            return Outcome::HeldBack;
        }
        // A password that can be no one's, whoever it is said to be.
        if password.expose().len() > MAX_BCRYPT_BYTES && self.needs_hashing() {
            return Outcome::Invalid("the password is longer than 72 bytes".into());
        }
        let (place, is_known) = self.place(&name);
        let Some(user) = self.users.get(place) else {
            return Outcome::Invalid("there are no users".into());
        };
        let found = |_| Principal::User(Arc::clone(&user.name));
        match &user.password {
            Password::Bcrypt(hash) => {
                let hash = hash.clone();
                let work = move || {
                    let is_right = hash.matches(password.expose().as_bytes());
                    (is_known & is_right).then_some(place)
                };
                attempt.hash(work, found).await
            }
            Password::Sha256(digest) => {
                let is_right = digest.is(&Sha256Digest::of(password.expose().as_bytes()));
                if is_known & bool::from(is_right) {
                    Outcome::Valid(found(place))
                } else {
                    Outcome::Invalid("it matches no password".into())
                }
            }
        }
    }

    /// The place of a user, and whether it is the one that was asked for: for one that nobody knows, the password of
    /// another is checked, which takes the same time.
    fn place(&self, name: &Secret) -> (usize, bool) {
        let digest = Sha256Digest::of(name.expose().as_bytes());
        let (mut place, mut is_known) = (0u64, 0u8);
        for (number, user) in (0u64..).zip(self.users.iter()) {
            let is_it = user.digest.is(&digest);
            place.conditional_assign(&number, is_it);
            is_known |= is_it.unwrap_u8();
        }
        let place = usize::try_from(place).unwrap_or(0);
        (place, is_known.ct_eq(&1).into())
    }
}

impl Password {
    fn cost(&self) -> Option<u32> {
        match self {
            Self::Bcrypt(hash) => Some(hash.cost()),
            Self::Sha256(_) => None,
        }
    }
}

/// A user and a password: the first colon is between them (RFC 7617, section 2).
fn read(credentials: &str) -> Option<(Secret, Secret)> {
    let bytes = SecretBytes::from(STANDARD.decode(credentials).ok()?);
    let text = str::from_utf8(bytes.expose()).ok()?;
    if text.contains(char::is_control) {
        return None;
    }
    let (name, password) = text.split_once(':')?;
    Some((name.into(), password.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BCRYPT_4: &str = "$2b$04$7T2KuY/nGU0JOtneBfdffe7DJMvJrlJZurASznYsPt6nq7pOAIq3y";

    fn hash(text: &str) -> StoredHash {
        StoredHash::parse(text).unwrap()
    }

    #[test]
    fn users_that_would_be_told_apart_or_guessed_are_refused() {
        let users = BasicAuth::new("admin", hash(BCRYPT_4)).unwrap();
        let refused = |name: &str, text: &str| {
            let error = users.clone().with_user(name, hash(text)).unwrap_err();
            error.to_string()
        };
        assert!(refused("admin", BCRYPT_4).contains("twice"));
        assert!(refused("bob", &BCRYPT_4.replace("$04$", "$05$")).contains("another cost"));
        assert!(refused("bob", &"0".repeat(64)).contains("bcrypt"));
        for name in ["", "a:b", "a\n"] {
            assert!(refused(name, BCRYPT_4).contains("the name of a user"));
        }
        assert_eq!(users.place(&"admin".into()), (0, true));
        assert_eq!(users.place(&"bob".into()), (0, false));
        let users = users.with_user("bob", hash(BCRYPT_4)).unwrap();
        assert_eq!(users.place(&"bob".into()), (1, true));
    }
}
