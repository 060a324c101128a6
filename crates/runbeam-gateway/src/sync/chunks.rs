//! The form in which a version of a configuration is kept: entries of bounded size, each of which says what it is a piece of.
//! It does no I/O.

use std::collections::BTreeMap;

use runbeam_sdk::model::SecretBytes;
use runbeam_sdk::store::EntryName;
use sha2::{Digest, Sha256};

/// What fits into an entry beside its header.
const PIECE: usize = 60 * 1024;

const PREFIX: &str = "config-";

/// The checksum of a whole version.
type Checksum = [u8; 32];

/// Cuts a version into entries.
pub(super) fn split(version: u64, whole: &SecretBytes) -> Vec<(EntryName, SecretBytes)> {
    let checksum: Checksum = Sha256::digest(whole.expose()).into();
    let pieces: Vec<&[u8]> = match whole.expose() {
        [] => vec![&[]],
        bytes => bytes.chunks(PIECE).collect(),
    };
    let count = pieces.len() as u32;
    let entries = (0..).zip(pieces).filter_map(|(index, piece)| {
        let mut bytes = SecretBytes::with_capacity(HEADER + piece.len());
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes.extend_from_slice(&index_bytes(index, count));
        bytes.extend_from_slice(&checksum);
        bytes.extend_from_slice(piece);
        // Digits make a name.
        Some((name(version, index)?, bytes))
    });
    entries.collect()
}

/// The version, the place among the pieces, their number, and the checksum.
const HEADER: usize = 8 + 8 + 32;

fn index_bytes(index: u32, count: u32) -> [u8; 8] {
    (u64::from(index) << 32 | u64::from(count)).to_be_bytes()
}

fn name(version: u64, index: u32) -> Option<EntryName> {
    format!("{PREFIX}{version:020}-{index:06}").parse().ok()
}

/// All versions of which the list of entries has a piece, with the names of the pieces.
pub(super) fn versions(
    entries: impl IntoIterator<Item = EntryName>,
) -> BTreeMap<u64, Vec<EntryName>> {
    let mut versions: BTreeMap<u64, Vec<EntryName>> = BTreeMap::new();
    for entry in entries {
        let version = entry
            .as_str()
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(version, _)| version.parse().ok());
        if let Some(version) = version {
            versions.entry(version).or_default().push(entry);
        }
    }
    versions
}

/// Puts a version together again from the pieces in their order; `None` if one is missing or was changed.
pub(super) fn join(version: u64, pieces: &[SecretBytes]) -> Option<SecretBytes> {
    let first = pieces.first()?.expose();
    let checksum: Checksum = first.get(16..HEADER)?.try_into().ok()?;
    let count = u32::from_be_bytes(first.get(12..16)?.try_into().ok()?);
    let length = pieces.iter().map(SecretBytes::len).sum();
    let mut whole = SecretBytes::with_capacity(length);
    for index in 0..count {
        let piece = pieces.get(index as usize)?.expose();
        let (header, piece) = piece.split_at_checked(HEADER)?;
        let is_it = header[..8] == version.to_be_bytes()
            && header[8..16] == index_bytes(index, count)
            && header[16..] == checksum;
        if !is_it {
            return None;
        }
        whole.extend_from_slice(piece);
    }
    (Checksum::from(Sha256::digest(whole.expose())) == checksum).then_some(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(bytes: &[u8]) -> SecretBytes {
        let mut secret = SecretBytes::default();
        secret.extend_from_slice(bytes);
        secret
    }

    #[test]
    fn every_size_comes_back_and_every_piece_fits() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE] {
            let whole = bytes(&vec![7; length]);
            let (names, pieces): (Vec<_>, Vec<_>) = split(3, &whole).into_iter().unzip();
            assert!(
                pieces
                    .iter()
                    .all(|piece| piece.len() <= runbeam_sdk::store::MAX_SECRET_LEN)
            );
            assert!(names.is_sorted());
            assert_eq!(versions(names).into_keys().collect::<Vec<_>>(), [3]);
            assert!(join(3, &pieces) == Some(whole), "{length}");
            assert!(join(4, &pieces).is_none());
            assert!(join(3, &pieces[1..]).is_none());
        }
    }

    #[test]
    fn pieces_of_two_versions_do_not_mix() {
        let (former, newer) = (bytes(&vec![1; 2 * PIECE]), bytes(&vec![2; 2 * PIECE]));
        let piece = |whole: &SecretBytes, index: usize| split(1, whole)[index].1.clone();
        assert!(join(1, &[piece(&newer, 0), piece(&former, 1)]).is_none());
        // What is left over from a longer one does no harm.
        let left_over = [piece(&newer, 0), piece(&newer, 1), piece(&newer, 1)];
        assert!(join(1, &left_over).is_some());
    }

    proptest! {
        #[test]
        fn no_change_of_a_byte_goes_unseen(at in 0..HEADER + 100, bit in 0_u32..8) {
            let mut entries = split(1, &bytes(&[9; 100]));
            let mut changed = entries.remove(0).1.expose().to_vec();
            changed[at] ^= 1_u8 << bit;
            prop_assert!(join(1, &[bytes(&changed)]).is_none());
        }

        #[test]
        fn no_bytes_make_it_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
            let pieces: Vec<SecretBytes> = pieces.iter().map(|piece| bytes(piece)).collect();
            prop_assert!(join(0, &pieces).is_none());
        }
    }
}
