//! Every form of a machine token is read, and the one that all versions read is written.

use std::time::Duration;

use proptest::prelude::*;
use runbeam_model::{GatewayCode, GatewayId, Known, MachineToken, Timestamp, UserToken};
use serde_json::Value;

use crate::examples::example;

const TOKEN: &str = "mt_fe7f7ccc3fc17be1d0804567821a101836b66dd8eb03ed76";

fn written(token: &MachineToken) -> Value {
    serde_json::from_slice(token.to_json().expose()).unwrap()
}

#[test]
fn every_documented_form_is_read() {
    let forms = [
        ("file-machine-token-superset", "edge-lisbon", true),
        ("file-machine-token-sdk-0.1-to-0.10", "edge-lisbon", true),
        ("file-machine-token-sdk-0.11", "unknown", true),
        ("env-machine-token-docs-form", "unknown", false),
    ];
    for (name, code, is_issue_known) in forms {
        let Some(json) = example(name) else { return };
        let token = MachineToken::from_json(json.as_bytes()).unwrap();
        assert_eq!(token.machine_token.expose(), TOKEN, "{name}");
        assert_eq!(token.expires_at.to_string(), "2026-02-11T08:15:30.000000Z");
        assert_eq!(token.gateway_id, "01kctftk2mdjffee5fqs6capf6");
        assert_eq!(token.gateway_code.to_string(), code);
        assert_eq!(token.issued_at.get().is_some(), is_issue_known);
        assert_eq!(token, json.parse().unwrap());
    }
    let bare: MachineToken = format!(" {TOKEN}\n").parse().unwrap();
    assert_eq!(
        (bare.machine_token.expose(), bare.expires_at),
        (TOKEN, Known::unknown())
    );
    let least: MachineToken = r#"{"machine_token":"12|abc","gateway_id":null,"abilities":null}"#
        .parse()
        .unwrap();
    assert_eq!(least.gateway_id, Known::unknown());
}

#[test]
fn the_superset_is_written_and_read_back() {
    let Some(json) = example("file-machine-token-superset") else {
        return;
    };
    let token = MachineToken::from_json(json.as_bytes()).unwrap();
    let expected: Value = serde_json::from_str(&json).unwrap();
    let written = written(&token);
    for (name, value) in expected
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "issued_at")
    {
        assert_eq!(&written[name], value, "{name}");
    }
    assert_eq!(written["issued_at"], "2026-01-12T08:15:31.204518Z");
    assert_eq!(
        MachineToken::from_json(token.to_json().expose()).unwrap(),
        token
    );
}

#[test]
fn what_is_unknown_stays_unknown_and_is_written_so_that_all_versions_read_it() {
    let bare: MachineToken = "mt_abc".parse().unwrap();
    let written = written(&bare);
    for name in [
        "machine_token",
        "expires_at",
        "gateway_id",
        "gateway_code",
        "issued_at",
    ] {
        assert!(written[name].is_string(), "{name}");
    }
    assert_eq!(
        MachineToken::from_json(bare.to_json().expose()).unwrap(),
        bare
    );
}

#[test]
fn life_ends_with_its_last_second_and_a_call_is_worth_it_until_a_minute_before() {
    let id: GatewayId = "g1".parse().unwrap();
    let code: GatewayCode = "edge".parse().unwrap();
    let expiry = Timestamp::from_unix_seconds(2_592_000);
    let token = MachineToken::new("mt_abc", expiry, id, code, vec![]);
    let check = |seconds, is_valid, is_expired| {
        let now = Timestamp::from_unix_seconds(seconds);
        assert_eq!(
            (token.is_valid_at(now), token.is_expired_at(now)),
            (is_valid, is_expired),
            "{seconds}"
        );
    };
    check(0, true, false);
    check(2_591_939, true, false);
    check(2_591_940, false, false);
    check(2_591_999, false, false);
    check(2_592_000, false, true);
    assert_eq!(
        token.time_left_at(Timestamp::UNIX_EPOCH),
        Some(Duration::from_secs(2_592_000))
    );
    assert!(token.is_expired() && !token.is_valid());

    let unknown: MachineToken = "mt_abc".parse().unwrap();
    assert!(unknown.is_valid_at(Timestamp::MAX) && !unknown.is_expired_at(Timestamp::MAX));
}

#[test]
fn what_is_no_machine_token_is_refused_without_showing_it() {
    for text in [
        "",
        " ",
        "mt_canary with a space",
        "mt_canary\r\nHost: evil",
        "{",
        "{}",
        r#"{"machine_token":""}"#,
        r#"{"machine_token":["mt_canary"]}"#,
        r#"{"machine_token":"mt_a","expires_at":"canary"}"#,
        r#"{"machine_token":"mt_canary","expires_at":17}"#,
        r#"{"machine_token":"mt_canary"} canary"#,
    ] {
        let error = text.parse::<MachineToken>().unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{text}: {error}"
        );
    }
}

#[test]
fn user_tokens_of_every_form_are_read() {
    let (Some(full), Some(minimal)) = (
        example("file-user-token"),
        example("file-user-token-minimal"),
    ) else {
        return;
    };
    let token = UserToken::from_json(full.as_bytes()).unwrap();
    assert_eq!(
        token.expires_at.get().unwrap().as_unix_seconds(),
        1_768_209_331
    );
    assert_eq!(token.user.as_ref().unwrap().name, "Ines Prado");
    assert_eq!(
        UserToken::from_json(token.to_json().expose()).unwrap(),
        token
    );
    let minimal = UserToken::from_json(minimal.as_bytes()).unwrap();
    assert_eq!(
        (minimal.token.expose(), minimal.user),
        ("12|p0LmXw3rT8", None)
    );
}

proptest! {
    #[test]
    fn any_token_survives_its_json(
        text in "[!-~]{1,300}",
        seconds in proptest::option::of(0i64..4_000_000_000),
        id in proptest::option::of("[a-z0-9]{1,26}"),
        abilities in proptest::collection::vec(".{0,20}", 0..4),
    ) {
        let id: Known<GatewayId> = id.map(|id| id.parse().unwrap()).into();
        let expiry: Known<Timestamp> = seconds.map(Timestamp::from_unix_seconds).into();
        let token = MachineToken::new(text, expiry, id, Known::<GatewayCode>::unknown(), abilities);
        let read = MachineToken::from_json(token.to_json().expose()).unwrap();
        prop_assert_eq!((read.machine_token, read.expires_at, read.gateway_id, read.abilities),
            (token.machine_token, token.expires_at, token.gateway_id, token.abilities));
    }

    #[test]
    fn reading_any_text_never_panics(text in ".{0,100}") {
        let _ = text.parse::<MachineToken>();
        let _ = UserToken::from_json(text.as_bytes());
    }
}
