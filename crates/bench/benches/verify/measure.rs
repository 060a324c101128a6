//! Medians of short batches that the contenders run in turns.

use std::hint::black_box;
use std::time::Instant;

use bench::Measured;

use crate::contenders::{Contender, Verify};
use crate::tokens::Token;

const ROUNDS: usize = 61;
/// Short enough that most batches are not interrupted by what else the machine does.
const BATCH: usize = 32;

/// What the contenders have to do with each token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Accept,
    /// Once before the time is taken, and again.
    AcceptAgain,
    Refuse,
}

/// Lets each contender verify all tokens in each round, with another one at the head each time.
pub(crate) fn take_turns(contenders: &[&Contender], tokens: &[Token], task: Task) -> Vec<Measured> {
    let mut measured: Vec<_> = contenders
        .iter()
        .map(|contender| Measured::new(contender.name))
        .collect();
    for_each_batch(contenders, tokens, |number, verifiers, batch| {
        for turn in 0..verifiers.len() {
            let place = (number + turn) % verifiers.len();
            if task == Task::AcceptAgain {
                time(&verifiers[place], batch, true);
            }
            measured[place].add(time(&verifiers[place], batch, task != Task::Refuse));
        }
    });
    measured
}

/// Hands over batches of tokens that the verifiers have not seen, and that have the keys.
pub(crate) fn for_each_batch(
    contenders: &[&Contender],
    tokens: &[Token],
    mut run: impl FnMut(usize, &[Verify], &[Token]),
) {
    let (first, rest) = tokens.split_first().unwrap();
    for round in 0..ROUNDS {
        let start = |contender: &&Contender| {
            let verify = (contender.start)();
            black_box(verify(first));
            verify
        };
        let verifiers: Vec<_> = contenders.iter().map(start).collect();
        for (number, batch) in rest.chunks_exact(BATCH).enumerate() {
            run(round + number, &verifiers, batch);
        }
    }
}

/// The microseconds that a token takes.
pub(crate) fn time(verify: &Verify, tokens: &[Token], are_good: bool) -> f64 {
    let start = Instant::now();
    let accepted = tokens
        .iter()
        .filter(|token| verify(black_box(token)))
        .count();
    let time = start.elapsed();
    // Who answers wrong is not worth a comparison.
    assert_eq!(accepted, if are_good { tokens.len() } else { 0 });
    time.as_secs_f64() * 1e6 / tokens.len() as f64
}

pub(crate) fn print_table(title: &str, measured: &[Measured]) {
    bench::print_table(title, &format!("µs a token, batches of {BATCH}"), measured);
}
