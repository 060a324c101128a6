//! Every kept input once more, and the same changes of them each time, without libFuzzer.

mod changed;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

/// How many changed inputs each target gets: some seconds of the slowest one.
const CHANGED: usize = 1_500;

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries.map(|entry| name(entry.unwrap().path())).collect()
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(place("corpus").join(target)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn replay(name: &str) {
    let (_, target) = TARGETS.iter().find(|(other, _)| *other == name).unwrap();
    let paths = inputs(name);
    let inputs: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    for (path, input) in paths.iter().zip(&inputs) {
        // The last line before a panic says which one it was.
        println!("{}", path.display());
        target(input);
    }
    assert!(inputs.len() >= 10, "{} inputs", inputs.len());

    let words = changed::words(&place("dictionaries").join(format!("{name}.dict")));
    for input in changed::inputs(&inputs, &words, CHANGED) {
        println!("{}", input.escape_ascii());
        target(&input);
    }
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })*

        /// A target that one of these does not know would not be fuzzed.
        #[test]
        fn every_target_has_its_parts() {
            let ours: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(ours, BTreeSet::from([$(stringify!($target).to_owned()),*]));
            for directory in ["corpus", "dictionaries", "fuzz_targets"] {
                assert_eq!(names(&place(directory)), ours, "{directory}");
            }
        }
    };
}

replays!(api_error bearer claims entry_file instance_ids jwks jwt key_forms page reference);

#[test]
fn the_corpus_is_small() {
    let paths = TARGETS.iter().flat_map(|(name, _)| inputs(name));
    let bytes: u64 = paths.map(|path| path.metadata().unwrap().len()).sum();
    assert!(bytes < 1_500_000, "{bytes} bytes");
}
