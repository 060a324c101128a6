//! The client of the SDK and the service understand each other, over TCP.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::ConnectInfo;
use runbeam_gateway::management::Connection;
use runbeam_sdk::model::Secret;
use runbeam_sdk::store::{EntryName, SecretStore, Store};
use runbeam_sdk::{ErrorKind, ManagementClient};
use tokio::net::TcpListener;

use crate::managed::Managed;
use crate::times::instance;

const KEY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

#[tokio::test]
async fn the_client_finds_all_that_it_asks_for() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::builder().with_root(home.path().join("runbeam"));
    let store = store.without_keyring().build().unwrap();
    let gateway = Managed::start_with(store, |builder| {
        builder
            .with_encryption_keys()
            .with_prefix("/edge/admin/".parse().unwrap())
            .with_version("7.1.0")
    })
    .await;
    let management = gateway.management.clone().with_connection(|request| {
        let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Connection::plain(*peer))
    });
    let router: Router = Router::new().fallback_service(management);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let client = ManagementClient::new(&address, "edge/admin").unwrap();

    let info = client.info().await.unwrap();
    let started = runbeam_sdk::model::Clock::now(&gateway.times.clock).as_unix_seconds();
    assert_eq!(
        (info.version.as_str(), info.os.as_str()),
        ("7.1.0", std::env::consts::OS)
    );
    assert_eq!(info.uptime, u64::try_from(started).unwrap());
    assert_eq!(client.pipelines().await.unwrap().pipelines[0].id, "studies");
    let routes = client.routes().await.unwrap().routes;
    assert_eq!(
        [&routes[0].path, &routes[1].path],
        ["/admin/info", "/studies/{*rest}"]
    );
    assert_eq!(client.reload().await.unwrap()["status"], "reloaded");

    let error = client.upload_configuration().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(client.is_integration_enabled().await.unwrap());
    gateway.edge.is_off.store(true, Ordering::SeqCst);
    assert!(!client.is_integration_enabled().await.unwrap());
    gateway.edge.is_off.store(false, Ordering::SeqCst);

    let token = gateway.times.authorize().await;
    let cloud = gateway.times.cloud.url().parse().unwrap();
    let key = Secret::from(KEY);
    let told = client
        .deliver_token(&token, Some(key), &cloud)
        .await
        .unwrap();
    assert_eq!(told.message, "Token stored");
    let kept = Store::builder().with_root(home.path().join("runbeam"));
    let kept = kept.with_encryption_key(KEY).build().unwrap();
    let kept = kept.load(&instance(), &EntryName::machine_token()).await;
    assert!(kept.unwrap().is_some());
    let uploaded = client.upload_configuration().await.unwrap();
    let texts = "[proxy]\nlog_level = 'info'[pipelines.studies]\nnetworks = []";
    assert_eq!(uploaded.config_size, texts.len() as u64);
    assert_eq!(uploaded.more["pipeline_count"], 1);

    let elsewhere = ManagementClient::new(&address, "admin").unwrap();
    let error = elsewhere.info().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
