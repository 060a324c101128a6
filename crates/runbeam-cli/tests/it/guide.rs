//! The authorization guide of the product, walked through as it is written, with its troubleshooting.

use crate::cloud::Cloud;
use crate::harmony::Harmony;
use crate::runbeam::{Shell, shared};

#[test]
fn every_command_of_the_guide_does_what_the_guide_says() {
    let Some(guide) = shared("product/002-authorization-guide.txt") else {
        return;
    };
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::with(|builder| builder.with_automatic_approval());
    let shell = Shell::of(&cloud.url());
    let id = harmony.add_to(&shell, "my-label");
    let mut lines: Vec<_> = guide
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbeam ").map(str::to_owned))
        .collect();
    assert!(lines.len() >= 9, "{lines:?}");
    // Its first command is what it asks for beforehand: a login.
    lines.insert(0, "login".to_owned());
    for line in &lines {
        let line = line.replace("1a2b3c4d", &id);
        let done = shell.run(&line).ok();
        match line.as_str() {
            line if line.starts_with("harmony:authorize") => {
                done.says("The gateway `my-label` is authorized until")
                    .says("29 days");
            }
            "login" => drop(done.says("logged in")),
            "logout" => drop(done.says("You are logged out.")),
            "verify" => drop(done.says("The token is valid")),
            "harmony:reload -l my-label" => drop(done.says("has read its configuration anew")),
            other => panic!("the guide has a command that is not checked: {other}"),
        }
    }
    let requests: Vec<_> = harmony
        .received()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert!(
        requests.contains(&"POST /api/reload".to_owned()),
        "{requests:?}"
    );
}

#[test]
fn its_case_of_403_is_told_with_its_remedy() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_jwt());
    harmony.add_to(&shell, "my-label");
    harmony.answer_like("POST /admin/token", 403, "harmony-error-403-disabled");
    let done = shell.run("harmony:authorize -l my-label").ends_with(5);
    done.complains("enabled = true")
        .complains("runbeam harmony:reload -l my-label");
    // What the remedy asks for is done, and it goes.
    harmony.answer_like("POST /admin/token", 200, "harmony-token-200");
    shell.run("harmony:reload -l my-label").ok();
    shell.run("harmony:authorize -l my-label").ok();
}
