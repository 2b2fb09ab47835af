use std::io::{self, Write};

use latchkey_app::{
    VaultPlace,
    doctor::{Finding, TOLERATED_SKEW_SECONDS, examine},
};
use latchkey_bluetooth::{AdvertForm, KernelFacts, Radio, RadioError};
use latchkey_crypto::hybrid::TunnelDomainId;
use serde::Serialize;

use crate::{exit::Exit, json, sentence};

/// One line of the report; an interface, see docs/cli.md.
#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    result: Outcome,
    found: String,
    remedy: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Warning,
    Failed,
}

/// Tries everything that a sign-in needs.
pub(crate) async fn run(
    radio: &Radio,
    domain: TunnelDomainId,
    place: &VaultPlace,
    as_json: bool,
) -> io::Result<Exit> {
    let lines: Vec<Line> = examine(radio, domain, place).await.into_iter().flat_map(lines_of).collect();
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &lines)?;
    } else {
        for line in &lines {
            let mark = match line.result {
                Outcome::Ok => "ok     ",
                Outcome::Warning => "warning",
                Outcome::Failed => "FAILED ",
            };
            writeln!(out, "{mark}  {:<18}  {}", line.check, line.found)?;
            if let Some(remedy) = &line.remedy {
                writeln!(out, "{:28} → {remedy}", "")?;
            }
        }
    }
    let failed = lines.iter().find(|line| line.result == Outcome::Failed);
    Ok(failed.map_or(Exit::Done, |line| line.exit))
}

fn ok(check: &'static str, found: impl Into<String>) -> Line {
    Line { check, result: Outcome::Ok, found: found.into(), remedy: None, exit: Exit::Done }
}

fn warning(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Line {
    let (found, remedy) = (found.into(), Some(remedy.into()));
    Line { check, result: Outcome::Warning, found, remedy, exit: Exit::Done }
}

fn failed(check: &'static str, exit: Exit, found: impl Into<String>, remedy: impl Into<String>) -> Line {
    Line { check, result: Outcome::Failed, found: found.into(), remedy: Some(remedy.into()), exit }
}

fn lines_of(finding: Finding) -> Vec<Line> {
    match finding {
        Finding::Adapter { name } => vec![ok("bluetooth adapter", format!("{name} is on and can advertise"))],
        Finding::NoAdapter { error, kernel } => vec![no_adapter(&error, &kernel)],
        Finding::Instances(facts) if facts.is_full() => vec![warning(
            "free adverts",
            format!("none free, {} taken", facts.active_instances),
            "stop what else advertises; if nothing does: sudo systemctl restart bluetooth",
        )],
        Finding::Instances(facts) => {
            vec![ok(
                "free adverts",
                format!("{} free, {} taken", facts.free_instances, facts.active_instances),
            )]
        }
        Finding::Forms(forms) => forms_lines(forms),
        Finding::Service { domain } => vec![ok("tunnel service", format!("{domain} opens tunnels for us"))],
        Finding::NoService { domain, error } => {
            let told = sentence::of_tunnel(&error);
            vec![failed("tunnel service", told.exit, format!("{domain}: {}", told.what), told.next)]
        }
        Finding::NoRoots(error) => vec![failed(
            "tunnel service",
            Exit::Network,
            format!("no trusted certificates: {error}"),
            "install ca-certificates, or set SSL_CERT_FILE",
        )],
        Finding::Clock { theirs, ours } => match theirs.abs_diff(ours) {
            skew if skew <= TOLERATED_SKEW_SECONDS => {
                vec![ok("clock", format!("{skew} s from the tunnel service's"))]
            }
            skew => vec![warning(
                "clock",
                format!(
                    "{skew} s {} the tunnel service's",
                    if ours > theirs { "ahead of" } else { "behind" }
                ),
                "set it: sudo timedatectl set-ntp true",
            )],
        },
        Finding::VaultPrivate(folder) => vec![ok("vault folder", format!("{} is private", folder.display()))],
        Finding::VaultOpen(folder, mode) => vec![failed(
            "vault folder",
            Exit::VaultDamaged,
            format!("{} is open to others (mode {mode:03o})", folder.display()),
            format!("chmod 700 {}", folder.display()),
        )],
        Finding::NoVault(folder) => {
            vec![warning(
                "vault folder",
                format!("no vault in {}", folder.display()),
                "make one: latchkey init",
            )]
        }
        Finding::VaultUnreadable(folder, error) => vec![failed(
            "vault folder",
            Exit::VaultDamaged,
            format!("{}: {error}", folder.display()),
            "look at its owner and rights",
        )],
        _ => Vec::new(),
    }
}

fn no_adapter(error: &RadioError, kernel: &KernelFacts) -> Line {
    let blocked: Vec<_> = kernel
        .switches
        .iter()
        .filter(|s| s.soft_blocked || s.hard_blocked)
        .map(|s| s.name.as_str())
        .collect();
    let told = sentence::of_radio(&error.clone().into());
    let (found, remedy) = match error {
        RadioError::NoDaemon if kernel.controllers.is_empty() => (
            format!("{} The kernel has no Bluetooth controller either.", told.what),
            "plug an adapter in, and install bluez".to_owned(),
        ),
        RadioError::AdapterBlocked | RadioError::AdapterOff if !blocked.is_empty() => (
            format!("{} Blocked: {}.", told.what, blocked.join(", ")),
            "rfkill unblock bluetooth, or the switch on the machine".to_owned(),
        ),
        _ => (told.what, told.next),
    };
    failed("bluetooth adapter", told.exit, found, remedy)
}

/// A sign-in tries both forms by turns, so one that is taken will do.
fn forms_lines(forms: Vec<(AdvertForm, Result<(), RadioError>)>) -> Vec<Line> {
    let none_taken = forms.iter().all(|(_, result)| result.is_err());
    let line = |(form, result): (AdvertForm, Result<(), RadioError>)| {
        let check = match form {
            AdvertForm::Broadcast => "advert, broadcast",
            _ => "advert, peripheral",
        };
        match result {
            Ok(()) => ok(check, "taken"),
            Err(error) => {
                let told = sentence::of_radio(&error.into());
                if none_taken {
                    failed(check, told.exit, told.what, told.next)
                } else {
                    warning(check, told.what, "the other form is used")
                }
            }
        }
    };
    forms.into_iter().map(line).collect()
}
