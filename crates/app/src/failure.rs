//! Every way in which a ceremony can end without success, each with a code of its own.
//!
//! The code is what a shell shows a sentence for; the texts here are for developers and hold nothing personal.

use latchkey_hybrid::{
    HandshakeError, SessionError,
    port::{AdvertiserError, TunnelError},
};
use latchkey_passkey::StoreError;

/// Why a ceremony ended without the other side getting what it wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyFailure {
    /// The tunnel service could not be reached, or failed on the way.
    #[error("tunnel service")]
    Tunnel(#[source] TunnelError),
    /// The advert could not be sent.
    #[error("bluetooth advert")]
    Radio(#[source] AdvertiserError),
    /// Nobody answered the advert in time.
    #[error("nobody joined the tunnel")]
    NobodyCame,
    /// Somebody joined the tunnel and could not prove that they showed this code and heard this advert.
    #[error("handshake failed")]
    Handshake(#[source] HandshakeError),
    /// The other side sent something that the protocol does not allow.
    #[error("the other side broke the protocol")]
    Session(#[source] SessionError),
    /// The other side sent a request while another was open.
    #[error("a second request came while one was open")]
    Protocol,
    /// The other side ended the ceremony before it got an answer.
    #[error("the other side gave up")]
    OtherSideGaveUp,
    /// The other side asked for nothing, or the person did not answer, in time.
    #[error("time ran out")]
    TimeRanOut,
    /// The person refused, or the script was not allowed to approve this.
    #[error("refused")]
    Refused(Refusal),
    /// There is no passkey for the site.
    #[error("no passkey for this site")]
    NothingForSite,
    /// The site does not want a second passkey in this vault.
    #[error("the site has a passkey here already")]
    AlreadyRegistered,
    /// The site asked for something that this authenticator does not do.
    #[error("request is not supported (status {status:#04x})")]
    Unsupported {
        /// The CTAP status that was answered.
        status: u8,
    },
    /// The browser decided that this authenticator does not fit the request.
    #[error("the browser found this authenticator unsuitable")]
    NotSuitable,
    /// The key could not be made, or did not sign.
    #[error("the passkey's key failed")]
    KeyFailed,
    /// The medium with the vault was taken away; the other side got no answer, or none that is in the history.
    #[error("the vault's medium is gone")]
    MediumGone,
    /// The vault failed; nothing was signed.
    #[error("vault")]
    Vault(#[source] StoreError),
}

/// Why a request was refused on this side.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The person said no.
    ByPerson,
    /// `--approve` named another site.
    OtherSite,
    /// Several accounts, and none was named.
    SeveralAccounts {
        /// What could have been named: id and user name, fit to be shown.
        accounts: Vec<(String, String)>,
    },
    /// The account that was named is not among those of the site.
    NoSuchAccount,
    /// A new passkey would take the place of an old one, and that was not allowed.
    WouldReplace,
    /// The verification is older than it may be, or was used for another request already.
    NotCovered,
    /// The prompt failed: the terminal is gone.
    NoPrompt,
}
