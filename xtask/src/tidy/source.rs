//! Habits of one source file.

use super::code::{blank, is_word};
use super::tree::VAGUE;

/// Past this many lines, a file below `src` is two files.
const LINES: usize = 500;

/// Macros that are for the time of writing.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

const IGNORE: &str = "ignore";

/// Where the home directories and checkouts of machines begin. The slashes are apart so that this file passes.
const PLACES: &[&str] = &["home", "root", "Users", "work"];

/// What is wrong at a place in a file, given in bytes from its start.
type Mark = (usize, String);

/// What is wrong with a Rust file.
pub(super) fn check(path: &str, source: &str) -> Vec<String> {
    let code = blank(source);
    let marks = [unfinished(&code), vague_modules(&code), unexplained(&code)].concat();

    let mut findings: Vec<String> = marks
        .into_iter()
        .map(|(position, problem)| {
            let line = code[..position].matches('\n').count() + 1;
            format!("{path}:{line}: {problem}")
        })
        .collect();
    if !source.starts_with("//!") {
        findings.push(format!(
            "{path}: it must open with `//!` and its one purpose"
        ));
    }
    let lines = source.lines().count();
    if path.contains("/src/") && lines > LINES {
        findings.push(format!(
            "{path}: {lines} lines, and past {LINES} it is two files"
        ));
    }
    findings
}

fn unfinished(code: &str) -> Vec<Mark> {
    let calls = |name: &'static str| {
        let is_call = move |position: &usize| code[position + name.len()..].starts_with('!');
        let problem = format!("`{name}!` is for the time of writing");
        words(code, name)
            .filter(is_call)
            .map(move |position| (position, problem.clone()))
    };
    UNFINISHED.iter().flat_map(|name| calls(name)).collect()
}

fn vague_modules(code: &str) -> Vec<Mark> {
    let modules = |name: &'static str| {
        let is_module = |position: &usize| code[..*position].trim_end().ends_with("mod");
        let problem = format!("a module `{name}` says nothing about what it is for");
        words(code, name)
            .filter(is_module)
            .map(move |position| (position, problem.clone()))
    };
    VAGUE.iter().flat_map(|name| modules(name)).collect()
}

/// Attributes that switch something off without saying why.
fn unexplained(code: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (position, attribute) in attributes(code) {
        for name in ["allow", "expect"] {
            if lists(attribute, name).any(|list| words(list, "reason").next().is_none()) {
                marks.push((position, format!("`{name}(…)` needs a `reason`")));
            }
        }
        let has_text = |rest: &str| rest.trim_start().starts_with('=');
        if words(attribute, IGNORE).any(|word| !has_text(&attribute[word + IGNORE.len()..])) {
            let problem = "`#[ignore]` needs a reason: `#[ignore = \"…\"]`";
            marks.push((position, problem.to_owned()));
        }
    }
    marks
}

/// What is wrong with any text file: it names a place that only one machine has.
pub(super) fn places(path: &str, text: &str) -> Vec<String> {
    let names_place = |line: &str| {
        PLACES.iter().any(|place| {
            let place = format!("/{place}/");
            let begins = |start: &str| {
                start
                    .chars()
                    .next_back()
                    .is_none_or(|before| !is_path(before))
            };
            line.match_indices(&place)
                .any(|(start, _)| begins(&line[..start]))
        })
    };
    let finding = |(index, _)| format!("{path}:{}: an absolute path of one machine", index + 1);
    text.lines()
        .enumerate()
        .filter(|(_, line)| names_place(line))
        .map(finding)
        .collect()
}

/// Whether a path or a URL goes on through this character, so that what follows is not its beginning.
fn is_path(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '-' | '~' | '/' | '}' | '*')
}

/// Where a word stands by itself.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    let apart = move |index: Option<&u8>| index.is_none_or(|byte| !is_word(*byte));
    code.match_indices(word)
        .map(|(start, _)| start)
        .filter(move |start| {
            apart(start.checked_sub(1).and_then(|before| bytes.get(before)))
                && apart(bytes.get(start + word.len()))
        })
}

/// The attributes of a file, with their places.
fn attributes(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let starts = code.match_indices('#').map(|(start, _)| start);
    starts.filter_map(|start| {
        let rest = &code[start + 1..];
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        Some((start, enclosed(rest, '[', ']')?))
    })
}

/// What stands in the parentheses after a word: `dead_code` in `allow(dead_code)`.
fn lists<'a>(attribute: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    words(attribute, word)
        .filter_map(move |start| enclosed(&attribute[start + word.len()..], '(', ')'))
}

/// What stands between a bracket that opens the text and the one that closes it.
fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return text.get(open.len_utf8()..index);
        }
    }
    None
}

#[cfg(test)]
mod tests;
