//! What must not compile.

/// It builds the crate and all that its tests need once more, which takes minutes.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment is how a person asks for the whole campaign"
)]
#[test]
fn mistakes_do_not_compile() {
    if std::env::var_os("RUNBEAM_CAMPAIGN").is_none_or(|value| value != "full") {
        eprintln!("skipped: RUNBEAM_CAMPAIGN is not `full`");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/refused/*.rs");
}
