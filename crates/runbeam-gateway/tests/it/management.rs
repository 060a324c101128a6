//! What the management API takes, from whom, and what it does with it.

use std::num::NonZero;
use std::sync::atomic::Ordering;
use std::time::Duration;

use runbeam_emulator::{FaultRule, Operation};
use runbeam_gateway::identity::Standing;
use runbeam_gateway::management::{Connection, Management, ManagementAddress};
use runbeam_sdk::MachineToken;
use runbeam_sdk::store::{EntryName, MemoryStore, SecretStore, Store};
use serde_json::{Value, json};

use crate::managed::{Managed, code, elsewhere, here};
use crate::times::{CODE, instance};

const KEY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
const OTHER_KEY: &str =
    "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";

fn files(home: &tempfile::TempDir) -> Store {
    let store = Store::builder().with_root(home.path().join("runbeam"));
    store.without_keyring().build().unwrap()
}

async fn kept(store: &impl SecretStore) -> Option<MachineToken> {
    let entry = EntryName::machine_token();
    store.load_value(&instance(), &entry).await.unwrap()
}

#[tokio::test]
async fn a_users_token_of_either_kind_is_exchanged_kept_and_used() {
    let gateway = Managed::start().await;
    assert_eq!(gateway.identity.state().standing, Standing::Missing);
    let cloud = &gateway.times.cloud;
    for user_token in [cloud.mint_jwt(), cloud.mint_sanctum_token()] {
        let body = json!({
            "gateway_code": CODE,
            "machine_public_key": null,
            "metadata": { "os": "linux", "cores": 2, "rack": null },
        });
        let answer = gateway.authorize(&user_token, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.body["gateway"]["code"], CODE);
        assert_eq!(answer.body["expires_in"], 2_592_000);
        let used = gateway.identity.token().unwrap();
        assert_eq!(kept(&gateway.store).await.unwrap(), *used);
        assert_eq!(
            used.gateway_id.get().unwrap().as_str(),
            answer.body["gateway"]["id"]
        );
        assert!(
            !answer
                .body
                .to_string()
                .contains(used.machine_token.expose())
        );
        let sent = cloud.logged_requests();
        let sent = sent
            .iter()
            .rfind(|one| one.operation == Some("authorizeGateway"));
        let sent = format!("{:?}", sent.unwrap().body);
        for fact in ["os=linux", "cores=2", "rack"] {
            assert!(sent.contains(fact), "{sent}");
        }
    }
    assert_eq!(gateway.identity.state().standing, Standing::Good);
}

#[tokio::test]
async fn what_is_not_to_be_trusted_is_refused_with_one_body_and_never_sent_on() {
    let gateway = Managed::start().await;
    let cloud = &gateway.times.cloud;
    let good = cloud.mint_jwt();
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}A", &signature[..signature.len() - 2]);
    let stranger = runbeam_emulator::SigningKey::generate();
    let header = format!(
        r#"{{"alg":"RS256","kid":"{}"}}"#,
        cloud.signing_key().key_id()
    );
    let claims = |issuer: &str| {
        let expires = crate::fixture::now() + 600;
        format!(r#"{{"iss":"{issuer}","sub":"u1","iat":1,"exp":{expires}}}"#)
    };
    let bad = [
        forged,
        stranger.sign_raw(&header, &claims(&cloud.issuer())),
        cloud
            .signing_key()
            .sign_raw(&header, &claims("https://evil.example.com")),
        "mt_a_machine_token".to_owned(),
        "x".to_owned(),
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for token in &bad {
        let answer = gateway.authorize(token, &code()).await;
        assert_eq!(answer.status, 401, "{token}");
        assert!(
            answer.headers["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Bearer")
        );
        bodies.insert(answer.body.to_string());
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let body = code().to_string();
    for fields in [
        &[][..],
        &[("authorization", "Basic YWRtaW46eA==")],
        &[("authorization", "Bearer x"), ("authorization", "Bearer x")],
    ] {
        let answer = gateway.ask("POST /admin/authorize", fields, &body).await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(cloud.requests(Operation::AuthorizeGateway), 0);
    assert!(kept(&gateway.store).await.is_none());

    // What expired is refused by the gateway, and keys that cannot be had are no fault of the token.
    gateway.times.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(gateway.authorize(&good, &code()).await.status, 401);
    let gateway = Managed::start().await;
    gateway.times.cloud.inject(FaultRule::jwks_outage());
    let good = gateway.times.cloud.mint_jwt();
    assert_eq!(gateway.authorize(&good, &code()).await.status, 500);
}

#[tokio::test]
async fn hs256_is_for_who_asks_for_it_with_a_secret() {
    const SECRET: &str = "a secret of more than thirty-two bytes";
    let sign = |issuer: &str| {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let expires = crate::fixture::now() + 600;
        let claims = format!(r#"{{"iss":"{issuer}","sub":"u1","iat":1,"exp":{expires}}}"#);
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = ring::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let gateway = Managed::start().await;
    let token = sign(&gateway.times.cloud.issuer());
    assert_eq!(gateway.authorize(&token, &code()).await.status, 401);

    let gateway = Managed::start_with(MemoryStore::new(), |builder| {
        builder.with_shared_secret(SECRET)
    })
    .await;
    let cloud = &gateway.times.cloud;
    // The emulated cloud knows no HS256: that it was asked proves that the gateway let the token pass.
    assert_eq!(
        gateway
            .authorize(&sign(&cloud.issuer()), &code())
            .await
            .status,
        401
    );
    assert_eq!(cloud.requests(Operation::AuthorizeGateway), 1);
    assert_eq!(
        gateway
            .authorize(&sign("https://other.example"), &code())
            .await
            .status,
        401
    );
    assert_eq!(
        gateway.authorize(&cloud.mint_jwt(), &code()).await.status,
        401
    );
    assert_eq!(cloud.requests(Operation::AuthorizeGateway), 1);

    let builder = Management::builder(
        gateway.edge.clone(),
        gateway.times.client(),
        gateway.identity.clone(),
        gateway.store.clone(),
        instance(),
    );
    assert!(builder.with_shared_secret("short").build().is_err());
}

#[tokio::test]
async fn a_token_is_handed_over() {
    let gateway = Managed::start().await;
    let form = gateway.token_form().await;
    // The earlier command line forgets to trim the prefix.
    let answer = gateway
        .ask("POST //admin//token", &[], &form.to_string())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let used = gateway.identity.token().unwrap();
    assert_eq!(used.machine_token.expose(), form["machine_token"]);
    assert_eq!(kept(&gateway.store).await.unwrap(), *used);

    let check = async |change: Value, expected: &str| {
        let mut form = form.clone();
        form.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = gateway
            .ask("POST /admin/token", &[], &form.to_string())
            .await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.message().contains(expected), "{}", answer.body);
        assert!(!answer.message().contains("canary"), "{}", answer.body);
    };
    check(json!({ "machine_token": null }), "machine_token").await;
    check(json!({ "machine_token": "" }), "machine_token").await;
    check(json!({ "machine_token": "canary\n" }), "token").await;
    check(json!({ "machine_token": ["canary"] }), "line 1").await;
    check(json!({ "gateway_id": "" }), "gateway_id").await;
    check(json!({ "gateway_id": null }), "gateway_id").await;
    check(json!({ "expires_at": null }), "expires_at").await;
    check(json!({ "expires_at": "canary" }), "expires_at").await;
    check(json!({ "expires_at": "2020-01-01T00:00:00Z" }), "ended").await;
    check(
        json!({ "api_base_url": "https://evil.example.com/api" }),
        "evil.example.com",
    )
    .await;
    check(json!({ "api_base_url": "canary" }), "api_base_url").await;
    for body in ["", " ", "canary", "[]", "{", "\"canary\""] {
        let answer = gateway.ask("POST /admin/token", &[], body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(!answer.message().contains("canary"), "{}", answer.body);
    }
    assert_eq!(
        kept(&gateway.store).await.unwrap(),
        *used,
        "nothing was replaced"
    );
    let url = format!("{}/api", gateway.times.cloud.url());
    let mut named = form.clone();
    named["api_base_url"] = url.into();
    assert_eq!(
        gateway
            .ask("POST /admin/token", &[], &named.to_string())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_key_is_taken_where_nobody_on_the_way_can_read_it() {
    let home = tempfile::tempdir().unwrap();
    let gateway = Managed::start_with(files(&home), |builder| builder.with_encryption_keys()).await;
    let mut form = gateway.token_form().await;
    form["encryption_key"] = KEY.into();
    let (line, body) = ("POST /admin/token", form.to_string());
    let forwarded = [("x-forwarded-for", "192.0.2.7")];
    for (connection, fields) in [
        (None, &[][..]),
        (Some(Connection::plain(elsewhere())), &[]),
        (Some(here()), &forwarded),
        (Some(here()), &[("forwarded", "for=192.0.2.7")]),
    ] {
        let answer = gateway.ask_over(connection, line, fields, &body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.message().contains("TLS"), "{}", answer.body);
    }
    assert!(kept(&files(&home)).await.is_none());

    for (connection, key) in [
        (here(), KEY),
        (Connection::tls(elsewhere()), OTHER_KEY),
        (
            Connection::plain("[::ffff:127.0.0.1]:9".parse().unwrap()),
            KEY,
        ),
    ] {
        form["encryption_key"] = key.into();
        let body = form.to_string();
        let answer = gateway.ask_over(Some(connection), line, &[], &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let sealed_so = |key: &str| {
            let store = Store::builder().with_root(home.path().join("runbeam"));
            store.with_encryption_key(key).build().unwrap()
        };
        let loaded = kept(&sealed_so(key)).await.unwrap();
        assert_eq!(loaded.machine_token.expose(), form["machine_token"]);
        // The next start finds it by itself.
        assert_eq!(kept(&files(&home)).await.unwrap(), loaded);
    }
    let user_token = gateway.times.cloud.mint_jwt();
    let body = json!({ "gateway_code": CODE, "encryption_key": OTHER_KEY });
    assert_eq!(gateway.authorize(&user_token, &body).await.status, 201);
    let used = gateway.identity.token().unwrap();
    assert_eq!(kept(&files(&home)).await.unwrap(), *used);

    let asked = gateway.times.cloud.requests(Operation::AuthorizeGateway);
    let body = json!({ "gateway_code": CODE, "encryption_key": "no key" });
    assert_eq!(gateway.authorize(&user_token, &body).await.status, 400);
    assert_eq!(
        gateway.times.cloud.requests(Operation::AuthorizeGateway),
        asked
    );

    // A gateway that was not told to take keys takes none, and nothing that comes with one.
    let gateway = Managed::start().await;
    let mut form = gateway.token_form().await;
    form["encryption_key"] = KEY.into();
    assert_eq!(gateway.ask(line, &[], &form.to_string()).await.status, 400);
    assert!(kept(&gateway.store).await.is_none());
}

#[tokio::test]
async fn attempts_to_authorize_are_limited_peer_by_peer() {
    let ten = NonZero::new(10).unwrap();
    let gateway = Managed::start_with(MemoryStore::new(), |builder| {
        builder.with_attempts_a_minute(ten)
    })
    .await;
    let user_token = gateway.times.cloud.mint_sanctum_token();
    let bearer = format!("Bearer {user_token}");
    let body = code().to_string();
    let attempt = async |connection: Option<Connection>| {
        let fields = [("authorization", bearer.as_str())];
        let line = "POST /admin/authorize";
        gateway.ask_over(connection, line, &fields, &body).await
    };
    let peer = |last| Some(Connection::plain(([192, 0, 2, last], 1).into()));
    for connection in [peer(1), None] {
        for _ in 0..10 {
            assert_eq!(attempt(connection).await.status, 201);
        }
        let answer = attempt(connection).await;
        assert_eq!(
            (answer.status, &answer.headers["retry-after"]),
            (429, &"6".parse().unwrap())
        );
    }
    assert_eq!(attempt(peer(2)).await.status, 201);
    gateway.times.clock.advance(Duration::from_secs(6));
    assert_eq!(attempt(peer(1)).await.status, 201);
    // What is off is off for everybody alike.
    gateway.edge.is_off.store(true, Ordering::SeqCst);
    assert_eq!(attempt(peer(1)).await.status, 403);
}

#[tokio::test]
async fn bodies_methods_paths_and_web_pages_have_their_limits() {
    let gateway = Managed::start().await;
    let check = async |line: &str, fields: &[(&str, &str)], body: &str, expected| {
        let answer = gateway.ask(line, fields, body).await;
        assert_eq!(answer.status, expected, "{line}: {}", answer.body);
        answer
    };
    let large = " ".repeat(64 * 1024 + 1);
    check("POST /admin/token", &[], &large, 413).await;
    check("POST /admin/token", &[], &large[1..], 400).await;
    let answer = check("GET /admin/token", &[], "", 405).await;
    assert_eq!(answer.headers["allow"], "POST");
    let answer = check("DELETE /admin/info", &[], "", 405).await;
    assert_eq!(answer.headers["allow"], "GET, HEAD");
    check("GET /admin/nothing", &[], "", 404).await;
    check("GET /other/info", &[], "", 404).await;
    let page = [("origin", "http://127.0.0.1:9090")];
    check("POST /admin/reload", &page, "", 400).await;
    let form = gateway.token_form().await.to_string();
    check("POST /admin/token", &page, &form, 400).await;
    check("POST /admin/token", &[], &form, 200).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    // The runtime's clock moves by itself here, so that a real cloud cannot be asked.
    let store = MemoryStore::new();
    let client = runbeam_sdk::RunbeamClient::new("http://127.0.0.1:9");
    let identity = runbeam_gateway::identity::MachineIdentity::builder(
        client.clone(),
        store.clone(),
        instance(),
    );
    let identity = identity
        .with_provisioning(Default::default())
        .start()
        .await
        .unwrap();
    let edge = crate::managed::Edge::default();
    let management = Management::builder(edge, client, identity, store, instance());
    let request = http::Request::post("/admin/token").body(Stalled).unwrap();
    let answer = tower::ServiceExt::oneshot(management.build().unwrap(), request).await;
    assert_eq!(answer.unwrap().status(), 408);
}

struct Stalled;

impl http_body::Body for Stalled {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[test]
fn it_listens_on_loopback_unless_something_else_is_demanded() {
    let check = |address: &str, is_fine| {
        assert_eq!(
            address.parse::<ManagementAddress>().is_ok(),
            is_fine,
            "{address}"
        );
    };
    check("127.0.0.1:0", true);
    check("127.1.2.3:9090", true);
    check("[::1]:9090", true);
    check("0.0.0.0:9090", false);
    check("192.0.2.1:9090", false);
    check("[::]:9090", false);
    check("localhost", false);
    let listener = "127.0.0.1:0".parse::<ManagementAddress>().unwrap().listen();
    let taken = listener.unwrap();
    let address = ManagementAddress::try_from(taken.local_addr().unwrap()).unwrap();
    let error = address.listen().unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let wide = ManagementAddress::dangerous_beyond_loopback("0.0.0.0:0".parse().unwrap());
    assert_eq!(wide.get().ip().to_string(), "0.0.0.0");
}

#[tokio::test]
async fn nothing_of_it_shows_a_secret() {
    let gateway = Managed::start().await;
    let builder = Management::builder(
        gateway.edge.clone(),
        gateway.times.client(),
        gateway.identity.clone(),
        gateway.store.clone(),
        instance(),
    )
    .with_shared_secret("canary canary canary canary canary canary");
    let shown = format!("{builder:?} {:?}", gateway.management);
    assert!(!shown.contains("canary"), "{shown}");
}
