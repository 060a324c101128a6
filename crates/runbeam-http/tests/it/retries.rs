//! When a request is sent again, and when not: against a transport of the test's own, in time that stands still.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use runbeam_http::{
    Attempts, CircuitState, Error, ErrorKind, HttpClient, HttpClientBuilder, Limits, Outcome,
    Phase, RetryPolicy, Stop,
};
use runbeam_model::{ManualClock, Origin};
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::raw_server::get;

const URL: &str = "https://api.test/api/gateways";

type Answer = Response<Full<Bytes>>;

fn status(code: u16) -> Answer {
    Response::builder()
        .status(code)
        .body(Full::default())
        .unwrap()
}

fn retry_after(code: u16, value: &str) -> Answer {
    let response = Response::builder()
        .status(code)
        .header("retry-after", value);
    response.body(Full::default()).unwrap()
}

/// A client whose requests `answer` answers, by their number; and that number.
fn client<F>(
    answer: impl Fn(usize) -> F + Clone + Send + Sync + 'static,
) -> (HttpClientBuilder, Arc<AtomicUsize>)
where
    F: Future<Output = io::Result<Answer>> + Send + 'static,
{
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let service =
        service_fn(move |_: Request<Bytes>| answer(counter.fetch_add(1, Ordering::Relaxed)));
    (HttpClient::builder().with_transport(service), sent)
}

fn always(code: u16) -> (HttpClientBuilder, Arc<AtomicUsize>) {
    client(move |_| async move { Ok(status(code)) })
}

async fn send(client: &HttpClient, method: Method) -> Result<Response<Bytes>, Error> {
    let request = Request::builder().method(method).uri(URL);
    client.send(request.body(Bytes::new()).unwrap()).await
}

fn stop(response: &Response<Bytes>) -> Option<Stop> {
    Attempts::of(response).map(Attempts::stopped_by)
}

#[tokio::test(start_paused = true)]
async fn statuses_that_pass_are_tried_again_and_others_not() {
    for code in [408, 429, 502, 503, 504] {
        let (client, sent) =
            client(move |n| async move { Ok(status(if n < 2 { code } else { 200 })) });
        let response = get(&client.build().unwrap(), URL).await.unwrap();
        assert_eq!(
            (response.status(), sent.load(Ordering::Relaxed)),
            (StatusCode::OK, 3)
        );
        let attempts = Attempts::of(&response).unwrap();
        let outcomes: Vec<_> = attempts.list().iter().map(|tried| tried.outcome).collect();
        let answered = |code| Outcome::Answered(StatusCode::from_u16(code).unwrap());
        assert_eq!(outcomes, [answered(code), answered(code), answered(200)]);
        assert!(attempts.list().is_sorted_by_key(|tried| tried.started));
        assert_eq!(attempts.stopped_by(), Stop::Final);
    }
    for code in [200, 204, 304, 400, 401, 403, 404, 409, 422, 500, 501] {
        let (client, sent) = always(code);
        let response = get(&client.build().unwrap(), URL).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), sent.load(Ordering::Relaxed)),
            (code, 1)
        );
        assert!(Attempts::of(&response).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_is_handed_over_with_what_was_tried() {
    let (client, sent) = always(503);
    let start = Instant::now();
    let response = get(&client.build().unwrap(), URL).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(
        (stop(&response), sent.load(Ordering::Relaxed)),
        (Some(Stop::AttemptsSpent), 4)
    );
    assert!(start.elapsed() <= Duration::from_millis(100 + 200 + 400));
}

#[tokio::test(start_paused = true)]
async fn a_status_does_not_make_an_unsafe_request_repeatable() {
    for code in [408, 429, 502, 503, 504] {
        let (client, sent) = always(code);
        let response = send(&client.build().unwrap(), Method::POST).await.unwrap();
        assert_eq!(
            (stop(&response), sent.load(Ordering::Relaxed)),
            (Some(Stop::NotRepeatable), 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn never_means_once_however_often_it_failed() {
    let (client, sent) = client(|_| async { Err(io::Error::other("canary")) });
    let client = client.with_retries(RetryPolicy::never()).build().unwrap();
    for number in 1..=100 {
        let error = get(&client, URL).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_eq!(sent.load(Ordering::Relaxed), number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_says_when_to_come_again() {
    let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
    let cases = [
        ("7", 7),
        ("Thu, 01 Jan 2026 00:00:20 GMT", 20),
        ("Thursday, 01-Jan-26 00:00:09 GMT", 9),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
    ];
    for (value, seconds) in cases {
        for code in [429, 503] {
            let (client, sent) = client(move |n| async move {
                Ok(if n == 0 {
                    retry_after(code, value)
                } else {
                    status(200)
                })
            });
            let client = client.with_clock(clock.clone()).build().unwrap();
            let start = Instant::now();
            assert_eq!(get(&client, URL).await.unwrap().status(), 200);
            assert_eq!(sent.load(Ordering::Relaxed), 2);
            let more = start.elapsed().checked_sub(Duration::from_secs(seconds));
            assert!(
                more.unwrap() <= Duration::from_millis(101),
                "{value}: {more:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_ends_the_call_at_once() {
    for value in [
        "30",
        "86400",
        "99999999999999999999",
        "Fri, 01 Jan 9999 00:00:00 GMT",
    ] {
        let (client, sent) = client(move |_| async move { Ok(retry_after(429, value)) });
        let start = Instant::now();
        let response = get(&client.build().unwrap(), URL).await.unwrap();
        assert_eq!(response.headers()["retry-after"], value);
        assert_eq!(
            (stop(&response), sent.load(Ordering::Relaxed)),
            (Some(Stop::DeadlineNear), 1)
        );
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
    // No server holds up a patient caller for more than a minute.
    let (client, sent) = client(|n| async move {
        Ok(if n == 0 {
            retry_after(503, "86400")
        } else {
            status(200)
        })
    });
    let hours = Limits::new().with_total(Duration::from_secs(86400));
    let start = Instant::now();
    get(&client.with_limits(hours).build().unwrap(), URL)
        .await
        .unwrap();
    assert!(
        start.elapsed() <= Duration::from_millis(60_101),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(sent.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_all_attempts_together() {
    // Each attempt is silent for longer than the server may be.
    let (client, sent) = client(|_| async {
        sleep(Duration::from_secs(3600)).await;
        Ok(status(200))
    });
    let client = client.build().unwrap();
    let start = Instant::now();
    let error = get(&client, URL).await.unwrap_err();
    assert_eq!(start.elapsed().as_millis() / 10, 3000);
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total));
    let kinds: Vec<_> = error.attempts().iter().map(|tried| tried.outcome).collect();
    let silent = Outcome::Failed(ErrorKind::Timeout(Phase::Answer));
    let total = Outcome::Failed(ErrorKind::Timeout(Phase::Total));
    assert_eq!(kinds, [silent, silent, total], "10 s each");
    assert_eq!(sent.load(Ordering::Relaxed), 3);
    let times = error.attempts()[0].to_string();
    assert!(
        times.starts_with("after 0.0ns: too slow in 10.0"),
        "{times}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_is_left_alone_and_then_tried_by_one() {
    let (client, sent) = client(|n| async move {
        sleep(Duration::from_millis(10)).await;
        Ok(status(if n < 10 { 503 } else { 200 }))
    });
    let client = client
        .with_retries(RetryPolicy::new().with_attempts(1))
        .build()
        .unwrap();
    let server = Origin::of(URL).unwrap();
    for _ in 0..10 {
        assert_eq!(get(&client, URL).await.unwrap().status(), 503);
    }
    assert_eq!(
        (client.circuit(&server), client.counters().open_circuits),
        (CircuitState::Open, 1)
    );
    let error = get(&client, URL).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::CircuitOpen, true)
    );
    assert!(error.never_left() && error.attempts().is_empty());
    assert!(
        error.retry_after().unwrap() <= Duration::from_secs(5),
        "{error:?}"
    );
    assert_eq!(sent.load(Ordering::Relaxed), 10);
    // Others are not affected.
    assert_eq!(
        get(&client, "https://other.test/").await.unwrap().status(),
        200
    );

    sleep(Duration::from_secs(5)).await;
    let all: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { get(&client, URL).await.is_ok() })
        })
        .collect();
    let mut good = 0;
    for one in all {
        good += usize::from(one.await.unwrap());
    }
    assert_eq!(
        (good, sent.load(Ordering::Relaxed)),
        (1, 12),
        "one asks for all"
    );
    assert_eq!(client.circuit(&server), CircuitState::Closed);
    assert!(get(&client, URL).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    let (client, sent) = client(|n| async move {
        match n {
            0..10 => Ok(status(503)),
            10 => {
                sleep(Duration::from_secs(3600)).await;
                Ok(status(200))
            }
            _ => Ok(status(200)),
        }
    });
    let client = client.build().unwrap();
    let server = Origin::of(URL).unwrap();
    // Given up while it waits for its next attempt.
    let waiting = tokio::time::timeout(Duration::ZERO, get(&client, URL));
    assert!(waiting.await.is_err());
    assert_eq!(sent.load(Ordering::Relaxed), 1);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(sent.load(Ordering::Relaxed), 1, "nobody goes on with it");

    let once = client.with_retries(RetryPolicy::new().with_attempts(1));
    for _ in 1..10 {
        get(&once, URL).await.unwrap();
    }
    assert_eq!(client.circuit(&server), CircuitState::Open);
    sleep(Duration::from_secs(5)).await;
    // Given up while it is the one that tries the server.
    assert!(
        tokio::time::timeout(Duration::from_secs(1), get(&client, URL))
            .await
            .is_err()
    );
    assert_eq!(
        (client.circuit(&server), sent.load(Ordering::Relaxed)),
        (CircuitState::Open, 11)
    );
    assert_eq!(get(&client, URL).await.unwrap().status(), 200);
    assert_eq!(client.circuit(&server), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_one_for_all_clones() {
    let (client, sent) = always(429);
    let client = client.build().unwrap();
    let spent = async |client: HttpClient| {
        let mut last = None;
        for _ in 0..20 {
            last = stop(&get(&client, URL).await.unwrap());
        }
        last
    };
    assert_eq!(spent(client.clone()).await, Some(Stop::BudgetSpent));
    let limits = client.limits();
    assert_eq!(
        spent(client.with_limits(limits)).await,
        Some(Stop::BudgetSpent)
    );
    let counters = client.counters();
    assert_eq!((counters.requests, counters.budget_left), (40, 0));
    assert!((10..=14).contains(&counters.retries), "{counters:?}");
    assert_eq!(counters.attempts as usize, sent.load(Ordering::Relaxed));
}

/// How many requests a server sees in a minute in which twenty a second are made, and how many of them were good.
async fn a_minute_of(
    fault: fn() -> io::Result<Answer>,
    delay: Duration,
    policy: RetryPolicy,
) -> (usize, usize) {
    let (client, sent) = client(move |_| async move {
        sleep(delay).await;
        fault()
    });
    let client = client.with_retries(policy).build().unwrap();
    let mut calls = Vec::new();
    for _ in 0..60 * 20 {
        let client = client.clone();
        calls.push(tokio::spawn(async move { get(&client, URL).await }));
        sleep(Duration::from_millis(50)).await;
    }
    let mut good = 0;
    for call in calls {
        good += usize::from(
            call.await
                .unwrap()
                .is_ok_and(|response| response.status() == 200),
        );
    }
    (sent.load(Ordering::Relaxed), good)
}

#[tokio::test(start_paused = true)]
async fn an_outage_sees_hardly_more_requests_than_normal_operation() {
    let delay = Duration::from_millis(20);
    let (normal, good) = a_minute_of(|| Ok(status(200)), delay, RetryPolicy::new()).await;
    assert_eq!((normal, good), (1200, 1200));
    let faults: [fn() -> io::Result<Answer>; 4] = [
        || Ok(status(503)),
        || Ok(status(429)),
        || Ok(retry_after(503, "1")),
        || Err(io::ErrorKind::ConnectionReset.into()),
    ];
    for fault in faults {
        for delay in [Duration::ZERO, delay, Duration::from_secs(15)] {
            for policy in [RetryPolicy::new(), RetryPolicy::new().without_circuit()] {
                let (requests, good) = a_minute_of(fault, delay, policy).await;
                assert!(
                    requests * 10 <= normal * 12,
                    "{requests} in place of {normal}"
                );
                assert_eq!(good, 0);
            }
        }
    }
    // With the circuit, a server that is down is hardly asked at all.
    let (requests, _) = a_minute_of(|| Ok(status(503)), delay, RetryPolicy::new()).await;
    assert!(requests < 50, "{requests}");
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_is_never_ready_ends_at_the_deadline() {
    #[derive(Clone)]
    struct Never;
    impl tower_service::Service<Request<Bytes>> for Never {
        type Response = Answer;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Answer, Infallible>>;
        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Infallible>> {
            std::task::Poll::Pending
        }
        fn call(&mut self, _: Request<Bytes>) -> Self::Future {
            panic!("it was not ready")
        }
    }
    let client = HttpClient::builder().with_transport(Never).build().unwrap();
    let error = get(&client, URL).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total));
}
