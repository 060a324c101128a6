//! Habits of the tree of files: what it holds, and what things are called.

/// All that lies at the top.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".git",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "target",
    "xtask",
];

/// Names for files and modules that would hold anything.
pub(super) const VAGUE: &[&str] = &["common", "helpers", "misc", "types", "utils"];

/// Names at the top that nobody agreed upon.
pub(super) fn unexpected(top: &[String]) -> Vec<String> {
    let strangers = top.iter().filter(|name| !TOP.contains(&name.as_str()));
    strangers
        .map(|name| format!("{name}: it does not belong at the top of the tree"))
        .collect()
}

/// Rust files and the directories above them that have a vague name.
pub(super) fn vague(files: &[String]) -> Vec<String> {
    let is_vague = |path: &&String| {
        let parts = path.strip_suffix(".rs").map(|path| path.split('/'));
        parts.is_some_and(|mut parts| parts.any(|part| VAGUE.contains(&part)))
    };
    let found = files.iter().filter(is_vague);
    found
        .map(|path| format!("{path}: the name says nothing about what it is for"))
        .collect()
}

/// Libraries, given by their directories, that have no integration tests.
pub(super) fn untested(libraries: &[String], files: &[String]) -> Vec<String> {
    let tests = |library: &String| format!("{library}/tests/it/main.rs");
    let missing = libraries
        .iter()
        .map(tests)
        .filter(|path| !files.contains(path));
    missing
        .map(|path| format!("{path}: each library has its integration tests there"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[track_caller]
    fn check(findings: &[String], expected: &[&str]) {
        let paths: Vec<&str> = findings
            .iter()
            .filter_map(|finding| finding.split(": ").next())
            .collect();
        assert_eq!(paths, expected);
    }

    #[test]
    fn the_top_holds_what_was_agreed_upon() {
        check(&unexpected(&owned(TOP)), &[]);
        check(
            &unexpected(&owned(&["crates", "notes.txt", "scripts"])),
            &["notes.txt", "scripts"],
        );
    }

    #[test]
    fn a_vague_name_is_found_wherever_it_stands() {
        let bad = [
            "crates/a/src/utils.rs",
            "crates/a/src/types/secret.rs",
            "crates/a/tests/common/mod.rs",
        ];
        check(&vague(&owned(&bad)), &bad);
        check(
            &vague(&owned(&[
                "crates/a/src/utilsx.rs",
                "crates/a/src/media_types.rs",
                "crates/misc.md",
            ])),
            &[],
        );
    }

    #[test]
    fn a_library_has_integration_tests() {
        let files = owned(&["crates/a/tests/it/main.rs", "crates/b/tests/b.rs"]);
        check(&untested(&owned(&["crates/a"]), &files), &[]);
        check(
            &untested(&owned(&["crates/a", "crates/b"]), &files),
            &["crates/b/tests/it/main.rs"],
        );
    }
}
