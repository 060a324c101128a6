//! The two spellings of a command with two words: `harmony:authorize` and `harmony authorize`.

use std::ffi::OsString;

use crate::commands::resources;

/// The first words of such commands that are listed with a colon, as the earlier command has them. Those of resources
/// may be written so, too.
const GROUPS: [&str; 4] = ["harmony", "config", "token", "changes"];

/// Global flags that take a value, which is no command whatever it looks like.
const WITH_VALUE: [&str; 3] = ["--api-url", "--profile", "--ca-file"];

/// The arguments with the command in words, which is how clap knows it.
pub(super) fn in_words(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words = Vec::new();
    let mut arguments = arguments.peekable();
    words.extend(arguments.next());
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        if WITH_VALUE.contains(&text) {
            words.push(argument);
            words.extend(arguments.next());
        } else if text.starts_with('-') {
            words.push(argument);
        } else {
            // `help harmony:add` names a command, too.
            let is_help = text == "help";
            words.extend(split(argument));
            if !is_help {
                break;
            }
        }
    }
    words.extend(arguments);
    words
}

fn split(argument: OsString) -> Vec<OsString> {
    match argument.to_str().and_then(|text| text.split_once(':')) {
        Some((group, command)) if GROUPS.contains(&group) || resources::is_kind(group) => {
            vec![group.into(), command.into()]
        }
        _ => vec![argument],
    }
}

/// How a command is written: with a colon if it has two words.
pub(crate) fn both_spellings(group: &str, command: &str) -> String {
    if GROUPS.contains(&group) {
        format!("{group}:{command}")
    } else {
        format!("{group} {command}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_command_is_split() {
        let check = |line: &str, expected: &str| {
            let words = in_words(line.split(' ').map(OsString::from));
            assert_eq!(words.join(" ".as_ref()), expected);
        };
        check("runbeam harmony:list", "runbeam harmony list");
        check("runbeam harmony list", "runbeam harmony list");
        check(
            "runbeam -q --json token:get -g a:b",
            "runbeam -q --json token get -g a:b",
        );
        check(
            "runbeam --profile harmony:x harmony:list",
            "runbeam --profile harmony:x harmony list",
        );
        check(
            "runbeam --api-url=http://h:1 list",
            "runbeam --api-url=http://h:1 list",
        );
        check("runbeam help config:set", "runbeam help config set");
        check(
            "runbeam harmony remove -l harmony:list",
            "runbeam harmony remove -l harmony:list",
        );
        check("runbeam unknown:list", "runbeam unknown:list");
    }
}
