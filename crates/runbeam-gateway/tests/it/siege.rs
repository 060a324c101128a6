//! A flood of passwords is answered, and holds nothing up.

use std::collections::BTreeMap;
use std::num::NonZero;

use runbeam_gateway::layers::{Authenticator, BasicAuth, HashingPool, StoredHash};
use serde_json::json;

use crate::fixture::{ask, jwt, token};

#[tokio::test]
async fn tokens_pass_while_more_passwords_come_than_can_be_hashed() {
    // Costly enough that the queue is full at once.
    let hash = StoredHash::parse(&bcrypt::hash("open sesame", 8).unwrap()).unwrap();
    let pool = HashingPool::with_threads(NonZero::<usize>::MIN, 4).unwrap();
    let chain = Authenticator::builder()
        .with_optional(jwt())
        .with_required(BasicAuth::new("admin", hash).unwrap())
        .with_hashing_pool(pool)
        .build()
        .unwrap();
    let guesses: Vec<_> = (0..200)
        .map(|_| {
            let chain = chain.clone();
            tokio::spawn(async move {
                let guess = [("authorization", "Basic YWRtaW46eA==")];
                ask(&chain, &guess).await.status
            })
        })
        .collect();
    tokio::task::yield_now().await;
    let bearer = format!("Bearer {}", token(json!({})));
    for _ in 0..500 {
        assert_eq!(ask(&chain, &[("authorization", &bearer)]).await.status, 200);
    }
    let mut answers = BTreeMap::new();
    for guess in guesses {
        *answers.entry(guess.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(answers.values().sum::<i32>(), 200);
    assert_eq!(
        answers.keys().copied().collect::<Vec<_>>(),
        [401, 503],
        "{answers:?}"
    );
    assert!(answers[&503] > 150, "{answers:?}");
    // And who knows the password gets in as soon as the flood is over.
    let right = [("authorization", "Basic YWRtaW46b3BlbiBzZXNhbWU=")];
    assert_eq!(ask(&chain, &right).await.status, 200);
}
