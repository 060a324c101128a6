//! The command line of the program.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

pub(crate) const HELP: &str = "\
Runbeam Cloud on this machine, for trying and testing, with a clock that can be moved.

Usage: runbeam-emulator [OPTIONS]

Options:
      --listen <ADDRESS:PORT>  Loopback address to listen on; port 0 takes a free one [default: 127.0.0.1:8090]
      --https <CA_FILE>        Serve HTTPS, and write the certificate to trust to this file (PEM)
      --data <FILE>            Keep everything in this SQLite file; without it, everything ends with the process
      --seed-file <FILE>       Add what this JSON or TOML file holds at the start; may be given several times
      --auto-approve           Approve every device login at once, as the default user
      --rate-limits            Limit clients as the cloud does: 60 requests and 20 authorizations a minute
      --json                   Print one line of JSON when ready, with addresses and tokens for scripts
  -h, --help                   Print this help
  -V, --version                Print the version

The dashboard is at /_emulator, and the description of everything below it at /_emulator/openapi.yaml.
The process serves until it gets SIGINT (Ctrl+C) or SIGTERM, and then exits with 0.
Exit codes: 0 stopped, 1 could not start, 2 wrong arguments.
";

/// What the program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Serve(Options),
    Help,
    Version,
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) authority_file: Option<PathBuf>,
    pub(crate) data_file: Option<PathBuf>,
    pub(crate) seed_files: Vec<PathBuf>,
    pub(crate) approves_logins: bool,
    pub(crate) has_limits: bool,
    pub(crate) json: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            authority_file: None,
            data_file: None,
            seed_files: Vec::new(),
            approves_logins: false,
            has_limits: false,
            json: false,
        }
    }
}

impl Command {
    /// Reads the arguments after the program's name; the error names the argument that is wrong.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Options::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let argument = argument.to_string_lossy().into_owned();
            let (name, attached) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(OsString::from(value))),
                None => (argument.as_str(), None),
            };
            let mut value = |what: &str| {
                let value = attached.clone().or_else(|| arguments.next());
                value.ok_or_else(|| format!("{name} needs {what}"))
            };
            match name {
                "--listen" => {
                    let address = value("an address and a port")?;
                    options.listen = parse_address(&address.to_string_lossy())?;
                }
                "--https" => options.authority_file = Some(value("a file")?.into()),
                "--data" => options.data_file = Some(value("a file")?.into()),
                "--seed-file" => options.seed_files.push(value("a file")?.into()),
                _ if attached.is_some() => return Err(format!("unknown argument '{argument}'")),
                "--auto-approve" => options.approves_logins = true,
                "--rate-limits" => options.has_limits = true,
                "--json" => options.json = true,
                "-h" | "--help" => return Ok(Self::Help),
                "-V" | "--version" => return Ok(Self::Version),
                _ => return Err(format!("unknown argument '{argument}'")),
            }
        }
        Ok(Self::Serve(options))
    }
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("'{text}' is not an address and a port, such as 127.0.0.1:8090"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: Result<Command, &str>) {
        let parsed = Command::parse(arguments.iter().map(OsString::from));
        assert_eq!(parsed, expected.map_err(str::to_owned));
    }

    fn serve(change: impl FnOnce(&mut Options)) -> Result<Command, &'static str> {
        let mut options = Options::default();
        change(&mut options);
        Ok(Command::Serve(options))
    }

    #[test]
    fn arguments_that_are_known() {
        check(&[], serve(|_| {}));
        check(
            &["--json", "--listen", "127.0.0.1:0"],
            serve(|options| {
                options.listen = "127.0.0.1:0".parse().unwrap();
                options.json = true;
            }),
        );
        check(
            &["--listen=[::1]:80"],
            serve(|options| options.listen = "[::1]:80".parse().unwrap()),
        );
        check(
            &["--data", "a=b.db", "--seed-file=one", "--seed-file", "two"],
            serve(|options| {
                options.data_file = Some("a=b.db".into());
                options.seed_files = vec!["one".into(), "two".into()];
            }),
        );
        check(
            &["--https", "ca.pem", "--auto-approve", "--rate-limits"],
            serve(|options| {
                options.authority_file = Some("ca.pem".into());
                options.approves_logins = true;
                options.has_limits = true;
            }),
        );
        check(&["--json", "-h"], Ok(Command::Help));
        check(&["--version"], Ok(Command::Version));
    }

    #[test]
    fn arguments_that_are_not() {
        check(&["--port"], Err("unknown argument '--port'"));
        check(&["--json=yes"], Err("unknown argument '--json=yes'"));
        check(&["--listen"], Err("--listen needs an address and a port"));
        check(&["--data"], Err("--data needs a file"));
        let wrong = "'localhost' is not an address and a port, such as 127.0.0.1:8090";
        check(&["--listen", "localhost"], Err(wrong));
    }
}
