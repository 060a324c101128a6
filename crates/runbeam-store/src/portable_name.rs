//! The rule that makes a name the same name on every file system.

/// What is wrong with a name, as a clause for an error.
pub(crate) type Problem = &'static str;

pub(crate) const UPPER_CASE: Problem = "it holds an upper-case letter, and some file systems do not tell `A` from `a`; write it in lower case";

/// Checks `text` against the rule, where `allowed` says which characters may stand beside lower-case ASCII
/// letters and digits.
///
/// Names that pass are distinct on file systems that fold case, normalise Unicode or trim final dots and
/// spaces, and none is a device of Windows. The rule is the same everywhere, so that a home can move.
pub(crate) fn check(text: &str, max_len: usize, allowed: &[char]) -> Result<(), Problem> {
    let Some(first) = text.chars().next() else {
        return Err("it is empty");
    };
    if text.len() > max_len {
        return Err("it is longer than 64 characters");
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(UPPER_CASE);
    }
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !text.chars().all(|c| is_plain(c) || allowed.contains(&c)) {
        return Err("it holds a character that is not portable");
    }
    if !is_plain(first) {
        return Err("it does not begin with a letter or a digit");
    }
    if text.ends_with('.') {
        return Err("it ends in a dot, which Windows drops");
    }
    if is_windows_device(text) {
        return Err("Windows reserves it for a device");
    }
    Ok(())
}

/// Windows takes `nul`, `nul.txt` and `com1.backup` for devices, in any directory.
fn is_windows_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or(text);
    match stem {
        "con" | "prn" | "aux" | "nul" => true,
        _ => match stem
            .strip_prefix("com")
            .or_else(|| stem.strip_prefix("lpt"))
        {
            Some(number) => number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit()),
            None => false,
        },
    }
}
