use std::io::{self, Write};

use latchkey_app::{
    VaultPlace,
    doctor::{Check, Finding, TOLERATED_SKEW_SECONDS, VaultFinding, examine},
};
use latchkey_bluetooth::{AdvertForm, AdvertisingFacts, KernelFacts, Radio, RadioError};
use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_passkey::UnixSeconds;
use serde::Serialize;

use crate::{
    exit::Exit,
    json,
    sentence::{self, Sentence, command, for_vault, reason},
    wrapping::{columns, wrapped},
};

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
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Ok,
    Warning,
    Failed,
    NotTried,
}

/// Below so many columns the findings have lines of their own.
const SIDE_BY_SIDE: usize = 72;

/// Tries everything that a sign-in needs.
pub(crate) async fn run(
    radio: &Radio,
    domain: TunnelDomainId,
    place: &VaultPlace,
    as_json: bool,
) -> io::Result<Exit> {
    let findings = examine(radio, domain, place).await;
    let lines: Vec<Line> = findings.into_iter().flat_map(|finding| lines_of(finding, place)).collect();
    let mut out = io::stdout().lock();
    if as_json {
        json::write(&mut out, &lines)?;
    } else {
        let columns = columns(&out);
        for line in &lines {
            writeln!(out, "{}", text(line, columns))?;
        }
    }
    let failed = lines.iter().find(|line| line.result == Outcome::Failed);
    Ok(failed.map_or(Exit::Done, |line| line.exit))
}

fn text(line: &Line, columns: Option<usize>) -> String {
    let mark = match line.result {
        Outcome::Ok => "ok",
        Outcome::Warning => "warning",
        Outcome::Failed => "FAILED",
        Outcome::NotTried => "not tried",
    };
    let (head, indent) = match columns {
        Some(columns) if columns < SIDE_BY_SIDE => {
            (format!("{mark:<9}  {}\n    ", line.check), " ".repeat(4))
        }
        _ => (format!("{mark:<9}  {:<18}  ", line.check), " ".repeat(31)),
    };
    let found = wrapped(&indent, &indent, &line.found, columns);
    let mut text = format!("{head}{}", found.trim_start());
    if let Some(remedy) = &line.remedy {
        text.push('\n');
        text.push_str(&wrapped(&format!("{indent}→ "), &format!("{indent}  "), remedy, columns));
    }
    text
}

fn ok(check: Check, found: impl Into<String>) -> Line {
    Line { check: name(check), result: Outcome::Ok, found: found.into(), remedy: None, exit: Exit::Done }
}

fn warning(check: Check, found: impl Into<String>, remedy: impl Into<String>) -> Line {
    Line { result: Outcome::Warning, remedy: Some(remedy.into()), ..ok(check, found) }
}

fn failed(check: Check, exit: Exit, found: impl Into<String>, remedy: impl Into<String>) -> Line {
    Line { result: Outcome::Failed, remedy: Some(remedy.into()), exit, ..ok(check, found) }
}

fn failed_as(check: Check, told: Sentence) -> Line {
    failed(check, told.exit, told.what, told.next)
}

fn not_tried(check: Check, needs: Check) -> Line {
    Line { result: Outcome::NotTried, ..ok(check, format!("needs {}", need(needs))) }
}

fn name(check: Check) -> &'static str {
    match check {
        Check::Adapter => "bluetooth adapter",
        Check::Power => "power",
        Check::Advertising => "advertising",
        Check::FreeAdverts => "free adverts",
        Check::Broadcast => "advert, broadcast",
        Check::Peripheral => "advert, peripheral",
        Check::Certificates => "certificates",
        Check::Service => "tunnel service",
        Check::Tls => "TLS",
        Check::Clock => "clock",
        Check::VaultFolder => "vault folder",
        Check::Vault => "vault",
    }
}

/// What a check needs of an earlier one.
fn need(check: Check) -> &'static str {
    match check {
        Check::Adapter => "a Bluetooth adapter",
        Check::Power => "an adapter that is on",
        Check::Advertising | Check::FreeAdverts | Check::Broadcast | Check::Peripheral => {
            "an adapter that can advertise"
        }
        Check::Certificates => "certificates to trust",
        Check::Service => "a tunnel service that answers as it should",
        Check::Tls | Check::Clock => "a tunnel service that proves who it is",
        Check::VaultFolder | Check::Vault => "a vault",
    }
}

fn lines_of(finding: Finding, place: &VaultPlace) -> Vec<Line> {
    let line = match finding {
        Finding::NotTried { check, needs } => not_tried(check, needs),
        Finding::Adapters(names) => ok(Check::Adapter, names.join(", ")),
        Finding::NoAdapter { error, kernel } => no_adapter(&error, &kernel),
        Finding::PowerOn => ok(Check::Power, "on"),
        Finding::PowerOff { error, kernel } => power_off(error, &kernel),
        Finding::CanAdvertise => ok(Check::Advertising, "can advertise"),
        Finding::CannotAdvertise(error) => failed_as(Check::Advertising, sentence::of_radio(&error.into())),
        Finding::Instances(facts) => instances(&facts),
        Finding::Forms(forms) => return forms_lines(forms),
        Finding::Roots => ok(Check::Certificates, "there are some to trust"),
        Finding::NoRoots(error) => failed_as(Check::Certificates, sentence::no_roots(&error)),
        Finding::Service { domain } => ok(Check::Service, format!("{domain} opens tunnels for us")),
        Finding::ServiceReached { domain } => ok(Check::Service, format!("{domain} can be reached")),
        Finding::NoService { domain, error } => {
            let told = sentence::of_tunnel(&error);
            failed(Check::Service, told.exit, format!("{domain}: {}", told.what), told.next)
        }
        Finding::Proven => ok(Check::Tls, "the tunnel service proved who it is"),
        Finding::NotProven(error) => failed_as(Check::Tls, sentence::of_tunnel(&error)),
        Finding::Clock { theirs, ours } => clock(theirs, ours),
        Finding::NoClock => Line {
            result: Outcome::NotTried,
            ..ok(Check::Clock, "the tunnel service did not say what time it is")
        },
        Finding::Vault(finding) => vault_line(finding, place),
        _ => return Vec::new(),
    };
    vec![line]
}

fn instances(facts: &AdvertisingFacts) -> Line {
    let (free, taken) = (facts.free_instances, facts.active_instances);
    if facts.is_full() {
        let remedy = "Stop what else advertises; if nothing does: sudo systemctl restart bluetooth";
        warning(Check::FreeAdverts, format!("none free, {taken} taken"), remedy)
    } else {
        ok(Check::FreeAdverts, format!("{free} free, {taken} taken"))
    }
}

fn clock(theirs: UnixSeconds, ours: UnixSeconds) -> Line {
    let skew = theirs.abs_diff(ours);
    if skew <= TOLERATED_SKEW_SECONDS {
        return ok(Check::Clock, format!("{skew} s from the tunnel service's"));
    }
    let side = if ours > theirs { "ahead of" } else { "behind" };
    let found = format!("{skew} s {side} the tunnel service's");
    warning(Check::Clock, found, "Set it: sudo timedatectl set-ntp true")
}

fn vault_line(finding: VaultFinding, place: &VaultPlace) -> Line {
    use VaultFinding as V;
    let check = Check::VaultFolder;
    let damaged = |found: String, remedy: String| failed(check, Exit::VaultDamaged, found, remedy);
    match finding {
        V::Private(folder) => ok(check, format!("{} is private and can be written", folder.display())),
        V::Open(folder, mode) => damaged(
            format!("{} is open to others (mode {mode:03o})", folder.display()),
            format!("chmod 700 {}", folder.display()),
        ),
        V::ReadOnly(folder) => damaged(
            format!("{} is on a medium that cannot be written", folder.display()),
            "Make it writable: a sign-in is written down before it is answered.".to_owned(),
        ),
        V::Forbidden(folder, error) => damaged(
            format!("{}: {}", folder.display(), reason(&error)),
            "Look at its owner and rights.".to_owned(),
        ),
        V::Missing(folder) => warning(
            check,
            format!("no vault in {}", folder.display()),
            format!("Make one: {}", command("init", place)),
        ),
        V::NoVault(folder) => failed(
            check,
            Exit::Usage,
            format!("{} is no vault, and something else is there", folder.display()),
            "Name yours with --vault DIR.",
        ),
        V::Free => ok(Check::Vault, "whole as far as can be seen without its passphrase, and free"),
        V::Unusable(error) => {
            let told = sentence::of_vault(&error);
            failed(Check::Vault, told.exit, told.what, for_vault(&told.next, place))
        }
        _ => failed(check, Exit::VaultDamaged, "something is wrong with it", "Look at its owner and rights."),
    }
}

fn no_adapter(error: &RadioError, kernel: &KernelFacts) -> Line {
    let told = sentence::of_radio(&error.clone().into());
    match error {
        RadioError::NoDaemon if kernel.controllers.is_empty() && !sentence::is_bus_named() => failed(
            Check::Adapter,
            told.exit,
            format!("{} The kernel has no Bluetooth controller either.", told.what),
            "Plug an adapter in, and install bluez.",
        ),
        _ => failed_as(Check::Adapter, told),
    }
}

fn power_off(error: RadioError, kernel: &KernelFacts) -> Line {
    let told = sentence::of_radio(&error.into());
    let blocked: Vec<_> = kernel
        .switches
        .iter()
        .filter(|switch| switch.soft_blocked || switch.hard_blocked)
        .map(|switch| switch.name.as_str())
        .collect();
    if blocked.is_empty() {
        return failed_as(Check::Power, told);
    }
    failed(
        Check::Power,
        told.exit,
        format!("{} Blocked: {}.", told.what, blocked.join(", ")),
        "rfkill unblock bluetooth, or the switch on the machine",
    )
}

/// A sign-in tries both forms by turns, so one that is taken will do.
fn forms_lines(forms: Vec<(AdvertForm, Result<(), RadioError>)>) -> Vec<Line> {
    let none_taken = forms.iter().all(|(_, result)| result.is_err());
    let line = |(form, result): (AdvertForm, Result<(), RadioError>)| {
        let check = match form {
            AdvertForm::Broadcast => Check::Broadcast,
            _ => Check::Peripheral,
        };
        match result {
            Ok(()) => ok(check, "taken"),
            Err(error) => {
                let told = sentence::of_radio(&error.into());
                if none_taken {
                    failed_as(check, told)
                } else {
                    warning(check, told.what, "The other form is used.")
                }
            }
        }
    };
    forms.into_iter().map(line).collect()
}
