//! The long step `load`: the numbers of the emulator, measured on the release build.
//!
//! They depend on the machine and on what else it does, so they are shown and not judged.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::contract::Emulator;
use crate::process::{cargo, program, read, run};
use crate::step::{Outcome, Result};
use crate::{tools, workspace};

/// Starts that are measured.
const STARTS: usize = 11;

/// Gateways that are held at once.
const GATEWAYS: usize = 100_000;

/// Requests after which the memory is compared with that after the first hundred thousand.
const REQUESTS: u64 = 1_000_000;

/// # Errors
///
/// When something cannot be run, or does not answer as it should.
pub(crate) fn run_measurements() -> Result {
    tools::need(tools::WRK)?;
    run(&mut cargo(
        "build --release --package runbeam-emulator --bin runbeam-emulator",
    ))?;
    let target = workspace::metadata()?.target_directory.into_std_path_buf();
    let emulator = target.join("release/runbeam-emulator");
    ready(&emulator)?;
    throughput(&emulator)?;
    size(&emulator, &target)?;
    Ok(Outcome::Passed)
}

/// From the start of the process to the line that says that it is ready.
fn ready(path: &Path) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let emulator = Emulator::start(path, &[])?;
        emulator.text("url")?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let shown = |place: usize| times.get(place).map_or(0, Duration::as_millis);
    println!(
        "ready after {} ms (median of {STARTS}; best {} ms, worst {} ms)",
        shown(STARTS / 2),
        shown(0),
        shown(STARTS - 1)
    );
    Ok(())
}

/// Requests a second on kept connections, and the memory after a million of them.
fn throughput(path: &Path) -> Result<()> {
    let emulator = Emulator::start(path, &[])?;
    let token = emulator.text("sanctum_token")?;
    let url = format!("{}/api/gateways", emulator.text("url")?);
    let (mut requests, mut early) = (0, None);
    while requests < REQUESTS {
        let report = read(
            program("wrk")
                .args(["-t1", "-c16", "-d5s", "-H"])
                .arg(format!("Authorization: Bearer {token}"))
                .arg(&url),
        )?;
        if report.contains("Non-2xx") || report.contains("Socket errors") {
            return Err(report.into());
        }
        if requests == 0 {
            println!("GET /api/gateways, 16 kept connections, Sanctum token:\n{report}");
        }
        let line = report.lines().find(|line| line.contains("requests in"));
        let count = line.and_then(|line| line.split_whitespace().next());
        requests += count
            .and_then(|count| count.parse::<u64>().ok())
            .unwrap_or_default();
        if requests >= REQUESTS / 10 && early.is_none() {
            early = Some((requests, resident(&emulator)?));
        }
    }
    let (first, before) = early.unwrap_or_default();
    let after = resident(&emulator)?;
    println!("memory after {first} requests: {before} KiB; after {requests}: {after} KiB");
    Ok(())
}

/// Memory and pages of a cloud with very many gateways.
fn size(path: &Path, target: &Path) -> Result<()> {
    let seed = target.join("many-gateways.json");
    let rows: Vec<_> = (0..GATEWAYS)
        .map(|number| json!({ "name": format!("edge-{number}"), "enabled": true, "dns": ["edge.example.test"] }))
        .collect();
    fs::write(&seed, json!({ "gateways": rows }).to_string())?;
    let start = Instant::now();
    let emulator = Emulator::start(path, &["--seed-file", &seed.display().to_string()])?;
    let address = emulator
        .text("url")?
        .trim_start_matches("http://")
        .to_owned();
    println!(
        "{GATEWAYS} gateways from a seed file: ready after {:?}",
        start.elapsed()
    );
    let token = emulator.text("sanctum_token")?;
    let mut connection = TcpStream::connect(&address)?;
    connection.set_nodelay(true)?;
    let mut times = Vec::new();
    for page in 1..=GATEWAYS / 50 {
        let request = format!(
            "GET /api/gateways?page={page} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let start = Instant::now();
        connection.write_all(request.as_bytes())?;
        read_answer(&mut connection)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let shown = |share: usize| {
        times
            .get(times.len() * share / 1000)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "its {} pages of 50: median {:?}, 99 % within {:?}, 99.9 % within {:?}; memory {} MiB",
        times.len(),
        shown(500),
        shown(990),
        shown(999),
        resident(&emulator)? / 1024
    );
    Ok(())
}

/// Reads one answer with an announced length.
fn read_answer(connection: &mut TcpStream) -> Result<()> {
    let mut answer = Vec::new();
    let mut part = [0; 65_536];
    loop {
        let count = connection.read(&mut part)?;
        answer.extend_from_slice(part.get(..count).unwrap_or_default());
        let text = String::from_utf8_lossy(&answer);
        if count == 0 || (text.len() > 12 && !text.starts_with("HTTP/1.1 200")) {
            return Err(format!("no good answer: {text}").into());
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .and_then(|length| length.parse::<usize>().ok())
            .ok_or("an answer without a length")?;
        if body.len() >= length {
            return Ok(());
        }
    }
}

/// Resident memory in KiB, as Linux counts it.
fn resident(emulator: &Emulator) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", emulator.id()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let count = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(count
        .ok_or("Linux does not say how much memory it has")?
        .parse()?)
}
