//! What is shown before anything is done.

use crate::runbeam::Shell;

#[test]
fn no_command_shows_the_help() {
    let shell = Shell::new();
    let done = shell
        .run("")
        .ok()
        .says("Usage: runbeam [OPTIONS] <COMMAND>");
    assert_eq!(done.out, shell.run("--help").ok().out);
}

#[test]
fn every_command_of_two_words_has_both_spellings() {
    let shell = Shell::new();
    let list = shell.json("list");
    let names = list["data"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|row| row["name"].as_str().unwrap()).collect();
    for name in [
        "harmony:authorize",
        "config:set",
        "token:rotate-key",
        "changes:list",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let mut pairs = 0;
    for name in names.iter().filter(|name| name.contains(':')) {
        let with_colon = shell.run(&format!("{name} --help")).ok();
        let in_words = shell
            .run(&format!("{} --help", name.replace(':', " ")))
            .ok();
        assert_eq!(with_colon.out, in_words.out);
        pairs += 1;
    }
    assert!(pairs >= 18, "{pairs}");
}

#[test]
fn the_commands_of_the_earlier_command_are_there() {
    let shell = Shell::new();
    for line in [
        "list",
        "login",
        "logout",
        "verify",
        "harmony:add",
        "harmony:list",
        "harmony:remove",
        "harmony:info",
        "harmony:pipelines",
        "harmony:routes",
        "harmony:authorize",
        "harmony:reload",
        "harmony:update",
        "harmony:set-key",
        "harmony:show-key",
        "harmony:delete-key",
        "config:set",
        "config:get",
        "config:unset",
        "token:get",
    ] {
        shell.run(&format!("{line} --help")).ok();
    }
    for line in ["-v list", "-vv list", "-q list", "list -q", "--version"] {
        shell.run(line).ok();
    }
}

#[test]
fn what_nobody_knows_is_wrong_usage() {
    let shell = Shell::new();
    shell
        .run("harmony:authorise -l x")
        .ends_with(2)
        .complains("a similar subcommand exists: 'authorize'");
    for line in [
        "nothing",
        "harmony:info",
        "harmony:info --id a -l b",
        "harmony:remove",
        "token:get",
        "config:set api-url",
        "gateways",
    ] {
        let done = shell.run(line).ends_with(2);
        assert!(done.out.is_empty(), "{line}: {}", done.out);
        assert!(!done.err.is_empty(), "{line}");
    }
}

#[test]
fn programs_get_wrong_usage_as_json() {
    let shell = Shell::new();
    for line in [
        "nothing --json",
        "--json harmony:info",
        "harmony:authorise --json",
    ] {
        let done = shell.run(line).ends_with(2);
        assert!(done.out.is_empty());
        let error: serde_json::Value = serde_json::from_str(&done.err).unwrap();
        assert_eq!(error["error"]["kind"], "usage", "{line}");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty());
    }
    shell.run("--help --json").ok().says("Usage: runbeam");
}

#[test]
fn a_shell_and_a_manual_get_what_they_want() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        shell
            .run(&format!("completions {name}"))
            .ok()
            .says("runbeam");
    }
    shell.run("man").ok().says(".TH runbeam 1");
    for line in ["man harmony:authorize", "man harmony authorize"] {
        shell
            .run(line)
            .ok()
            .says(".TH runbeam-harmony-authorize 1")
            .says("Ask nothing");
    }
    shell
        .run("man gateways revoke")
        .ok()
        .says("End all machine tokens");
    shell
        .run("man nothing")
        .ends_with(2)
        .complains("runbeam list");
}

#[cfg(target_os = "linux")]
#[test]
fn bash_completes_commands_and_flags() {
    let shell = Shell::new();
    let script = shell.write("completions", &shell.run("completions bash").ok().out);
    for (words, expected) in [
        ("runbeam har", "harmony"),
        ("runbeam harmony auth", "authorize"),
        ("runbeam harmony authorize --up", "--update"),
        ("runbeam gateways rev", "revoke"),
    ] {
        let current = words.split(' ').count() - 1;
        let ask = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={current}; _runbeam runbeam \"${{COMP_WORDS[{current}]}}\" \"\"; echo \"${{COMPREPLY[*]}}\"",
            script.display()
        );
        let bash = std::process::Command::new("bash")
            .args(["--norc", "-c", &ask])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(bash.stdout).unwrap().trim(),
            expected,
            "{words}"
        );
    }
}

/// The help as it was looked at. With `RUNBEAM_WRITE_SNAPSHOTS` set it is written anew.
#[test]
fn the_help_is_as_it_was_looked_at() {
    let shell = Shell::new();
    for (line, name) in [
        ("--help", "help"),
        ("harmony --help", "help-harmony"),
        ("harmony:authorize --help", "help-harmony-authorize"),
        ("login --help", "help-login"),
        ("gateways create --help", "help-gateways-create"),
        ("list", "list"),
    ] {
        let path = format!("{}/tests/snapshots/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let shown = shell.run(line).ok().out;
        if std::env::var_os("RUNBEAM_WRITE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &shown).unwrap();
        }
        // `dev` is there with its feature alone.
        let without_dev = |text: &str| {
            let lines = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("dev "));
            lines.map(|line| format!("{line}\n")).collect::<String>()
        };
        let seen = std::fs::read_to_string(&path).unwrap();
        assert_eq!(without_dev(&shown), without_dev(&seen), "{line}");
    }
}
