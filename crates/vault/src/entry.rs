use latchkey_passkey::{Passkey, UnixSeconds};

/// A passkey as it is listed: everything but its secrets, which stay sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As the authenticator knows it.
    pub passkey: Passkey,
    /// Since when it is in the bin.
    pub binned_at: Option<UnixSeconds>,
    /// When the newest of its labels was changed.
    pub modified_at: UnixSeconds,
}
