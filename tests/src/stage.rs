//! Everything between browser and product, and one ceremony on it.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use latchkey_app::picture::read_fido_code;
use latchkey_rehearsal::{
    bluez::{BluezStandIn, PrivateBus},
    browser::{Browser, BrowserError, Page, Surroundings},
    code_on_screen::{CodeError, CodeOnScreen, wait_for_code},
    screen::Screen,
    staged_relay::StagedRelay,
};
use latchkey_tunnel::TunnelClient;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    namespace::{self, TUNNEL_DOMAIN},
    product::Product,
    website::Website,
};

/// Every site's name ends in this, which is nowhere else: so a log that has a site's name is found.
pub const SITES: &str = "wolkenkuckucksheim.localhost";

/// How long the browser may take to show something, on a busy machine.
const BROWSER_PATIENCE: Duration = Duration::from_secs(30);
/// How long a ceremony whose other end is gone may take to be over in the page.
const VERDICT_PATIENCE: Duration = Duration::from_secs(20);

/// The stage of one test program.
pub struct Stage {
    /// The product's program with its vault, made by `latchkey init`.
    pub product: Product,
    /// The radio.
    pub bluez: BluezStandIn,
    browser: Browser,
    screen: Screen,
    website: Website,
    relay: Mutex<Option<StagedRelay>>,
    codes_seen: Arc<Mutex<BTreeSet<String>>>,
    _bus: PrivateBus,
    _folder: TempDir,
}

/// A ceremony that a page has begun: its code is on the screen.
pub struct Begun {
    /// The code.
    pub code: CodeOnScreen,
    /// The site.
    pub rp_id: String,
    page: Page,
    verdict: JoinHandle<Result<Value, BrowserError>>,
}

impl Stage {
    /// Sets everything up. Inside the namespaces only.
    pub async fn set() -> Self {
        let folder = TempDir::with_prefix("latchkey-tests-").expect("a folder");
        namespace::furnish(folder.path()).expect("namespaces are furnished");

        // Where the product looks for the tunnel service.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let relay = StagedRelay::start(address, &[TUNNEL_DOMAIN.to_owned()]).await.expect("a relay");
        let bus = PrivateBus::start().await.expect("a bus");
        let bluez = BluezStandIn::start(bus.address()).await.expect("a radio");
        let screen = Screen::start().await.expect("a screen");
        let surroundings = Surroundings {
            relay: relay.address(),
            tunnel_domains: vec![TUNNEL_DOMAIN.to_owned()],
            relay_spki_sha256: relay.spki_sha256().to_owned(),
            system_bus: bus.address().to_owned(),
        };
        let browser = Browser::start(&screen, &surroundings).await.expect("Chromium");
        let website = Website::start().await;
        let program = namespace::product().expect("a program");
        let product = Product::new(program, folder.path(), &relay.certificate_pem(), bus.address());
        let made = product.run(&["init"]).await;
        assert_eq!(made.code, 0, "latchkey init: {made:?}");
        // A request before this would not be offered the hybrid transport.
        assert!(
            bluez.until(BROWSER_PATIENCE, |bluez| bluez.tree_reads() >= 2).await,
            "Chromium uses the radio"
        );
        Self {
            product,
            bluez,
            browser,
            screen,
            website,
            relay: Mutex::new(Some(relay)),
            codes_seen: Arc::default(),
            _bus: bus,
            _folder: folder,
        }
    }

    /// Has the page of a site begin a ceremony, `create` or `get`, and waits for its code on the screen. `asked` goes
    /// to the website, see its `creationOptions` and `requestOptions`.
    pub async fn begin(&self, site: &str, kind: &str, asked: Value) -> Begun {
        let rp_id = format!("{site}.{SITES}");
        let page = self.browser.open(&self.website.url(&rp_id)).await.expect("the page opens");
        let running =
            page.start(&format!("ceremony('{kind}', {asked})")).await.expect("the page's script starts");
        let verdict = tokio::spawn(running.result());
        let seen = self.codes_seen.clone();
        // The dialog of the ceremony before may still be closing.
        let read = move |png| read_fido_code(png).ok().filter(|code| !seen.lock().unwrap().contains(code));
        match wait_for_code(&self.screen, read, BROWSER_PATIENCE).await {
            Ok(code) => {
                self.codes_seen.lock().unwrap().insert(code.text.clone());
                Begun { code, rp_id, page, verdict }
            }
            Err(CodeError::None { last_png }) => {
                let picture = self.keep("no-code.png", &last_png);
                panic!("no code on the screen, see {}", picture.display())
            }
            Err(error) => panic!("no picture of the screen: {error}"),
        }
    }

    /// A whole ceremony that a script approves, which must work. Returns the website's verdict.
    pub async fn succeed(&self, site: &str, kind: &str, asked: Value, more: &[&str]) -> Value {
        let begun = self.begin(site, kind, asked).await;
        let outcome =
            self.product.sign_in(&begun.code.text, &[&["--approve", &begun.rp_id], more].concat()).await;
        assert_eq!(outcome.code, 0, "{}", outcome.errors);
        let verdict = begun.verdict().await;
        assert_eq!(verdict["verified"], true, "{verdict}");
        verdict
    }

    /// Presses Escape on the screen.
    pub fn press_escape(&self) {
        self.screen.press_escape().expect("a key");
    }

    /// A client of the relay, for the other end of a tunnel.
    pub fn tunnel_client(&self) -> TunnelClient {
        let relay = self.relay.lock().unwrap();
        relay.as_ref().expect("the relay runs").client().expect("a client")
    }

    /// Stops the relay for good; the ports that it had are closed.
    pub async fn stop_relay(&self) {
        drop(self.relay.lock().unwrap().take());
        let gone = async {
            while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, 443)).await.is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(BROWSER_PATIENCE, gone).await.expect("the relay stops");
    }

    /// What the sites hold that must not be in a log: challenges, keys, handles, credential ids, results of prf.
    pub async fn remembered(&self) -> Vec<Value> {
        let page =
            self.browser.open(&self.website.url(&format!("any.{SITES}"))).await.expect("the page opens");
        let remembered =
            page.evaluate("fetch('/remembered').then((all) => all.json())").await.expect("a list");
        remembered.as_array().expect("a list").clone()
    }

    /// The codes that were on the screen.
    pub fn codes(&self) -> Vec<String> {
        self.codes_seen.lock().unwrap().iter().cloned().collect()
    }

    /// How much Chromium has said so far.
    pub fn browser_log_mark(&self) -> usize {
        self.browser.log().len()
    }

    /// Waits until Chromium has said this, since the mark.
    pub async fn until_browser_says(&self, mark: usize, text: &str) {
        assert!(
            self.browser.log().wait_for(mark, text, BROWSER_PATIENCE).await,
            "Chromium did not say {text:?}"
        );
    }

    /// Keeps the screen and Chromium's log of a scenario that failed, and says where.
    pub fn keep_evidence(&self, scenario: &str, mark: usize) -> String {
        let log = self.browser.log().lines_from(mark).join("\n");
        let log = self.keep(&format!("{scenario}.chromium.log"), log.as_bytes());
        let picture = self.keep(&format!("{scenario}.png"), b"");
        let shown = self.screen.capture().map(|picture_taken| picture_taken.save(&picture).is_ok());
        format!(
            "{} and {}",
            log.display(),
            if shown.is_ok() { picture.display().to_string() } else { "no picture".into() }
        )
    }

    /// Ends it in good order.
    pub async fn clear(self) {
        self.browser.close().await;
    }

    fn keep(&self, name: &str, content: &[u8]) -> PathBuf {
        let folder = namespace::product().expect("a target folder").with_file_name("ceremonies");
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(name);
        fs::write(&path, content).expect("writable");
        path
    }
}

impl Begun {
    /// Waits for what the page got: the website's verdict, or `{error}` with the exception's name.
    pub async fn verdict(self) -> Value {
        let verdict = timeout(VERDICT_PATIENCE, self.verdict).await.expect("the page's promise settles");
        let verdict = verdict.expect("no panic").expect("the page answers");
        self.page.close().await.expect("the page closes");
        verdict
    }

    /// Has the page still got nothing?
    pub fn is_pending(&self) -> bool {
        !self.verdict.is_finished()
    }

    /// Makes sure that the page has got nothing, and has it give up.
    pub async fn give_up(self) {
        if !self.is_pending() {
            panic!("the page got {}", self.verdict().await);
        }
        self.page.evaluate("leave()").await.expect("the page gives up");
        assert_eq!(self.verdict().await["error"], "AbortError");
    }
}
