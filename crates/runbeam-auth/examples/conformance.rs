//! Verifies the tokens of a file, one a line, so that this verifier can be compared with others.
//!
//! A line is `{"name","jwks","token","level","options":{"issuer","audience","leeway","now"}}`: `jwks` is the text of
//! a key set, `level` is `jwt` (the default) or `jws` (the signature alone). Without `leeway` and `now`, the leeway is
//! that of the policy and the time that of the system. What comes out has a line for each that went in:
//! `{"name","result":"accept"|"reject","error"}`. Nothing is fetched.

#![allow(clippy::print_stderr, reason = "this is a program")]

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use runbeam_auth::{JwkSet, Jws, TrustPolicy, TrustedIssuer, Verifier};
use runbeam_model::{ManualClock, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

/// A key set of the largest size fits in, even if every byte of it is escaped; a line without an end does not.
const MAX_LINE_BYTES: usize = 32 << 20;

#[derive(Deserialize)]
struct Question {
    name: String,
    jwks: String,
    token: String,
    #[serde(default)]
    level: Level,
    #[serde(default, deserialize_with = "null_is_default")]
    options: Options,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Level {
    #[default]
    Jwt,
    Jws,
}

#[derive(Deserialize, Default)]
struct Options {
    issuer: Option<String>,
    audience: Option<String>,
    leeway: Option<f64>,
    now: Option<f64>,
}

fn null_is_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Options, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What can be told of a line that is no question.
#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Serialize)]
struct Answer {
    name: Option<String>,
    result: &'static str,
    error: Option<String>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: conformance FILE");
        return ExitCode::from(2);
    };
    let answered = File::open(&path)
        .and_then(|file| answer_all(BufReader::new(file), BufWriter::new(io::stdout().lock())));
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conformance: {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// Answers line by line, so that a file may be larger than the memory.
fn answer_all(mut questions: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = MAX_LINE_BYTES as u64 + 1;
        if questions
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return answers.flush();
        }
        let is_whole = line.pop_if(|last| *last == b'\n').is_some() || line.len() <= MAX_LINE_BYTES;
        let answer = if is_whole {
            answer(&line)
        } else {
            questions.skip_until(b'\n')?;
            unreadable(None, "it is larger than 32 MiB")
        };
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
    }
}

fn answer(line: &[u8]) -> Answer {
    match serde_json::from_slice::<Question>(line) {
        Ok(question) => {
            let error = verify(&question).err().map(|error| error.to_string());
            Answer {
                name: Some(question.name),
                result: if error.is_none() { "accept" } else { "reject" },
                error,
            }
        }
        // The text of the parser's error may quote the line, and with it the token.
        Err(error) => unreadable(
            serde_json::from_slice::<Named>(line)
                .ok()
                .map(|named| named.name),
            &format!("it is not a question, from column {}", error.column()),
        ),
    }
}

fn unreadable(name: Option<String>, problem: &str) -> Answer {
    Answer {
        name,
        result: "reject",
        error: Some(format!("the line cannot be read: {problem}")),
    }
}

fn verify(question: &Question) -> Result<(), Box<dyn std::error::Error>> {
    let keys = JwkSet::parse(question.jwks.as_bytes())?;
    if matches!(question.level, Level::Jws) {
        Jws::parse(&question.token)?.verify(&keys)?;
        return Ok(());
    }
    let options = &question.options;
    let issuer = options
        .issuer
        .as_deref()
        .ok_or("no issuer is configured: give `options.issuer`")?;
    let mut policy = TrustPolicy::new(TrustedIssuer::exact(issuer).with_keys(keys));
    if let Some(audience) = &options.audience {
        policy = policy.with_audience(audience);
    }
    if let Some(leeway) = options.leeway {
        let leeway = Duration::try_from_secs_f64(leeway)
            .map_err(|_| "`options.leeway` is not a number of seconds")?;
        policy = policy.with_leeway(leeway);
    }
    let mut verifier = Verifier::new(policy)?;
    if let Some(now) = options.now {
        let clock = ManualClock::new(Timestamp::from_unix_seconds_f64(now));
        verifier = verifier.with_clock(Arc::new(clock));
    }
    verifier.verify(&question.token)?;
    Ok(())
}
