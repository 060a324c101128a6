//! Tokens of the cloud: its keys rotate, and cannot be had for a while.

use std::sync::Arc;
use std::time::Duration;

use runbeam_emulator::{Emulator, FaultRule, Operation};
use runbeam_gateway::layers::{AuthConfig, Authenticator, KeptKeys};
use runbeam_sdk::model::{Clock, ManualClock, SystemClock};
use runbeam_sdk::store::MemoryStore;

use crate::fixture::{api_key, ask};
use crate::times::instance;

fn config(cloud: &Emulator) -> AuthConfig {
    let url = cloud.jwks_url();
    // Without an issuer: that of the keys.
    let config = format!("[[middleware]]\ntype = 'jwt-auth'\nconfig = {{ jwks_url = '{url}' }}");
    AuthConfig::parse(config, "gateway.toml").unwrap()
}

#[tokio::test]
async fn a_key_set_that_cannot_be_had_is_no_fault_of_the_token() {
    let cloud = Emulator::start().await.unwrap();
    let outage = cloud.inject(FaultRule::jwks_outage());
    let clock = ManualClock::new(SystemClock.now());
    let config = config(&cloud).with_clock(Arc::new(clock.clone()));
    let chain = config.chain().unwrap().build().unwrap();
    let bearer = format!("Bearer {}", cloud.mint_jwt());

    let answer = ask(&chain, &[("authorization", &bearer)]).await;
    assert_eq!((answer.status, answer.challenges()), (503, vec![]));
    assert!(answer.headers.contains_key("retry-after"));
    // What is wrong whatever the keys are is told at once.
    assert_eq!(
        ask(&chain, &[("authorization", "Bearer x")]).await.status,
        401
    );
    assert_eq!(ask(&chain, &[]).await.status, 401);

    assert!(cloud.end_fault(outage));
    clock.advance(Duration::from_secs(31));
    let (_, caller) = ask(&chain, &[("authorization", &bearer)])
        .await
        .behind
        .unwrap();
    let user = caller.claims().unwrap().user.clone().unwrap();
    assert_eq!(user.id.as_str(), cloud.user().id());
    assert_eq!(cloud.requests(Operation::Jwks), 2);
}

#[tokio::test]
async fn the_keys_of_a_rotation_are_found_and_withdrawn_ones_are_not_trusted() {
    let cloud = Emulator::start().await.unwrap();
    let clock = ManualClock::new(SystemClock.now());
    let config = config(&cloud).with_clock(Arc::new(clock.clone()));
    let chain = config.chain().unwrap().build().unwrap();
    let status = async |token: &str| {
        let bearer = format!("Bearer {token}");
        ask(&chain, &[("authorization", &bearer)]).await.status
    };
    let (old, old_key) = (cloud.mint_jwt(), cloud.signing_key());
    assert_eq!(status(&old).await, 200);
    cloud.rotate_key();
    let new = cloud.mint_jwt();
    clock.advance(Duration::from_secs(31));
    assert_eq!((status(&new).await, status(&old).await), (200, 200));

    assert!(cloud.withdraw_key(old_key.key_id()));
    // One that nobody knows makes it look again.
    clock.advance(Duration::from_secs(31));
    let stranger = runbeam_emulator::SigningKey::generate();
    let header = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, stranger.key_id());
    let payload = format!(
        r#"{{"iss":"{}","sub":"u1","exp":{}}}"#,
        cloud.issuer(),
        crate::fixture::now() + 600
    );
    assert_eq!(status(&stranger.sign_raw(&header, &payload)).await, 401);
    assert_eq!((status(&new).await, status(&old).await), (200, 401));
}

#[tokio::test]
async fn keys_that_are_kept_verify_tokens_while_none_can_be_fetched() {
    let cloud = Emulator::start().await.unwrap();
    let (store, token) = (MemoryStore::new(), cloud.mint_jwt());
    let status = async |chain: &Authenticator| {
        let bearer = format!("Bearer {token}");
        ask(chain, &[("authorization", &bearer)]).await.status
    };
    let kept = KeptKeys::new(store.clone(), instance());
    assert!(kept.load().await.unwrap().is_empty());
    let chain = config(&cloud).chain().unwrap().build().unwrap();
    assert_eq!(status(&chain).await, 200);
    assert!(kept.keep(&chain).await.unwrap());
    assert!(!kept.keep(&chain).await.unwrap(), "they are the same");

    cloud.inject(FaultRule::jwks_outage());
    let next = KeptKeys::new(store, instance());
    let keys = next.load().await.unwrap();
    let chain = |keys: Vec<u8>| {
        let config = config(&cloud).with_key_snapshot(keys);
        config.chain().unwrap().build().unwrap()
    };
    assert_eq!(status(&chain(keys.clone())).await, 200);
    // What was cut is passed over, and the keys would have to be fetched.
    assert_eq!(status(&chain(keys[1..].to_vec())).await, 503);

    let without_tokens = Authenticator::builder().with_required(api_key());
    let without_tokens = without_tokens.build().unwrap();
    assert!(without_tokens.key_snapshot().is_none());
    assert!(!next.keep(&without_tokens).await.unwrap());
}
