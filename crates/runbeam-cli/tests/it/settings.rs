//! Settings: which one counts, and where it is from.

use crate::runbeam::Shell;

#[track_caller]
fn check(shell: &Shell, line: &str, value: &str, origin: &str) {
    let shown = shell.json(line);
    assert_eq!(shown["api-url"]["value"], value);
    assert_eq!(shown["api-url"]["origin"], origin);
}

#[test]
fn a_flag_comes_before_the_environment_before_a_file_before_the_default() {
    let shell = Shell::new();
    check(&shell, "config:get", "https://api.runbeam.io", "default");
    shell
        .run("config:set api-url https://file.example.com///")
        .ok();
    check(&shell, "config:get", "https://file.example.com", "user");
    let shell = shell.with("RUNBEAM_API_URL", "https://env.example.com");
    check(
        &shell,
        "config:get api_url",
        "https://env.example.com",
        "environment",
    );
    check(
        &shell,
        "config:get --api-url https://flag.example.com",
        "https://flag.example.com",
        "flag",
    );
    let unset = shell.json("config:unset api-url");
    assert_eq!(unset["was_set"], true);
    assert_eq!(unset["value"], "https://env.example.com");
    assert_eq!(shell.json("config:unset api-url")["was_set"], false);
}

#[test]
fn tokens_go_over_tls_or_stay_on_this_machine() {
    let shell = Shell::new();
    for url in [
        "http://cloud.example.com",
        "ftp://h",
        "cloud",
        "https://u:p@h",
        "http://localhost.evil.example",
    ] {
        shell
            .run(&format!("config:set api-url {url}"))
            .ends_with(1)
            .complains("use an https address");
        shell.run(&format!("--api-url {url} login")).ends_with(1);
    }
    for url in [
        "https://cloud.example.com",
        "http://127.0.0.1:8090",
        "http://[::1]:8090",
        "http://localhost:1/api",
    ] {
        shell.run(&format!("config:set api-url {url}")).ok();
    }
}

#[test]
fn an_unknown_setting_is_named_with_those_that_there_are() {
    let done = Shell::new().run("config:set colour red").ends_with(1);
    done.complains("use api-url, ca-file or profile");
}

#[test]
fn profiles_have_settings_of_their_own() {
    let shell = Shell::new();
    shell.run("config:set api-url https://one.example.com").ok();
    shell
        .run("--profile staging config:set api-url https://two.example.com")
        .ok();
    check(&shell, "config:get", "https://one.example.com", "user");
    check(
        &shell,
        "config:get --profile staging",
        "https://two.example.com",
        "user",
    );
    check(
        &shell,
        "config:get --profile other",
        "https://api.runbeam.io",
        "default",
    );
    shell.run("config:set profile staging").ok();
    check(&shell, "config:get", "https://two.example.com", "user");
    shell.run("--profile ../x config:get").ends_with(2);
}

#[test]
fn a_project_names_a_profile_and_cannot_say_where_tokens_go() {
    let shell = Shell::new();
    shell
        .run("--profile staging config:set api-url https://two.example.com")
        .ok();
    let project = r#"{"profile":"staging","api_url":"https://evil.example.com"}"#;
    std::fs::write(shell.directory().join(".runbeam.json"), project).unwrap();
    let shown = shell.json("config:get");
    assert_eq!(shown["profile"]["origin"], "project");
    assert_eq!(shown["api-url"]["value"], "https://two.example.com");
    assert_eq!(
        shell.json("config:get --profile default")["api-url"]["origin"],
        "default"
    );
}
