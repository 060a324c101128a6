//! The store as a command: secrets for scripts, and the program that the tests interrupt and kill.
//!
//! ```text
//! cargo run --release -p runbeam-store --example secret -- save|load|clear|rotate|describe INSTANCE ENTRY
//! cargo run --release -p runbeam-store --example secret -- migrate INSTANCE files|keyring
//! ```
//!
//! `save` takes the secret from the standard input, any bytes up to 64 KiB, and when it ends with 0 the secret survives
//! a power cut. `load` writes the secret to the standard output and nothing else; `describe` writes where it is.
//! `rotate` seals all files of the instance anew, whatever ENTRY is, as [`Store::rotate`] says. `migrate` moves all entries
//! of the instance, as [`Store::migrate`] says.
//! The environment is obeyed as [`Store::from_env`] says: `RUNBEAM_HOME`, `RUNBEAM_ENCRYPTION_KEY`,
//! `RUNBEAM_DISABLE_KEYRING` and their like.
//!
//! It ends with 0 when it is done, with 3 when nothing is stored, and with 1 after any error, which is one line on the
//! standard error.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use runbeam_model::SecretBytes;
use runbeam_store::{
    Backend, EntryName, InstanceId, MAX_SECRET_LEN, Migration, Precondition, Rotation, SecretStore,
    Store,
};

const USAGE: &str = "usage: secret save|load|clear|rotate|describe INSTANCE ENTRY, or secret migrate INSTANCE files|keyring";
const NOTHING_STORED: u8 = 3;

/// What became of a command that did not fail.
enum Outcome {
    Done,
    NothingStored,
}

fn main() -> ExitCode {
    // Without drivers for network and time: they would wake each other by calls that are no business of the store.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let outcome = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run()));
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NothingStored) => ExitCode::from(NOTHING_STORED),
        Err(error) => {
            // The standard error may be on the disk that is full.
            let _ = writeln!(io::stderr(), "{}", on_one_line(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<Outcome, Box<dyn Error>> {
    // What is wrong is not repeated: it may be a secret in the wrong place.
    let arguments: Result<Vec<String>, _> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.into_string())
        .collect();
    let arguments = arguments.unwrap_or_default();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *words {
        ["migrate", instance, "files"] => migrate(&instance.parse()?, Backend::Files).await,
        ["migrate", instance, "keyring"] => migrate(&instance.parse()?, Backend::Keyring).await,
        [command, instance, entry] => use_entry(command, &instance.parse()?, &entry.parse()?).await,
        _ => Err(USAGE.into()),
    }
}

async fn use_entry(
    command: &str,
    instance: &InstanceId,
    entry: &EntryName,
) -> Result<Outcome, Box<dyn Error>> {
    match command {
        "save" => {
            let secret = read_secret()?;
            let store = Store::from_env()?;
            store
                .save(instance, entry, &secret, Precondition::Any)
                .await?;
            Ok(Outcome::Done)
        }
        "load" => match Store::from_env()?.load(instance, entry).await? {
            Some(stored) => {
                print(stored.value.expose())?;
                Ok(Outcome::Done)
            }
            None => Ok(Outcome::NothingStored),
        },
        "clear" => match Store::from_env()?.clear(instance, entry).await? {
            true => Ok(Outcome::Done),
            false => Ok(Outcome::NothingStored),
        },
        "rotate" => Ok(match Store::from_env()?.rotate(instance).await? {
            Rotation {
                resealed: 0,
                current: 0,
                in_keyring: false,
                ..
            } => Outcome::NothingStored,
            _ => Outcome::Done,
        }),
        "describe" => {
            let description = Store::from_env()?.describe(instance, entry).await?;
            print(format!("{description}\n").as_bytes())?;
            Ok(Outcome::Done)
        }
        _ => Err(USAGE.into()),
    }
}

async fn migrate(instance: &InstanceId, target: Backend) -> Result<Outcome, Box<dyn Error>> {
    Ok(match Store::from_env()?.migrate(instance, target).await? {
        Migration {
            moved: 0, kept: 0, ..
        } => Outcome::NothingStored,
        _ => Outcome::Done,
    })
}

/// The standard input to its end, which must come after at most 64 KiB. The store says so if it does not.
fn read_secret() -> Result<SecretBytes, Box<dyn Error>> {
    let mut secret = SecretBytes::with_capacity(MAX_SECRET_LEN + 1);
    let mut limited = io::stdin().lock().take(MAX_SECRET_LEN as u64 + 1);
    io::copy(&mut limited, &mut secret)
        .map_err(|error| format!("cannot read the secret from the standard input: {error}"))?;
    Ok(secret)
}

fn print(bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let printed = out.write_all(bytes).and_then(|()| out.flush());
    printed.map_err(|error| format!("cannot write to the standard output: {error}").into())
}

/// The error and its causes.
fn on_one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(line, ": {error}");
        cause = error.source();
    }
    line.replace(['\n', '\r'], " ")
}
