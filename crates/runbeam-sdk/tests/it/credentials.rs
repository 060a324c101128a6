//! Where the token of a call comes from.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use runbeam_emulator::{Emulator, Operation};
use runbeam_sdk::auth::{CredentialsError, CredentialsProvider};
use runbeam_sdk::model::{GatewayDraft, Secret};
use runbeam_sdk::{ErrorKind, RunbeamClient};

/// Yields the first of its tokens until it is told to look again.
#[derive(Clone, Default)]
struct Tokens {
    left: Arc<Mutex<Vec<String>>>,
    asked: Arc<AtomicU32>,
    looked: Arc<AtomicU32>,
}

impl CredentialsProvider for Tokens {
    async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let left = self.left.lock().unwrap();
        left.first()
            .map(Secret::from)
            .ok_or_else(|| CredentialsError::new("none is left"))
    }

    async fn look_again(&self, token: &Secret) -> bool {
        self.looked.fetch_add(1, Ordering::SeqCst);
        let mut left = self.left.lock().unwrap();
        left.retain(|other| other != token.expose());
        !left.is_empty()
    }
}

fn tokens(tokens: &[&str]) -> Tokens {
    let provider = Tokens::default();
    *provider.left.lock().unwrap() = tokens.iter().map(|token| (*token).to_owned()).collect();
    provider
}

#[tokio::test]
async fn a_rejected_token_is_looked_for_again_once() {
    let cloud = Emulator::start().await.unwrap();
    let good = cloud.mint_sanctum_token();
    let provider = tokens(&["1|old", &good]);
    let client = RunbeamClient::new(cloud.url()).with_credentials(provider.clone());
    // A call that changes something: it is refused before it does, and done once.
    client
        .gateways()
        .create(&GatewayDraft::new("edge-porto"))
        .await
        .unwrap();
    assert_eq!(cloud.requests(Operation::GatewaysStore), 2);
    client.gateways().list().await.unwrap();
    assert_eq!(cloud.requests(Operation::GatewaysIndex), 1);
    assert_eq!(
        (
            provider.asked.load(Ordering::SeqCst),
            provider.looked.load(Ordering::SeqCst)
        ),
        (3, 1)
    );

    let provider = tokens(&["1|old", "2|old", &good]);
    let client = client.with_credentials(provider.clone());
    let error = client.gateways().list().await.unwrap_err();
    assert_eq!(
        (error.kind(), provider.looked.load(Ordering::SeqCst)),
        (ErrorKind::SignIn, 1)
    );
    assert_eq!(cloud.requests(Operation::GatewaysIndex), 3);
}

#[tokio::test]
async fn what_else_fails_is_no_reason_to_look_again() {
    let cloud = Emulator::start().await.unwrap();
    let good = cloud.mint_sanctum_token();
    let provider = tokens(&[&good]);
    let client = RunbeamClient::new(cloud.url()).with_credentials(provider.clone());
    client.gateways().get("unknown").await.unwrap_err();
    assert_eq!(provider.looked.load(Ordering::SeqCst), 0);
    // A token for one call alone.
    let error = client
        .with_token("1|other")
        .gateways()
        .list()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(provider.looked.load(Ordering::SeqCst), 0);
    client.gateways().list().await.unwrap();
}

#[tokio::test]
async fn a_provider_without_a_token_says_so() {
    struct Vault;
    impl CredentialsProvider for Vault {
        async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
            Err(CredentialsError::transient("the vault is sealed"))
        }
    }
    let client = RunbeamClient::new("http://127.0.0.1:1");
    let none = client
        .with_credentials(tokens(&[]))
        .gateways()
        .list()
        .await
        .unwrap_err();
    assert_eq!(
        (none.kind(), none.is_transient()),
        (ErrorKind::SignIn, false)
    );
    let sealed = client
        .with_credentials(Vault)
        .gateways()
        .list()
        .await
        .unwrap_err();
    assert!(sealed.is_transient());
    let cause = std::error::Error::source(&sealed).unwrap().to_string();
    assert!(cause.contains("the vault is sealed"), "{cause}");
    assert!(!format!("{:?}", client.with_token("1|canary")).contains("canary"));
}
