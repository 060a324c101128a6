//! No token appears in any log, at the most talkative level, of the SDK, of what it is built on, or of the emulator.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use runbeam_emulator::Emulator;
use runbeam_sdk::store::{EntryName, InstanceId, SecretStore, Store};
use runbeam_sdk::{JwtValidationOptions, MachineToken, RunbeamClient, validate_jwt_token};
use tracing_subscriber::filter::LevelFilter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    // Global, so that the threads of the store and of the runtime write to it, too.
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();

    let cloud = Emulator::start().await.unwrap();
    let (jwt, sanctum) = (cloud.mint_jwt(), cloud.mint_sanctum_token());
    let home = tempfile::tempdir().unwrap();
    let store = Store::builder()
        .with_root(home.path().join("home"))
        .without_keyring()
        .build()
        .unwrap();
    let (instance, entry): (InstanceId, _) =
        ("my-gateway".parse().unwrap(), EntryName::machine_token());

    let options = JwtValidationOptions::new().with_trusted_issuers([cloud.url()]);
    validate_jwt_token(&jwt, &options).await.unwrap();
    validate_jwt_token(&format!("{jwt}x"), &options)
        .await
        .unwrap_err();
    let client = RunbeamClient::new(cloud.url());
    let mut secrets = vec![jwt.clone(), sanctum.clone()];
    for token in [&jwt, &sanctum] {
        let response = client
            .authorize_gateway(token, "gateway-123", None, None)
            .await
            .unwrap();
        let machine: MachineToken = response.machine_token.expose().parse().unwrap();
        store.save_value(&instance, &entry, &machine).await.unwrap();
        client
            .with_token(&machine.machine_token)
            .gateways()
            .list()
            .await
            .unwrap();
        client
            .with_token(token)
            .revoke_gateway("gateway-123")
            .await
            .unwrap();
        client
            .with_token(&machine.machine_token)
            .gateways()
            .list()
            .await
            .unwrap_err();
        secrets.push(response.machine_token.expose().to_owned());
    }
    store.clear(&instance, &entry).await.unwrap();

    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        logged.contains("called Runbeam Cloud") && logged.contains("fetched a key set"),
        "{logged}"
    );
    for secret in secrets {
        // The part of each kind of token that must stay unknown: signature, or what follows the id or the prefix.
        let secret = secret.rsplit(['.', '|']).next().unwrap();
        let secret = secret.strip_prefix("mt_").unwrap_or(secret);
        assert!(
            secret.len() >= 20 && !logged.contains(secret),
            "a token is in the log"
        );
    }
}
