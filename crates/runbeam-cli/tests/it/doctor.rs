//! Every fault of `docs/doctor.md` is seeded, and named in time with its remedy.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use runbeam_emulator::{Fault, FaultRule, JwtSpec, Operation, SanctumSpec};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::harmony::Harmony;
use crate::runbeam::Shell;

const TABLE: &str = include_str!("../../docs/doctor.md");

/// What no test seeds: the machine would have to be another one.
const NOT_SEEDED: [&str; 3] = ["no-roots", "keyring-locked", "keyring-forgets"];

fn documented() -> BTreeSet<&'static str> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

/// Runs it, and looks for the fault.
#[track_caller]
fn finds(shell: &Shell, flags: &str, fault: &'static str) -> &'static str {
    let start = Instant::now();
    let done = shell.run(&format!("{flags} doctor --json"));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{fault} took {took:?}");
    let found: Value = done.json();
    let findings = found["data"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["fault"] == fault);
    let finding = finding.unwrap_or_else(|| panic!("no {fault} in {found:#}"));
    assert!(!finding["remedy"].as_str().unwrap().is_empty());
    let is_fault = finding["status"] == "fault";
    assert_eq!(
        done.code,
        i32::from(found["faults"].as_u64() > Some(0)),
        "{found:#}"
    );
    assert!(!is_fault || done.code == 1);
    fault
}

/// A server that answers everything with these bytes; without any it stays silent.
fn raw_server(answer: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if let Some(answer) = &answer {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            } else {
                open.push(stream);
            }
        }
    });
    format!("http://{address}")
}

fn page(status: u16, date: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status} X\r\ndate: {date}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[test]
fn every_fault_of_the_table_is_seeded_and_named() {
    let mut named = BTreeSet::new();
    named.extend(of_this_machine());
    named.extend(of_the_way());
    named.extend(of_the_login());
    named.extend(of_gateways());
    named.extend(of_the_keyring());
    let documented = documented();
    let expected: BTreeSet<_> = documented
        .iter()
        .copied()
        .filter(|fault| !NOT_SEEDED.contains(fault))
        .collect();
    assert_eq!(named, expected);
    assert!(named.len() >= 20);
}

#[test]
fn nothing_is_wrong_where_nothing_is() {
    let cloud = Cloud::start();
    let Some(harmony) = Harmony::start() else {
        return;
    };
    harmony.answer_like("POST /admin/token", 400, "harmony-error-400");
    let shell = Shell::of(&cloud.url());
    shell
        .run_with_input("login --token-stdin", &cloud.mint_jwt())
        .ok();
    harmony.add_to(&shell, "lab");
    shell.run("doctor").ok().says("Nothing is wrong.");
    let probe = harmony
        .received()
        .into_iter()
        .find(|request| request.line == "POST /admin/token");
    assert_eq!(probe.unwrap().body, "{}", "nothing is handed over");
}

fn of_this_machine() -> Vec<&'static str> {
    let with = |name: &str, value: &str| Shell::of("http://127.0.0.1:1").with(name, value);
    let holding = |name: &str, content: &str| {
        let shell = Shell::of("http://127.0.0.1:1");
        shell.write(name, content);
        shell
    };
    let key = "RUNBEAM_ENCRYPTION_KEY";
    let mut named = vec![
        finds(&with("RUNBEAM_HOME", ""), "", "no-home"),
        finds(&holding("harmony.json", "{"), "", "gateway-list-unreadable"),
        finds(&holding("config.json", "{"), "", "settings-unusable"),
        finds(
            &holding("auth.json", r#"{"token":"1|a"}"#),
            "",
            "login-in-the-clear",
        ),
        finds(
            &with("RUNBEAM_API_URL", "http://cloud.example.com"),
            "",
            "api-url-unusable",
        ),
        finds(
            &Shell::new(),
            "--ca-file /missing.pem --api-url http://127.0.0.1:1",
            "ca-file-unusable",
        ),
        finds(
            &with(key, "AGE-SECRET-KEY-1...<base64-encoded>"),
            "",
            "encryption-key-unusable",
        ),
        finds(
            &with(
                key,
                "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
            ),
            "",
            "encryption-key-unusable",
        ),
        finds(
            &with(key, "x").with("RUNBEAM_ENCRYPTION_KEY_FILE", "/x"),
            "",
            "encryption-key-ambiguous",
        ),
        finds(
            &with("HTTPS_PROXY", "socks5://proxy:3128"),
            "",
            "proxy-unusable",
        ),
    ];
    #[cfg(unix)]
    {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt;

        let shell = holding("gw/auth.json", "x");
        set_permissions(
            shell.home().join("gw/auth.json"),
            Permissions::from_mode(0o644),
        )
        .unwrap();
        named.push(finds(&shell, "", "secret-open"));
        set_permissions(shell.home(), Permissions::from_mode(0o777)).unwrap();
        named.push(finds(&shell, "", "home-open"));
    }
    named
}

fn of_the_way() -> Vec<&'static str> {
    let scratch = tempfile::tempdir().unwrap();
    let at = |answer| Shell::of(&raw_server(answer));
    let keys = r#"{"keys":[]}"#;
    let outage = Cloud::start();
    outage.inject(FaultRule::jwks_outage());
    let secure = Cloud::with(|builder| builder.with_https(scratch.path().join("ca.pem")));
    let (expired, authority) = expired_server(scratch.path());
    let trusting = Shell::of(&expired).with("RUNBEAM_CA_FILE", &authority);
    vec![
        finds(
            &Shell::of("https://no-such-name.invalid"),
            "",
            "name-unresolved",
        ),
        finds(
            &Shell::of("https://192.0.2.7").with("HTTPS_PROXY", "http://127.0.0.1:1"),
            "",
            "proxy-in-the-way",
        ),
        finds(&Shell::of("http://127.0.0.1:1"), "", "cloud-refused"),
        finds(&at(None), "", "cloud-silent"),
        finds(
            &at(Some("SSH-2.0-OpenSSH\r\n".repeat(10))),
            "",
            "cloud-garbled",
        ),
        finds(&Shell::of(&secure.url()), "", "certificate-untrusted"),
        finds(&trusting, "", "certificate-expired"),
        finds(&at(page(200, LONG_AGO, keys)), "", "clock-skewed"),
        finds(&Shell::of(&outage.url()), "", "key-set-unavailable"),
        finds(&at(page(200, LONG_AGO, keys)), "", "key-set-empty"),
        finds(&at(page(404, LONG_AGO, "<html>")), "", "not-the-cloud"),
    ]
}

/// A TLS server whose certificate ended long ago, and the file of the authority that signed it.
fn expired_server(scratch: &std::path::Path) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = authority_params().self_signed(&key).unwrap();
    let file = scratch.join("old-ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let mut leaf = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    leaf.not_before = rcgen::date_time_ymd(2001, 1, 1);
    leaf.not_after = rcgen::date_time_ymd(2002, 1, 1);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let params = authority_params();
    let issuer = rcgen::Issuer::from_params(&params, &key);
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let provider = std::sync::Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            leaf_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let connection = tokio_rustls::rustls::ServerConnection::new(config.clone());
            let mut connection = connection.unwrap();
            while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        }
    });
    (
        format!("https://127.0.0.1:{port}"),
        file.display().to_string(),
    )
}

fn authority_params() -> rcgen::CertificateParams {
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority
}

fn of_the_login() -> Vec<&'static str> {
    let (cloud, other) = (Cloud::start(), Cloud::start());
    let with = |token: &str| Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", token);
    let spec = JwtSpec::new().with_age(Duration::from_secs(7_200));
    let expired = cloud.mint_jwt_with(spec);
    let revoked = cloud.mint_sanctum_token_with(SanctumSpec::new());
    let id = revoked.split('|').next().unwrap().parse().unwrap();
    assert!(cloud.revoke_sanctum_token(id));
    let damaged = Shell::of(&cloud.url());
    damaged
        .run_with_input("login --token-stdin", &cloud.mint_jwt())
        .ok();
    std::fs::write(damaged.home().join("runbeam-cli/user_auth.json"), "damaged").unwrap();
    let mut named = vec![
        finds(&Shell::of(&cloud.url()), "", "not-logged-in"),
        finds(&with("two words"), "", "login-unusable"),
        finds(&damaged, "", "login-unreadable"),
        finds(&with(&expired), "", "login-expired"),
        finds(&with(&other.mint_jwt()), "", "login-foreign"),
        finds(&with(&revoked), "", "login-refused"),
    ];
    cloud.inject(FaultRule::new(Fault::status(429)).on(Operation::GatewaysIndex));
    named.push(finds(&with(&cloud.mint_jwt()), "", "rate-limited"));
    named
}

fn of_gateways() -> Vec<&'static str> {
    let scratch = tempfile::tempdir().unwrap();
    let secure = Cloud::with(|builder| builder.with_https(scratch.path().join("ca.pem")));
    let listed = |ip: &str, port: u16, tls: bool| {
        let shell = Shell::of("http://127.0.0.1:1");
        let list = json!([{ "id": "1", "label": "lab", "ip": ip, "port": port, "tls": tls }]);
        shell.write("harmony.json", &list.to_string());
        shell
    };
    let port_of = |url: &str| url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let html = raw_server(page(200, LONG_AGO, "<html>"));
    let mut named = vec![
        finds(&listed("a b", 1, false), "", "gateway-address-unusable"),
        finds(&listed("192.0.2.7", 1, false), "", "gateway-in-the-clear"),
        finds(&listed("127.0.0.1", 1, false), "", "gateway-unreachable"),
        finds(
            &listed("127.0.0.1", port_of(&raw_server(None)), false),
            "",
            "gateway-unreachable",
        ),
        finds(
            &listed("127.0.0.1", port_of(&secure.url()), true),
            "",
            "gateway-untrusted",
        ),
        finds(
            &listed("127.0.0.1", port_of(&html), false),
            "",
            "not-a-gateway",
        ),
    ];
    if let Some(harmony) = Harmony::start() {
        let shell = listed("127.0.0.1", harmony.address().port(), false);
        harmony.answer_like("POST /admin/token", 403, "harmony-error-403-disabled");
        named.push(finds(&shell, "", "integration-disabled"));
        harmony.answer_like("GET /admin/info", 404, "harmony-error-404");
        named.push(finds(&shell, "", "management-off"));
    } else {
        named.extend(["integration-disabled", "management-off"]);
    }
    named.extend(of_machine_tokens());
    named
}

fn of_machine_tokens() -> Vec<&'static str> {
    use runbeam_sdk::model::{Clock, MachineToken, SystemClock};
    use runbeam_sdk::store::{EntryName, SecretStore, Store};

    let keeping = |days: u64, ended: bool| {
        let shell = Shell::of("http://127.0.0.1:1");
        let span = Duration::from_secs(days * 86_400);
        let now = SystemClock.now();
        let expiry = if ended {
            now.saturating_sub(span)
        } else {
            now.saturating_add(span)
        };
        let token = json!({ "machine_token": "mt_x", "expires_at": expiry, "gateway_id": "1", "issued_at": now });
        let token = MachineToken::from_json(token.to_string().as_bytes()).unwrap();
        let store = Store::builder()
            .with_root(shell.home())
            .without_keyring()
            .build()
            .unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let instance = "harmony".parse().unwrap();
        let entry = EntryName::machine_token();
        let saved = store.save_value(&instance, &entry, &token);
        runtime.block_on(saved).unwrap();
        shell
    };
    let sealed = keeping(20, false);
    let other_key = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    vec![
        finds(&keeping(1, true), "", "machine-token-expired"),
        finds(&keeping(4, false), "", "machine-token-ends"),
        finds(
            &sealed.with("RUNBEAM_ENCRYPTION_KEY", other_key),
            "",
            "machine-token-unreadable",
        ),
    ]
}

#[cfg(target_os = "linux")]
fn of_the_keyring() -> Vec<&'static str> {
    let scratch = tempfile::tempdir().unwrap();
    let socket = scratch.path().join("bus");
    // It is there, and never says a word.
    let _bus = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let asked = |line: &str| {
        let shell = Shell::of("http://127.0.0.1:1").with("DBUS_SESSION_BUS_ADDRESS", line);
        shell.without("RUNBEAM_DISABLE_KEYRING")
    };
    vec![
        finds(&asked("unix:path=/missing"), "", "keyring-absent"),
        finds(
            &asked(&format!("unix:path={}", socket.display())),
            "",
            "keyring-hangs",
        ),
    ]
}

#[cfg(not(target_os = "linux"))]
fn of_the_keyring() -> Vec<&'static str> {
    vec!["keyring-absent", "keyring-hangs"]
}
