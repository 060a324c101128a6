//! The whole configuration of a gateway against the slowest of its kinds alone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bench::{Measured, print_ratio, print_table};
use runbeam_emulator::{Emulator, Fault, FaultRule};
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::model::{
    AuthenticationDraft, BackendDraft, EndpointDraft, GatewayDraft, MiddlewareDraft, NetworkDraft,
    PeerDraft, PipelineDraft, PolicyDraft, RuleDraft, ServiceDraft, TargetDraft, TransformDraft,
};
use tokio::runtime::Builder;

const IS_CLOUD: &str = "RUNBEAM_BENCH_TALK_CLOUD";

const RESOURCES: usize = 10_000;
const KINDS: usize = 12;
const ROUNDS: usize = 11;

/// How far away the cloud is: on this machine, and where a cloud usually is.
const DISTANCES: [Duration; 2] = [Duration::ZERO, Duration::from_millis(20)];

/// Whether this process is to be the cloud.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(IS_CLOUD).is_some()
}

/// A cloud in a process of its own, until it is dropped.
struct Cloud {
    client: RunbeamClient,
    gateway: String,
    process: Child,
}

impl Cloud {
    fn start(distance: Duration) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(IS_CLOUD, distance.as_millis().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut told)
            .unwrap();
        let [url, token, gateway] = told.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("the cloud said {told:?}");
        };
        Self {
            client: RunbeamClient::new(url).with_token(token),
            gateway: gateway.to_owned(),
            process,
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Fills the cloud, tells where it is, and serves until this process is killed.
pub(crate) fn run() {
    let distance: u64 = std::env::var(IS_CLOUD).unwrap().parse().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cloud = Emulator::start().await.unwrap();
        let token = cloud.mint_sanctum_token();
        let client = RunbeamClient::new(cloud.url()).with_token(&token);
        let gateway = client.gateways().create(&GatewayDraft::new("edge")).await;
        let gateway = gateway.unwrap().id;
        for number in 0..RESOURCES / KINDS {
            let name = format!("r{number}");
            macro_rules! create {
                ($($list:ident $draft:expr;)*) => {
                    $(client.$list().create(&$draft).await.unwrap();)*
                };
            }
            create! {
                services ServiceDraft::new(&name);
                endpoints EndpointDraft::new(&name);
                backends BackendDraft::new(&name);
                pipelines PipelineDraft::new(&name);
                middlewares MiddlewareDraft::new(&name);
                transforms TransformDraft::new(&name);
                policies PolicyDraft::new(&name);
                rules RuleDraft::new(&name);
                authentications AuthenticationDraft::new(&name);
                peers PeerDraft::new(&name);
                targets TargetDraft::new(&name);
                networks NetworkDraft::new(&name, false, "127.0.0.1", 8080);
            }
        }
        if distance > 0 {
            let delay = Fault::delay(Duration::from_millis(distance));
            cloud.inject(FaultRule::new(delay));
        }
        println!("{} {token} {gateway}", cloud.url());
        std::future::pending::<()>().await;
    });
}

pub(crate) fn measure() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for distance in DISTANCES {
        let cloud = Cloud::start(distance);
        let client = &cloud.client;
        let mut kinds: Vec<Measured> = Vec::new();
        let mut whole = Measured::new("the whole configuration");
        macro_rules! alone {
            ($($list:ident)*) => {
                $(kinds.push(Measured::new(stringify!($list)));)*
                for _ in 0..ROUNDS {
                    let mut number = 0;
                    $(
                        let start = Instant::now();
                        runtime.block_on(async {
                            let mut rows = client.$list().stream();
                            let mut count = 0;
                            while let Some(row) = rows.next().await {
                                row.unwrap();
                                count += 1;
                            }
                            assert!(count >= RESOURCES / KINDS);
                        });
                        kinds[number].add(start.elapsed().as_secs_f64() * 1e6);
                        number += 1;
                    )*
                    assert_eq!(number, KINDS);
                    let start = Instant::now();
                    let configuration =
                        runtime.block_on(client.download_configuration(cloud.gateway.as_str()));
                    whole.add(start.elapsed().as_secs_f64() * 1e6);
                    assert!(configuration.unwrap().services.len() >= RESOURCES / KINDS);
                }
            };
        }
        alone!(services endpoints backends pipelines middlewares transforms policies rules
            authentications peers targets networks);
        kinds.sort_by(|one, other| other.median().total_cmp(&one.median()));
        println!();
        let title = format!(
            "a configuration of {RESOURCES} resources, {} ms away",
            distance.as_millis()
        );
        let mut table = vec![whole];
        table.extend(kinds);
        print_table(&title, "µs", &table);
        print_ratio(&table[0], &table[1]);
        println!("    target: at most 1.30 times its slowest kind");
    }
}
