//! What the format of age demands of a header and the library does not check.

/// Whether every stanza ends with a body line of fewer than 64 characters, which may be empty.
///
/// age-encryption.org/v1 demands it of every stanza. The library also reads stanzas of its own early versions, whose
/// body may end with a full line or be missing altogether; so one header had two readings.
pub(crate) fn ends_every_stanza(sealed: &[u8]) -> bool {
    const FULL_LINE: usize = 64;
    let mut is_open = false;
    for line in sealed.split(|byte| *byte == b'\n') {
        let begins_or_ends = line.starts_with(b"->") || line.starts_with(b"---");
        if begins_or_ends && is_open {
            return false;
        }
        if line.starts_with(b"---") {
            return true;
        }
        is_open = line.starts_with(b"->") || (is_open && line.len() >= FULL_LINE);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_ends_with_a_short_line() {
        let full = "A".repeat(64);
        let check = |body: &str, expected: bool| {
            let header = format!("age-encryption.org/v1\n-> X25519 a\nb\n-> x\n{body}--- c\n->\n");
            assert_eq!(ends_every_stanza(header.as_bytes()), expected, "{body:?}");
        };
        check("\n", true);
        check("AAAA\n", true);
        check(&format!("{full}\n\n"), true);
        check(&format!("{full}\n{full}\nAA\n"), true);
        check("", false);
        check(&format!("{full}\n"), false);
        check("-> y\n\n", false);
        assert!(
            ends_every_stanza(b""),
            "what is no header is not its matter"
        );
    }
}
