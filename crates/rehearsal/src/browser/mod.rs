//! A real Chromium as the client of a ceremony, on a screen of its own.

mod devtools;
mod log;
mod page;
mod profile;

use std::{net::SocketAddr, process::Stdio, sync::Arc, time::Duration};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::json;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use self::{devtools::DevTools, profile::Profile};
pub use self::{
    log::BrowserLog,
    page::{Page, Running},
};
use crate::{
    process::{self, StartError},
    screen::Screen,
};

/// How long Chromium may take to answer its first command, on a busy machine.
const READY_TIME: Duration = Duration::from_secs(60);
/// How long it may take to end when asked to.
const END_TIME: Duration = Duration::from_secs(5);

/// Gives Chromium its two pipes where `--remote-debugging-pipe` expects them, as descriptors 3 and 4.
const WITH_PIPES: &str = r#"exec "$@" 3<&0 4>&1 0</dev/null 1>&2"#;

/// Why the browser did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// It does not run.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its profile cannot be written.
    #[error("browser's profile folder")]
    Profile(#[source] std::io::Error),
    /// It has ended, or was closed.
    #[error("browser is gone")]
    Gone,
    /// It refused a command.
    #[error("browser refused {method}: {message}")]
    Refused {
        /// The command.
        method: &'static str,
        /// Its reason.
        message: String,
    },
    /// A script of ours failed in the page.
    #[error("script failed in the page: {message}")]
    Script {
        /// What the page said.
        message: String,
    },
    /// A page did not load in time.
    #[error("page did not load in time")]
    Load,
}

/// What Chromium is told instead of the world: where tunnels end, whom to trust there, and which radio it has.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where connections to the tunnel domains really go.
    pub relay: SocketAddr,
    /// The domains that go there.
    pub tunnel_domains: Vec<String>,
    /// SHA-256 of the relay's public key (SubjectPublicKeyInfo), in base64.
    pub relay_spki_sha256: String,
    /// The address of the D-Bus that has the `org.bluez` of the rehearsal.
    pub system_bus: String,
}

/// A running Chromium with a fresh profile; both are gone when it is dropped.
pub struct Browser {
    devtools: Arc<DevTools>,
    log: BrowserLog,
    child: Child,
    _profile: Profile,
}

impl Browser {
    /// Starts Chromium on a screen and waits until it takes commands.
    pub async fn start(screen: &Screen, surroundings: &Surroundings) -> Result<Self, BrowserError> {
        let profile = Profile::make().map_err(BrowserError::Profile)?;
        let program = process::CHROMIUM.find()?;
        let mut child = Command::new("sh")
            .args(["-c", WITH_PIPES, "sh"])
            .arg(program)
            .args(arguments(&profile, surroundings))
            .envs(screen.environment())
            .env("DBUS_SYSTEM_BUS_ADDRESS", &surroundings.system_bus)
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("HOME", profile.path())
            // What it puts beside its profile goes with the profile.
            .envs(profile.for_temporary_files().map(|folder| ("TMPDIR", folder)))
            // Under its home, then, which goes with the profile, too.
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("WAYLAND_DISPLAY")
            // Ctrl-C at the terminal is for us: we end it, and all that it has started, before its files go.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| StartError::Machine { program: process::CHROMIUM.name(), error })?;
        let (Some(to_browser), Some(from_browser), Some(log)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(BrowserError::Gone);
        };
        let devtools = Arc::new(DevTools::new(to_browser, from_browser));
        let browser = Self { devtools, log: BrowserLog::follow(log), child, _profile: profile };
        match timeout(READY_TIME, browser.devtools.call(None, "Browser.getVersion", json!({}))).await {
            Ok(answer) => answer.map(|_| browser),
            Err(_) => Err(StartError::NotReady { program: process::CHROMIUM.name() }.into()),
        }
    }

    /// What Chromium has said so far, its FIDO log included: every step of a ceremony, in its words.
    pub fn log(&self) -> &BrowserLog {
        &self.log
    }

    /// Opens a page, waits until it is loaded and brings it to the front.
    pub async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        Page::open(self.devtools.clone(), url).await
    }

    /// Ends it in good order.
    pub async fn close(mut self) {
        // It answers by closing the pipe; if it does not end, dropping kills it.
        let _ = self.devtools.post(None, "Browser.close", json!({})).await;
        let _ = timeout(END_TIME, self.child.wait()).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // `None` when it has ended already.
        let Some(group) = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) else {
            return;
        };
        // Told to end it takes its many processes along; otherwise those that are left go with the group.
        let _ = kill_process(group, Signal::TERM);
        process::wait_for_end(&mut self.child);
        let _ = kill_process_group(group, Signal::KILL);
        process::wait_for_end(&mut self.child);
    }
}

fn arguments(profile: &Profile, surroundings: &Surroundings) -> Vec<String> {
    let rules: Vec<_> = surroundings
        .tunnel_domains
        .iter()
        .map(|domain| format!("MAP {domain} {}", surroundings.relay))
        .collect();
    let mut arguments = vec![
        "--remote-debugging-pipe".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
        format!("--host-resolver-rules={}", rules.join(", ")),
        format!("--ignore-certificate-errors-spki-list={}", surroundings.relay_spki_sha256),
        "--enable-logging=stderr".to_owned(),
        "--vmodule=device_event_log*=1".to_owned(),
        "--window-size=1200,960".to_owned(),
    ];
    // Nothing that asks, calls home or needs a desktop.
    arguments.extend(
        [
            "--no-first-run",
            "--no-default-browser-check",
            "--password-store=basic",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-extensions",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ]
        .map(str::to_owned),
    );
    // Chromium's sandbox does not run as root.
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments.push("about:blank".to_owned());
    arguments
}
