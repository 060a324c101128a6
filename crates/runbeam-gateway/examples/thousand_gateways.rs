//! A thousand gateways in one process poll one cloud in another: what a gateway costs, and whether they ask in step.
//!
//! `cargo run --release -p runbeam-gateway --example thousand_gateways`, with the seconds to watch as an argument (30).
//! Linux only: it reads what it has used from `/proc`.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::error::Error;
use std::process::Stdio;
use std::time::{Duration, Instant};

use runbeam_emulator::{Emulator, Operation};
use runbeam_gateway::identity::MachineIdentity;
use runbeam_gateway::sync::ChangeFeed;
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::store::{InstanceId, MemoryStore, Provisioning};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const GATEWAYS: usize = 1_000;
const INTERVAL: Duration = Duration::from_secs(10);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        Some("cloud") => serve().await,
        seconds => poll(seconds.map_or(Ok(30), str::parse)?).await,
    }
}

/// The other process: a cloud that knows all gateways. It says where it is and, for each line that it is sent, how many
/// lists of changes it was asked for since the last one.
async fn serve() -> Outcome<()> {
    let gateway = |number| json!({ "name": format!("edge-{number}"), "id": id(number) });
    let token = |number| json!({ "token": format!("mt_{number}"), "gateway_id": id(number) });
    let mut seed = Map::new();
    seed.insert(
        "gateways".into(),
        (0..GATEWAYS).map(gateway).collect::<Value>(),
    );
    seed.insert(
        "machine_tokens".into(),
        (0..GATEWAYS).map(token).collect::<Value>(),
    );
    let cloud = Emulator::builder().with_seed(seed).start().await?;
    println!("{}", cloud.url());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut counted = 0;
    while lines.next_line().await?.is_some() {
        let asked = cloud.requests(Operation::ChangesForGateway);
        println!("{}", asked - counted);
        counted = asked;
    }
    Ok(())
}

fn id(number: usize) -> String {
    format!("01hz{number:022}")
}

async fn poll(seconds: u64) -> Outcome<()> {
    let mut cloud = Cloud::start().await?;
    let client = RunbeamClient::new(&cloud.url);
    let before = Usage::now()?;
    let stores: Vec<MemoryStore> = (0..GATEWAYS).map(|_| MemoryStore::new()).collect();
    // The first start of each fetches its whole configuration.
    for numbers in (0..GATEWAYS).collect::<Vec<_>>().chunks(20) {
        let mut feeds = Vec::new();
        for number in numbers {
            feeds.push(gateway(&client, &stores[*number], *number).await?);
        }
        for feed in &feeds {
            feed.watch().wait_for(|status| status.rounds > 0).await?;
        }
    }
    let configured = Usage::now()?;
    println!(
        "first start: {:.2} ms of CPU a gateway, its whole configuration fetched",
        (configured.cpu - before.cpu) * 1_000.0 / GATEWAYS as f64
    );

    // Then all of them start at once.
    let mut feeds = Vec::new();
    for (number, store) in stores.iter().enumerate() {
        feeds.push(gateway(&client, store, number).await?);
    }
    cloud.asked().await?;
    let (start, begun) = (Instant::now(), Usage::now()?);
    let mut a_tenth = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    ticks.tick().await;
    while start.elapsed() < Duration::from_secs(seconds) {
        ticks.tick().await;
        a_tenth.push(cloud.asked().await?);
    }
    let ended = Usage::now()?;
    let asked: u64 = a_tenth.iter().sum();
    let failing = feeds
        .iter()
        .filter(|feed| feed.status().failures > 0)
        .count();
    println!(
        "{} s: {asked} polls every {} s by {GATEWAYS} gateways, {failing} of them failing",
        seconds,
        INTERVAL.as_secs()
    );
    println!(
        "a tenth of a second: {:.1} polls on average, {} at most",
        asked as f64 / a_tenth.len() as f64,
        a_tenth.iter().max().copied().unwrap_or_default()
    );
    let a_poll = (ended.cpu - begun.cpu) / asked as f64;
    println!(
        "a gateway: {:.3} ms of CPU a poll, {:.5} % of a core at 30 s; {:.1} KiB of memory",
        a_poll * 1_000.0,
        a_poll / 30.0 * 100.0,
        (ended.memory - before.memory) / GATEWAYS as f64 / 1_024.0
    );
    Ok(())
}

async fn gateway(
    client: &RunbeamClient,
    store: &MemoryStore,
    number: usize,
) -> Outcome<ChangeFeed> {
    let token = json!({ "machine_token": format!("mt_{number}"), "gateway_id": id(number) });
    let instance: InstanceId = format!("edge-{number}").parse()?;
    let identity = MachineIdentity::builder(client.clone(), store.clone(), instance.clone())
        .with_provisioning(Provisioning::new(token.to_string())?)
        .start()
        .await?;
    let feed = ChangeFeed::builder(client.clone(), identity, store.clone(), instance)
        .with_poll_interval(INTERVAL);
    Ok(feed.start(async |_| Ok(())).await?)
}

/// The cloud in its own process, which ends with this.
struct Cloud {
    url: String,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Cloud {
    async fn start() -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("cloud")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = process.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        let url = lines.next_line().await?.ok_or("the cloud did not start")?;
        Ok(Self {
            url,
            input,
            lines,
            _process: process,
        })
    }

    /// How many lists of changes it was asked for since the last time.
    async fn asked(&mut self) -> Outcome<u64> {
        self.input.write_all(b"\n").await?;
        let asked = self.lines.next_line().await?;
        Ok(asked.ok_or("the cloud has ended")?.parse()?)
    }
}

/// What this process has used so far.
struct Usage {
    /// Seconds.
    cpu: f64,
    /// Bytes.
    memory: f64,
}

impl Usage {
    /// `stat` has ticks of a hundredth of a second in its fields 14 and 15, `statm` pages of 4 KiB in its second.
    fn now() -> Outcome<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat")?;
        let fields = stat.rsplit(')').next().ok_or("no fields")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
        let statm = std::fs::read_to_string("/proc/self/statm")?;
        let pages = statm.split_whitespace().nth(1).ok_or("no pages")?;
        Ok(Self {
            cpu: ticks / 100.0,
            memory: pages.parse::<f64>()? * 4_096.0,
        })
    }
}
