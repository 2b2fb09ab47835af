//! A person at the terminal.

use latchkey_app::{Decision, Person, Refusal};
use latchkey_ctap::{Account, NotApprovedReason, Prompt, Question, VerifiedUser};
use latchkey_passkey::{PasskeyId, RpId};

use crate::terminal::Terminal;

/// Shows a request on the terminal and asks for a `y`.
pub(crate) struct AtTerminal {
    terminal: Terminal,
    /// From the passphrase that was typed for this call; verifies one request.
    verified: Option<VerifiedUser>,
}

impl AtTerminal {
    pub(crate) fn new(terminal: Terminal, verified: VerifiedUser) -> Self {
        Self { terminal, verified: Some(verified) }
    }

    async fn answer(&mut self, prompt: &Prompt) -> std::io::Result<Choice> {
        self.terminal.say(&request_text(prompt))?;
        let account = match prompt.question() {
            Question::SignIn { accounts } if accounts.len() > 1 => {
                let question = format!("Which account? [1-{}, anything else refuses] ", accounts.len());
                match chosen(&self.terminal.ask(&question).await?, accounts) {
                    Some(account) => Some(account),
                    None => return Ok(Choice::No),
                }
            }
            _ => None,
        };
        let line = self.terminal.ask(question_text(prompt.question())).await?;
        let yes = line.eq_ignore_ascii_case("y") || line.eq_ignore_ascii_case("yes");
        Ok(if yes { Choice::Yes(account) } else { Choice::No })
    }
}

enum Choice {
    Yes(Option<PasskeyId>),
    No,
}

impl Person for AtTerminal {
    async fn decide(&mut self, prompt: Prompt) -> Decision {
        match self.answer(&prompt).await {
            Ok(Choice::Yes(account)) => match prompt.approve(account, self.verified.take()) {
                Ok(answer) => Decision::Approved(answer),
                Err(not) => {
                    self.verified = not.verified;
                    let refusal = match not.reason {
                        NotApprovedReason::VerificationRequired => Refusal::NotCovered,
                        _ => Refusal::NoSuchAccount,
                    };
                    Decision::Refused(not.prompt.refuse(), refusal)
                }
            },
            Ok(Choice::No) => Decision::Refused(prompt.refuse(), Refusal::ByPerson),
            Err(_terminal_gone) => Decision::Refused(prompt.refuse(), Refusal::NoPrompt),
        }
    }
}

fn chosen(line: &str, accounts: &[Account]) -> Option<PasskeyId> {
    let number: usize = line.parse().ok()?;
    accounts.get(number.checked_sub(1)?).map(|account| account.id)
}

/// What is shown before the question. Every foreign string in a prompt is fit to be shown already.
fn request_text(prompt: &Prompt) -> String {
    let site = prompt.rp_id().map(site_text).unwrap_or_default();
    let name = prompt.rp_name().map(|name| format!("\n  It says its name is  {name}")).unwrap_or_default();
    let what = match prompt.question() {
        Question::Create { user_name, user_display_name, replaces } => {
            let replaced = replaces.as_ref().map_or(String::new(), |old| {
                format!("\n  Replaces             {} (moved to the bin)", account_text(old))
            });
            let account = names_text(user_name, user_display_name);
            format!(
                "Make a passkey for\n  Site                 {site}{name}\n  Account              {account}{replaced}"
            )
        }
        Question::SignIn { accounts } => {
            let accounts: Vec<_> = match accounts.as_slice() {
                [only] => vec![format!("  Account              {}", account_text(only))],
                several => several
                    .iter()
                    .zip(1..)
                    .map(|(account, n)| format!("  {n:>3}  {}", account_text(account)))
                    .collect(),
            };
            format!("Sign in to\n  Site                 {site}{name}\n{}", accounts.join("\n"))
        }
        Question::AlreadyRegistered => {
            format!(
                "Make a passkey for\n  Site                 {site}{name}\n\nYou have a passkey for this site here already, and it wants another device."
            )
        }
        Question::NothingHere => format!(
            "Sign in to\n  Site                 {site}{name}\n\nThere is no passkey for this site in this vault."
        ),
        Question::Select => "A program asks which key you want to use.".to_owned(),
    };
    format!(
        "\n{what}\n\nYou should see the code on a screen beside you. If somebody sent it to you, say no.\n\n"
    )
}

fn question_text(question: &Question) -> &'static str {
    match question {
        Question::Create { .. } => "Make this passkey? [y/N] ",
        Question::SignIn { .. } => "Sign in? [y/N] ",
        Question::AlreadyRegistered => "Tell the site that you have one? [y/N] ",
        Question::NothingHere => "Tell the site that there is none? [y/N] ",
        Question::Select => "Use this one? [y/N] ",
    }
}

/// The site with the part that somebody registered set off, and its Unicode form where it differs.
fn site_text(rp_id: &RpId) -> String {
    let domain = rp_id.registrable_domain();
    let mut text = rp_id.as_str().to_owned();
    if let Some(unicode) = rp_id.unicode() {
        text.push_str(&format!("  ({})", latchkey_passkey::shown(&unicode)));
    }
    if domain != rp_id.as_str() {
        text.push_str(&format!("\n  Which belongs to     {domain}"));
    }
    text
}

fn account_text(account: &Account) -> String {
    let names = names_text(&account.user_name, &account.user_display_name);
    match &account.name {
        Some(own) => format!("{own}: {names}"),
        None => names,
    }
}

fn names_text(user_name: &str, display_name: &str) -> String {
    match (user_name, display_name) {
        ("", "") => "(the site gave no name)".to_owned(),
        (name, "") | ("", name) => name.to_owned(),
        (name, display) if name == display => name.to_owned(),
        (name, display) => format!("{name} ({display})"),
    }
}
