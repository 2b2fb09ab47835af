//! One task that owns one ceremony, as authenticator: tunnel, advert, handshake, requests, the person, the end.
//!
//! It waits for bytes, the person's answer or a timer, feeds the core, and sends what comes back. Whichever way it
//! ends, and also when its future is dropped, the advert comes down and the tunnel closes.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use latchkey_ctap::{Account, Authenticator, Conclusion, Origin, Pending, Prompt, Question, Reply, Step};
use latchkey_hybrid::{
    authenticator::{Advertising, Event, Scanned, Session},
    port::{Advertiser, Tunnel, TunnelError, TunnelService},
    times,
};
use latchkey_passkey::PasskeyStore;
use latchkey_vault::Vault;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use zeroize::Zeroizing;

use crate::{
    failure::{CeremonyFailure, Refusal},
    person::{Decision, Person},
    random::{now, os_random},
};

/// With what tunnel services close a tunnel that nobody joined in time (RFC 6455 §7.4.1).
const CLOSED_BY_POLICY: u16 = 1008;

/// How often it is looked whether the vault's medium is still there.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What a ceremony goes through, for whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The tunnel service is being reached.
    Connecting,
    /// The advert is on the air; the other machine should hear it.
    OnAir,
    /// The other machine proved that it showed this code and heard this advert.
    Connected,
    /// A request is there, and the person is asked.
    Asking,
    /// The answer is on its way.
    Answering,
}

/// What the other side got.
#[derive(Debug)]
pub enum Success {
    /// A passkey was made.
    Created(Account),
    /// An assertion was signed.
    SignedIn(Account),
}

/// The outside of a ceremony.
pub struct Ports<'a, S, A, P> {
    /// Where tunnels are opened.
    pub service: &'a S,
    /// The radio.
    pub advertiser: &'a A,
    /// Who is asked.
    pub person: &'a mut P,
    /// Told of each stage as it begins.
    pub watch: &'a mut (dyn FnMut(Stage) + Send),
}

/// A store on a medium that may be taken away while a ceremony runs.
pub trait StoreOnMedium: Send {
    /// The store.
    fn store(&mut self) -> &mut dyn PasskeyStore;

    /// Whether the medium is still there. Asked each second, so cheap.
    fn is_reachable(&self) -> bool;
}

impl StoreOnMedium for Vault {
    fn store(&mut self) -> &mut dyn PasskeyStore {
        self
    }

    fn is_reachable(&self) -> bool {
        Vault::is_reachable(self)
    }
}

/// A store without a medium that could go.
struct Lasting<'a>(&'a mut (dyn PasskeyStore + Send));

impl StoreOnMedium for Lasting<'_> {
    fn store(&mut self) -> &mut dyn PasskeyStore {
        self.0
    }

    fn is_reachable(&self) -> bool {
        true
    }
}

/// Answers one QR code: the request of the other side decides whether a passkey is made or used.
///
/// `Ok` only when the answer was flushed and the other side then ended the connection in order, or was silent for
/// [`times::SHUTDOWN_WAIT`].
pub async fn answer_code<S, A, P>(
    code: Scanned,
    authenticator: &Authenticator,
    store: &mut (dyn PasskeyStore + Send),
    ports: Ports<'_, S, A, P>,
) -> Result<Success, CeremonyFailure>
where
    S: TunnelService,
    A: Advertiser,
    P: Person,
{
    answer_code_while_reachable(code, authenticator, &mut Lasting(store), ports).await
}

/// As [`answer_code`], for as long as the store's medium is there: when it goes, the advert comes down, the tunnel
/// closes, and the ceremony ends with [`CeremonyFailure::MediumGone`]. The vault is then to be locked, that is, dropped.
pub async fn answer_code_while_reachable<S, A, P>(
    code: Scanned,
    authenticator: &Authenticator,
    store: &mut dyn StoreOnMedium,
    ports: Ports<'_, S, A, P>,
) -> Result<Success, CeremonyFailure>
where
    S: TunnelService,
    A: Advertiser,
    P: Person,
{
    let store = WatchedStore { store: Mutex::new(store), has_answered: AtomicBool::new(false) };
    tokio::select! {
        biased;
        answered = answer(code, authenticator, &store, ports) => answered,
        () = store.gone() => Err(CeremonyFailure::MediumGone),
    }
}

/// The store, looked at by the ceremony and by whoever watches its medium. Both are one task and keep it across no
/// wait, so that nobody waits for the lock.
struct WatchedStore<'a> {
    store: Mutex<&'a mut dyn StoreOnMedium>,
    /// The other side has its answer, and the history has it, too: what remains needs no medium.
    has_answered: AtomicBool,
}

impl<'a> WatchedStore<'a> {
    fn lock(&self) -> MutexGuard<'_, &'a mut dyn StoreOnMedium> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn gone(&self) {
        while self.has_answered.load(Ordering::Relaxed) || self.lock().is_reachable() {
            sleep(BETWEEN_LOOKS).await;
        }
    }
}

async fn answer<S, A, P>(
    code: Scanned,
    authenticator: &Authenticator,
    store: &WatchedStore<'_>,
    ports: Ports<'_, S, A, P>,
) -> Result<Success, CeremonyFailure>
where
    S: TunnelService,
    A: Advertiser,
    P: Person,
{
    let Ports { service, advertiser, person, watch } = ports;
    watch(Stage::Connecting);
    let created = service.create(code.domain(), code.tunnel_id()).await;
    let (mut tunnel, routing_id) = created.map_err(CeremonyFailure::Tunnel)?;
    let advertising = code.opened(routing_id, &mut os_random());

    let on_air = advertiser.advertise(advertising.advert()).await.map_err(CeremonyFailure::Radio)?;
    watch(Stage::OnAir);
    let hello = timeout(times::ADVERT, tunnel.receive()).await;
    advertiser.withdraw(on_air).await;
    let hello = match hello {
        Err(_) | Ok(Ok(None)) => return Err(CeremonyFailure::NobodyCame),
        // The service's patience began before ours did, and may end before it.
        Ok(Err(TunnelError::Closed { code: CLOSED_BY_POLICY })) => return Err(CeremonyFailure::NobodyCame),
        Ok(Ok(Some(hello))) => hello,
        Ok(Err(error)) => return Err(CeremonyFailure::Tunnel(error)),
    };
    let session =
        timeout(times::HANDSHAKE, shake_hands(advertising, &hello, authenticator, &mut tunnel)).await;
    let session = session.map_err(|_elapsed| CeremonyFailure::TimeRanOut)??;
    watch(Stage::Connected);

    let mut conversation = Conversation { session, tunnel, authenticator, store, person, watch };
    let result = conversation.run().await;
    conversation.tunnel.close().await;
    result
}

async fn shake_hands(
    advertising: Advertising,
    hello: &[u8],
    authenticator: &Authenticator,
    tunnel: &mut impl Tunnel,
) -> Result<Session, CeremonyFailure> {
    let (session, replies) = advertising
        .receive_hello(hello, &authenticator.get_info(), &mut os_random())
        .map_err(CeremonyFailure::Handshake)?;
    for reply in replies {
        tunnel.send(reply).await.map_err(CeremonyFailure::Tunnel)?;
    }
    Ok(session)
}

struct Conversation<'a, 's, T, P> {
    session: Session,
    tunnel: T,
    authenticator: &'a Authenticator,
    store: &'a WatchedStore<'s>,
    person: &'a mut P,
    watch: &'a mut (dyn FnMut(Stage) + Send),
}

/// How a request ended for the other side.
type Answered = Result<Success, CeremonyFailure>;

/// What the tunnel brings.
enum Incoming {
    Request(Zeroizing<Vec<u8>>),
    Ended,
}

impl<T: Tunnel, P: Person> Conversation<'_, '_, T, P> {
    /// Answers requests until the other side ends the connection. What counts is the last answer.
    async fn run(&mut self) -> Answered {
        let mut answered: Option<Answered> = None;
        loop {
            // After an answer the other side has little to do but to say goodbye.
            let patience = if answered.is_some() { times::SHUTDOWN_WAIT } else { times::REQUEST_WAIT };
            match timeout(patience, next(&mut self.session, &mut self.tunnel)).await {
                Err(_silence) => return answered.unwrap_or(Err(CeremonyFailure::TimeRanOut)),
                Ok(Ok(Incoming::Ended)) => {
                    return answered.unwrap_or(Err(CeremonyFailure::OtherSideGaveUp));
                }
                Ok(Ok(Incoming::Request(request))) => answered = self.respond(&request).await?.or(answered),
                // Whatever was wrong here is worth more to know than that the connection then broke; but an answer
                // that the other side should have got may not have arrived.
                Ok(Err(broken)) => {
                    return match answered {
                        Some(Err(failure)) => Err(failure),
                        _ => Err(broken),
                    };
                }
            }
        }
    }

    /// Answers one request; `None` if it was one that nobody waits for, such as getInfo.
    async fn respond(&mut self, request: &[u8]) -> Result<Option<Answered>, CeremonyFailure> {
        let step = self.authenticator.receive(request, Origin::Hybrid, self.store.lock().store(), now());
        match step {
            Step::Respond(response) => {
                let status = response.first().copied().unwrap_or_default();
                self.reply(&response).await?;
                Ok((status != 0).then_some(Err(CeremonyFailure::Unsupported { status })))
            }
            // Over hybrid only a browser sends this, and only when it has decided to fail: there is nothing to ask.
            Step::Ask(pending, prompt) if *prompt.question() == Question::Select => {
                let reply =
                    pending.answer(prompt.refuse(), self.store.lock().store(), now(), &mut os_random());
                self.reply(&reply.message).await?;
                Ok(Some(Err(CeremonyFailure::NotSuitable)))
            }
            Step::Ask(pending, prompt) => self.ask(pending, prompt).await.map(Some),
        }
    }

    /// Asks the person, and reads the tunnel meanwhile: whoever gives up over there dismisses the prompt here.
    async fn ask(&mut self, pending: Pending, prompt: Prompt) -> Result<Answered, CeremonyFailure> {
        (self.watch)(Stage::Asking);
        let deadline = Instant::now() + times::REQUEST_WAIT;
        let decision = tokio::select! {
            // An answer that is there together with a goodbye comes too late.
            biased;
            incoming = next(&mut self.session, &mut self.tunnel) => {
                return Err(match incoming? {
                    Incoming::Ended => CeremonyFailure::OtherSideGaveUp,
                    Incoming::Request(_) => CeremonyFailure::Protocol,
                });
            }
            () = sleep_until(deadline) => None,
            decision = self.person.decide(prompt) => Some(decision),
        };
        let (answer, refusal) = match decision {
            None => {
                self.reply(&pending.timed_out()).await?;
                return Ok(Err(CeremonyFailure::TimeRanOut));
            }
            Some(Decision::Approved(answer)) => (answer, Refusal::NotCovered),
            Some(Decision::Refused(answer, refusal)) => (answer, refusal),
        };
        (self.watch)(Stage::Answering);
        let Reply { message, conclusion } =
            pending.answer(answer, self.store.lock().store(), now(), &mut os_random());
        self.reply(&Zeroizing::new(message)).await?;
        let answered = concluded(conclusion, refusal);
        self.store.has_answered.store(answered.is_ok(), Ordering::Relaxed);
        Ok(answered)
    }

    async fn reply(&mut self, response: &[u8]) -> Result<(), CeremonyFailure> {
        let sealed = self.session.reply(response).map_err(CeremonyFailure::Session)?;
        self.tunnel.send(sealed).await.map_err(CeremonyFailure::Tunnel)
    }
}

/// The next thing from the other side that matters. Cancel-safe, as the tunnel is.
async fn next(session: &mut Session, tunnel: &mut impl Tunnel) -> Result<Incoming, CeremonyFailure> {
    loop {
        let Some(message) = tunnel.receive().await.map_err(CeremonyFailure::Tunnel)? else {
            return Ok(Incoming::Ended);
        };
        match session.receive(&message).map_err(CeremonyFailure::Session)? {
            Event::Ctap(request) => return Ok(Incoming::Request(Zeroizing::new(request))),
            Event::Shutdown => return Ok(Incoming::Ended),
            Event::Ignored => {}
        }
    }
}

/// What a conclusion means for the ceremony; `refusal` is why this side refused, if it did.
fn concluded(conclusion: Conclusion, refusal: Refusal) -> Answered {
    match conclusion {
        Conclusion::Created { account, .. } => Ok(Success::Created(*account)),
        Conclusion::SignedIn { account } => Ok(Success::SignedIn(*account)),
        Conclusion::AlreadyRegistered => Err(CeremonyFailure::AlreadyRegistered),
        Conclusion::NothingHere => Err(CeremonyFailure::NothingForSite),
        Conclusion::Refused => Err(CeremonyFailure::Refused(refusal)),
        Conclusion::NotVerified | Conclusion::WrongAnswer => {
            Err(CeremonyFailure::Refused(Refusal::NotCovered))
        }
        Conclusion::TooLate => Err(CeremonyFailure::TimeRanOut),
        Conclusion::StoreFailed(error) => Err(CeremonyFailure::Vault(error)),
        Conclusion::Selected => Err(CeremonyFailure::NotSuitable),
        _ => Err(CeremonyFailure::KeyFailed),
    }
}
