//! The method `api-key`: a key in a field of its own.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use runbeam_sdk::model::SecretBytes;
use subtle::{Choice, ConditionallySelectable};

use super::method::{Attempt, Outcome};
use super::stored_hash::{BcryptHash, Kind, MAX_BCRYPT_BYTES, Sha256Digest};
use super::{Principal, StoredHash};
use crate::BuildError;

/// An unknown key is tried with each of them.
const MAX_BCRYPT_KEYS: usize = 16;

/// Authenticates by a key in a field of the request, such as `X-API-Key`. There is no standard for it.
///
/// Keys whose hash is SHA-256 are found at once. One that is not among them is tried with each hash by bcrypt: there may
/// be 16 of these, and a request without a good key costs all of them.
///
/// ```
/// use runbeam_gateway::layers::{ApiKeyAuth, StoredHash};
///
/// // `printf %s key | sha256sum`
/// let hash = "sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";
/// let method = ApiKeyAuth::new("X-API-Key")?.with_key(StoredHash::parse(hash)?)?;
/// # Ok::<_, runbeam_gateway::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ApiKeyAuth {
    header: HeaderName,
    /// Each with its place in the list.
    fast: Vec<(usize, Sha256Digest)>,
    slow: Arc<Vec<(usize, BcryptHash)>>,
}

impl ApiKeyAuth {
    /// Looks for keys in the field `header`, and lets none pass yet.
    ///
    /// # Errors
    ///
    /// If it is no name of a field (RFC 9110, section 5.1).
    pub fn new(header: &str) -> Result<Self, BuildError> {
        let header = HeaderName::from_bytes(header.as_bytes())
            .map_err(|_| BuildError::new("the header of API keys is no name of a field"))?;
        Ok(Self {
            header,
            fast: Vec::new(),
            slow: Arc::default(),
        })
    }

    /// Lets the key of this hash pass, too.
    ///
    /// # Errors
    ///
    /// If there are 16 hashes by bcrypt already.
    pub fn with_key(mut self, key: StoredHash) -> Result<Self, BuildError> {
        let place = self.fast.len() + self.slow.len();
        match key.into_kind() {
            Kind::Sha256(digest) => self.fast.push((place, digest)),
            Kind::Bcrypt(_) if self.slow.len() == MAX_BCRYPT_KEYS => {
                return Err(BuildError::new(format!(
                    "there are more than {MAX_BCRYPT_KEYS} keys by bcrypt, and each unknown key costs all of them: \
                     use SHA-256 for keys that nobody can guess"
                )));
            }
            Kind::Bcrypt(hash) => Arc::make_mut(&mut self.slow).push((place, hash)),
        }
        Ok(self)
    }

    pub(super) fn header(&self) -> &HeaderName {
        &self.header
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fast.is_empty() && self.slow.is_empty()
    }

    pub(super) fn needs_hashing(&self) -> bool {
        !self.slow.is_empty()
    }

    pub(super) async fn judge(&self, headers: &HeaderMap, attempt: &Attempt<'_>) -> Outcome {
        let mut fields = headers.get_all(&self.header).iter();
        let key = match (fields.next(), fields.next()) {
            (None, _) => return Outcome::Missing,
            (Some(key), None) => key.as_bytes(),
            // Which of the two another server would take is its own choice.
            (Some(_), Some(_)) => return Outcome::Invalid("there are two of the field".into()),
        };
        if attempt.is_held_back() {
            return Outcome::HeldBack;
        }
        if let Some(place) = self.fast_place(key) {
            return Outcome::Valid(Principal::ApiKey(place));
        }
        if self.slow.is_empty() || key.len() > MAX_BCRYPT_BYTES {
            return Outcome::Invalid("it matches no hash".into());
        }
        let (key, hashes) = (SecretBytes::from(key.to_vec()), Arc::clone(&self.slow));
        let work = move || {
            // All of them, so that the time does not tell which.
            hashes.iter().fold(None, |found, (place, hash)| {
                let is_it = hash.matches(key.expose());
                if is_it { Some(*place) } else { found }
            })
        };
        attempt.hash(work, Principal::ApiKey).await
    }

    /// The place of a key, looked for among all of them in the same time.
    fn fast_place(&self, key: &[u8]) -> Option<usize> {
        let digest = Sha256Digest::of(key);
        let (mut found, mut place) = (Choice::from(0), 0u64);
        for (number, stored) in &self.fast {
            let is_it = stored.is(&digest);
            place.conditional_assign(&(*number as u64), is_it);
            found |= is_it;
        }
        bool::from(found)
            .then(|| usize::try_from(place).ok())
            .flatten()
    }
}
