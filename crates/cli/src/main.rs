//! `latchkey`, the command line: arguments, terminal, sentences and exit codes over `latchkey-app`.

mod args;
mod background;
mod choosing;
mod command;
mod confirm;
mod exit;
mod interruption;
mod json;
mod logging;
mod opening;
mod passphrase;
mod person;
mod progress;
mod selecting;
mod sentence;
mod terminal;
mod wrapping;

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use latchkey_app::{VaultPlace, known::KnownVaults};
use latchkey_bluetooth::Radio;
use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_memory::{WIPING_ALLOCATOR, WipingAllocator, protect_process};
use tokio::runtime::Runtime;

use crate::{
    args::{Arguments, Command, GlobalOptions},
    exit::Exit,
    interruption::Interruptions,
    passphrase::PassphraseSource,
    sentence::{Sentence, for_vault},
    wrapping::{columns, wrapped},
};

/// Libraries leave copies of what they compute in freed memory; this wipes it.
#[global_allocator]
static ALLOCATOR: WipingAllocator = WIPING_ALLOCATOR;

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
    if arguments.command.holds_secrets() {
        for gap in protect_process() {
            tell(format_args!("warning: {gap}; programs of yours, or a core dump, may get at the keys"));
        }
    }
    let place = place(&arguments.global).ok();
    let exit = match run(arguments) {
        Ok(exit) => exit,
        Err(problem) => problem.report(place.as_ref()),
    };
    // Every way to the end leads through here: what a command held is dropped, but for what threads still work on.
    background::finish();
    exit.into()
}

/// What ends a command early.
#[derive(Debug)]
pub(crate) enum Problem {
    /// There is a sentence for it.
    Told(Sentence),
    /// Standard output is gone, or the system has no resources for us.
    Output(io::Error),
    /// Standard output is gone, and what the command was for is done.
    OutputAfterChange(io::Error),
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
    /// The same, after what the command was for is done.
    fn after_change(self) -> Self {
        match self {
            Problem::Output(error) => Problem::OutputAfterChange(error),
            problem => problem,
        }
    }

    /// Tells it on standard error. Commands that it advises are those for the vault of this call.
    fn report(self, place: Option<&VaultPlace>) -> Exit {
        let sentence = match self {
            Problem::Told(sentence) => sentence,
            // `latchkey list | head` is no failure.
            Problem::Output(error) | Problem::OutputAfterChange(error)
                if error.kind() == io::ErrorKind::BrokenPipe =>
            {
                return Exit::Done;
            }
            Problem::Output(error) => sentence::input_output(&error),
            Problem::OutputAfterChange(error) => sentence::output_after_change(&error),
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
    if passphrase.is_stdin() && command.reads_stdin() {
        return Err(sentence::both_want_stdin().into());
    }
    match command {
        Command::Init { name } => {
            let place = new_place(&global, name.as_deref())?;
            interactive(command::init::run(&place, &passphrase))
        }
        Command::Status(option) => command::status::run(&place(&global)?, option.json),
        Command::List(list) => interactive(command::list::run(&place(&global)?, &passphrase, list)),
        Command::Show { which, json } => {
            interactive(command::show::run(&place(&global)?, &passphrase, &which, json.json))
        }
        Command::History { which, json } => {
            interactive(command::history::run(&place(&global)?, &passphrase, &which, json.json))
        }
        Command::Rename { which, name, json } => {
            interactive(command::labels::rename(&place(&global)?, &passphrase, &which, name, &json))
        }
        Command::Note(note) => interactive(command::labels::note(&place(&global)?, &passphrase, note)),
        Command::Tag(tag) => interactive(command::labels::tag(&place(&global)?, &passphrase, tag)),
        Command::Favourite { off, which, json } => {
            interactive(command::labels::favourite(&place(&global)?, &passphrase, off, which, &json))
        }
        Command::Folder { folder, which, json } => {
            interactive(command::labels::folder(&place(&global)?, &passphrase, folder, which, &json))
        }
        Command::Remove { which, json } => {
            interactive(command::bin::remove(&place(&global)?, &passphrase, which, &json))
        }
        Command::Restore { which, json } => {
            interactive(command::bin::restore(&place(&global)?, &passphrase, which, &json))
        }
        Command::Purge(purge) => interactive(command::purge::run(&place(&global)?, &passphrase, purge)),
        Command::SignIn(sign_in) => {
            let (place, domain, radio) = (place(&global)?, domain(&global)?, radio(&global));
            interactive(command::sign_in::run(sign_in, &place, &passphrase, domain, radio))
        }
        Command::Passphrase(change) => {
            interactive(command::passphrase::run(&place(&global)?, &passphrase, change))
        }
        Command::Slots(slots) => interactive(command::slots::run(&place(&global)?, &passphrase, slots)),
        Command::Check(option) => {
            interactive(command::check::run(&place(&global)?, &passphrase, option.json))
        }
        Command::Repair(repair) => interactive(command::repair::run(&place(&global)?, &passphrase, repair)),
        Command::Vaults(vaults) => interactive(command::vaults::run(vaults, &passphrase)),
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

/// Runs a command that an interruption ends with a sentence. Dropping it wipes its keys, sets the terminal right and
/// takes an advert down.
fn interactive(command: impl Future<Output = Result<Exit, Problem>>) -> Result<Exit, Problem> {
    block_on(async {
        let mut interruptions = Interruptions::new()?;
        tokio::select! {
            // A command that knows better what an interruption means says it first.
            biased;
            result = command => result,
            () = interruptions.next_not_deferred() => Err(sentence::interrupted().into()),
        }
    })
}

/// Writes a line to standard error. That nobody reads it is no reason to stop, least of all amid a ceremony;
/// `eprintln!` would panic.
pub(crate) fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The vault that is meant: by its name or folder, or the default one.
fn place(options: &GlobalOptions) -> Result<VaultPlace, Sentence> {
    let place = match &options.vault {
        Some(named) => {
            let folder = known_vaults()?.folder_of(named.as_os_str());
            VaultPlace::at(folder.map_err(|error| sentence::of_known_vaults(&error))?)
        }
        None => VaultPlace::default_vault(),
    };
    place.ok_or_else(sentence::no_home)
}

/// Where a new vault is to be made: under its name, in a folder, or as the default one.
fn new_place(options: &GlobalOptions, name: Option<&str>) -> Result<VaultPlace, Sentence> {
    let folder = match (name, &options.vault) {
        (Some(name), _) => known_vaults()?.folder_for_new(name),
        (None, Some(folder)) => known_vaults()?.folder_to_make(folder.as_os_str()),
        (None, None) => return place(options),
    };
    let folder = folder.map_err(|error| sentence::of_known_vaults(&error))?;
    VaultPlace::at(folder).ok_or_else(sentence::no_home)
}

fn known_vaults() -> Result<KnownVaults, Sentence> {
    KnownVaults::of_this_user().ok_or_else(sentence::no_home)
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
