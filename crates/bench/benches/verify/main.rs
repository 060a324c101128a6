//! How long it takes to verify a token, here and elsewhere.
//!
//! `cargo bench --manifest-path crates/bench/Cargo.toml --features bench --bench verify`, and with
//! `--features bench-aws-lc-rs` for the other arithmetic.
//!
//! Everything runs in one process, and the contenders take turns batch by batch, so that a machine that is slow for a
//! while is slow for all of them. Nothing is asserted about the time.

mod contenders;
mod measure;
mod threads;
mod tokens;

use bench::print_ratio;
use contenders::Contender;
use measure::{Task, print_table, take_turns};
use runbeam_emulator::Emulator;
use tokens::{Token, Tokens};
use tokio::runtime::Runtime;

fn main() {
    let runtime = Runtime::new().unwrap();
    let cloud = runtime.block_on(Emulator::start()).unwrap();
    let tokens = Tokens::of(&cloud);
    let bare = contenders::bare(&cloud);
    let ours = contenders::ours(&cloud);
    let peers = [
        contenders::ours_with_fetched_keys(&cloud),
        contenders::jsonwebtoken_9(&cloud),
        contenders::jsonwebtoken_10(&cloud),
        contenders::earlier_sdk(&cloud),
    ];
    let all: Vec<_> = [&bare, &ours].into_iter().chain(&peers).collect();

    first_verification(&all, &tokens.good);
    let remembering = contenders::ours_that_remembers(&cloud);
    let remembering_fetched = contenders::ours_that_remembers_and_fetches(&cloud);
    let earlier = &peers[peers.len() - 1];
    again(&[&remembering, &remembering_fetched, earlier], &tokens.good);
    threads::scaling(&[&bare, &ours, &peers[0]], &tokens.good);

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
    let measured = take_turns(contenders, tokens, Task::Accept);
    print_table("first verification of a token, keys at hand", &measured);
    let [bare, ours, others @ ..] = &measured[..] else {
        return;
    };
    print_ratio(ours, bare);
    for other in others {
        print_ratio(other, ours);
    }
}

fn again(contenders: &[&Contender], tokens: &[Token]) {
    println!();
    let measured = take_turns(contenders, tokens, Task::AcceptAgain);
    print_table("the same token again", &measured);
    if let [remembering @ .., earlier] = &measured[..] {
        for ours in remembering {
            print_ratio(earlier, ours);
        }
    }
}

fn refusal(what: &str, contenders: &[&Contender], tokens: &[Token]) {
    let measured = take_turns(contenders, tokens, Task::Refuse);
    print_table(what, &measured);
    for other in &measured[1..] {
        print_ratio(other, &measured[0]);
    }
    println!();
}
