//! Files of other implementations of age: C2SP's test vectors of the format (CCTV), judged by a store that keeps them.
//!
//! X25519 alone is what a store seals with. Vectors that need a passphrase or a post-quantum key are not for it.

use std::path::Path;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use runbeam_model::Secret;
use runbeam_store::{ErrorKind, SecretStore};
use sha2::{Digest, Sha256};

use crate::process::skipped;
use crate::scratch::{Scratch, auth, gateway, wait, write_private};

/// The largest file that a store reads.
const MAX_FILE_LEN: usize = 256 * 1024;

struct Vector {
    name: String,
    expect: String,
    /// SHA-256 of the plaintext, in hex.
    payload: Option<String>,
    identities: Vec<String>,
    is_armored: bool,
    file: Vec<u8>,
}

impl Vector {
    fn parse(name: String, bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let header = std::str::from_utf8(&bytes[..end]).unwrap();
        let fields: Vec<_> = header
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .collect();
        let all = |name: &str| {
            let named = fields.iter().filter(|(field, _)| *field == name);
            named
                .map(|(_, value)| (*value).to_owned())
                .collect::<Vec<_>>()
        };
        let identities = all("identity");
        let is_ours = identities
            .iter()
            .all(|identity| identity.starts_with("AGE-SECRET-KEY-1"));
        if identities.is_empty() || !is_ours || !all("passphrase").is_empty() {
            return None;
        }
        let file = &bytes[end + 2..];
        let file = match &*all("compressed") {
            [] => file.to_vec(),
            // The largest ones only have to be too large.
            [how] if how == "zlib" => decompress_to_vec_zlib_with_limit(file, MAX_FILE_LEN + 1)
                .unwrap_or_else(|error| error.output),
            other => panic!("{name}: compressed as {other:?}"),
        };
        Some(Self {
            name,
            expect: all("expect").pop().unwrap(),
            payload: all("payload").pop(),
            identities,
            is_armored: all("armored") == ["yes"],
            file,
        })
    }

    /// What a store says that finds the file where it keeps an entry: the SHA-256 of the secret, or the error.
    fn load(&self) -> Result<String, ErrorKind> {
        let scratch = Scratch::new();
        write_private(scratch.file("auth.json"), &self.file);
        let key = Secret::from(self.identities.join("\n"));
        let store = scratch.files().with_encryption_key(&key).unwrap();
        let loaded = wait(store.load(&gateway(), &auth()));
        assert_eq!(
            std::fs::read(scratch.file("auth.json")).unwrap(),
            self.file,
            "it is left as it is"
        );
        let secret = loaded.map_err(|error| error.kind())?.unwrap().value;
        let digest = Sha256::digest(secret.expose());
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn vectors() -> Vec<Vector> {
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cctv-age/testdata");
    let Ok(items) = std::fs::read_dir(&directory) else {
        skipped(&format!("{} is missing", directory.display()));
        return Vec::new();
    };
    let mut vectors: Vec<_> = items
        .filter_map(|item| {
            let path = item.unwrap().path();
            let name = path.file_name()?.to_str()?.to_owned();
            Vector::parse(name, &std::fs::read(path).unwrap())
        })
        .collect();
    vectors.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(vectors.len(), 96, "66 binary ones and 30 armored ones");
    vectors
}

#[test]
fn binary_files_are_judged_as_the_format_says() {
    let (mut opened, mut refused, mut too_large) = (0, 0, 0);
    for vector in vectors().iter().filter(|vector| !vector.is_armored) {
        let expected = match &*vector.expect {
            // No secret is that large.
            "success" if vector.file.len() > MAX_FILE_LEN => Err(ErrorKind::TooLarge),
            "success" => Ok(vector.payload.clone().unwrap()),
            "no match" => Err(ErrorKind::WrongKey),
            "header failure" | "HMAC failure" | "payload failure" => Err(ErrorKind::Damaged),
            other => panic!("{}: {other}", vector.name),
        };
        match expected {
            Ok(_) => opened += 1,
            Err(ErrorKind::TooLarge) => too_large += 1,
            Err(_) => refused += 1,
        }
        assert_eq!(
            vector.load(),
            expected,
            "{}: {}",
            vector.name,
            vector.expect
        );
    }
    println!("{opened} opened, {refused} refused, {too_large} too large for a secret");
    assert!([(0, 0, 0), (11, 52, 3)].contains(&(opened, refused, too_large)));
}

/// No version of the SDK ever wrote armor, and what is never written need not be parsed.
#[test]
fn armored_files_are_refused() {
    for vector in vectors().iter().filter(|vector| vector.is_armored) {
        assert_eq!(vector.load(), Err(ErrorKind::Damaged), "{}", vector.name);
    }
}
