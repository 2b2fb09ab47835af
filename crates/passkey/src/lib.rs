//! What a passkey is: its identifiers, its immutable core, its labels, its secrets, and the port through which one is
//! kept.
//!
//! The authenticator (`latchkey-ctap`) and the vault (`latchkey-vault`) know nothing of each other; what they
//! share is here. No I/O, no serialisation: how a record looks on disk is the vault's matter, how it looks on the
//! wire is the authenticator's.
//!
//! ```
//! use latchkey_passkey::{RpId, shown};
//!
//! let rp_id = RpId::parse("login.xn--bcher-kva.example")?;
//! assert_eq!(rp_id.registrable_domain(), "xn--bcher-kva.example");
//! assert_eq!(rp_id.unicode().as_deref(), Some("login.bücher.example"));
//!
//! // What a site calls itself is not fit to be shown as it came.
//! assert_eq!(shown("B\u{202e}ank"), "B\u{fffd}ank");
//! # Ok::<(), latchkey_passkey::RpIdError>(())
//! ```

mod identifier;
mod passkey;
mod rp_id;
mod secrets;
mod shown;
mod store;

pub use identifier::{Aaguid, CredentialId, IdentifierError, PasskeyId, UserHandle};
pub use passkey::{
    BackupEligibility, CounterMode, CredProtect, Custody, Door, Labels, Outcome, Passkey, PasskeyCore, Usage,
    UseKind, UseRecord, Verification,
};
pub use rp_id::{RpId, RpIdError};
pub use secrets::{CredBlob, LargeBlobKey, PasskeySecrets, PrfSeeds, Seed};
pub use shown::{MAX_SHOWN_CHARS, shown};
pub use store::{PasskeyStore, StoreError};

/// Seconds since 1970-01-01T00:00:00Z.
pub type UnixSeconds = u64;
