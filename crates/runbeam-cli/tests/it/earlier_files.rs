//! Files of the earlier command are read, and stay readable for it.

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::runbeam::{Shell, shared};

#[test]
fn the_list_of_gateways_is_read_as_it_was_written() {
    let Some(file) = shared("contract/examples/file-cli-harmony.json") else {
        return;
    };
    let shell = Shell::new();
    shell.write("harmony.json", &file);
    let expected: Value = serde_json::from_str(&file).unwrap();
    let listed = shell.json("harmony:list");
    let rows = listed["data"].as_array().unwrap();
    assert_eq!(rows.len(), expected.as_array().unwrap().len());
    for (row, expected) in rows.iter().zip(expected.as_array().unwrap()) {
        for field in ["id", "ip", "port", "label"] {
            assert_eq!(row[field], expected[field]);
        }
    }
}

#[test]
fn ids_are_those_of_the_earlier_command_and_are_filled_in() {
    let shell = Shell::new();
    shell.write(
        "harmony.json",
        r#"[{"ip":"127.0.0.1","port":18081,"label":"gw1","colour":"red"}]"#,
    );
    assert_eq!(shell.json("harmony:list")["data"][0]["id"], "67981fef");
    let file = std::fs::read_to_string(shell.home().join("harmony.json")).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(
        file,
        json!([{
            "id": "67981fef", "ip": "127.0.0.1", "port": 18081, "label": "gw1",
            "path_prefix": "admin", "gateway_id": null, "colour": "red",
        }]),
        "what is not known here is kept"
    );
}

#[test]
fn the_same_label_or_address_changes_an_entry_and_keeps_its_id() {
    let shell = Shell::new();
    let id = shell.json("harmony:add -p 18081 -l gw1")["id"].clone();
    assert_eq!(id, "67981fef");
    assert_eq!(
        shell.json("harmony:add -p 9090 -l gw1 -x /manage/")["id"],
        id
    );
    assert_eq!(shell.json("harmony:add -p 9090 -l gw2")["id"], id);
    assert_eq!(
        shell.json("harmony:list")["data"].as_array().unwrap().len(),
        1
    );
    shell.run("harmony:remove -l nobody").ok();
    shell
        .run("harmony:remove -i 127.0.0.1 -p 9090")
        .ok()
        .says("Removed gw2");
    assert_eq!(shell.json("harmony:list")["data"], json!([]));
}

#[test]
fn the_settings_are_read_as_they_were_written() {
    let Some(file) = shared("contract/examples/file-cli-config.json") else {
        return;
    };
    let shell = Shell::new();
    shell.write("config.json", &file);
    let expected: Value = serde_json::from_str(&file).unwrap();
    let shown = shell.json("config:get");
    assert_eq!(shown["api-url"]["value"], expected["api_url"]);
    assert_eq!(shown["api-url"]["origin"], "user");
}

#[test]
fn the_login_of_an_early_version_moves_to_where_it_is_safe() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    let legacy = json!({ "token": cloud.mint_jwt(), "expires_at": null, "user": null });
    let path = shell.write("auth.json", &legacy.to_string());
    assert_eq!(shell.json("whoami")["user"]["email"], cloud.user().email());
    assert!(!path.exists());
    assert_eq!(shell.json("whoami")["source"], "store");
    assert_eq!(shell.json("logout")["was_logged_in"], true);
    shell.run("whoami").ends_with(4);
}

#[test]
fn a_legacy_login_in_the_published_form_is_read() {
    let Some(file) = shared("contract/examples/file-cli-legacy-auth.json") else {
        return;
    };
    let shell = Shell::new();
    shell.write("auth.json", &file);
    // It has expired long ago, which is known only once it was read.
    let done = shell.run("gateways list").ends_with(4);
    done.complains("runbeam login");
}
