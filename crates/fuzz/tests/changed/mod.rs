//! Inputs near the kept ones: the same at each run, so that a failure is one of the change under test.

use std::fs;
use std::path::Path;

use fastrand::Rng;

const SEED: u64 = 0x5eed;

/// `count` of them, each of one to four changes of a kept one.
pub fn inputs(kept: &[Vec<u8>], words: &[Vec<u8>], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = Rng::with_seed(SEED);
    (0..count).map(move |_| {
        let mut input = rng.choice(kept).unwrap().clone();
        for _ in 0..rng.usize(1..=4) {
            change(&mut input, &mut rng, kept, words);
        }
        input
    })
}

fn change(input: &mut Vec<u8>, rng: &mut Rng, kept: &[Vec<u8>], words: &[Vec<u8>]) {
    let at = rng.usize(0..=input.len());
    let end = rng.usize(at..=input.len().min(at + 16));
    match rng.u8(0..7) {
        0 => drop(input.drain(at..end)),
        1 => drop(input.splice(at..end, rng.choice(words).unwrap().iter().copied())),
        2 => {
            let other = rng.choice(kept).unwrap();
            let from = rng.usize(0..=other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        3 => {
            let part = input[at..end].to_vec();
            drop(input.splice(at..at, part));
        }
        4 => input.insert(at, rng.u8(..)),
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.u8(0..8);
            }
        }
    }
}

/// The words of a dictionary of libFuzzer: one in quotes a line, with `\\`, `\"` and `\xAB` escaped.
pub fn words(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(path).unwrap();
    let quoted = text.lines().filter_map(|line| {
        let line = line.trim();
        let start = line.find('"')?;
        (!line.starts_with('#')).then(|| &line[start + 1..line.len() - 1])
    });
    let words: Vec<Vec<u8>> = quoted.map(unescaped).collect();
    assert!(!words.is_empty(), "{}", path.display());
    words
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut word = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        word.push(match byte {
            b'\\' => match bytes.next().unwrap() {
                b'x' => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            },
            other => other,
        });
    }
    word
}
