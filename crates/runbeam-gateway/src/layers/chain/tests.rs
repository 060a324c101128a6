//! The whole truth table: by hand for two methods, generated for up to four.

use super::*;
use Finding::{CannotCheck, HeldBack, Invalid, Missing, Valid};

const FINDINGS: [Finding; 5] = [Missing, Invalid, CannotCheck, HeldBack, Valid];

fn walk(chain: &[(bool, Finding)]) -> u16 {
    let mut walk = Walk::default();
    for (is_optional, finding) in chain {
        if let ControlFlow::Break(denial) = walk.step(*finding, *is_optional) {
            return status(denial);
        }
    }
    walk.end().map_or_else(status, |()| 200)
}

fn status(denial: Denial) -> u16 {
    match denial {
        Denial::Missing | Denial::Invalid => 401,
        Denial::CannotCheck => 503,
        Denial::HeldBack => 429,
    }
}

/// Rows: what the first method finds; columns: what the second one does; each missing, invalid, cannot check, valid.
#[track_caller]
fn check(optional: [bool; 2], expected: [[u16; 4]; 4]) {
    let findings = [Missing, Invalid, CannotCheck, Valid];
    let row = |first| findings.map(|second| walk(&[(optional[0], first), (optional[1], second)]));
    assert_eq!(findings.map(row), expected, "optional: {optional:?}");
}

#[test]
fn two_methods() {
    let (optional, required) = (true, false);
    // As in the product's example: a token, or else a key.
    check(
        [optional, required],
        [
            [401, 401, 503, 200],
            [401, 401, 401, 401],
            [503, 503, 503, 503],
            [200, 401, 503, 200],
        ],
    );
    check(
        [optional, optional],
        [
            [401, 401, 503, 200],
            [401, 401, 401, 401],
            [503, 503, 503, 503],
            [200, 401, 503, 200],
        ],
    );
    check(
        [required, required],
        [
            [401, 401, 401, 401],
            [401, 401, 401, 401],
            [503, 503, 503, 503],
            [401, 401, 503, 200],
        ],
    );
    check(
        [required, optional],
        [
            [401, 401, 401, 401],
            [401, 401, 401, 401],
            [503, 503, 503, 503],
            [200, 401, 503, 200],
        ],
    );
}

/// The rule as the documentation states it, read by positions in place of a walk.
fn as_documented(chain: &[(bool, Finding)]) -> u16 {
    let is_bad =
        |(_, finding): &(bool, Finding)| matches!(finding, Invalid | CannotCheck | HeldBack);
    // Alternatives end with each required method.
    let alternatives = chain.split_inclusive(|(is_optional, _)| !is_optional);
    let mut end = 0;
    let mut unmet = None;
    for methods in alternatives {
        end += methods.len();
        let has_required = methods.iter().any(|(is_optional, _)| !is_optional);
        let is_met = methods.iter().any(|(_, finding)| *finding == Valid);
        if has_required && !is_met && unmet.is_none() {
            unmet = Some(end);
        }
    }
    match (chain.iter().position(is_bad), unmet) {
        (Some(bad), unmet) if unmet.is_none_or(|unmet| bad < unmet) => match chain[bad].1 {
            CannotCheck => 503,
            HeldBack => 429,
            _ => 401,
        },
        (_, Some(_)) => 401,
        (_, None) => {
            let has_required = chain.iter().any(|(is_optional, _)| !is_optional);
            let is_one_valid = chain.iter().any(|(_, finding)| *finding == Valid);
            if has_required || is_one_valid {
                200
            } else {
                401
            }
        }
    }
}

#[test]
fn every_chain_of_up_to_four() {
    let mut chains: Vec<Vec<(bool, Finding)>> = vec![vec![]];
    let mut count = 0;
    for _ in 0..4 {
        let longer = |chain: &Vec<(bool, Finding)>| {
            let chain = chain.clone();
            [true, false].into_iter().flat_map(move |is_optional| {
                let chain = chain.clone();
                FINDINGS.map(|finding| [&chain[..], &[(is_optional, finding)]].concat())
            })
        };
        chains = chains.iter().flat_map(longer).collect();
        for chain in &chains {
            let status = walk(chain);
            assert_eq!(status, as_documented(chain), "{chain:?}");
            // What must hold whatever the rule is.
            let has = |finding| chain.iter().any(|(_, found)| *found == finding);
            let is_let_through = status == 200;
            assert!(!is_let_through || has(Valid), "{chain:?}");
            assert!(!is_let_through || !has(Invalid), "{chain:?}");
            assert!(!is_let_through || !has(CannotCheck), "{chain:?}");
            count += 1;
        }
    }
    assert_eq!(count, 10 + 100 + 1_000 + 10_000);
}
