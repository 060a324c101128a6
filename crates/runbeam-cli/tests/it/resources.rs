//! All kinds of resources: listed, shown, created, updated and deleted.

use serde_json::json;

use crate::cloud::Cloud;
use crate::runbeam::Shell;

const KINDS: [&str; 14] = [
    "gateways",
    "services",
    "endpoints",
    "backends",
    "pipelines",
    "middlewares",
    "transforms",
    "policies",
    "rules",
    "networks",
    "authentications",
    "peers",
    "targets",
    "meshes",
];

fn shell_of(cloud: &Cloud) -> Shell {
    Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_sanctum_token())
}

#[test]
fn every_kind_can_be_listed() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    for kind in KINDS {
        assert_eq!(
            shell.json(&format!("{kind} list")),
            json!({ "data": [] }),
            "{kind}"
        );
        shell
            .run(&format!("{kind} list"))
            .ok()
            .says("Your team has no");
        shell
            .run(&format!("{kind} show 01kctftk2mdjffee5fqs6capf6"))
            .ends_with(3);
        shell
            .run(&format!("{kind} delete 01kctftk2mdjffee5fqs6capf6"))
            .ends_with(3);
    }
}

#[test]
fn a_gateway_lives_from_its_creation_to_its_end() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    let created = shell.json("gateways create --name edge-riga --set enabled=true");
    let id = created["id"].as_str().unwrap();
    assert_eq!(created["name"], "edge-riga");
    shell
        .run("gateways list")
        .ok()
        .says("edge-riga")
        .says("ID")
        .says(id);
    assert_eq!(shell.json(&format!("gateways show {id}"))["id"], id);
    let updated = shell.json(&format!("gateways update {id} --name edge-tallinn"));
    assert_eq!(updated["name"], "edge-tallinn");
    let from_input = shell.run_with_input(
        &format!("gateways update {id} --file - --json"),
        r#"{"name":"edge-vilnius"}"#,
    );
    assert_eq!(from_input.ok().json()["name"], "edge-vilnius");
    assert_eq!(
        shell.json(&format!("gateways delete {id}"))["deleted"],
        true
    );
    shell
        .run(&format!("gateways show {id}"))
        .ends_with(3)
        .complains("gateways");
}

#[test]
fn what_the_cloud_finds_wrong_is_said_field_by_field() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    shell
        .run("gateways create --set name=17")
        .ends_with(1)
        .complains("name: The name field must be a string.")
        .complains("next");
    shell
        .run("gateways create")
        .ends_with(2)
        .complains("--name");
    shell
        .run("gateways create --name a --set nothing")
        .ends_with(2);
    shell.run("gateways update x").ends_with(2);
}

#[test]
fn a_list_of_many_pages_is_whole() {
    let mut seed = Vec::new();
    for number in 0..230 {
        seed.push(json!({ "name": format!("seeded-{number}") }));
    }
    let document = json!({ "gateways": seed });
    let seeded = Cloud::with(|builder| builder.with_seed(document.as_object().unwrap().clone()));
    let shell = shell_of(&seeded);
    assert_eq!(
        shell.json("gateways list")["data"]
            .as_array()
            .unwrap()
            .len(),
        230
    );
}

#[test]
fn a_token_without_the_ability_is_told_so() {
    let cloud = Cloud::start();
    let spec =
        runbeam_emulator::SanctumSpec::new().with_abilities([runbeam_emulator::Ability::Read]);
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_sanctum_token_with(spec));
    shell.run("gateways list").ok();
    shell
        .run("gateways create --name edge")
        .ends_with(5)
        .complains("runbeam whoami");
}
