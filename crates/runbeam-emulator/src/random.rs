//! Unguessable values: secrets, identifiers and the bytes that they are made of.

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use ulid::Ulid;

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Fills `bytes` from the operating system's generator.
#[allow(
    clippy::expect_used,
    reason = "an emulator whose system has no randomness can make neither keys nor tokens"
)]
pub(crate) fn fill(bytes: &mut [u8]) {
    SystemRandom::new()
        .fill(bytes)
        .expect("the operating system provides random bytes");
}

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// `2 * N` lower-case hexadecimal digits.
pub(crate) fn hex<const N: usize>() -> String {
    bytes::<N>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `length` letters and digits, all 62 equally likely.
pub(crate) fn alphanumeric(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // Six bits give 0 to 63: refusing 62 and 63 keeps the choice even.
        let index = usize::from(bytes::<1>()[0] & 0x3f);
        if let Some(&letter) = ALPHANUMERIC.get(index) {
            text.push(char::from(letter));
        }
    }
    text
}

/// A new ULID in lower case, the form that the cloud gives to all its ids.
pub(crate) fn id(now: Timestamp) -> String {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Ulid::from_parts(milliseconds, u128::from_be_bytes(bytes()))
        .to_string()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_case_ulids_of_their_moment() {
        let id = id(Timestamp::from_millisecond(1_768_205_730_000).unwrap());
        assert_eq!(id.len(), 26);
        assert_eq!(id, id.to_ascii_lowercase());
        assert!(id.starts_with("01kermcg6g"), "{id}");
    }

    #[test]
    fn secrets_have_their_length_and_alphabet() {
        let secret = alphanumeric(4_000);
        assert_eq!(secret.len(), 4_000);
        assert!(
            ALPHANUMERIC
                .iter()
                .all(|&letter| secret.contains(char::from(letter)))
        );
        let digits = hex::<24>();
        assert_eq!(digits.len(), 48);
        assert!(
            digits
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        );
    }
}
