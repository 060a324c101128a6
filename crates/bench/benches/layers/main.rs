//! What the gateway's layers cost a request, here and elsewhere, and what a flood of passwords does to a token.
//!
//! `cargo bench --manifest-path crates/bench/Cargo.toml --features bench-layers --bench layers`, and with `-- siege` for
//! the flood alone.
//!
//! Everything runs in one process, and the contenders take turns batch by batch, so that a machine that is slow for a
//! while is slow for all of them. Nothing is asserted about the time.

mod contenders;
mod siege;

use std::hint::black_box;
use std::time::Instant;

use bench::{Measured, print_ratio, print_table};
use contenders::{Ask, Contender};
use runbeam_emulator::SigningKey;
use tokio::runtime::Runtime;

const ROUNDS: usize = 41;
/// Short enough that most batches are not interrupted by what else the machine does.
const BATCH: usize = 64;

fn main() {
    let runtime = Runtime::new().unwrap();
    if std::env::args().all(|argument| argument != "siege") {
        let key = SigningKey::generate();
        let contenders = contenders::all(&runtime, &key);
        let tokens: Vec<_> = (0..ROUNDS * BATCH)
            .map(|number| contenders::token(&key, number))
            .collect();
        overhead(&runtime, &contenders, &tokens);
    }
    siege::run();
}

/// Requests with a token that each layer has not seen, and with the same ones again; and beside them those that are
/// let through by no layer at all, and by an API key.
fn overhead(runtime: &Runtime, contenders: &[Contender], tokens: &[String]) {
    let named = |suffix: &'static str| {
        let of =
            |contender: &Contender| Measured::new(format!("{}{suffix}", contender.name).leak());
        contenders.iter().map(of).collect::<Vec<_>>()
    };
    let (mut first, mut again) = (named(", new"), named(", again"));
    for (round, batch) in tokens.chunks_exact(BATCH).enumerate() {
        for turn in 0..contenders.len() {
            let place = (round + turn) % contenders.len();
            let ask = &contenders[place].ask;
            first[place].add(time(runtime, ask, batch));
            again[place].add(time(runtime, ask, batch));
        }
    }
    let unit = format!("µs a request, batches of {BATCH}");
    print_table("a token that was not seen before", &unit, &first);
    let [_, ours, peer, _] = &first[..] else {
        return;
    };
    print_ratio(peer, ours);
    println!();
    print_table("the same token again", &unit, &again);
    let [bare, ours, peer, api_key] = &again[..] else {
        return;
    };
    print_ratio(peer, ours);
    let over = |layer: &Measured| layer.median() - bare.median();
    println!("overhead of a token seen before: {:.2} µs", over(ours));
    println!("overhead of a valid API key: {:.2} µs", over(api_key));
}

/// The microseconds that a request takes.
fn time(runtime: &Runtime, ask: &Ask, tokens: &[String]) -> f64 {
    let requests: Vec<_> = tokens
        .iter()
        .map(|token| contenders::request(token))
        .collect();
    runtime.block_on(async {
        let start = Instant::now();
        for request in requests {
            // Who answers wrong is not worth a comparison.
            assert_eq!(black_box(ask(black_box(request)).await), 200);
        }
        start.elapsed().as_secs_f64() * 1e6 / tokens.len() as f64
    })
}
