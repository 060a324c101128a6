//! How long it takes to verify a token, here and elsewhere.
//!
//! `cargo bench --manifest-path crates/bench/Cargo.toml --features bench --bench verify`
//!
//! Everything runs in one process, and the contenders take turns batch by batch, so that a machine that is slow for a
//! while is slow for all of them. Nothing is asserted about the time.

mod contenders;
mod measure;
mod threads;
mod tokens;

use contenders::Contender;
use measure::{print_ratio, print_table, take_turns};
use runbeam_emulator::Emulator;
use tokens::{Token, Tokens};
use tokio::runtime::Runtime;

fn main() {
    let runtime = Runtime::new().unwrap();
    let cloud = runtime.block_on(Emulator::start()).unwrap();
    let tokens = Tokens::of(&cloud);
    let ring = contenders::bare_ring(&cloud);
    let ours = contenders::ours(&cloud);
    let peers = [
        contenders::ours_with_fetched_keys(&cloud),
        contenders::jsonwebtoken_9(&cloud),
        contenders::jsonwebtoken_10(&cloud),
        contenders::earlier_sdk(&cloud),
    ];
    let all: Vec<_> = [&ring, &ours].into_iter().chain(&peers).collect();

    first_verification(&all, &tokens.good);
    threads::scaling(&[&ring, &ours], &tokens.good);

    println!("\nrefusing a token\n");
    let verifiers = &all[1..];
    // The earlier SDK fetches the keys again for each forged token, which is another measure.
    let but_the_earlier = &verifiers[..verifiers.len() - 1];
    refusal(
        "bad base64url in the claims",
        verifiers,
        &tokens.bad_base64url,
    );
    refusal("signed with HS256", verifiers, &tokens.wrong_algorithm);
    refusal("unknown issuer", verifiers, &tokens.unknown_issuer);
    refusal("signature by another key", but_the_earlier, &tokens.forged);
}

fn first_verification(contenders: &[&Contender], tokens: &[Token]) {
    let measured = take_turns(contenders, tokens, true);
    print_table("first verification of a token, keys at hand", &measured);
    let [ring, ours, others @ ..] = &measured[..] else {
        return;
    };
    print_ratio(ours, ring);
    for other in others {
        print_ratio(other, ours);
    }
}

fn refusal(what: &str, contenders: &[&Contender], tokens: &[Token]) {
    let measured = take_turns(contenders, tokens, false);
    print_table(what, &measured);
    for other in &measured[1..] {
        print_ratio(other, &measured[0]);
    }
    println!();
}
