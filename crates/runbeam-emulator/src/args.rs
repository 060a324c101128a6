//! The command line of the program.

use std::{ffi::OsString, net::SocketAddr};

pub(crate) const HELP: &str = "\
Runbeam Cloud on loopback, for trying and testing. Nothing is stored: its state ends with it.

Usage: runbeam-emulator [OPTIONS]

Options:
      --listen <ADDRESS:PORT>  Loopback address to listen on; port 0 takes a free one [default: 127.0.0.1:8090]
      --json                   Print one line of JSON when ready, with addresses and tokens for scripts
  -h, --help                   Print this help
  -V, --version                Print the version

The process serves until it gets SIGINT (Ctrl+C) or SIGTERM, and then exits with 0.
Exit codes: 0 stopped, 1 could not start, 2 wrong arguments.
";

/// What the program is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Serve { listen: SocketAddr, json: bool },
    Help,
    Version,
}

impl Command {
    /// Reads the arguments after the program's name; the error names the argument that is wrong.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut listen = SocketAddr::from(([127, 0, 0, 1], 8090));
        let mut json = false;
        let mut arguments = arguments
            .into_iter()
            .map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            match argument.split_once('=') {
                Some(("--listen", address)) => listen = parse_address(address)?,
                _ => match argument.as_str() {
                    "--listen" => {
                        let address = arguments
                            .next()
                            .ok_or("--listen needs an address and a port")?;
                        listen = parse_address(&address)?;
                    }
                    "--json" => json = true,
                    "-h" | "--help" => return Ok(Self::Help),
                    "-V" | "--version" => return Ok(Self::Version),
                    _ => return Err(format!("unknown argument '{argument}'")),
                },
            }
        }
        Ok(Self::Serve { listen, json })
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

    fn serve(listen: &str, json: bool) -> Result<Command, &'static str> {
        let listen = listen.parse().unwrap();
        Ok(Command::Serve { listen, json })
    }

    #[test]
    fn arguments_that_are_known() {
        check(&[], serve("127.0.0.1:8090", false));
        check(
            &["--json", "--listen", "127.0.0.1:0"],
            serve("127.0.0.1:0", true),
        );
        check(&["--listen=[::1]:80"], serve("[::1]:80", false));
        check(&["--json", "-h"], Ok(Command::Help));
        check(&["--version"], Ok(Command::Version));
    }

    #[test]
    fn arguments_that_are_not() {
        check(&["--port"], Err("unknown argument '--port'"));
        check(&["--json=yes"], Err("unknown argument '--json=yes'"));
        check(&["--listen"], Err("--listen needs an address and a port"));
        let wrong = "'localhost' is not an address and a port, such as 127.0.0.1:8090";
        check(&["--listen", "localhost"], Err(wrong));
    }
}
