//! What a second thread adds: with nothing to wait for each other, two verify twice as much.

use std::sync::Barrier;

use bench::{Measured, ratio};

use crate::contenders::{Contender, Verify};
use crate::measure::{for_each_batch, print_table, time};
use crate::tokens::Token;

pub(crate) fn scaling(contenders: &[&Contender], tokens: &[Token]) {
    println!();
    for contender in contenders {
        let mut one = Measured::new("one thread");
        let mut two = Measured::new("two threads, each");
        for_each_batch(&[contender], tokens, |_, verifiers, batch| {
            one.add(together(1, &verifiers[0], batch));
            two.add(together(2, &verifiers[0], batch));
        });
        let gain = 2.0 * ratio(&one, &two);
        print_table(contender.name, &[one, two]);
        println!(
            "{}: two threads / one thread = {gain:.2} times the tokens\n",
            contender.name
        );
    }
}

/// The microseconds that a token takes in the slowest of the threads, which share one verifier.
fn together(threads: usize, verify: &Verify, tokens: &[Token]) -> f64 {
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let run = || {
            start.wait();
            time(verify, tokens, true)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let times = running.into_iter().map(|thread| thread.join().unwrap());
        times.fold(0.0, f64::max)
    })
}
