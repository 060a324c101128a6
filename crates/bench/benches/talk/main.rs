//! How long it takes to list 25 gateways, here, bare, and by the earlier SDK.
//!
//! `cargo bench --manifest-path crates/bench/Cargo.toml --features bench-talk --bench talk`
//!
//! The server is another process, which answers everything with one body, so that the CPU time of this one is that of
//! the client alone. The contenders take turns batch by batch, so that a machine that is slow for a while is slow for
//! all of them. Nothing is asserted about the time.

mod allocations;
mod configuration;
mod contenders;
mod server;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench::{Measured, print_ratio, print_table};
use contenders::{Client, Kind};
use rustix::time::{ClockId, clock_gettime};
use server::Server;
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

const ROUNDS: usize = 61;
const SEQUENTIAL: usize = 100;
const AT_ONCE: usize = 64;
const EACH: usize = 25;

fn main() -> ExitCode {
    if server::is_asked_for() {
        server::run();
        return ExitCode::SUCCESS;
    }
    if configuration::is_asked_for() {
        configuration::run();
        return ExitCode::SUCCESS;
    }
    let server = Server::start();
    println!("a list of 25 gateways, {} bytes\n", server.body.len());
    sequential(&server);
    at_once(&server);
    allocations_of_one(&server);
    drop(server);
    configuration::measure();
    ExitCode::SUCCESS
}

fn clients(server: &Server, runtime: &Runtime, connections: usize) -> Vec<Client> {
    Kind::ALL
        .map(|kind| runtime.block_on(Client::new(kind, server, connections)))
        .into()
}

fn sequential(server: &Server) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let clients = clients(server, &runtime, 1);
    let mut measured: Vec<_> = Kind::ALL.map(|kind| Measured::new(kind.name())).into();
    for_each_turn(|place, _| {
        let start = Instant::now();
        runtime.block_on(clients[place].list(0, SEQUENTIAL));
        measured[place].add(micros(start.elapsed(), SEQUENTIAL));
    });
    print_table("one after the other", "µs a call", &measured);
    print_all(&measured, 1.15);
}

fn at_once(server: &Server) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let clients = clients(server, &runtime, AT_ONCE);
    let mut time: Vec<_> = Kind::ALL.map(|kind| Measured::new(kind.name())).into();
    let mut cpu: Vec<_> = Kind::ALL.map(|kind| Measured::new(kind.name())).into();
    for_each_turn(|place, _| {
        let (start, cpu_start) = (Instant::now(), cpu_time());
        runtime.block_on(async {
            let calls: Vec<_> = (0..AT_ONCE)
                .map(|number| {
                    let client = clients[place].clone();
                    tokio::spawn(async move { client.list(number, EACH).await })
                })
                .collect();
            for call in calls {
                call.await.unwrap();
            }
        });
        time[place].add(micros(start.elapsed(), AT_ONCE * EACH));
        cpu[place].add(micros(cpu_time() - cpu_start, AT_ONCE * EACH));
    });
    println!();
    print_table("64 at once", "µs a call", &time);
    for measured in &time {
        println!(
            "  {:8.0} calls a second: {}",
            1e6 / measured.median(),
            measured.name()
        );
    }
    print_ratio(&time[Kind::EARLIER], &time[Kind::OURS]);
    println!("    target: at least 1.30");
    println!();
    print_table(
        "64 at once, CPU",
        "µs a call, the server's not counted",
        &cpu,
    );
    print_all(&cpu, 1.15);
}

fn allocations_of_one(server: &Server) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    println!("\nheap allocations of one call");
    let mut of_bare = 0.0;
    for kind in Kind::ALL {
        let client = runtime.block_on(Client::new(kind, server, 1));
        runtime.block_on(client.list(0, SEQUENTIAL));
        let before = allocations::count();
        runtime.block_on(client.list(0, SEQUENTIAL));
        let each = (allocations::count() - before) as f64 / SEQUENTIAL as f64;
        if kind == Kind::Bare {
            of_bare = each;
        }
        println!(
            "  {:40}{each:10.1}   above bare: {:.1}",
            kind.name(),
            each - of_bare
        );
    }
    println!("    target: at most 20 above bare");
}

/// Lets each contender have its turn in each round, with another one at the head each time.
fn for_each_turn(mut run: impl FnMut(usize, usize)) {
    for round in 0..ROUNDS {
        for turn in 0..Kind::ALL.len() {
            run((round + turn) % Kind::ALL.len(), round);
        }
    }
}

fn print_all(measured: &[Measured], target: f64) {
    let bare = &measured[Kind::BARE];
    for other in measured.iter().filter(|other| other.name() != bare.name()) {
        print_ratio(other, bare);
    }
    println!("    target of ours: at most {target:.2}");
}

fn micros(time: Duration, calls: usize) -> f64 {
    time.as_secs_f64() * 1e6 / calls as f64
}

/// What all threads of this process have used so far.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
