//! Machine tokens that are handed over by the environment: which one wins, and what is kept of it.

use std::time::Duration;

use runbeam_model::{Clock, MachineToken, ManualClock, SystemClock};
use runbeam_store::{AgeFileStore, ErrorKind, MemoryStore, Provisioning, SecretStore};

use crate::log::Log;
use crate::process::{Tell, command, told};
use crate::scratch::{Scratch, auth, gateway, wait, write_private};

pub(crate) const JOBS: &[(&str, fn())] = &[("provision", provision)];

const VARIABLE: &str = "RUNBEAM_MACHINE_TOKEN";
const FILE: &str = "RUNBEAM_MACHINE_TOKEN_FILE";
const DAY: u64 = 24 * 60 * 60;

fn clock() -> ManualClock {
    ManualClock::new("2026-01-12T08:15:31Z".parse().unwrap())
}

/// Thirty days from the time of [`clock`].
const EXPIRY: &str = "2026-02-11T08:15:31Z";

fn json(token: &str, expiry: &str, gateway: &str) -> String {
    format!(
        r#"{{"machine_token":"{token}","expires_at":"{expiry}","gateway_id":"{gateway}","abilities":["harmony:send"]}}"#
    )
}

fn provisioning(text: &str) -> Provisioning {
    Provisioning::new(text).unwrap()
}

fn loaded(
    provisioning: &Provisioning,
    store: &impl SecretStore,
    clock: &impl Clock,
) -> Option<String> {
    let token = wait(provisioning.load_token(store, &gateway(), clock)).unwrap();
    token.map(|token| token.machine_token.expose().to_owned())
}

fn kept(store: &impl SecretStore) -> Option<String> {
    let token: Option<MachineToken> = wait(store.load_value(&gateway(), &auth())).unwrap();
    token.map(|token| token.machine_token.expose().to_owned())
}

fn keep(store: &impl SecretStore, text: &str) {
    let token: MachineToken = text.parse().unwrap();
    wait(store.save_value(&gateway(), &auth(), &token)).unwrap();
}

#[test]
fn every_json_form_wins_over_the_store_and_is_saved() {
    let full = r#" {"machine_token":"mt_new","expires_at":"2026-02-11T08:15:31Z","gateway_id":"g1",
        "gateway_code":"edge","abilities":[],"issued_at":"2026-01-12T08:15:31.204518123+00:00"}"#;
    let without_optional_fields = json("mt_new", EXPIRY, "g1");
    let shortest = r#"{"machine_token":"mt_new"}"#;
    let shorter_life = json("mt_former", "2026-01-13T00:00:00Z", "g1");
    let check = |text: &str, former: Option<&str>| {
        let store = MemoryStore::new();
        if let Some(former) = former {
            keep(&store, former);
        }
        let token = loaded(&provisioning(text), &store, &clock());
        assert_eq!(token.as_deref(), Some("mt_new"));
        assert_eq!(
            kept(&store).as_deref(),
            Some("mt_new"),
            "{text} over {former:?}"
        );
    };
    for text in [full, &without_optional_fields, shortest] {
        check(text, None);
        check(text, Some("mt_former"));
        check(text, Some(&json("mt_former", "2026-01-12T08:15:31Z", "g1")));
    }
    for text in [full, &without_optional_fields] {
        check(text, Some(&shorter_life));
        check(text, Some(&json("mt_former", "2026-12-31T00:00:00Z", "g0")));
    }
}

#[test]
fn a_bare_token_wins_and_stays_in_memory() {
    for text in [
        "mt_fe7f7ccc",
        "gw_token_1",
        "12|p0LmXw3rT8",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        " mt_1\n",
    ] {
        let scratch = Scratch::new();
        let provisioning = provisioning(text);
        assert_eq!(
            loaded(&provisioning, &scratch.files(), &clock()).unwrap(),
            text.trim()
        );
        assert!(scratch.all_files().is_empty(), "{text}");

        keep(&scratch.files(), "mt_kept");
        assert_eq!(
            loaded(&provisioning, &scratch.files(), &clock()).unwrap(),
            text.trim()
        );
        assert_eq!(kept(&scratch.files()).unwrap(), "mt_kept");
    }
}

#[test]
fn an_expired_one_is_ignored_and_the_store_is_tried() {
    let clock = clock();
    let provisioning = provisioning(&json("mt_new", EXPIRY, "g1"));
    let store = MemoryStore::new();
    let log = Log::of_process();
    clock.advance(Duration::from_secs(30 * DAY - 59));
    assert_eq!(
        loaded(&provisioning, &store, &clock),
        None,
        "a minute before its end"
    );
    keep(&store, "mt_kept");
    clock.advance(Duration::from_secs(DAY));
    assert_eq!(loaded(&provisioning, &store, &clock).unwrap(), "mt_kept");
    assert_eq!(kept(&store).unwrap(), "mt_kept");
    let log = log.text();
    assert!(
        log.contains("WARN") && log.contains("has expired and is ignored"),
        "{log}"
    );
    assert!(!log.contains("mt_new"), "{log}");
}

/// A gateway whose variable still holds the token that it was set up with has renewed it long since.
#[test]
fn the_renewal_of_it_is_not_overwritten() {
    let clock = clock();
    let store = MemoryStore::new();
    let first = provisioning(&json("mt_first", EXPIRY, "g1"));
    assert_eq!(loaded(&first, &store, &clock).unwrap(), "mt_first");
    keep(&store, &json("mt_renewed", "2026-02-26T08:15:31Z", "g1"));

    clock.advance(Duration::from_secs(16 * DAY));
    assert_eq!(
        loaded(&first, &store, &clock).unwrap(),
        "mt_first",
        "the variable wins"
    );
    assert_eq!(kept(&store).unwrap(), "mt_renewed");
    let without_expiry = provisioning(r#"{"machine_token":"mt_unknown"}"#);
    assert_eq!(
        loaded(&without_expiry, &store, &clock).unwrap(),
        "mt_unknown"
    );
    assert_eq!(kept(&store).unwrap(), "mt_renewed");

    clock.advance(Duration::from_secs(15 * DAY));
    assert_eq!(
        loaded(&first, &store, &clock).unwrap(),
        "mt_renewed",
        "nobody is locked out"
    );

    let other_gateway = provisioning(&json("mt_other", "2026-02-20T00:00:00Z", "g2"));
    clock.set("2026-02-01T00:00:00Z".parse().unwrap());
    assert_eq!(loaded(&other_gateway, &store, &clock).unwrap(), "mt_other");
    assert_eq!(
        kept(&store).unwrap(),
        "mt_other",
        "a token of another gateway is no renewal"
    );
}

#[test]
fn what_is_kept_already_is_not_written_again() {
    let scratch = Scratch::new();
    let store = scratch.files();
    // Nine digits of a second, of which six are written.
    let text = r#"{"machine_token":"mt_new","issued_at":"2026-01-12T08:15:31.204518123Z"}"#;
    loaded(&provisioning(text), &store, &clock()).unwrap();
    let before = scratch.all_files();
    loaded(&provisioning(text), &store, &clock()).unwrap();
    assert_eq!(scratch.all_files(), before);
}

#[test]
fn a_store_that_fails_does_not_withhold_the_token_and_is_left_as_it_is() {
    let scratch = Scratch::new();
    let provisioning = provisioning(&json("mt_new", EXPIRY, "g1"));
    keep(&scratch.files(), "mt_kept");
    let lock = std::fs::File::open(scratch.file(".lock")).unwrap();
    lock.lock().unwrap();
    let busy = scratch.files().with_lock_deadline(Duration::ZERO);
    assert_eq!(loaded(&provisioning, &busy, &clock()).unwrap(), "mt_new");
    assert_eq!(kept(&busy).unwrap(), "mt_kept");
    drop(lock);

    write_private(scratch.file("auth.json"), "damaged");
    let before = scratch.all_files();
    let token = loaded(&provisioning, &scratch.files(), &clock());
    assert_eq!(token.unwrap(), "mt_new");
    assert_eq!(scratch.all_files(), before);

    let nothing = Provisioning::default();
    let error = wait(nothing.load_token(&scratch.files(), &gateway(), &clock())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
}

#[test]
fn what_is_no_token_is_an_error_without_its_text() {
    for text in [
        "",
        " ",
        "canary with spaces",
        "{\"canary\":1}",
        "{\"machine_token\":\"canary\",\"expires_at\":7}",
        "[\"canary\"]\n[]",
    ] {
        let error = Provisioning::new(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

/// What the environment says, in this process; tells the token and where it is from.
fn provision() {
    let store = AgeFileStore::new(told("ROOT")).unwrap();
    let outcome = Provisioning::from_env()
        .and_then(|provisioning| wait(provisioning.load_token(&store, &gateway(), &SystemClock)));
    match outcome {
        Ok(token) => println!(
            "\ntoken: {:?}",
            token.map(|token| token.machine_token.expose().to_owned())
        ),
        Err(error) => println!("\nrefused: {:?} {error}", error.kind()),
    }
}

fn check(scratch: &Scratch, variables: &[(&str, &str)], expected: &[&str]) {
    let output = command("provision")
        .envs(variables.iter().copied())
        .tell("ROOT", scratch.root().display())
        .run();
    let output = String::from_utf8(output.stdout).unwrap();
    for part in expected {
        assert!(output.contains(part), "{part} is not in {output}");
    }
}

#[test]
fn the_environment_hands_it_over() {
    let scratch = Scratch::new();
    let (file, shown) = (scratch.path().join("token"), "/nowhere");
    let path = file.to_str().unwrap();
    check(&scratch, &[], &["token: None"]);
    check(
        &scratch,
        &[(VARIABLE, "12|bare")],
        &["token: Some(\"12|bare\")"],
    );
    write_private(&file, "mt_in_a_file\n");
    check(
        &scratch,
        &[(FILE, path)],
        &["token: Some(\"mt_in_a_file\")"],
    );
    assert!(!scratch.root().exists());

    write_private(&file, json("mt_json", "9000-01-01T00:00:00Z", "g1"));
    check(&scratch, &[(FILE, path)], &["token: Some(\"mt_json\")"]);
    check(&scratch, &[], &["token: Some(\"mt_json\")"]);
    check(
        &scratch,
        &[(VARIABLE, &json("mt_old", "2020-01-01T00:00:00Z", "g1"))],
        &["token: Some(\"mt_json\")"],
    );

    check(
        &scratch,
        &[(VARIABLE, "")],
        &["refused: Configuration RUNBEAM_MACHINE_TOKEN holds no machine token"],
    );
    check(
        &scratch,
        &[(FILE, shown)],
        &["refused: Configuration RUNBEAM_MACHINE_TOKEN_FILE names /nowhere"],
    );
    write_private(&file, "two words");
    check(
        &scratch,
        &[(FILE, path)],
        &["refused: Configuration RUNBEAM_MACHINE_TOKEN_FILE (", path],
    );
    check(
        &scratch,
        &[(VARIABLE, "mt_1"), (FILE, path)],
        &[
            "refused: Configuration RUNBEAM_MACHINE_TOKEN and RUNBEAM_MACHINE_TOKEN_FILE are both set",
        ],
    );
}
