//! Medians of short batches that the contenders run in turns.

use std::hint::black_box;
use std::time::Instant;

use crate::contenders::{Contender, Verify};
use crate::tokens::Token;

const ROUNDS: usize = 61;
/// Short enough that most batches are not interrupted by what else the machine does.
const BATCH: usize = 32;

/// What one contender took for one token in each of its batches, in microseconds.
pub(crate) struct Measured {
    name: &'static str,
    times: Vec<f64>,
}

impl Measured {
    pub(crate) fn new(name: &'static str) -> Self {
        let times = Vec::new();
        Self { name, times }
    }

    pub(crate) fn add(&mut self, time: f64) {
        self.times.push(time);
    }
}

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
    let batches = measured[0].times.len();
    println!("{title} (µs a token, {batches} batches of {BATCH})");
    println!("  {:26}{:>9}{:>9}", "", "median", "fastest");
    for Measured { name, times } in measured {
        let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "  {name:26}{:9.2}{fastest:9.2}",
            median(times.iter().copied())
        );
    }
}

/// How much longer one takes than the other, in batches that ran one soon after the other.
pub(crate) fn ratio(one: &Measured, other: &Measured) -> f64 {
    median(
        one.times
            .iter()
            .zip(&other.times)
            .map(|(one, other)| one / other),
    )
}

pub(crate) fn print_ratio(one: &Measured, other: &Measured) {
    println!("{} / {} = {:.2}", one.name, other.name, ratio(one, other));
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
