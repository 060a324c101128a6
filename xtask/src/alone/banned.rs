//! What `deny.toml` bans outright is not in `Cargo.lock` either.
//!
//! This is the second reader of the same list: it needs no cargo-deny, and it sees what no feature or platform hides.

use serde_json::Value;

use crate::step::Result;

/// Crates that must be in the lock file. If this search does not find them, it would not find the others.
const TWINS: &[&str] = &["ring", "rustls", "age"];

pub(super) fn check(lock: &str, policy: &str) -> Result<Vec<String>> {
    let banned = outright(policy)?;
    if banned.is_empty() {
        return Err("deny.toml bans no crate outright: this search looks for nothing".into());
    }
    let found = banned.iter().filter(|name| is_locked(lock, name));
    let found = found.map(|name| format!("Cargo.lock has {name}, which deny.toml bans"));
    let lost = TWINS.iter().filter(|name| !is_locked(lock, name));
    let lost = lost.map(|name| {
        format!("Cargo.lock should have {name}: the search for banned crates is blind")
    });
    Ok(found.chain(lost).collect())
}

/// The names that are banned in every version and for everyone.
fn outright(policy: &str) -> Result<Vec<String>> {
    let policy: Value = basic_toml::from_str(policy)?;
    let entries = policy
        .get("bans")
        .and_then(|bans| bans.get("deny"))
        .and_then(Value::as_array);
    let name = |entry: &Value| {
        let name = entry.get("crate")?.as_str()?;
        let limited = name.contains(['@', ':']) || entry.get("wrappers").is_some();
        (!limited).then(|| name.to_owned())
    };
    Ok(entries.into_iter().flatten().filter_map(name).collect())
}

fn is_locked(lock: &str, name: &str) -> bool {
    lock.lines().any(|line| {
        line.strip_prefix("name = ")
            .is_some_and(|value| value.trim_matches('"') == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [bans]
        deny = [
            { crate = "openssl", reason = "one TLS" },
            { crate = "h2:<0.4.16", reason = "an old one" },
            { crate = "hyper", wrappers = ["runbeam-http"], reason = "one client" },
        ]"#;

    fn lock(names: &[&str]) -> String {
        names
            .iter()
            .map(|name| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n\n"))
            .collect()
    }

    #[track_caller]
    fn check(names: &[&str], expected: &[&str]) {
        assert_eq!(super::check(&lock(names), POLICY).unwrap(), expected);
    }

    #[test]
    fn what_is_banned_for_some_or_in_part_may_be_there() {
        check(
            &["ring", "rustls", "age", "h2", "hyper", "openssl-probe"],
            &[],
        );
    }

    #[test]
    fn what_is_banned_outright_is_found() {
        check(
            &["ring", "rustls", "age", "openssl"],
            &["Cargo.lock has openssl, which deny.toml bans"],
        );
    }

    #[test]
    fn a_blind_search_is_noticed() {
        let expected = "Cargo.lock should have age: the search for banned crates is blind";
        check(&["ring", "rustls"], &[expected]);
        assert!(super::check(&lock(TWINS), "[bans]\ndeny = []").is_err());
        assert!(super::check(&lock(TWINS), "[licenses]").is_err());
    }
}
