//! Claims against trees as `cargo tree` prints them.

use super::*;

const fn claim(
    package: &'static str,
    has: &'static [&'static str],
    lacks: &'static [&'static str],
) -> Claim {
    Claim {
        package,
        features: Features::Default,
        has,
        lacks,
        built: false,
    }
}

const TREE: &str = "net v0.1.0 (crates/net)\nhyper v1.12.0\ntokio v1.54.1\nserde_derive v1.0.229 (proc-macro)\ntokio v1.54.1 (*)\n\n";

#[track_caller]
fn check(has: &'static [&'static str], lacks: &'static [&'static str], expected: &[&str]) {
    assert_eq!(broken(&claim("net", has, lacks), &names(TREE)), expected);
}

#[test]
fn a_claim_that_holds_is_silent() {
    check(&["hyper", "tokio", "serde_derive"], &["age", "serde"], &[]);
}

#[test]
fn a_missing_package_is_named() {
    check(
        &["age", "hyper"],
        &[],
        &["net should bring age, and does not"],
    );
}

#[test]
fn a_package_too_many_is_named() {
    let expected = "net brings tokio, and must not (`cargo tree --invert tokio` shows the way)";
    check(&[], &["age", "tokio"], &[expected]);
}

#[test]
fn packages_are_counted_once_and_versions_apart() {
    let size = |most| Size {
        package: "net",
        features: Features::Default,
        most,
    };
    let tree = format!("{TREE}tokio v0.1.0\n");
    assert_eq!(exceeded(&size(5), &tree), None);
    let finding = exceeded(&size(4), &tree).unwrap();
    assert!(
        finding.starts_with("net brings 5 packages, at most 4 are agreed"),
        "{finding}"
    );
}

#[test]
fn what_is_denied_somewhere_is_found_elsewhere() {
    let twins = [
        claim("net", &["hyper"], &["age", "disk"]),
        claim("disk", &["age"], &["hyper"]),
    ];
    assert_eq!(without_twin(&twins), Vec::<String>::new());
    assert_eq!(
        without_twin(&[
            claim("net", &[], &["hyperr"]),
            claim("app", &["hyper"], &[])
        ]),
        ["net denies hyperr, which no claim finds anywhere"]
    );
}

#[test]
fn each_of_our_claims_has_its_twins() {
    assert_eq!(without_twin(CLAIMS), Vec::<String>::new());
}
