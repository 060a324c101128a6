//! base64url without padding, in its one canonical spelling (RFC 7515, section 2; RFC 4648, section 3.5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The bytes that `text` stands for, or `None` if another spelling would stand for the same.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_spelling() {
        assert_eq!(decode("").unwrap(), b"");
        assert_eq!(decode("-_8").unwrap(), [0xfb, 0xff]);
        for text in [
            "-_8=", "+/8", "-_9", "-_8 ", " -_8", "-\n_8", "A", "\u{feff}", "-_8\0", "é",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
