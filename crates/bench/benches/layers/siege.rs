//! What 500 bad logins a second do to those who bring a token.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Request;
use runbeam_emulator::SigningKey;
use runbeam_gateway::layers::{AuthLayer, Authenticator, BasicAuth, StoredHash};
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval};
use tower::{Layer, Service, ServiceExt};

use crate::contenders;

/// Of some password, at the usual cost.
const HASH: &str = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW";
const LOGINS_A_SECOND: u64 = 500;
const TIME: Duration = Duration::from_secs(8);

/// Measures requests with a token, one in 2 ms, first alone, then under the flood, by turns.
pub(crate) fn run() {
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get);
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap();
    let key = SigningKey::generate();
    println!(
        "\na token's way while passwords are guessed ({LOGINS_A_SECOND} a second, bcrypt at cost 12)"
    );
    runtime.block_on(async {
        let mut worst = Vec::new();
        for _ in 0..2 {
            let alone = token_route(&key, false).await;
            let besieged = token_route(&key, true).await;
            println!(
                "  p99 of the token's route: alone {alone:.2} ms, under the flood {besieged:.2} ms"
            );
            worst.push(besieged - alone);
        }
        let worst = worst.into_iter().fold(f64::NEG_INFINITY, f64::max);
        println!("  the flood moves it by {worst:.2} ms");
    });
}

/// The 99th percentile in milliseconds.
async fn token_route(key: &SigningKey, is_besieged: bool) -> f64 {
    let hash = StoredHash::parse(HASH).unwrap();
    let chain = Authenticator::builder()
        .with_optional(contenders::jwt(key))
        .with_required(BasicAuth::new("admin", hash).unwrap())
        .build()
        .unwrap();
    let service = AuthLayer::new(chain).layer(tower::service_fn(contenders::behind));
    let (sent, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let flood = is_besieged.then(|| {
        let (service, sent, refused) = (service.clone(), Arc::clone(&sent), Arc::clone(&refused));
        tokio::spawn(async move {
            let mut ticks = interval(Duration::from_secs(1) / LOGINS_A_SECOND as u32);
            loop {
                ticks.tick().await;
                sent.fetch_add(1, Ordering::Relaxed);
                let guess = Request::get("/").header("authorization", "Basic YWRtaW46eA==");
                let guess = service.clone().oneshot(guess.body(String::new()).unwrap());
                let refused = Arc::clone(&refused);
                tokio::spawn(async move {
                    let status = guess.await.unwrap().status().as_u16();
                    assert!(matches!(status, 401 | 503), "{status}");
                    refused.fetch_add(usize::from(status == 401), Ordering::Relaxed);
                });
            }
        })
    });
    let token = contenders::token(key, 0);
    // From a task of the runtime, as a server does it.
    let measure = tokio::spawn(async move {
        let mut service = service;
        let mut times = Vec::new();
        let mut ticks = interval(Duration::from_millis(2));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let start = Instant::now();
        while start.elapsed() < TIME {
            // From when it is due: what comes late waited for its turn.
            let due = ticks.tick().await;
            let request = Request::get("/").header("authorization", format!("Bearer {token}"));
            let request = request.body(String::new()).unwrap();
            let answer = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(answer.status(), 200);
            times.push(due.elapsed().as_secs_f64() * 1e3);
        }
        times
    });
    let mut times = measure.await.unwrap();
    if let Some(flood) = flood {
        flood.abort();
        let seconds = TIME.as_secs_f64();
        let a_second = sent.load(Ordering::Relaxed) as f64 / seconds;
        println!(
            "  {a_second:.0} logins a second came, {:.1} of them were hashed",
            refused.load(Ordering::Relaxed) as f64 / seconds
        );
    }
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}
