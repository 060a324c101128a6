//! The JSON of every command has the form that `schemas/commands.json` promises.

use std::collections::BTreeSet;

use runbeam_emulator::{ChangeKind, ChangeSpec};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::harmony::Harmony;
use crate::rest_of_api::gateway_in_a_mesh;
use crate::runbeam::Shell;

const SCHEMAS: &str = include_str!("../../schemas/commands.json");

struct Schemas {
    document: Value,
    checked: BTreeSet<String>,
}

impl Schemas {
    #[track_caller]
    fn check(&mut self, shell: &Shell, name: &str, line: &str) -> Value {
        let done = shell.run(&format!("{line} --json"));
        let json = done.json();
        self.check_value(name, &json);
        json
    }

    #[track_caller]
    fn check_value(&mut self, name: &str, value: &Value) {
        let schema = json!({ "$ref": format!("#/$defs/{name}"), "$defs": self.document["$defs"] });
        assert!(
            self.document["$defs"].get(name).is_some(),
            "no schema {name}"
        );
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<_> = validator
            .iter_errors(value)
            .map(|e| e.to_string())
            .collect();
        assert!(problems.is_empty(), "{name}: {problems:?} in {value:#}");
        self.checked.insert(name.to_owned());
    }
}

#[test]
fn every_command_keeps_its_promise() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    let mut schemas = Schemas {
        document: serde_json::from_str(SCHEMAS).unwrap(),
        checked: BTreeSet::new(),
    };
    let mut check = |name: &str, line: &str| schemas.check(&shell, name, line);
    check("list", "list");
    check("config.get", "config:get");
    check("config.set", "config:set profile default");
    check("config.unset", "config:unset profile");
    check("logout", "logout");
    shell
        .run_with_input("login --token-stdin", &cloud.mint_jwt())
        .ok();
    check("login", "login");
    check("verify", "verify");
    check("whoami", "whoami");
    let port = harmony.address().port();
    check("harmony.instance", &format!("harmony:add -p {port} -l lab"));
    check("harmony.list", "harmony:list");
    check("harmony.info", "harmony:info -l lab");
    check("harmony.pipelines", "harmony:pipelines -l lab");
    check("harmony.routes", "harmony:routes -l lab");
    check("harmony.reload", "harmony:reload -l lab");
    check("harmony.update", "harmony:update -l lab");
    check("harmony.authorize", "harmony:authorize -l lab --update");
    check("harmony.key", "harmony:set-key --id 1 -k x");
    check("harmony.remove", "harmony:remove -l lab");
    check("token.get", "token:get -g edge");
    check("token.show", "token show");
    check("token.rotate-key", "token rotate-key");
    check("token.migrate", "token migrate --to files");
    let gateway = check("resource", "gateways create --name edge-riga");
    let id = gateway["id"].as_str().unwrap().to_owned();
    check("resource", &format!("gateways show {id}"));
    check(
        "resource",
        &format!("gateways update {id} --name edge-riga-2"),
    );
    check("resources", "gateways list");
    let change = cloud
        .queue_change(&id, ChangeSpec::new(ChangeKind::Gateway, "a = 1"))
        .unwrap();
    check("changes.list", "changes list");
    check("changes.show", &format!("changes show {change}"));
    check(
        "changes.acknowledge",
        &format!("changes acknowledge {change}"),
    );
    check("changes.reported", &format!("changes applied {change}"));
    check("gateways.configuration", &format!("gateways download {id}"));
    check(
        "gateways.download",
        &format!("gateways download {id} -o all.json"),
    );
    shell.write("p.toml", "[pipelines.studies]\ndescription = \"Studies\"\n");
    check(
        "push",
        &format!(
            "push --type pipeline {}",
            shell.home().join("p.toml").display()
        ),
    );
    check("base-url", "base-url");
    check("api", "api GET harmony/base-url");
    check("gateways.revoke", "gateways revoke edge");
    check("resource.deleted", &format!("gateways delete {id}"));
    check("doctor", "doctor");
    check("token.clear", "token clear");
    let (gateway, ask) = gateway_in_a_mesh(&cloud);
    schemas.check(&gateway, "meshes.token", &ask);
    schemas.check(&gateway, "resolve", "resolve runbeam.name.studies-in");
    let failed = shell.run("whoami --json").ends_with(4);
    schemas.check_value("failure", &serde_json::from_str(&failed.err).unwrap());
    let promised: BTreeSet<String> = schemas.document["$defs"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !name.starts_with('_') && *name != "dev")
        .cloned()
        .collect();
    assert_eq!(schemas.checked, promised);
}
