//! Any bytes as the file of an entry.

use std::fs::{self, OpenOptions};
use std::io::Write;

use runbeam_model::Secret;
use runbeam_store::ErrorKind;

use crate::store::{Scratch, load};

const KEY: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";

/// Files that open: sealed for this entry, or for none by Debian's `age`, and what is in them.
const GOOD: &[(&[u8], &[u8])] = &[
    (
        include_bytes!("../data/here.age"),
        b"the secret of the gateway",
    ),
    (include_bytes!("../data/empty.age"), b""),
    (
        include_bytes!("../data/by_age.age"),
        b"sealed by age itself",
    ),
];

/// What is loaded is what was sealed for this place; everything else is a typed error, and leaves the file alone.
pub fn entry_file(bytes: &[u8]) {
    let scratch = Scratch::new();
    let path = scratch.root().join("gateway").join("auth.json");
    write_private(&path, bytes);
    let store = scratch
        .files()
        .with_encryption_key(&Secret::from(KEY))
        .unwrap();
    match load(&store) {
        Ok(loaded) => {
            let loaded = loaded.expect("there is a file");
            let good = GOOD.iter().find(|(file, _)| *file == bytes);
            let (_, secret) = good.expect("a file opens that nobody sealed for this place");
            assert_eq!(loaded.expose(), *secret);
        }
        Err(error) => {
            assert!(!GOOD.iter().any(|(file, _)| *file == bytes), "{error}");
            let kinds = [
                ErrorKind::Damaged,
                ErrorKind::Misplaced,
                ErrorKind::TooLarge,
                ErrorKind::WrongKey,
            ];
            assert!(kinds.contains(&error.kind()), "{error:?}");
        }
    }
    assert!(fs::read(&path).unwrap() == bytes, "the file was changed");
}

fn write_private(path: &std::path::Path, bytes: &[u8]) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut directory = fs::DirBuilder::new();
    directory.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        options.mode(0o600);
        directory.mode(0o700);
    }
    directory.create(path.parent().unwrap()).unwrap();
    options.open(path).unwrap().write_all(bytes).unwrap();
}
