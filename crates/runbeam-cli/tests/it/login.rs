//! A login that cannot be lost.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Instant;

use runbeam_emulator::{Fault, FaultRule, JwtSpec, Operation};

use crate::cloud::Cloud;
use crate::runbeam::{Done, Shell};

/// Reads standard error until the page to approve the login on was shown.
fn device_token_of(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    let line = lines.find_map(|line| line.ok().filter(|line| line.contains("/cli/verify/")));
    Cloud::device_token_in(&line.unwrap())
}

#[test]
fn a_person_approves_it_and_is_logged_in() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    let mut login = shell.start("login");
    let device_token = device_token_of(&mut login);
    assert!(cloud.approve_login(&device_token, cloud.user()));
    let done = Done::from(login.wait_with_output().unwrap()).ok();
    assert_eq!(done.out.lines().count(), 1, "{}", done.out);
    done.says("You are logged in").says(cloud.user().email());
    shell
        .run("verify")
        .ok()
        .says("The token is valid")
        .says(cloud.team().name());
    assert_eq!(shell.json("whoami")["team"]["name"], cloud.team().name());
    // A second one has nothing to do, and asks the cloud for nothing.
    assert_eq!(shell.json("login")["already_logged_in"], true);
    assert_eq!(cloud.requests(Operation::StartLogin), 1);
    shell.run("logout").ok().says("You are logged out.");
    shell.run("logout").ok().says("You were not logged in.");
    shell.run("verify").ends_with(4).complains("runbeam login");
}

#[test]
fn thirty_of_a_hundred_failed_questions_cost_no_approval() {
    let is_long = std::env::var("RUNBEAM_CAMPAIGN").is_ok_and(|length| length == "full");
    let logins: u64 = if is_long { 100 } else { 12 };
    let cloud = Cloud::with(|builder| builder.with_automatic_approval());
    for (seed, fault) in [
        Fault::status(503),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::truncated_body(20),
    ]
    .into_iter()
    .enumerate()
    {
        // Four of them at once fail 48 questions of a hundred, so that it is thirty at least whatever these dice say.
        let rule = FaultRule::new(fault).on(Operation::CheckLogin);
        cloud.inject(rule.with_probability(0.15, seed as u64 + 41));
    }
    let shells: Vec<_> = (0..logins).map(|_| Shell::of(&cloud.url())).collect();
    let waiting: Vec<_> = shells.iter().map(|shell| shell.start("login")).collect();
    for (login, shell) in waiting.into_iter().zip(&shells) {
        Done::from(login.wait_with_output().unwrap()).ok();
        shell.run("verify").ok();
    }
    let asked = cloud.requests(Operation::CheckLogin);
    // Each login is approved before its first question, so that all questions but the last of each have failed.
    let failed = asked - logins;
    assert!(
        10 * failed >= 3 * asked,
        "only {failed} of {asked} questions failed"
    );
    eprintln!("{logins} of {logins} logins finished; {failed} of {asked} questions failed");
}

#[test]
fn a_denied_login_ends_at_once_and_says_what_to_do() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    let mut login = shell.start("login");
    let device_token = device_token_of(&mut login);
    assert!(cloud.deny_login(&device_token));
    let done = Done::from(login.wait_with_output().unwrap()).ends_with(4);
    assert!(done.out.is_empty());
    shell.run("whoami").ends_with(4);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    let mut login = shell.start("login");
    device_token_of(&mut login);
    let pid = rustix::process::Pid::from_raw(i32::try_from(login.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = login.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty());
    assert!(!shell.home().join("runbeam-cli").exists());
}

#[test]
fn a_token_comes_from_standard_input_and_never_from_an_argument() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    for token in [cloud.mint_sanctum_token(), cloud.mint_jwt()] {
        let done = shell
            .run_with_input("login --token-stdin", &format!("{token}\n"))
            .ok();
        assert!(!done.out.contains(&token) && !done.err.contains(&token));
        shell.run("gateways list").ok();
    }
    shell.run_with_input("login --token-stdin", "").ends_with(2);
    shell
        .run_with_input("login --token-stdin", "two words")
        .ends_with(4);
}

#[test]
fn the_token_of_another_cloud_is_refused_and_not_kept() {
    let (cloud, other) = (Cloud::start(), Cloud::start());
    let shell = Shell::of(&cloud.url());
    let done = shell
        .run_with_input("login --token-stdin", &other.mint_jwt())
        .ends_with(4);
    done.complains("log in to the cloud that issued it");
    assert_eq!(shell.json("logout")["was_logged_in"], false);
    // Nor is it sent anywhere.
    let shell = shell.with("RUNBEAM_TOKEN", &other.mint_jwt());
    shell.run("gateways list").ends_with(4);
    assert!(
        cloud
            .logged_requests()
            .iter()
            .all(|request| !format!("{request:?}").contains("gatewaysIndex"))
    );
}

#[test]
fn the_token_of_the_environment_comes_first() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_sanctum_token());
    assert_eq!(shell.json("whoami")["source"], "environment");
    shell
        .run("login")
        .ok()
        .says("You are already logged in")
        .says("RUNBEAM_TOKEN");
    assert!(
        shell.json("logout")["environment_token_is_set"]
            .as_bool()
            .unwrap()
    );
}

#[test]
fn an_expired_login_leads_to_the_next_one() {
    let cloud = Cloud::start();
    let expired = JwtSpec::new().with_age(std::time::Duration::from_secs(7200));
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_jwt_with(expired));
    for line in ["whoami", "verify", "gateways list", "token:get -g edge"] {
        shell.run(line).ends_with(4).complains("runbeam login");
    }
}

#[test]
fn without_a_cloud_it_ends_soon_and_says_so() {
    let shell = Shell::of("http://127.0.0.1:1");
    let start = Instant::now();
    shell.run("login").ends_with(6).complains("runbeam doctor");
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn without_a_terminal_there_is_no_code_and_no_browser() {
    let cloud = Cloud::with(|builder| builder.with_automatic_approval());
    let shell = Shell::of(&cloud.url()).with("DISPLAY", ":0");
    let child = shell.command("login").stdin(Stdio::null()).spawn().unwrap();
    let done = Done::from(child.wait_with_output().unwrap()).ok();
    assert!(
        !done.err.contains('█') && !done.err.contains("browser"),
        "{}",
        done.err
    );
    assert!(!done.err.contains('\u{1b}'), "{}", done.err);
}
