//! What the cloud can be asked besides the five verbs: all that the SDK offers can be typed.

use runbeam_emulator::{ChangeKind, ChangeSpec, ChangeStatus};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::runbeam::Shell;

const DESTINATION: &str = "https://lisbon.example.test/studies";

fn shell_of(cloud: &Cloud) -> Shell {
    Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_sanctum_token())
}

/// A shell that speaks for the gateway of this code.
fn gateway_of(cloud: &Cloud, code: &str) -> Shell {
    let token = shell_of(cloud)
        .run(&format!("token:get -g {code} --raw"))
        .ok()
        .out;
    Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", token.trim())
}

/// A gateway in a mesh, the id of the mesh, and the command that asks for a token.
pub(crate) fn gateway_in_a_mesh(cloud: &Cloud) -> (Shell, String) {
    let gateway = gateway_of(cloud, "edge-lisbon");
    let seed = json!({
        "ingresses": [{ "name": "studies-in", "urls": [DESTINATION] }],
        "egresses": [{ "name": "studies-out", "gateway": "edge-lisbon" }],
    });
    cloud.seed(seed.as_object().unwrap()).unwrap();
    let mesh = shell_of(cloud).json(
        r#"meshes create --name regional --set provider=runbeam --set ingress=["studies-in"] --set egress=["studies-out"]"#,
    );
    let id = mesh["id"].as_str().unwrap();
    (gateway, format!("meshes token {id} --to {DESTINATION}"))
}

#[test]
fn a_gateway_reports_what_became_of_its_changes() {
    let cloud = Cloud::start();
    let gateway = gateway_of(&cloud, "edge-lisbon");
    let id = shell_of(&cloud).json("gateways list")["data"][0]["id"].clone();
    let queue = || {
        let spec = ChangeSpec::new(ChangeKind::Gateway, "a = 1\n");
        cloud.queue_change(id.as_str().unwrap(), spec).unwrap()
    };
    let (good, bad) = (queue(), queue());
    gateway
        .run(&format!("changes:acknowledge {good} {bad}"))
        .ok()
        .says(&format!("Acknowledged the change {good}."));
    assert_eq!(cloud.change_status(&good), Some(ChangeStatus::Acknowledged));
    // What is not theirs is told, and what is theirs is done all the same.
    let third = queue();
    let done = gateway
        .run(&format!("changes acknowledge {third} unknown --json"))
        .ends_with(3);
    assert_eq!(
        done.json(),
        json!({ "acknowledged": [third], "failed": ["unknown"] })
    );
    gateway
        .run(&format!("changes applied {good}"))
        .ok()
        .says("is reported as applied");
    assert_eq!(cloud.change_status(&good), Some(ChangeStatus::Applied));
    let report = format!("changes failed {bad} --error why --detail one --detail two");
    assert_eq!(gateway.json(&report)["status"], "failed");
    let shown = shell_of(&cloud).json(&format!("changes show {bad}"));
    assert_eq!(shown["error_message"], "why");
    assert_eq!(shown["error_details"], json!(["one", "two"]));
    gateway.run("changes applied unknown").ends_with(3);
    gateway.run("changes acknowledge").ends_with(2);
    gateway.run(&format!("changes failed {bad}")).ends_with(2);
}

#[test]
fn a_revoked_gateway_is_locked_out_at_once() {
    let cloud = Cloud::start();
    let gateway = gateway_of(&cloud, "edge-lisbon");
    gateway.run("changes list").ok();
    let shell = shell_of(&cloud);
    shell
        .run("gateways revoke edge-lisbon")
        .ok()
        .says("Ended: 1 machine token of the gateway edge-lisbon.");
    gateway.run("changes list").ends_with(4);
    shell.run("gateway:revoke nobody").ends_with(3);
}

#[test]
fn a_whole_configuration_is_downloaded() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    let gateway = shell.json("gateways create --name edge-riga");
    let id = gateway["id"].as_str().unwrap();
    shell.json(&format!(
        "services create --name ours --set gateway_id={id}"
    ));
    shell.json("policies create --name of-all");
    let shown = shell.run(&format!("gateways download {id}")).ok();
    let whole: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(whole["gateway"]["name"], "edge-riga");
    assert_eq!(whole["services"][0]["name"], "ours");
    assert_eq!(whole["policies"][0]["name"], "of-all");
    assert_eq!(shell.json(&format!("gateways download {id}")), whole);
    shell
        .run(&format!("gateways download {id} -o all.json"))
        .ok()
        .says("Wrote the configuration of edge-riga with 2 resources");
    let file = shell.directory().join("all.json");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), whole);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    shell
        .run(&format!("gateways download {id} -o no/such/place.json"))
        .ends_with(1)
        .complains("next");
    shell
        .run("gateways download 01kctftk2mdjffee5fqs6capf6")
        .ends_with(3);
}

#[test]
fn a_gateway_gets_a_token_for_its_mesh_and_finds_its_way() {
    let cloud = Cloud::start();
    let (gateway, ask) = gateway_in_a_mesh(&cloud);
    let done = gateway.run(&format!("{ask} --raw")).ok();
    assert_eq!(done.out.trim().split('.').count(), 3, "{}", done.out);
    assert_eq!(done.out.lines().count(), 1);
    gateway
        .run(&ask.replace("meshes token", "mesh:token"))
        .ok()
        .says("in 4 minutes");
    gateway
        .run("mesh token unknown --to https://h/")
        .ends_with(3);

    gateway
        .run("resolve runbeam.name.studies-in")
        .ok()
        .says("runbeam")
        .says(DESTINATION);
    gateway.run("resolve runbeam.id.unknown").ends_with(3);
    gateway
        .run("resolve a.b")
        .ends_with(2)
        .complains("1, 3, 4 and 5 parts");
}

#[test]
fn configuration_is_pushed_as_a_gateway_does() {
    let cloud = Cloud::start();
    let gateway = gateway_of(&cloud, "edge-lisbon");
    let pushed = gateway.run_with_input(
        "push --type pipeline - --json",
        "[pipelines.studies]\ndescription = \"Studies\"\n",
    );
    let pushed = pushed.ok().json();
    assert_eq!(pushed["action"], "created");
    assert_eq!(pushed["type"], "pipeline");
    let file = gateway.write("p.toml", "[pipelines.studies]\ndescription = \"More\"\n");
    let line = format!(
        "push --type pipeline --id {} {}",
        pushed["id"].as_str().unwrap(),
        file.display()
    );
    gateway.run(&line).ok().says("updated in the cloud");
    gateway
        .run_with_input("push --type pipeline -", "= no toml")
        .ends_with(1)
        .complains("next");
    gateway
        .run("push --type pipeline missing.toml")
        .ends_with(2);
}

#[test]
fn the_cloud_says_where_it_wants_to_be_called() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    let told = shell.json("base-url");
    assert_eq!(told["base_url"], cloud.url());
    assert_eq!(told["is_used"], true);
    let other = cloud.url().replace("127.0.0.1", "localhost");
    shell
        .run(&format!("base-url --api-url {other}"))
        .ok()
        .says(&format!("runbeam config:set api-url {}", cloud.url()));
}

#[test]
fn any_request_can_be_sent() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    let created = shell
        .run("api post /api/gateways --set name=edge-riga")
        .ok();
    let created: Value = serde_json::from_str(&created.out).unwrap();
    assert_eq!(created["data"]["name"], "edge-riga");
    shell.json("gateways create --name edge-oslo");
    let listed = shell.json("api GET gateways --query per_page=1");
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let id = created["data"]["id"].as_str().unwrap();
    shell.run(&format!("api DELETE gateways/{id}")).ok();
    shell.run(&format!("api GET gateways/{id}")).ends_with(3);
    shell
        .run("api POST gateways --set name=1")
        .ends_with(1)
        .complains("name:");
    shell
        .run("api GET gateways?page=1")
        .ends_with(2)
        .complains("--query");
    shell.run("api GET ../etc").ends_with(2);
    shell.run("api GET gateways --query nothing").ends_with(2);
}

#[test]
fn a_kind_can_be_named_by_one_of_it_and_with_a_colon() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    for (line, usual) in [
        ("gateway list", "gateways list"),
        ("gateways:list", "gateways list"),
        ("policy:list", "policies list"),
        ("mesh list", "meshes list"),
    ] {
        assert_eq!(
            shell.run(line).ok().out,
            shell.run(usual).ok().out,
            "{line}"
        );
    }
}
