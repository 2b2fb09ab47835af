//! `latchkey`, the command line: arguments, terminal, sentences and exit codes over `latchkey-app`.

mod args;
mod command;
mod exit;
mod logging;
mod opening;
mod passphrase;
mod person;
mod sentence;
mod terminal;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use latchkey_app::VaultPlace;
use latchkey_bluetooth::Radio;
use latchkey_crypto::hybrid::TunnelDomainId;
use tokio::runtime::Runtime;

use crate::{
    args::{Arguments, Command, GlobalOptions},
    exit::Exit,
    passphrase::PassphraseSource,
    sentence::Sentence,
};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit.into();
        }
    };
    logging::start(arguments.global.verbose);
    match run(arguments) {
        Ok(exit) => exit.into(),
        Err(problem) => problem.report().into(),
    }
}

/// What ends a command early.
#[derive(Debug)]
pub(crate) enum Problem {
    /// There is a sentence for it.
    Told(Sentence),
    /// Standard output is gone, or the system has no resources for us.
    Output(io::Error),
}

impl From<Sentence> for Problem {
    fn from(sentence: Sentence) -> Self {
        Problem::Told(sentence)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Problem::Output(error)
    }
}

impl Problem {
    fn report(self) -> Exit {
        match self {
            Problem::Told(sentence) => {
                let _ = writeln!(io::stderr(), "latchkey: {}\n  {}", sentence.what, sentence.next);
                sentence.exit
            }
            // `latchkey list | head` is no failure.
            Problem::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Problem::Output(error) => {
                let _ = writeln!(io::stderr(), "latchkey: {error}");
                Exit::Usage
            }
        }
    }
}

fn run(arguments: Arguments) -> Result<Exit, Problem> {
    let Arguments { global, command } = arguments;
    let passphrase = PassphraseSource::of(&global);
    match command {
        Command::Init => command::init::run(&place(&global)?, &passphrase),
        Command::Status(option) => command::status::run(&place(&global)?, option.json),
        Command::List { query, json } => {
            command::list::run(&place(&global)?, &passphrase, query.as_deref(), json.json)
        }
        Command::Show { id, json } => command::show::run(&place(&global)?, &passphrase, &id, json.json),
        Command::SignIn(sign_in) => {
            let (place, domain, radio) = (place(&global)?, domain(&global)?, radio(&global));
            block_on(command::sign_in::run(sign_in, &place, &passphrase, domain, radio))
        }
        Command::Tunnel(tunnel) => block_on(async { Ok(command::tunnel::run(tunnel).await?) }),
        Command::Doctor(option) => {
            let (place, domain, radio) = (place(&global)?, domain(&global)?, radio(&global));
            block_on(async { Ok(command::doctor::run(&radio, domain, &place, option.json).await?) })
        }
        Command::Demo { browser } => block_on(command::demo::run(browser)),
        Command::Completions { shell } => {
            command::completions::run(shell);
            Ok(Exit::Done)
        }
    }
}

/// Runs to the end without waiting for threads that still read something.
fn block_on(future: impl Future<Output = Result<Exit, Problem>>) -> Result<Exit, Problem> {
    let runtime = Runtime::new()?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

fn place(options: &GlobalOptions) -> Result<VaultPlace, Sentence> {
    let place = match &options.vault {
        Some(folder) => VaultPlace::at(folder.clone()),
        None => VaultPlace::default_vault(),
    };
    place.ok_or_else(sentence::no_home)
}

fn domain(options: &GlobalOptions) -> Result<TunnelDomainId, Sentence> {
    let id = options.tunnel.parse().ok().and_then(|id: u16| TunnelDomainId::new(id).ok());
    let domain = id.or_else(|| TunnelDomainId::search(&options.tunnel.to_ascii_lowercase()));
    match domain {
        Some(domain) if domain.id() != 1 => Ok(domain),
        Some(_) => Err(sentence::tunnel_without_authenticators()),
        None => Err(sentence::no_such_tunnel()),
    }
}

fn radio(options: &GlobalOptions) -> Radio {
    match &options.adapter {
        Some(name) => Radio::system().with_adapter(name.clone()),
        None => Radio::system(),
    }
}
