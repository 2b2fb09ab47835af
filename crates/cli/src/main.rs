//! `latchkey`, the command line: arguments, terminal, sentences and exit codes over `latchkey-app`.

mod args;
mod command;
mod exit;
mod json;
mod logging;
mod opening;
mod passphrase;
mod person;
mod sentence;
mod terminal;
mod wrapping;

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use latchkey_app::VaultPlace;
use latchkey_bluetooth::Radio;
use latchkey_crypto::hybrid::TunnelDomainId;
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{
    args::{Arguments, Command, GlobalOptions},
    exit::Exit,
    passphrase::PassphraseSource,
    sentence::{Sentence, for_vault},
    wrapping::{columns, wrapped},
};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return match error.print() {
                Err(error) if exit == Exit::Done => Problem::Output(error).report(None).into(),
                _ => exit.into(),
            };
        }
    };
    logging::start(arguments.global.verbose);
    let place = place(&arguments.global).ok();
    match run(arguments) {
        Ok(exit) => exit.into(),
        Err(problem) => problem.report(place.as_ref()).into(),
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
    /// Tells it on standard error. Commands that it advises are those for the vault of this call.
    fn report(self, place: Option<&VaultPlace>) -> Exit {
        let sentence = match self {
            Problem::Told(sentence) => sentence,
            // `latchkey list | head` is no failure.
            Problem::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Done,
            Problem::Output(error) => sentence::input_output(&error),
        };
        let next = place.map_or_else(|| sentence.next.clone(), |place| for_vault(&sentence.next, place));
        let columns = columns(io::stderr());
        tell(wrapped("latchkey: ", "  ", &sentence.what, columns));
        tell(wrapped("  ", "  ", &next, columns));
        sentence.exit
    }
}

fn run(arguments: Arguments) -> Result<Exit, Problem> {
    let Arguments { global, command } = arguments;
    let passphrase = PassphraseSource::of(&global);
    match command {
        Command::Init => interactive(command::init::run(&place(&global)?, &passphrase)),
        Command::Status(option) => command::status::run(&place(&global)?, option.json),
        Command::List { query, json } => {
            interactive(command::list::run(&place(&global)?, &passphrase, query.as_deref(), json.json))
        }
        Command::Show { id, json } => {
            interactive(command::show::run(&place(&global)?, &passphrase, &id, json.json))
        }
        Command::SignIn(sign_in) => {
            let (place, domain, radio) = (place(&global)?, domain(&global)?, radio(&global));
            interactive(command::sign_in::run(sign_in, &place, &passphrase, domain, radio))
        }
        Command::Tunnel(tunnel) => block_on(command::tunnel::run(tunnel)),
        Command::Doctor(option) => {
            let (place, domain, radio) = (place(&global)?, domain(&global)?, radio(&global));
            interactive(async { Ok(command::doctor::run(&radio, domain, &place, option.json).await?) })
        }
        Command::Demo { browser } => interactive(command::demo::run(browser)),
        Command::Completions { shell } => Ok(command::completions::run(shell)?),
    }
}

/// Runs to the end without waiting for threads that still read something.
fn block_on(future: impl Future<Output = Result<Exit, Problem>>) -> Result<Exit, Problem> {
    let runtime = Runtime::new()?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

/// Runs a command that Ctrl-C and SIGTERM end with a sentence. Dropping it sets the terminal right and takes an
/// advert down.
fn interactive(command: impl Future<Output = Result<Exit, Problem>>) -> Result<Exit, Problem> {
    block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            // A command that knows better what an interruption means says it first.
            biased;
            result = command => result,
            _ = interrupt.recv() => Err(sentence::interrupted().into()),
            _ = terminate.recv() => Err(sentence::interrupted().into()),
        }
    })
}

/// Runs what blocks on a thread of its own, so that an interruption need not wait for it.
pub(crate) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The run time is never shut down under a running command, so what is left is a panic, and it goes on here.
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => std::process::abort(),
        },
    }
}

/// Writes a line to standard error. That nobody reads it is no reason to stop, least of all amid a ceremony;
/// `eprintln!` would panic.
pub(crate) fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn place(options: &GlobalOptions) -> Result<VaultPlace, Sentence> {
    let place = match &options.vault {
        Some(folder) => VaultPlace::at(std::path::absolute(folder).unwrap_or_else(|_| folder.clone())),
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
