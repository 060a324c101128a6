//! The header of a signed text (RFC 7515, section 4): which algorithm and which key it names.

use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{decode, malformed};
use crate::json::{self, Problem, Text};
use crate::{Error, Rejection};

const MAX_BYTES: usize = 8 << 10;

/// A header that asks for nothing that is not implemented.
#[derive(Clone)]
pub(crate) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<Arc<str>>,
    /// Whether the payload is a token itself.
    pub(super) is_nesting: bool,
}

/// The algorithms that are implemented (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// A signature of RSA, which the issuer alone can make.
    Rs256,
    /// A MAC with a secret that the issuer shares.
    Hs256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

/// The header of the last token that a verifier found good and whose header it did not know. The tokens of an issuer
/// have the same one until its keys change, so that most need not be read again.
///
/// It belongs to one verifier, because what a header may say is up to the policy.
///
/// Nobody waits for it: while another thread looks at it, a header is read as one that is not known.
#[derive(Default)]
pub(crate) struct KnownHeader(Mutex<Option<(Box<str>, Header)>>);

impl KnownHeader {
    /// What `text` says, if it is the header that is known, byte for byte.
    pub(super) fn find(&self, text: &str) -> Option<Header> {
        let known = self.0.try_lock().ok()?;
        let (known, header) = known.as_ref()?;
        (**known == *text).then(|| header.clone())
    }

    /// Remembers the header of a token that was found good.
    pub(crate) fn remember(&self, (text, header): (&str, Header)) {
        if let Ok(mut known) = self.0.try_lock() {
            *known = Some((text.into(), header));
        }
    }
}

/// What is looked at in a header. Keys and addresses of keys in it are passed over.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow, default, deserialize_with = "json::present")]
    alg: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    kid: Option<Text<'a>>,
    #[serde(default, deserialize_with = "json::present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "json::present")]
    b64: Option<bool>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    cty: Option<&'a RawValue>,
}

impl Header {
    /// Reads a header as it stands in a token, for the algorithms that the policy allows.
    pub(super) fn parse(text: &str, is_allowed: impl Fn(Algorithm) -> bool) -> Result<Self, Error> {
        let header = decode(text)?;
        if header.len() > MAX_BYTES {
            return Err(Error::rejected(
                Rejection::TooLarge,
                "its header is larger than 8 KiB",
            ));
        }
        let said: Said<'_> = json::read(&header).map_err(|problem| match problem {
            Problem::Member(member) if member == "alg" => other_algorithm(),
            Problem::Member(member) if member == "b64" => extension(),
            Problem::Member(_) => malformed("its key id is not a text"),
            Problem::Malformed | Problem::Type => {
                malformed("its header is not a JSON object in which every name stands once")
            }
        })?;
        let named = said.alg.as_ref().map(|Text(name)| &**name);
        let algorithm = [Algorithm::Rs256, Algorithm::Hs256]
            .into_iter()
            .find(|algorithm| Some(algorithm.name()) == named && is_allowed(*algorithm))
            .ok_or_else(other_algorithm)?;
        // No extension is implemented; `b64` (RFC 7797) would change what is signed.
        if said.crit.is_some() || said.b64 == Some(false) {
            return Err(extension());
        }
        Ok(Self {
            algorithm,
            is_nesting: said.is_of_nested_token(),
            key_id: said.kid.map(|Text(key_id)| Arc::from(&*key_id)),
        })
    }
}

impl Said<'_> {
    /// Whether it says that its payload is a token itself (RFC 7519, section 5.2).
    fn is_of_nested_token(&self) -> bool {
        let content_type: Option<Text<'_>> = self
            .cty
            .and_then(|content_type| json::read(content_type.get().as_bytes()).ok());
        content_type.is_some_and(|Text(content_type)| {
            let names = ["JWT", "application/jwt"];
            names
                .iter()
                .any(|name| content_type.eq_ignore_ascii_case(name))
        })
    }
}

fn other_algorithm() -> Error {
    Error::rejected(
        Rejection::Algorithm,
        "its algorithm is not the one that is trusted",
    )
}

fn extension() -> Error {
    Error::rejected(Rejection::Critical, "its header asks for an extension")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn parse(json: &str) -> (String, Header) {
        let text = URL_SAFE_NO_PAD.encode(json);
        let header = Header::parse(&text, |_| true).ok().unwrap();
        (text, header)
    }

    #[test]
    fn the_last_good_header_is_known_and_no_other() {
        let known = KnownHeader::default();
        let [(first, header), (second, other)] = [
            parse(r#"{"alg":"RS256","kid":"a"}"#),
            parse(r#"{"alg":"HS256","kid":"b","cty":"JWT"}"#),
        ];
        assert!(known.find(&first).is_none());

        known.remember((&first, header));
        let found = known.find(&first).unwrap();
        assert_eq!(found.key_id.as_deref(), Some("a"));
        assert_eq!(found.algorithm, Algorithm::Rs256);
        assert!(!found.is_nesting);
        // Neither a part of it nor something longer is it.
        assert!(known.find(&first[..first.len() - 1]).is_none());
        assert!(known.find(&format!("{first}A")).is_none());
        assert!(known.find("").is_none());

        known.remember((&second, other));
        assert!(known.find(&first).is_none());
        let found = known.find(&second).unwrap();
        assert_eq!(found.key_id.as_deref(), Some("b"));
        assert_eq!(found.algorithm, Algorithm::Hs256);
        assert!(found.is_nesting);
    }
}
