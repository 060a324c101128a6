//! The corpora of instance ids and encryption keys, row by row.

use std::path::{Path, PathBuf};

use runbeam_model::Secret;
use runbeam_store::{AgeFileStore, ErrorKind, InstanceId, Precondition, SecretStore};
use serde_json::Value;

use crate::process::skipped;
use crate::scratch::{Scratch, auth, bytes, wait};

fn rows(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/corpora")
        .join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        skipped(&format!("{} is missing", path.display()));
        return Vec::new();
    };
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(rows.len() > 20);
    rows
}

/// Saves under `id`, and checks that what was written stands strictly below the root.
fn save_contained(id: &InstanceId) {
    let scratch = Scratch::new();
    let beside = scratch.path().join("beside");
    crate::scratch::write(&beside, "untouched");
    wait(
        scratch
            .files()
            .save(id, &auth(), &bytes("x"), Precondition::Any),
    )
    .unwrap();
    let below: PathBuf = scratch.root().join(id.as_str());
    for (path, _) in scratch.all_files() {
        assert!(
            path == beside || path.starts_with(&below),
            "{} for {id}",
            path.display()
        );
    }
}

#[test]
fn instance_ids() {
    let mut counts = [0; 3];
    for row in rows("instance_ids.jsonl") {
        let expect = row["expect"].as_str().unwrap();
        if let Some(pair) = row["pair"].as_array() {
            check_pair(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            counts[0] += 1;
            continue;
        }
        let id = row["id"].as_str().unwrap();
        match (InstanceId::try_from(id), expect) {
            (Err(error), "reject" | "reject_or_encoded" | "contained") => {
                assert_eq!(error.kind(), ErrorKind::InvalidName);
                counts[1] += 1;
            }
            (Ok(id), "contained") => {
                save_contained(&id);
                counts[2] += 1;
            }
            (outcome, expect) => panic!("{id:?} should be {expect}: {outcome:?}"),
        }
    }
    println!(
        "instance ids: {} pairs, {} refused, {} contained",
        counts[0], counts[1], counts[2]
    );
    let is_empty = counts == [0; 3];
    assert!(
        is_empty || counts.iter().all(|count| *count > 5),
        "{counts:?}"
    );
}

fn check_pair(first: &str, second: &str) {
    let (Ok(first), Ok(second)) = (InstanceId::try_from(first), InstanceId::try_from(second))
    else {
        return;
    };
    let scratch = Scratch::new();
    let store = scratch.files();
    wait(store.save(&first, &auth(), &bytes("first"), Precondition::Any)).unwrap();
    assert!(wait(store.load(&second, &auth())).unwrap().is_none());
    wait(store.save(&second, &auth(), &bytes("second"), Precondition::Any)).unwrap();
    assert_eq!(
        wait(store.load(&first, &auth())).unwrap().unwrap().value,
        bytes("first")
    );
}

#[test]
fn env_keys() {
    let mut accepted = 0;
    for row in rows("env_keys.jsonl") {
        let (value, why) = (row["value"].as_str().unwrap(), &row["why"]);
        let scratch = Scratch::new();
        let store = AgeFileStore::new(scratch.root())
            .unwrap()
            .with_encryption_key(&Secret::from(value));
        match (store, row["expect"].as_str().unwrap()) {
            // Both forms that the corpus leaves open are accepted: base64url, and base64 of base64.
            (Ok(store), "accept" | "policy") => {
                crate::scratch::save(&store, "x").unwrap();
                assert_eq!(crate::scratch::load(&store).unwrap().as_deref(), Some("x"));
                accepted += 1;
            }
            (Err(error), "reject") => {
                assert_eq!(error.kind(), ErrorKind::EncryptionKey, "{why}");
                let shown = format!("{error} {error:?}");
                let is_telling = value.len() > 8 && shown.contains(&value[..value.len().min(40)]);
                assert!(!is_telling, "{why}: the error shows the value");
            }
            (outcome, expect) => panic!("{why} should be {expect}: {outcome:?}"),
        }
    }
    println!("encryption keys: {accepted} accepted");
    assert!([0, 8].contains(&accepted), "the corpus is another one");
}
