use std::{env, error::Error, io};

use latchkey_rehearsal::{
    bluez::BusError,
    browser::BrowserError,
    process::{Program, StartError},
    relying_party::SiteError,
    screen::ScreenError,
    staged_relay::StagedRelayError,
};
use latchkey_vault::VaultError;

use super::{Sentence, causes, sentence, without_number};
use crate::{command::demo::NoFolder, exit::Exit};

const WITHOUT: &str = "Without --browser the demo needs no other programs.";

/// Programs that the demo with a browser needs are not there.
pub(crate) fn demo_needs(missing: &[Program]) -> Sentence {
    let packages: Vec<_> = missing.iter().map(Program::package).collect();
    let names: Vec<_> = missing.iter().map(Program::name).collect();
    not_installed(&names.join(", "), &packages.join(" "))
}

fn not_installed(names: &str, packages: &str) -> Sentence {
    sentence(
        Exit::Usage,
        format!("Not installed: {names}."),
        format!("On Debian: sudo apt-get install {packages}. {WITHOUT}"),
    )
}

/// What stopped the demo, and what mends that.
pub(crate) fn demo_failed(problem: &(dyn Error + 'static)) -> Sentence {
    let causes: Vec<_> = causes(problem).map(|cause| without_number(&cause)).collect();
    let stopped =
        |exit, next: &str| sentence(exit, format!("The demo stopped: {}.", causes.join(": ")), next);
    if let Some(error) = folder_error(problem) {
        return sentence(
            Exit::InputOutput,
            format!(
                "The demo cannot keep files in {}: {}.",
                env::temp_dir().display(),
                without_number(&error.to_string())
            ),
            "Let TMPDIR name a folder that you can write to and that has room.",
        );
    }
    match start_error(problem) {
        Some(StartError::NotInstalled { program, package }) => return not_installed(program, package),
        Some(_) => {
            let next = format!("The machine may be busy, or short of memory: try again. {WITHOUT}");
            return stopped(Exit::OtherSideGaveUp, &next);
        }
        None => {}
    }
    if problem.is::<VaultError>() {
        let next = "Its vault lies in TMPDIR: is there room, and does the disk work?";
        return stopped(Exit::InputOutput, next);
    }
    if problem.is::<StagedRelayError>() || problem.is::<SiteError>() {
        return stopped(Exit::Network, "It needs sockets on 127.0.0.1: is the loopback interface up?");
    }
    if problem.is::<BrowserError>() || problem.is::<ScreenError>() || problem.is::<BusError>() {
        return stopped(Exit::OtherSideGaveUp, &format!("Try again. {WITHOUT}"));
    }
    stopped(Exit::OtherSideGaveUp, "This should not happen; please report it, with what it says with -vv.")
}

/// Folders for temporary files could not be made.
fn folder_error<'a>(problem: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let screen = problem.downcast_ref().and_then(|error| match error {
        ScreenError::Folder(error) => Some(error),
        _ => None,
    });
    let browser = problem.downcast_ref().and_then(|error| match error {
        BrowserError::Profile(error) => Some(error),
        _ => None,
    });
    let bus = problem.downcast_ref().and_then(|error| match error {
        BusError::Setup(error) => Some(error),
        _ => None,
    });
    let vault = problem.downcast_ref().map(|NoFolder(error)| error);
    vault.or(screen).or(browser).or(bus)
}

/// A program did not start. The errors around it speak for it and do not show it as their source.
fn start_error<'a>(problem: &'a (dyn Error + 'static)) -> Option<&'a StartError> {
    let screen = problem.downcast_ref().and_then(|error| match error {
        ScreenError::Start(error) => Some(error),
        _ => None,
    });
    let browser = problem.downcast_ref().and_then(|error| match error {
        BrowserError::Start(error) => Some(error),
        _ => None,
    });
    let bus = problem.downcast_ref().and_then(|error| match error {
        BusError::Start(error) => Some(error),
        _ => None,
    });
    screen.or(browser).or(bus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_fits_the_cause() {
        let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
        let missing = || StartError::NotInstalled { program: "Xvfb", package: "xvfb" };
        let slow = || StartError::NotReady { program: "chromium" };
        let cases: [(Box<dyn Error>, Exit, &str); 8] = [
            (Box::new(NoFolder(refused())), Exit::InputOutput, "TMPDIR"),
            (Box::new(ScreenError::Folder(refused())), Exit::InputOutput, "TMPDIR"),
            (Box::new(BrowserError::Profile(refused())), Exit::InputOutput, "TMPDIR"),
            (Box::new(BusError::Setup(refused())), Exit::InputOutput, "TMPDIR"),
            (Box::new(ScreenError::Start(missing())), Exit::Usage, "apt-get install xvfb"),
            (Box::new(BusError::Start(missing())), Exit::Usage, "apt-get install xvfb"),
            (Box::new(BrowserError::Start(slow())), Exit::OtherSideGaveUp, "busy"),
            (Box::new(VaultError::Full), Exit::InputOutput, "is there room"),
        ];
        for (problem, exit, remedy) in cases {
            let told = demo_failed(&*problem);
            assert_eq!(told.exit, exit, "{told:?}");
            assert!(told.next.contains(remedy), "{told:?}");
        }
    }
}
