//! The gateway at work, against a cloud in the same process whose clock is moved.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use runbeam_emulator::{ChangeKind, ChangeSpec, ChangeStatus, Emulator, Operation};
use runbeam_gateway::identity::Standing;
use runbeam_gateway::management::ManagementAddress;
use runbeam_sdk::ManagementClient;
use runbeam_sdk::http::HttpClient;
use runbeam_sdk::model::{ManualClock, Timestamp};
use runbeam_sdk::store::Store;
use serde_json::{Value, json};

use crate::process::{Gateway, Options, Outcome};

const CONFIG: &str = r#"
[proxy]
id = "edge-lisbon"
log_level = "info"

[runbeam]
enabled = true
poll_interval_secs = 1

[management]
enabled = true

[[middleware]]
type = "jwt-auth"
config = { jwks_url = "${RUNBEAM_API_URL}/api/.well-known/jwks.json" }

[pipelines.studies]
description = "Studies from the clinic to the archive"
networks = ["default"]
"#;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn run() -> Outcome<()> {
    let begun = Instant::now();
    let show = |text: String| println!("{:7.1} ms  {text}", begun.elapsed().as_secs_f64() * 1e3);
    let home = tempfile::tempdir()?;
    let (config, user_token) = (home.path().join("gateway.toml"), home.path().join("token"));
    write(&config, CONFIG)?;

    let cloud = Emulator::start().await?;
    cloud.clock().freeze();
    let now: Timestamp = cloud.clock().now().to_string().parse()?;
    let clock = ManualClock::new(now);
    show(format!(
        "Runbeam Cloud, emulated, listens on {}",
        cloud.url()
    ));
    write(&user_token, &cloud.mint_sanctum_token())?;
    let store = Store::builder().with_root(home.path().join("runbeam"));
    let gateway = Gateway::start(Options {
        listen: ([127, 0, 0, 1], 0).into(),
        management: ManagementAddress::try_from(std::net::SocketAddr::from(([127, 0, 0, 1], 0)))?,
        api_url: cloud.url(),
        config,
        renew_with: None,
        store: store.without_keyring().build()?,
        clock: Arc::new(clock.clone()),
    })
    .await?;
    let management = format!("http://{}", gateway.management);
    show(format!(
        "the gateway {} serves on http://{}, its management API is {management}",
        gateway.instance, gateway.address
    ));

    let caller = Caller::new(format!("http://{}", gateway.address))?;
    let jwt = cloud.mint_jwt();
    expect(caller.get("/studies", None).await?.0, 401)?;
    let (status, body) = caller.get("/studies", Some(&jwt)).await?;
    expect(status, 200)?;
    show(format!(
        "it refuses a stranger, and serves a user with a token: {body}"
    ));

    let body = json!({ "gateway_code": gateway.instance.as_str() });
    let authorize = format!("{management}/admin/authorize");
    let (status, body) = caller.post(&authorize, &jwt, &body).await?;
    expect(status, 201)?;
    let id = body["gateway"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    show(format!(
        "authorized through its management API until {}",
        body["expires_at"]
    ));

    let uploaded = ManagementClient::new(&management, "admin")?;
    let uploaded = uploaded.upload_configuration().await?;
    show(format!(
        "uploaded its configuration: {} bytes",
        uploaded.config_size
    ));

    let toml = "[pipelines.labs]\ndescription = \"Results of the laboratory\"\n";
    let change = cloud.queue_change(&id, ChangeSpec::new(ChangeKind::Pipeline, toml));
    let change = change.ok_or("the cloud does not know the gateway")?;
    let mut status = gateway.feed.watch();
    status
        .wait_for(|_| cloud.change_status(&change) == Some(ChangeStatus::Applied))
        .await?;
    let (code, body) = caller.get("/labs", Some(&jwt)).await?;
    expect(code, 200)?;
    show(format!("configured by the cloud while it runs: {body}"));
    drop(status);

    let broken = ChangeSpec::new(ChangeKind::Gateway, "[[middleware]]\ntype = \"jwt-auth\"\n");
    let broken = cloud.queue_change(&id, broken).ok_or("no gateway")?;
    gateway.feed.poll_now().await?;
    if cloud.change_status(&broken) != Some(ChangeStatus::Failed) {
        return Err("a change that is not good was applied".into());
    }
    expect(caller.get("/labs", Some(&jwt)).await?.0, 200)?;
    let quarantined = gateway.feed.status().quarantined;
    let reason = quarantined.last().map(|one| one.error.clone());
    show(format!(
        "refused a change that is not good, and serves on: {}",
        reason.unwrap_or_default()
    ));

    drop(uploaded);
    renew(&cloud, &clock, gateway, home.path(), &show).await
}

/// A restart with a user's token at hand: half of the machine token's life goes by, and it is renewed.
async fn renew(
    cloud: &Emulator,
    clock: &ManualClock,
    gateway: Gateway,
    home: &std::path::Path,
    show: &(impl Fn(String) + Sync),
) -> Outcome<()> {
    gateway.stop().await;
    let store = Store::builder().with_root(home.join("runbeam"));
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let gateway = Gateway::start(Options {
        listen: loopback,
        management: ManagementAddress::try_from(loopback)?,
        api_url: cloud.url(),
        config: home.join("gateway.toml"),
        renew_with: Some(home.join("token")),
        store: store.without_keyring().build()?,
        clock: Arc::new(clock.clone()),
    })
    .await?;
    let version = gateway.feed.last_good().ok_or("nothing was kept")?.version;
    let former = gateway.identity.state();
    if former.standing != Standing::Good {
        return Err("the machine token was not kept".into());
    }
    show(format!(
        "started again, with the token and version {version} of the configuration"
    ));
    // It is due from half of its life on, and a twentieth later at most.
    clock.advance(DAY * 17);
    cloud.advance((DAY * 17).try_into()?);
    gateway.identity.check_now().await;
    let state = gateway
        .identity
        .changed_to(|state| state.expires_at.get() > former.expires_at.get())
        .await;
    expect(cloud.requests(Operation::AuthorizeGateway) as u16, 2)?;
    show(format!(
        "17 days later, renewed by itself until {}",
        state.expires_at
    ));
    gateway.stop().await;
    show("stopped".to_owned());
    Ok(())
}

fn write(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}

fn expect(found: u16, wanted: u16) -> Outcome<()> {
    match found == wanted {
        true => Ok(()),
        false => Err(format!("expected {wanted}, and found {found}").into()),
    }
}

/// Somebody who calls the gateway.
struct Caller {
    base: String,
    client: HttpClient,
}

impl Caller {
    fn new(base: String) -> Outcome<Self> {
        let client = HttpClient::builder().without_proxy().build()?;
        Ok(Self { base, client })
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Outcome<(u16, String)> {
        let mut request = Request::get(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = self.client.send(request.body(Bytes::new())?).await?;
        let body = String::from_utf8(answer.body().to_vec())?;
        Ok((answer.status().as_u16(), body))
    }

    async fn post(&self, url: &str, token: &str, body: &Value) -> Outcome<(u16, Value)> {
        let request = Request::post(url)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))?;
        let answer = self.client.send(request).await?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_slice(answer.body())?,
        ))
    }
}
