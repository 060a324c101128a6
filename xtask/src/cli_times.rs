//! The long step `cli-times`: how large `runbeam` is and how long its commands take, beside the earlier one.
//!
//! The limits of size and start are judged; the rest depends on the machine, and is shown.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::contract::Emulator;
use crate::earlier_cli::install;
use crate::process::{cargo, read, run};
use crate::step::{Outcome, Result};
use crate::workspace;

/// Without `dev`, stripped.
const MOST_BYTES: u64 = 15 << 20;

/// Runs of a command that asks nobody, and of one that asks a server.
const LOCAL: usize = 200;
const REMOTE: usize = 50;

/// A command, how often it runs, how long its median may be, and whether the earlier command has it.
struct Case {
    line: &'static str,
    runs: usize,
    most: Option<Duration>,
    has_earlier: bool,
}

const fn case(line: &'static str, runs: usize) -> Case {
    Case {
        line,
        runs,
        most: None,
        has_earlier: true,
    }
}

const fn new(line: &'static str, runs: usize) -> Case {
    Case {
        has_earlier: false,
        ..case(line, runs)
    }
}

const fn within(line: &'static str, milliseconds: u64) -> Case {
    Case {
        most: Some(Duration::from_millis(milliseconds)),
        ..case(line, LOCAL)
    }
}

const CASES: &[Case] = &[
    within("--help", 10),
    within("harmony:list", 15),
    case("--version", LOCAL),
    case("list", LOCAL),
    case("config:get", LOCAL),
    case("config:set api-url URL", REMOTE),
    case("harmony:add -l lab -p PORT", REMOTE),
    case("harmony:info -l lab", REMOTE),
    case("harmony:pipelines -l lab", REMOTE),
    case("harmony:routes -l lab", REMOTE),
    case("harmony:reload -l lab", REMOTE),
    case("harmony:update -l lab", REMOTE),
    case("verify", REMOTE),
    case("token:get -g edge-porto", REMOTE),
    case("harmony:authorize -l lab -y", REMOTE),
    case("harmony:remove -l nobody", REMOTE),
    case("login", REMOTE),
    new("whoami", REMOTE),
    new("gateways list", REMOTE),
    new("doctor", REMOTE),
    new("completions bash", REMOTE),
    new("man", REMOTE),
];

/// # Errors
///
/// When something cannot be built or run, or is larger or slower than it may be.
pub(crate) fn run_times() -> Result {
    let target = workspace::metadata()?.target_directory.into_std_path_buf();
    let earlier = install(&target)?;
    run(&mut cargo(
        "build --release --package runbeam-cli --no-default-features",
    ))?;
    run(&mut cargo(
        "build --package runbeam-emulator --bin runbeam-emulator",
    ))?;
    let built = target.join("release/runbeam");
    let ours = target.join("cli-times/runbeam");
    fs::create_dir_all(target.join("cli-times"))?;
    run(Command::new("strip").arg("-o").arg(&ours).arg(&built))?;
    let (size, former) = (fs::metadata(&ours)?.len(), fs::metadata(&earlier)?.len());
    println!(
        "size: {size} bytes stripped, without `dev`; the earlier one has {former} as it is installed"
    );

    let emulator = Emulator::start(&target.join("debug/runbeam-emulator"), &["--auto-approve"])?;
    let gateway = gateway()?;
    let new = Person::moves_in(&ours, target.join("cli-times/ours"), &emulator, gateway)?;
    let old = Person::moves_in(
        &earlier,
        target.join("cli-times/earlier"),
        &emulator,
        gateway,
    )?;
    println!(
        "{:30} {:>9} {:>9} {:>9} {:>9}",
        "", "median", "99 %", "earlier", "ratio"
    );
    let mut faults = Vec::new();
    for case in CASES {
        let times = measure(case, &new, &old)?;
        let median = at(&times.ours, 500);
        let (earlier, ratio) = if case.has_earlier {
            let earlier = at(&times.earlier, 500);
            let ratio = median.as_secs_f64() / earlier.as_secs_f64();
            (shown(earlier), format!("{ratio:.2}"))
        } else {
            ("-".to_owned(), "-".to_owned())
        };
        let slow = shown(at(&times.ours, 990));
        println!(
            "{:30} {:>9} {slow:>9} {earlier:>9} {ratio:>9}",
            case.line,
            shown(median)
        );
        if case.most.is_some_and(|most| median > most) {
            faults.push(format!("`runbeam {}` takes {}", case.line, shown(median)));
        }
    }
    if size > MOST_BYTES {
        faults.push(format!("the binary has {size} bytes"));
    }
    if faults.is_empty() {
        return Ok(Outcome::Passed);
    }
    Err(faults.join("; ").into())
}

/// The times of both, in order.
struct Times {
    ours: Vec<Duration>,
    earlier: Vec<Duration>,
}

/// The two take turns, so that whatever else the machine does slows both.
fn measure(case: &Case, new: &Person<'_>, old: &Person<'_>) -> Result<Times> {
    let mut times = Times {
        ours: Vec::new(),
        earlier: Vec::new(),
    };
    for _ in 0..case.runs {
        times.ours.push(new.times(case.line)?);
        if case.has_earlier {
            times.earlier.push(old.times(case.line)?);
        }
    }
    times.ours.sort_unstable();
    times.earlier.sort_unstable();
    Ok(times)
}

fn at(times: &[Duration], thousandth: usize) -> Duration {
    let place = times.len() * thousandth / 1000;
    times.get(place).copied().unwrap_or_default()
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Somebody with a home and one of the two commands.
struct Person<'a> {
    cli: &'a Path,
    home: PathBuf,
    url: String,
    port: u16,
}

impl<'a> Person<'a> {
    /// Logs in and adds the gateway.
    fn moves_in(cli: &'a Path, home: PathBuf, emulator: &Emulator, port: u16) -> Result<Self> {
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let url = emulator.text("url")?.to_owned();
        let person = Self {
            cli,
            home,
            url,
            port,
        };
        for line in [
            "config:set api-url URL",
            "login",
            "harmony:add -l lab -p PORT",
        ] {
            read(&mut person.command(line))?;
        }
        Ok(person)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(self.cli);
        for word in line.split(' ') {
            match word {
                "URL" => command.arg(&self.url),
                "PORT" => command.arg(self.port.to_string()),
                word => command.arg(word),
            };
        }
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.home)
            .env("RUNBEAM_DISABLE_KEYRING", "1")
            .env("BROWSER", "true")
            .stdin(Stdio::null());
        command
    }

    /// From the start of the process to its end.
    fn times(&self, line: &str) -> Result<Duration> {
        let mut command = self.command(line);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status()?;
        let took = start.elapsed();
        // The doctor finds that this gateway is none.
        if status.success() || line == "doctor" {
            return Ok(took);
        }
        Err(format!("`{} {line}` ended with {status}", self.cli.display()).into())
    }
}

/// A management API that has the same answer for everything, which both commands take.
fn gateway() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who goes away in the middle has what he wanted.
            let _ = answer(stream);
        }
    });
    Ok(port)
}

fn answer(mut stream: TcpStream) -> Result<()> {
    const BODY: &str = r#"{"version":"1","uptime":1,"os":"linux","arch":"x86_64","routes":[],"pipelines":[],"message":"done","config_size":1,"success":true}"#;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    std::io::copy(
        &mut std::io::Read::take(reader, length),
        &mut std::io::sink(),
    )?;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
    write!(stream, "{head}{}\r\n\r\n{BODY}", BODY.len())?;
    Ok(())
}
