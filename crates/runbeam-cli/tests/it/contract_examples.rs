//! What a gateway answers in the published examples is shown, and passed on whole.

use serde_json::Value;

use crate::harmony::Harmony;
use crate::runbeam::{Shell, shared};

#[test]
fn every_answer_of_a_gateway_is_passed_on_whole() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let shell = Shell::new();
    let id = harmony.add_to(&shell, "lab");
    for (command, example, shown) in [
        ("info", "harmony-info", "0.13.0"),
        ("pipelines", "harmony-pipelines", "studies"),
        ("routes", "harmony-routes", "/studies/{*rest}"),
        ("reload", "harmony-reload-200", "reloaded"),
        ("update", "harmony-update-200", "(1834 bytes)"),
    ] {
        let Some(example) = shared(&format!("contract/examples/{example}.json")) else {
            return;
        };
        let expected: Value = serde_json::from_str(&example).unwrap();
        assert_eq!(shell.json(&format!("harmony:{command} -l lab")), expected);
        assert_eq!(
            shell.json(&format!("harmony {command} --id {id}")),
            expected
        );
        shell
            .run(&format!("harmony:{command} -l lab"))
            .ok()
            .says(shown);
    }
    harmony.answer_like("GET /admin/pipelines", 200, "harmony-pipelines-empty");
    shell
        .run("harmony:pipelines -l lab")
        .ok()
        .says("no pipelines");
}

#[test]
fn slashes_around_the_prefix_make_no_difference() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let shell = Shell::new();
    let port = harmony.address().port();
    shell
        .run(&format!("harmony:add -p {port} -l lab -x /admin/"))
        .ok();
    shell.run("harmony:info -l lab").ok();
    assert_eq!(harmony.received()[0].line, "GET /admin/info");
}

#[test]
fn refusals_have_their_exit_codes() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let shell = Shell::new();
    harmony.add_to(&shell, "lab");
    for (status, example, code) in [
        (401, "harmony-error-401", 4),
        (403, "harmony-error-403-team", 5),
        (404, "harmony-error-404", 3),
        (500, "harmony-error-500", 1),
        (503, "harmony-error-503", 1),
    ] {
        harmony.answer_like("POST /admin/update", status, example);
        let done = shell.run("harmony:update -l lab").ends_with(code);
        assert!(done.err.contains("next"), "{}", done.err);
        let done = shell.run("harmony:update -l lab --json").ends_with(code);
        let error: Value = serde_json::from_str(&done.err).unwrap();
        assert_eq!(error["error"]["exit_code"], code);
        assert!(done.out.is_empty());
    }
    harmony.answer("GET /admin/info", 200, "<html>");
    shell
        .run("harmony:info -l lab")
        .ends_with(1)
        .complains("is not a gateway's management API");
}
