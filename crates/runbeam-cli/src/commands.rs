//! The commands, one file for each group.

mod authorize;
mod changes;
mod cloud_calls;
mod config;
#[cfg(feature = "dev")]
mod dev;
mod doctor;
mod gateway_calls;
mod harmony;
mod listing;
mod login;
mod more_verbs;
mod pages;
pub(crate) mod resources;
mod shell;
mod token;
mod who;

use crate::Outcome;
use crate::args::{Asked, Command, Config, Harmony, Invocation, Token};
use crate::output::Output;
use crate::running::run as wait;
#[cfg(feature = "dev")]
use crate::running::run_uninterrupted;
use crate::session::Session;

/// Does what was asked.
pub(crate) fn run(invocation: &Invocation, output: &Output) -> Outcome {
    let globals = &invocation.globals;
    let command = match &invocation.command {
        Asked::Resource(command) => {
            let session = Session::open(globals)?;
            return wait(resources::run(&session, command, output));
        }
        Asked::Command(command) => command,
    };
    // What needs no settings works with broken ones, too.
    match command {
        Command::List => return Ok(listing::run()),
        Command::Completions { shell } => return Ok(shell::completions(*shell)),
        Command::Man { command } => return shell::manual(command),
        Command::Doctor => return wait(doctor::run(globals)),
        _ => {}
    }
    let session = Session::open(globals)?;
    match command {
        Command::Login(arguments) => wait(login::login(&session, arguments, output)),
        Command::Logout => wait(login::logout(&session)),
        Command::Verify => wait(who::verify(&session)),
        Command::Whoami => wait(who::whoami(&session)),
        Command::Harmony(command) => harmony(&session, command, output),
        Command::Config(command) => match command {
            Config::Set { key, value } => config::set(&session, key, value),
            Config::Get { key } => config::get(&session, key.as_deref()),
            Config::Unset { key } => config::unset(&session, key, globals),
        },
        Command::Token(command) => match command {
            Token::Get { gateway_code, raw } => wait(token::get(&session, gateway_code, *raw)),
            Token::Show(kept) => wait(token::show(&session, kept)),
            Token::Clear(kept) => wait(token::clear(&session, kept)),
            Token::RotateKey(kept) => wait(token::rotate_key(&session, kept)),
            Token::Migrate { kept, to } => wait(token::migrate(&session, kept, *to)),
        },
        Command::Changes(command) => wait(changes::run(&session, command, output)),
        Command::Push(arguments) => wait(cloud_calls::push(&session, arguments)),
        Command::Resolve { reference } => wait(cloud_calls::resolve(&session, reference)),
        Command::BaseUrl => wait(cloud_calls::base_url(&session)),
        Command::Api(arguments) => wait(cloud_calls::api(&session, arguments)),
        #[cfg(feature = "dev")]
        Command::Dev(arguments) => run_uninterrupted(dev::run(&session, arguments, output)),
        Command::List | Command::Completions { .. } | Command::Man { .. } | Command::Doctor => {
            Ok(listing::run())
        }
    }
}

fn harmony(session: &Session, command: &Harmony, output: &Output) -> Outcome {
    match command {
        Harmony::Add(arguments) => harmony::add(session, arguments, output),
        Harmony::List => harmony::list(session),
        Harmony::Remove(arguments) => harmony::remove(session, arguments),
        Harmony::Info(gateway) => wait(gateway_calls::info(session, gateway)),
        Harmony::Pipelines(gateway) => wait(gateway_calls::pipelines(session, gateway)),
        Harmony::Routes(gateway) => wait(gateway_calls::routes(session, gateway)),
        Harmony::Reload(gateway) => wait(gateway_calls::reload(session, gateway)),
        Harmony::Update(gateway) => wait(gateway_calls::update(session, gateway)),
        Harmony::Authorize(arguments) => wait(authorize::run(session, arguments, output)),
        Harmony::SetKey(_) | Harmony::ShowKey(_) | Harmony::DeleteKey(_) => {
            Ok(harmony::deprecated_key())
        }
    }
}
