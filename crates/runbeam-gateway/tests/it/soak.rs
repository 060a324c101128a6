//! A gateway in its process meets good and bad requests by the thousand, while its cloud fails and changes its
//! configuration: no decision is wrong, and it grows in nothing.
//!
//! Each visitor has an address of its own below 127.0.0.0/8, since failures are counted by peer: Linux alone gives those.

#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use runbeam_emulator::{
    ChangeKind, ChangeSpec, ChangeStatus, Emulator, Fault, FaultRule, Operation,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::campaign;
use crate::process::{Home, Process, until};

const VISITORS: u64 = 16;
/// Of five requests, one is bad.
const GOOD_AT_ONCE: u64 = 48;
const BAD_AT_ONCE: u64 = 12;
/// So many failures are answered with 401, and then the peer is held back.
const FAILURES: u64 = 10;

/// What may be growing.
#[derive(Debug, Clone, Copy)]
struct Size {
    bytes: u64,
    descriptors: usize,
}

impl Size {
    fn of(process: &Process) -> Self {
        let id = process.child.id().unwrap();
        let statm = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        let descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap();
        Self {
            bytes: pages * rustix::param::page_size() as u64,
            descriptors: descriptors.count(),
        }
    }
}

/// Everything that visitors bring, and what comes of it.
struct Siege {
    gateway: SocketAddr,
    good: Vec<String>,
    bad: Vec<String>,
    asked: AtomicU64,
    wrong: AtomicU64,
    addresses: AtomicU64,
}

impl Siege {
    fn new(gateway: SocketAddr, cloud: &Emulator) -> Self {
        let good = (0..200).map(|_| format!("authorization: Bearer {}", cloud.mint_jwt()));
        let key = cloud.signing_key();
        let stranger = runbeam_emulator::SigningKey::generate();
        let header = |alg: &str| json!({ "alg": alg, "kid": key.key_id() }).to_string();
        let claims = |issuer: &str, seconds: i64| {
            let expires = crate::fixture::now() + seconds;
            json!({ "iss": issuer, "sub": "u1", "iat": 1, "exp": expires }).to_string()
        };
        let issuer = cloud.issuer();
        let tokens = [
            stranger.sign_raw(&header("RS256"), &claims(&issuer, 3600)),
            key.sign_raw(&header("RS256"), &claims(&issuer, -3600)),
            key.sign_raw(&header("RS256"), &claims("https://evil.example.com", 3600)),
            key.sign_raw(&header("none"), &claims(&issuer, 3600)),
            key.sign_raw(&header("HS256"), &claims(&issuer, 3600)),
            "12|canary".to_owned(),
        ];
        let tokens = tokens.map(|token| format!("authorization: Bearer {token}"));
        let others = ["x-api-key: wrong", "authorization: Bearer x"].map(str::to_owned);
        Self {
            gateway,
            good: good.collect(),
            bad: tokens.into_iter().chain(others).collect(),
            asked: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            addresses: AtomicU64::new(0),
        }
    }

    /// Lets visitors come until there were so many requests.
    async fn run(self: &Arc<Self>, requests: u64) {
        let mut visitors = JoinSet::new();
        for seed in 0..VISITORS {
            let siege = self.clone();
            visitors.spawn(async move {
                let mut random = fastrand::Rng::with_seed(seed);
                while siege.asked.load(Ordering::Relaxed) < requests {
                    siege.visit_well(&mut random).await;
                    siege.visit_badly(&mut random).await;
                }
            });
        }
        visitors.join_all().await;
    }

    async fn visit_well(&self, random: &mut fastrand::Rng) {
        let mut visitor = self.connect(Ipv4Addr::LOCALHOST).await;
        for _ in 0..GOOD_AT_ONCE {
            let path = if random.u8(..8) == 0 {
                "/nothing"
            } else {
                "/studies/1"
            };
            let expected = if path == "/nothing" { 404 } else { 200 };
            let field = match random.bool() {
                true => "x-api-key: key",
                false => random.choice(&self.good).unwrap(),
            };
            self.judge(&mut visitor, path, field, expected).await;
        }
    }

    /// Fails until it is held back; then a token is good still, and keys are not looked at. Or it breaks off in the middle.
    async fn visit_badly(&self, random: &mut fastrand::Rng) {
        let number = u32::try_from(self.addresses.fetch_add(1, Ordering::Relaxed)).unwrap();
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + number);
        let mut visitor = self.connect(address).await;
        if random.u8(..8) == 0 {
            for _ in 0..BAD_AT_ONCE {
                let mut visitor = self.connect(address).await;
                let head = format!("GET /studies HTTP/1.1\r\nhost: gateway\r\n{}", self.good[0]);
                let part = &head.as_bytes()[..random.usize(..head.len())];
                visitor.write_all(part).await.unwrap();
                self.asked.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        for _ in 0..FAILURES {
            let bad = random.choice(&self.bad).unwrap();
            self.judge(&mut visitor, "/studies", bad, 401).await;
        }
        let bad = random.choice(&self.bad).unwrap();
        self.judge(&mut visitor, "/studies", bad, 429).await;
        let (field, expected) = match random.u8(..3) {
            0 => ("x-api-key: key", 429),
            1 => ("x-nothing: 1", 401),
            _ => (self.good[0].as_str(), 200),
        };
        self.judge(&mut visitor, "/studies", field, expected).await;
    }

    async fn connect(&self, from: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(self.gateway).await.unwrap()
    }

    async fn judge(&self, visitor: &mut TcpStream, path: &str, field: &str, expected: u16) {
        let head = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n{field}\r\n\r\n");
        visitor.write_all(head.as_bytes()).await.unwrap();
        let status = status(visitor).await;
        self.asked.fetch_add(1, Ordering::Relaxed);
        if status != expected && self.wrong.fetch_add(1, Ordering::Relaxed) < 10 {
            let field: String = field.chars().take(40).collect();
            eprintln!("{path} with {field}…: {status} and not {expected}");
        }
    }
}

/// The status of the next answer, which is read to its end.
async fn status(visitor: &mut TcpStream) -> u16 {
    let mut answer = Vec::with_capacity(1024);
    loop {
        let read = visitor.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "the gateway closed the connection");
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_decision_is_wrong_and_nothing_grows() {
    let requests = campaign::rounds(20_000, 1_000_000) as u64;
    let cloud = Emulator::start().await.unwrap();
    let home = Home::new();
    home.write("token", &cloud.mint_sanctum_token());
    let renew_with = home.path("token");
    let more = ["--renew-with", renew_with.to_str().unwrap()];
    let gateway = Process::start(&home, &cloud.url(), &more).await;
    let siege = Arc::new(Siege::new(gateway.address, &cloud));
    let first = [
        ("x-api-key", "key"),
        ("authorization", &siege.good[0]["authorization: ".len()..]),
    ];
    assert_eq!(gateway.status("/studies", &first).await, 200);
    until(async || cloud.requests(Operation::ChangesForGateway) > 0).await;
    // From here on, what the gateway asks of the cloud fails every tenth time, and so every third round of it or so.
    for (seed, fault) in [Fault::status(503), Fault::ResetAfter]
        .into_iter()
        .enumerate()
    {
        cloud.inject(FaultRule::new(fault).with_probability(0.05, seed as u64));
    }
    let id = cloud.dump()["gateways"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let begun = Instant::now();
    let changing = async {
        let mut changes = Vec::new();
        loop {
            let toml = format!("[pipelines.labs]\ndescription = '{}'\n", changes.len());
            let change = ChangeSpec::new(ChangeKind::Pipeline, toml).with_resource("labs", "labs");
            changes.push(cloud.queue_change(&id, change).unwrap());
            tokio::time::sleep(Duration::from_secs(1)).await;
            if siege.asked.load(Ordering::Relaxed) >= requests {
                return changes;
            }
        }
    };
    let besieging = async {
        // What is kept for the next time is filled by a fifth of it.
        siege.run(requests / 5).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let before = Size::of(&gateway);
        siege.run(requests).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        (before, Size::of(&gateway))
    };
    let (changes, (before, after)) = tokio::join!(changing, besieging);
    let took = begun.elapsed();
    let asked = siege.asked.load(Ordering::Relaxed);
    let grown = after.bytes.saturating_sub(before.bytes);
    eprintln!(
        "{asked} requests in {took:.1?}, {} changes; {} KiB before, {} KiB more after; {} descriptors, then {}",
        changes.len(),
        before.bytes / 1024,
        grown / 1024,
        before.descriptors,
        after.descriptors
    );
    assert_eq!(siege.wrong.load(Ordering::Relaxed), 0);
    assert!(grown <= 5 * 1024 * 1024, "{grown} bytes more");
    assert!(
        after.descriptors <= before.descriptors + 4,
        "{before:?} {after:?}"
    );

    // The pauses after failures may be of minutes by now. The next process goes on where this one is killed.
    cloud.end_all_faults();
    drop(gateway);
    let _next = Process::start(&home, &cloud.url(), &more).await;
    for change in &changes {
        until(async || cloud.change_status(change) == Some(ChangeStatus::Applied)).await;
    }
}
