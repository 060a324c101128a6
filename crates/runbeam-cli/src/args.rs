//! What can be typed: commands, flags, and both spellings of a command with two words.

mod cloud;
mod spelling;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::resources::{self, ResourceCommand};
use crate::failure::Failure;
use crate::output;

pub(crate) use cloud::{Api, Changes, Fields, GatewayVerb, MeshVerb, Push};
pub(crate) use spelling::both_spellings;

/// What the process was asked to do.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) globals: Globals,
    pub(crate) command: Asked,
}

/// A command, with its arguments.
#[derive(Debug)]
pub(crate) enum Asked {
    Command(Command),
    Resource(ResourceCommand),
}

impl Invocation {
    /// # Errors
    ///
    /// A text to show: of help, of the version, or of what is wrong with the arguments.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Stop> {
        let arguments: Vec<_> = spelling::in_words(arguments);
        if arguments.len() < 2 {
            return Err(Stop::Help);
        }
        // What is wrong may be found before this flag is.
        let is_json = arguments.iter().any(|argument| argument == "--json");
        let stop = |error| Stop::Clap { error, is_json };
        let matches = command().try_get_matches_from(arguments).map_err(stop)?;
        Self::read(&matches).map_err(stop)
    }

    fn read(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let globals = Globals::from_arg_matches(matches)?;
        let command = match resources::read(matches)? {
            Some(resource) => Asked::Resource(resource),
            None => Asked::Command(Command::from_arg_matches(matches)?),
        };
        Ok(Self { globals, command })
    }
}

/// All commands as clap knows them.
pub(crate) fn command() -> clap::Command {
    Cli::command().subcommands(resources::commands())
}

/// Why there is nothing to do.
#[derive(Debug)]
pub(crate) enum Stop {
    Help,
    Clap { error: clap::Error, is_json: bool },
}

impl Stop {
    pub(crate) fn tell(&self) -> ExitCode {
        match self {
            Self::Help => {
                // Whoever types no command wants to know which there are; it is no mistake.
                let _ = command().print_help();
                ExitCode::SUCCESS
            }
            Self::Clap { error, is_json } => {
                if *is_json && error.use_stderr() {
                    output::Output::json().failure(&wrong_usage(error));
                } else {
                    let _ = error.print();
                }
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
        }
    }
}

/// What clap says, for programs.
fn wrong_usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let what = text.lines().next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what);
    Failure::usage(what, "see the command with `--help`")
}

const AFTER_HELP: &str = "\
Commands of two words can be written with a colon, too: `runbeam harmony:authorize`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 log in first, 5 not allowed, 6 cannot be reached, 130 interrupted.";

/// The command line of Runbeam Cloud
#[derive(Debug, Parser)]
#[command(
    name = "runbeam",
    version,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = false,
    disable_help_subcommand = false,
    after_help = AFTER_HELP,
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Globals {
    /// Print the result as JSON, and failures as JSON on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The address of the cloud: https, or http to this machine
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// The profile to use: its cloud and its login
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Trust the certificates of this PEM file, too
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Log more to standard error; twice for all
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List all commands
    List,
    /// Log in through a browser, here or on another device
    Login(Login),
    /// Forget the login
    Logout,
    /// Check the login: whether its token is what the cloud issued, and how long it lasts
    Verify,
    /// Show who you are to the cloud, and where the login is from
    Whoami,
    /// Gateways that you manage: their addresses, what they say, and their authorization
    #[command(subcommand)]
    Harmony(Harmony),
    /// Settings, with where each is from
    #[command(subcommand)]
    Config(Config),
    /// Tokens: get one for a gateway, and see where and how they are kept
    #[command(subcommand)]
    Token(Token),
    /// Configuration changes that wait for gateways
    #[command(subcommand)]
    Changes(Changes),
    /// Push the configuration of one resource to the cloud, as a gateway does
    Push(Push),
    /// Show what a reference such as `runbeam.atlantic.ingress.name.studies` leads to
    Resolve {
        /// The reference
        reference: String,
    },
    /// Show where the cloud wants to be called
    BaseUrl,
    /// Send any request to the API of the cloud, with your token
    Api(Api),
    /// Find out what is wrong, and what to do about it
    Doctor,
    /// Run Runbeam Cloud on this machine, for trying and testing
    #[cfg(feature = "dev")]
    Dev(Dev),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of a command
    Man {
        /// The command: `harmony:authorize`, or `harmony authorize`
        command: Vec<String>,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct Login {
    /// Take a token from standard input: a JWT or a Sanctum token
    #[arg(long)]
    pub(crate) token_stdin: bool,
    /// Open no browser; the address is shown in any case
    #[arg(long, conflicts_with = "token_stdin")]
    pub(crate) no_browser: bool,
    /// Draw no QR code
    #[arg(long, conflicts_with = "token_stdin")]
    pub(crate) no_qr: bool,
    /// Log in again, although there is a login that works
    #[arg(long)]
    pub(crate) force: bool,
}

impl Login {
    /// As if nothing but `--force` had been typed.
    pub(crate) fn again() -> Self {
        Self {
            force: true,
            ..Self::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Harmony {
    /// Add a gateway, or change the address of one. It is not contacted
    Add(HarmonyAdd),
    /// List the gateways that were added
    List,
    /// Remove a gateway from the list. The gateway itself stays as it is
    Remove(HarmonyRemove),
    /// Show what a gateway says of itself
    Info(Selector),
    /// Show the pipelines of a gateway
    Pipelines(Selector),
    /// Show the routes of a gateway
    Routes(Selector),
    /// Let a gateway read its configuration anew
    Reload(Selector),
    /// Let a gateway upload its configuration to the cloud
    Update(Selector),
    /// Authorize a gateway: get it a machine token, and hand that over
    Authorize(Authorize),
    /// Does nothing any more: keys are managed automatically
    #[command(hide = true)]
    SetKey(DeprecatedKey),
    /// Does nothing any more: keys are managed automatically
    #[command(hide = true)]
    ShowKey(DeprecatedId),
    /// Does nothing any more: keys are managed automatically
    #[command(hide = true)]
    DeleteKey(DeprecatedId),
}

#[derive(Debug, Args)]
pub(crate) struct HarmonyAdd {
    /// The address of its management API: an IP address or a name
    #[arg(short, long, default_value = "127.0.0.1")]
    pub(crate) ip: String,
    /// The port of its management API
    #[arg(short, long, default_value_t = 8081)]
    pub(crate) port: u16,
    /// What you call it [default: IP:PORT]
    #[arg(short, long)]
    pub(crate) label: Option<String>,
    /// The path prefix of its management API
    #[arg(short = 'x', long, default_value = "admin")]
    pub(crate) path_prefix: String,
    /// It speaks TLS, which the authorization of another machine needs
    #[arg(long)]
    pub(crate) tls: bool,
    /// Does nothing any more
    #[arg(short, long, hide = true)]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct HarmonyRemove {
    /// By its id
    #[arg(long, conflicts_with_all = ["label", "ip", "port"])]
    pub(crate) id: Option<String>,
    /// By its label
    #[arg(short, long, conflicts_with_all = ["ip", "port"])]
    pub(crate) label: Option<String>,
    /// By its address
    #[arg(short, long, requires = "port")]
    pub(crate) ip: Option<String>,
    /// By its port
    #[arg(short, long, requires = "ip")]
    pub(crate) port: Option<u16>,
}

/// One gateway of the list.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Selector {
    /// The gateway with this id
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The gateway with this label
    #[arg(short, long)]
    pub(crate) label: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Authorize {
    #[command(flatten)]
    pub(crate) gateway: Selector,
    /// Upload the gateway's configuration to the cloud afterwards
    #[arg(long)]
    pub(crate) update: bool,
    /// Ask nothing
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeprecatedKey {
    #[arg(long)]
    id: String,
    #[arg(short, long)]
    key: String,
}

#[derive(Debug, Args)]
pub(crate) struct DeprecatedId {
    #[arg(long)]
    id: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Set a setting of the profile: api-url, ca-file; or the profile to use by default
    Set {
        /// api-url, ca-file or profile
        key: String,
        /// Its value
        value: String,
    },
    /// Show settings with their values and where they are from
    Get {
        /// api-url, ca-file or profile; all without
        key: Option<String>,
    },
    /// Remove a setting, so that the default counts again
    Unset {
        /// api-url, ca-file or profile
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Get a machine token for a gateway, and print it
    Get {
        /// The code of the gateway; an unknown one creates it
        #[arg(short, long)]
        gateway_code: String,
        /// Print the token alone
        #[arg(long)]
        raw: bool,
    },
    /// Show where secrets are kept, how they are protected and how long they last
    Show(Kept),
    /// Remove what is kept
    Clear(Kept),
    /// Seal files with a new encryption key
    RotateKey(Kept),
    /// Move what is kept from the keyring to files, or back
    Migrate {
        #[command(flatten)]
        kept: Kept,
        /// Where to
        #[arg(long, value_enum)]
        to: Place,
    },
}

/// Whose secrets.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// The instance, such as the proxy id of a gateway on this machine [default: your login]
    #[arg(long, value_name = "ID")]
    pub(crate) instance: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Place {
    Keyring,
    Files,
}

#[cfg(feature = "dev")]
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The port to listen on; 0 for any
    #[arg(short, long, default_value_t = 8090)]
    pub(crate) port: u16,
    /// Keep everything in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) data_file: Option<PathBuf>,
    /// Add what this JSON or TOML file holds
    #[arg(long, value_name = "FILE")]
    pub(crate) seed_file: Option<PathBuf>,
    /// Approve every device login at once
    #[arg(long)]
    pub(crate) approve: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        command().debug_assert();
    }

    /// What is typed stays in the history of the shell, and is for everybody on the machine to see.
    #[test]
    fn no_flag_takes_a_secret() {
        fn check(command: &clap::Command) {
            for argument in command
                .get_arguments()
                .filter(|a| a.get_action().takes_values())
            {
                let name = argument.get_id().as_str();
                let is_secret = ["token", "secret", "password", "key"]
                    .iter()
                    .any(|word| name.contains(word));
                // The key of a setting, and the keys of an earlier version, which nobody reads.
                let is_known =
                    command.get_name() == "set" || argument.is_hide_set() || command.is_hide_set();
                let is_known = is_known || matches!(command.get_name(), "get" | "unset");
                assert!(!is_secret || is_known, "{}: {name}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&command());
    }
}
