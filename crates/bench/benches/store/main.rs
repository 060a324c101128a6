//! How long it takes to keep a token durably and to load it, here, bare, and by the earlier SDK.
//!
//! `cargo bench --manifest-path crates/bench/Cargo.toml --features bench-store --bench store`
//!
//! Everything runs in one process, and the contenders take turns batch by batch, so that a machine that is slow for a
//! while is slow for all of them. Files are below the system's directory for temporary files: `TMPDIR` says which disk
//! is measured. Nothing is asserted about the time.

mod contenders;
mod fixture;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use bench::{Measured, print_ratio, print_table};
use contenders::{Contender, Work};
use fixture::{Fixture, INSTANCES};

/// Says where this process, which has a home directory of its own, keeps files. The earlier SDK knows no other place.
const SCRATCH: &str = "RUNBEAM_BENCH_STORE_SCRATCH";

const ROUNDS: usize = 401;
/// A save waits for the disk several times.
const SAVES: usize = 2;
const LOADS_AGAIN: usize = 64;

fn main() -> ExitCode {
    match std::env::var_os(SCRATCH) {
        Some(scratch) => {
            compare(scratch.as_ref());
            ExitCode::SUCCESS
        }
        None => with_a_home_of_its_own(),
    }
}

fn with_a_home_of_its_own() -> ExitCode {
    let scratch = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .env(SCRATCH, scratch.path())
        .env("HOME", scratch.path().join("home"))
        .env_remove("RUNBEAM_ENCRYPTION_KEY")
        .status()
        .unwrap();
    if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn compare(scratch: &Path) {
    let fixture = Fixture::new(scratch);
    let saves = [
        contenders::save_bare(&fixture),
        contenders::save_with_key(&fixture),
        contenders::save_with_own_key(&fixture),
        contenders::save_by_the_earlier_sdk(&fixture),
    ];
    let [bare, with_key, own_key, earlier] = &take_turns(&saves, SAVES)[..] else {
        return;
    };
    print_ratio_and_target(with_key, bare, 1.25);
    print_ratio_and_target(own_key, bare, 1.25);
    print_ratio(own_key, earlier);

    println!();
    let loads = [
        contenders::load_bare(&fixture),
        contenders::load_bare_with_key_file(&fixture),
        contenders::load_with_key(&fixture),
        contenders::load_with_own_key(&fixture),
        contenders::load_token(&fixture),
        contenders::load_by_the_earlier_sdk(&fixture),
    ];
    let [bare, bare_with_key_file, with_key, own_key, token, earlier] =
        &take_turns(&loads, INSTANCES)[..]
    else {
        return;
    };
    print_ratio_and_target(with_key, bare, 1.15);
    print_ratio_and_target(own_key, bare_with_key_file, 1.15);
    print_ratio_and_target(token, earlier, 1.0);

    println!();
    let again = take_turns(&[contenders::load_again(&fixture)], LOADS_AGAIN);
    println!("{:.2} µs; target: at most 5.00", again[0].median());
}

fn print_ratio_and_target(one: &Measured, other: &Measured, target: f64) {
    print_ratio(one, other);
    println!("    target: at most {target:.2}");
}

/// Lets each contender do its work in each round, with another one at the head each time.
fn take_turns(contenders: &[Contender], batch: usize) -> Vec<Measured> {
    let mut measured: Vec<_> = contenders
        .iter()
        .map(|contender| Measured::new(contender.name))
        .collect();
    for round in 0..ROUNDS {
        for turn in 0..contenders.len() {
            let place = (round + turn) % contenders.len();
            let mut work = (contenders[place].start)();
            measured[place].add(time(&mut work, batch));
        }
    }
    let title = contenders[0].title;
    print_table(
        title,
        &format!("µs, medians of batches of {batch}"),
        &measured,
    );
    measured
}

/// The microseconds that one piece of the work takes.
fn time(work: &mut Work, batch: usize) -> f64 {
    let start = Instant::now();
    for number in 0..batch {
        work(number);
    }
    start.elapsed().as_secs_f64() * 1e6 / batch as f64
}
