//! Each habit, kept and broken.

/// Looks at the body of a file that opens as it should.
#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let expected: Vec<String> = expected
        .iter()
        .map(|finding| format!("a.rs:{finding}"))
        .collect();
    assert_eq!(
        super::check("a.rs", &format!("//! A purpose.\n{body}")),
        expected
    );
}

#[test]
fn a_file_opens_with_its_purpose() {
    let expected = ["a.rs: it must open with `//!` and its one purpose"];
    assert_eq!(super::check("a.rs", "use std::fs;\n"), expected);
    assert_eq!(super::check("a.rs", "/// A thing.\n"), expected);
    assert_eq!(super::check("a.rs", ""), expected);
    check("", &[]);
}

#[test]
fn a_long_file_below_src_is_two() {
    let long = |lines: usize| format!("//! A purpose.\n{}", "fn f() {}\n".repeat(lines - 1));
    let path = "crates/runbeam-x/src/a.rs";
    assert_eq!(super::check(path, &long(500)), Vec::<String>::new());
    assert_eq!(
        super::check(path, &long(501)),
        [format!("{path}: 501 lines, and past 500 it is two files")]
    );
    assert_eq!(
        super::check("crates/runbeam-x/tests/it/a.rs", &long(501)),
        Vec::<String>::new()
    );
}

#[test]
fn macros_for_the_time_of_writing_are_found() {
    check(
        "fn f() { todo!() }",
        &["2: `todo!` is for the time of writing"],
    );
    check(
        "\nfn f() { unimplemented!(\"x\") }",
        &["3: `unimplemented!` is for the time of writing"],
    );
    check(
        "fn f() { dbg!(1); }",
        &["2: `dbg!` is for the time of writing"],
    );
}

#[test]
fn what_only_looks_like_such_a_macro_is_not() {
    check("fn f() { not_todo!(); todo(); }", &[]);
    check(
        "// A dbg!(1) in a comment.\nconst A: &str = \"todo!()\";",
        &[],
    );
}

#[test]
fn an_allowance_needs_a_reason() {
    check(
        "#[allow(dead_code)]\nfn f() {}",
        &["2: `allow(…)` needs a `reason`"],
    );
    check(
        "#![expect(dead_code)]",
        &["2: `expect(…)` needs a `reason`"],
    );
    check(
        "#[cfg_attr(test, allow(dead_code))]\nfn f() {}",
        &["2: `allow(…)` needs a `reason`"],
    );
    check(
        "#[allow(\n    dead_code\n)]\nfn f() {}",
        &["2: `allow(…)` needs a `reason`"],
    );
}

#[test]
fn an_allowance_with_a_reason_is_fine() {
    check(
        "#[allow(dead_code, reason = \"it is (not) used ]\")]\nfn f() {}",
        &[],
    );
    check(
        "#[cfg_attr(test, expect(dead_code, reason = \"tests use less\"))]\nfn f() {}",
        &[],
    );
    check(
        "fn f(x: Option<[u8; 1]>) { x.expect(\"#[allow(x)]\"); allow(x); }",
        &[],
    );
    check("#[disallow(this)]\nfn f() {}", &[]);
}

#[test]
fn a_test_is_ignored_for_a_reason() {
    let expected = "2: `#[ignore]` needs a reason: `#[ignore = \"…\"]`";
    check("#[ignore]\nfn f() {}", &[expected]);
    check("#[cfg_attr(windows, ignore)]\nfn f() {}", &[expected]);
    check("#[ignore = \"takes an hour\"]\nfn f() {}", &[]);
    check("fn ignore(a: [u8; 2]) {}", &[]);
}

#[test]
fn a_module_has_a_name_that_says_something() {
    check(
        "mod utils;",
        &["2: a module `utils` says nothing about what it is for"],
    );
    check(
        "mod a {\n    pub mod types {}\n}",
        &["3: a module `types` says nothing about what it is for"],
    );
    check(
        "mod secret_types;\nmod typesetting;\nuse other::types;",
        &[],
    );
}

#[track_caller]
fn check_place(text: &str, found: bool) {
    let expected = if found {
        vec!["a.md:1: an absolute path of one machine".to_owned()]
    } else {
        Vec::new()
    };
    assert_eq!(super::places("a.md", text), expected);
}

#[test]
fn paths_of_one_machine_are_found() {
    for place in super::PLACES {
        check_place(&format!("/{place}/me/file"), true);
        check_place(&format!("see `/{place}/me/file`"), true);
        check_place(&format!("(file:///{place}/me)"), false);
    }
}

#[test]
fn other_paths_are_not() {
    for place in super::PLACES {
        check_place(&format!("https://example.com/{place}/me"), false);
        check_place(&format!("../../{place}/me"), false);
        check_place(
            &format!("a {place} directory: ~/{place}/ and {{root}}/{place}/x"),
            false,
        );
    }
}
