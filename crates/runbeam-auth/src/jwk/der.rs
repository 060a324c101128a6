//! The little of DER (X.690) that a public key of RSA is written in: values of known tags, one behind the other.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// The contents of the value of `tag` that `input` begins with, and what follows it.
///
/// A length has one form in DER, the shortest. Nothing of more than 65,535 bytes is read.
pub(super) fn value(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match input.strip_prefix(&[tag])? {
        [short @ 0..=0x7f, rest @ ..] => (usize::from(*short), rest),
        [0x81, length @ 0x80..=0xff, rest @ ..] => (usize::from(*length), rest),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The contents of the one value of `tag` that `input` is.
pub(super) fn only(tag: u8, input: &[u8]) -> Option<&[u8]> {
    value(tag, input).and_then(|(contents, rest)| rest.is_empty().then_some(contents))
}

/// The bytes of the positive INTEGER that `input` begins with, without the zero of its sign, and what follows it.
pub(super) fn positive(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (contents, rest) = value(INTEGER, input)?;
    match contents {
        [0, number @ ..] if number.first().is_some_and(|first| *first >= 0x80) => {
            Some((number, rest))
        }
        [1..=0x7f, ..] => Some((contents, rest)),
        _ => None,
    }
}

/// A public key as PKCS#1 has it, out of its big-endian numbers.
#[cfg(any(test, feature = "aws-lc-rs"))]
pub(super) fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let number = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0)?;
        let sign: &[u8] = if bytes[start] >= 0x80 { &[0] } else { &[] };
        written(INTEGER, &[sign, &bytes[start..]].concat())
    };
    written(SEQUENCE, &[number(modulus)?, number(exponent)?].concat())
}

#[cfg(any(test, feature = "aws-lc-rs"))]
fn written(tag: u8, contents: &[u8]) -> Option<Vec<u8>> {
    let [high, low] = u16::try_from(contents.len()).ok()?.to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    Some([head, contents].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expected: Option<(&[u8], &[u8])>) {
        assert_eq!(positive(input), expected, "{input:02x?}");
    }

    #[test]
    fn a_number_has_one_form() {
        check(&[2, 1, 3], Some((&[3], &[])));
        check(&[2, 2, 0, 0x80, 9], Some((&[0x80], &[9])));
        for bad in [
            &[][..],
            &[2],
            &[2, 0],
            &[2, 1],
            &[2, 1, 0],
            &[2, 1, 0x80],
            &[2, 2, 0, 0x7f],
            &[2, 3, 0, 0, 0x80],
            &[3, 1, 3],
            // Lengths that are longer than they need be, indefinite, or of more bytes than there are.
            &[2, 0x80, 3, 0, 0],
            &[2, 0x81, 1, 3],
            &[2, 0x82, 0, 1, 3],
            &[2, 0x83, 0, 0, 1, 3],
            &[2, 0x81],
            &[2, 0x82, 1],
            &[2, 0x82, 1, 0, 3],
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn lengths_of_every_form_are_written_as_they_are_read() {
        for length in [1, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let contents = vec![7; length];
            let text = written(INTEGER, &contents).unwrap();
            assert_eq!(only(INTEGER, &text), Some(&*contents));
            assert_eq!(only(INTEGER, &[&*text, &[0]].concat()), None);
            assert_eq!(only(INTEGER, &text[..text.len() - 1]), None);
        }
        assert_eq!(written(INTEGER, &vec![7; 0x10000]), None);
    }

    #[test]
    fn a_key_is_written_as_it_is_read() {
        let key = rsa_public_key(&[0, 0xc1, 2, 3], &[1, 0, 1]).unwrap();
        let numbers = only(SEQUENCE, &key).unwrap();
        let (modulus, rest) = positive(numbers).unwrap();
        assert_eq!(modulus, [0xc1, 2, 3]);
        assert_eq!(positive(rest), Some((&[1, 0, 1][..], &[][..])));
        assert_eq!(rsa_public_key(&[0], &[3]), None);
    }
}
