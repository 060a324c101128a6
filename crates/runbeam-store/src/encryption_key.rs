//! Encryption keys: every documented form of one, and the one form that is written.

use age::x25519::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use runbeam_model::SecretBytes;
use zeroize::Zeroizing;

use crate::portable_name::Problem;

/// The identities of one key text: the first one seals, all of them open.
///
/// There is always at least one. `age` zeroizes each when it is dropped.
#[derive(Clone)]
pub(crate) struct Identities {
    first: Identity,
    others: Vec<Identity>,
}

const PREFIX: &str = "AGE-SECRET-KEY-1";

/// A Kubernetes secret that was encoded once too often is the reason for the second layer.
const LAYERS_OF_BASE64: usize = 2;

/// Ample for a key file with comments and a hundred former keys.
const MAX_TEXT_LEN: usize = 64 * 1024;

const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Identities {
    pub(crate) fn generate() -> Self {
        Self {
            first: Identity::generate(),
            others: Vec::new(),
        }
    }

    /// Reads the raw identity line, the whole text of `age-keygen`, or the base64 of either, with or
    /// without line breaks and padding.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Problem> {
        if text.len() > MAX_TEXT_LEN {
            return Err("it is far too long for a key");
        }
        let mut text = Zeroizing::new(text.to_vec());
        let mut first_problem = None;
        for _ in 0..=LAYERS_OF_BASE64 {
            match search(&text) {
                Ok(Some(identities)) => return Ok(identities),
                Ok(None) => {}
                Err(problem) => return Err(problem),
            }
            first_problem.get_or_insert_with(|| describe(&text));
            match decode(&text) {
                Some(decoded) => text = decoded,
                None => break,
            }
        }
        Err(first_problem.unwrap_or(NOT_A_KEY))
    }

    /// A new identity before the ones of `self`: it seals, all of them open.
    pub(crate) fn with_new_first(&self) -> Self {
        self.with_first(Identity::generate())
    }

    /// The first identity of `other` before the ones of `self`.
    pub(crate) fn with_first_of(&self, other: &Self) -> Self {
        self.with_first(other.first.clone())
    }

    fn with_first(&self, first: Identity) -> Self {
        Self {
            first,
            others: self.iter().cloned().collect(),
        }
    }

    /// Whether both seal for the same identity.
    pub(crate) fn seals_as(&self, other: &Self) -> bool {
        self.recipient().to_string() == other.recipient().to_string()
    }

    /// The first identity without the others.
    pub(crate) fn first_alone(&self) -> Self {
        Self {
            first: self.first.clone(),
            others: Vec::new(),
        }
    }

    pub(crate) fn is_single(&self) -> bool {
        self.others.is_empty()
    }

    /// Base64 of the identities, one a line, without a final line break. Of a single one this is the form that
    /// every version reads.
    pub(crate) fn to_written_form(&self) -> SecretBytes {
        use age::secrecy::ExposeSecret;
        let mut lines = SecretBytes::with_capacity(128);
        for identity in self.iter() {
            if !lines.is_empty() {
                lines.extend_from_slice(b"\n");
            }
            lines.extend_from_slice(identity.to_string().expose_secret().as_bytes());
        }
        let mut written = Zeroizing::new(vec![0; lines.len().div_ceil(3) * 4]);
        // The buffer has the exact size, so nothing is left out.
        let len = STANDARD
            .encode_slice(lines.expose(), &mut written)
            .unwrap_or_default();
        written.truncate(len);
        SecretBytes::from(std::mem::take(&mut *written))
    }

    pub(crate) fn recipient(&self) -> age::x25519::Recipient {
        self.first.to_public()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identities([redacted; {}])", 1 + self.others.len())
    }
}

/// The identities in `text`, if it holds any line that begins like one.
fn search(text: &[u8]) -> Result<Option<Identities>, Problem> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for line in text.lines() {
        let Some(token) = line.split_whitespace().next() else {
            continue;
        };
        if !token
            .get(..PREFIX.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
        {
            continue;
        }
        found.push(parse_identity(token)?);
    }
    let mut found = found.into_iter();
    Ok(found.next().map(|first| Identities {
        first,
        others: found.collect(),
    }))
}

fn parse_identity(token: &str) -> Result<Identity, Problem> {
    // Bech32 is either all upper or all lower case; `age` parses the upper.
    let is_lower = !token.bytes().any(|b| b.is_ascii_uppercase());
    let token = Zeroizing::new(if is_lower {
        token.to_ascii_uppercase()
    } else {
        token.to_owned()
    });
    token.parse().map_err(|_| {
        "it begins like an age identity, but was cut, mistyped, or is the placeholder of an example"
    })
}

fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // With room for all of it: a buffer that grows leaves copies behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    plain.extend(
        text.iter()
            .filter(|b| !b.is_ascii_whitespace())
            .map(|b| match b {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            }),
    );
    if plain.is_empty() {
        return None;
    }
    let mut decoded = Zeroizing::new(vec![0; plain.len()]);
    let len = ANY_PADDING
        .decode_slice(plain.as_slice(), &mut decoded)
        .ok()?;
    decoded.truncate(len);
    Some(decoded)
}

const NOT_A_KEY: Problem = "it is neither an age identity nor the base64 of one";

/// Names what a person may have mistaken for a key.
fn describe(text: &[u8]) -> Problem {
    let text = text.trim_ascii();
    if text.is_empty() {
        "it is empty"
    } else if text.starts_with(b"age1") {
        "it is a recipient, the public half; the identity begins with AGE-SECRET-KEY-1"
    } else if text.starts_with(b"AGE-SECRET-KEY-PQ-1") {
        "it is a post-quantum identity; an X25519 identity begins with AGE-SECRET-KEY-1"
    } else if text.starts_with(b"AGE-PLUGIN-") {
        "it is an identity of an age plugin; an X25519 identity begins with AGE-SECRET-KEY-1"
    } else if text.starts_with(b"-----BEGIN ") {
        "it is a PEM or SSH key; an age identity begins with AGE-SECRET-KEY-1"
    } else {
        NOT_A_KEY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
    const OTHER: &str =
        "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

    fn check(text: &str, expected: Result<usize, &str>) {
        match (Identities::parse(text.as_bytes()), expected) {
            (Ok(found), Ok(count)) => assert_eq!(found.iter().count(), count, "{text}"),
            (Err(problem), Err(part)) => assert!(problem.contains(part), "{problem} for {text}"),
            (Ok(_), Err(part)) => panic!("accepted, expected {part}: {text}"),
            (Err(problem), Ok(_)) => panic!("{problem}: {text}"),
        }
    }

    #[test]
    fn every_documented_form_is_read() {
        let keygen = format!("# created: 2026-11-22\n# public key: age1abc\n{LINE}\n");
        check(LINE, Ok(1));
        check(&LINE.to_ascii_lowercase(), Ok(1));
        check(&format!("  {LINE}\r\n"), Ok(1));
        check(&keygen, Ok(1));
        check(&STANDARD.encode(LINE), Ok(1));
        check(&STANDARD.encode(&keygen), Ok(1));
        check(&STANDARD.encode(STANDARD.encode(&keygen)), Ok(1));
        check(STANDARD.encode(&keygen).trim_end_matches('='), Ok(1));
        let wrapped: Vec<_> = STANDARD
            .encode(&keygen)
            .into_bytes()
            .chunks(76)
            .map(<[u8]>::to_vec)
            .collect();
        check(&String::from_utf8(wrapped.join(&b'\n')).unwrap(), Ok(1));
        check(&format!("{OTHER}\n# former\n{LINE}"), Ok(2));
    }

    #[test]
    fn what_is_no_key_is_named() {
        check("", Err("empty"));
        check(" \n", Err("empty"));
        check(
            "age1k5cr06vhdrrzkzqmx67t05apph8k7lj3t44m2uxm8whqqke8hqmqawulef",
            Err("public half"),
        );
        check("AGE-SECRET-KEY-PQ-1QQQQ", Err("post-quantum"));
        check("-----BEGIN OPENSSH PRIVATE KEY-----\n", Err("SSH"));
        check("AGE-SECRET-KEY-1...<base64-encoded>", Err("placeholder"));
        check(&format!("{LINE}{OTHER}"), Err("mistyped"));
        check(&format!("{LINE}\nAGE-SECRET-KEY-1BROKEN"), Err("mistyped"));
        check(
            &STANDARD.encode(STANDARD.encode(STANDARD.encode(LINE))),
            Err("neither"),
        );
        check(&"A".repeat(1_000_000), Err("too long"));
        check("AGE-SECRET-KEY-é", Err("neither"));
    }

    #[test]
    fn the_written_form_is_the_strict_one() {
        let key = Identities::parse(LINE.as_bytes()).unwrap();
        let written = key.to_written_form();
        assert_eq!(written.expose(), STANDARD.encode(LINE).as_bytes());
        assert_eq!(written.len(), 100);
    }

    #[test]
    fn several_identities_are_written_in_their_order() {
        let key = Identities::parse(LINE.as_bytes()).unwrap();
        let rotated = key.with_new_first();
        assert!(key.is_single() && !rotated.is_single());
        assert_ne!(rotated.recipient(), key.recipient());
        let written = Identities::parse(rotated.to_written_form().expose()).unwrap();
        assert_eq!(written.recipient(), rotated.recipient());
        let recipients: Vec<_> = written.iter().map(Identity::to_public).collect();
        assert_eq!(recipients, [rotated.recipient(), key.recipient()]);
        assert_eq!(rotated.first_alone().iter().count(), 1);
        assert_eq!(rotated.first_alone().recipient(), rotated.recipient());
    }

    #[test]
    fn the_first_identity_seals() {
        let key = Identities::parse(format!("{OTHER}\n{LINE}").as_bytes()).unwrap();
        let first: Identity = OTHER.parse().unwrap();
        assert_eq!(key.recipient(), first.to_public());
        assert!(!format!("{key:?}").contains("AGE-"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", line in "(?i)AGE-SECRET-KEY-1[a-z0-9]{0,80}") {
            let _ = Identities::parse(text.as_bytes());
            let _ = Identities::parse(format!("{text}\n{line}").as_bytes());
            let _ = Identities::parse(STANDARD.encode(text + &line).as_bytes());
        }
    }
}
