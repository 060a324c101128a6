//! `harmony:authorize`: six steps, and what is said where one of them fails.

use runbeam_emulator::JwtSpec;

use crate::cloud::Cloud;
use crate::harmony::Harmony;
use crate::runbeam::Shell;

const KEY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

fn shell_of(cloud: &Cloud) -> Shell {
    Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_jwt())
}

#[test]
fn all_six_steps_are_done_and_shown() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    let id = harmony.add_to(&shell, "lab");
    let done = shell.run("harmony:authorize -l lab -y").ok();
    for step in 1..=6 {
        assert!(done.err.contains(&format!("[{step}/6] ✓")), "{}", done.err);
    }
    assert!(!done.err.contains("mt_") && !done.out.contains("mt_"));
    done.says("The gateway `lab` is authorized until")
        .says("in 29 days, 23 hours");
    let received = harmony.received();
    assert_eq!(
        received.len(),
        1,
        "without --update nothing is uploaded: {received:?}"
    );
    assert_eq!(received[0].line, "POST /admin/token");
    let sent = received[0].headers.join("\n").to_lowercase();
    assert!(!sent.contains("authorization"), "{sent}");
    let body = received[0].json();
    assert!(body["machine_token"].as_str().unwrap().starts_with("mt_"));
    assert_eq!(body["gateway_code"], id);
    assert_eq!(body["api_base_url"], cloud.url());
    assert!(body.get("encryption_key").is_none());
    // The token that was handed over is one that the cloud takes.
    let gateway =
        Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", body["machine_token"].as_str().unwrap());
    gateway.run("changes:list").ok();
    assert_eq!(
        shell.json("harmony:list")["data"][0]["gateway_id"],
        body["gateway_id"],
    );
}

#[test]
fn a_key_of_ones_own_goes_with_the_token_in_the_form_that_every_version_reads() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = shell_of(&cloud).with("RUNBEAM_ENCRYPTION_KEY", &format!("  {KEY}\n"));
    harmony.add_to(&shell, "lab");
    let done = shell.run("harmony:authorize -l lab -y").ok();
    assert!(!done.err.contains(KEY));
    let key = harmony.received()[0].json()["encryption_key"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(key.len(), 100);
    assert!(
        key.starts_with("QUdFLVNFQ1JFVC1LRVktMU"),
        "base64 of the line"
    );
}

#[test]
fn the_key_of_the_instance_on_this_machine_goes_with_the_token() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    let id = harmony.add_to(&shell, "lab");
    let key = "QUdFLVNFQ1JFVC1LRVktMUdROTc3OFZRWE1NSlZFOFNLN0o2VlQ4VUo0SERRQUpVVlNGQ1dDTTAyRDhHRVdRNzJQVlEyWTVKMzM=";
    let file = shell.write(&format!("{id}/encryption.key"), key);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let done = shell.run("harmony:authorize -l lab -y").ok();
    assert!(
        done.err.contains(&format!("that of the instance {id}")),
        "{}",
        done.err
    );
    assert_eq!(harmony.received()[0].json()["encryption_key"], key);
    // That of the environment comes first, and one that is none is not handed on.
    std::fs::write(&file, "no key").unwrap();
    shell
        .run("harmony:authorize -l lab -y")
        .ends_with(1)
        .complains("runbeam doctor");
    let shell = shell.with("RUNBEAM_ENCRYPTION_KEY", KEY);
    shell.run("harmony:authorize -l lab -y").ok();
}

#[test]
fn the_configuration_is_uploaded_where_it_is_asked_for() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    harmony.add_to(&shell, "lab");
    let done = shell.json("harmony:authorize -l lab --update");
    assert_eq!(done["upload"]["config_size"], 1834);
    let lines: Vec<_> = harmony
        .received()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert_eq!(lines, ["POST /admin/token", "POST /admin/update"]);
    harmony.answer_like("POST /admin/update", 503, "harmony-error-503");
    let done = shell
        .run("harmony:authorize -l lab --update -y")
        .ends_with(1);
    done.complains("the gateway is authorized")
        .complains("runbeam harmony:update -l lab");
}

#[test]
fn a_gateway_whose_integration_is_off_says_how_to_turn_it_on() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    harmony.add_to(&shell, "lab");
    harmony.answer_like("POST /admin/token", 403, "harmony-error-403-disabled");
    shell
        .run("harmony:authorize -l lab -y")
        .ends_with(5)
        .complains("is authorized in the cloud, but the token was not delivered to it")
        .complains("[runbeam]")
        .complains("enabled = true")
        .complains("runbeam harmony:reload -l lab");
}

#[test]
fn a_failed_delivery_is_a_failure_that_says_how_to_deliver() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    harmony.add_to(&shell, "lab");
    harmony.answer_like("POST /admin/token", 500, "harmony-error-500");
    shell
        .run("harmony:authorize -l lab -y")
        .ends_with(1)
        .complains("is authorized in the cloud, but the token was not delivered to it")
        .complains("The token could not be stored")
        .complains("runbeam harmony:authorize -l lab");
    shell.run("harmony:add -p 1 -l away").ok();
    shell
        .run("harmony:authorize -l away -y")
        .ends_with(6)
        .complains("was not delivered")
        .complains("runbeam token:get --raw -g");
}

#[test]
fn a_token_never_goes_over_the_network_in_the_clear() {
    let cloud = Cloud::start();
    let shell = shell_of(&cloud);
    shell.run("harmony:add -i 192.0.2.7 -p 8081 -l far").ok();
    shell
        .run("harmony:authorize -l far -y")
        .ends_with(1)
        .complains("anyone on the way could read the token")
        .complains("runbeam harmony:add --tls")
        .complains("ssh -L");
    assert_eq!(
        cloud.requests(runbeam_emulator::Operation::AuthorizeGateway),
        0
    );
}

#[test]
fn an_expired_login_leads_to_login() {
    let cloud = Cloud::start();
    let expired =
        cloud.mint_jwt_with(JwtSpec::new().with_age(std::time::Duration::from_secs(7200)));
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &expired);
    shell.run("harmony:add -l lab").ok();
    shell
        .run("harmony:authorize -l lab")
        .ends_with(4)
        .complains("runbeam login");
}

#[test]
fn a_sanctum_token_authorizes_too() {
    let Some(harmony) = Harmony::start() else {
        return;
    };
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_sanctum_token());
    let id = harmony.add_to(&shell, "lab");
    shell.run(&format!("harmony authorize --id {id}")).ok();
    assert_eq!(harmony.received().len(), 1);
}
