use latchkey_crypto::cose::Algorithm;
use latchkey_passkey::{
    CredProtect, CredentialId, Custody, Labels, Passkey, PasskeyCore, PasskeyId, RpId, UnixSeconds, Usage,
    UserHandle,
};

/// A passkey as it is listed: everything but its secrets, which stay sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The vault's own name of it.
    pub id: PasskeyId,
    /// The site it is bound to.
    pub rp_id: RpId,
    /// The name that the site knows it by.
    pub credential_id: CredentialId,
    /// The account at the site.
    pub user_handle: UserHandle,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Found by the site without a list of credentials.
    pub discoverable: bool,
    /// BE, fixed at creation.
    pub backup_eligible: bool,
    /// Whether it may leave this machine.
    pub custody: Custody,
    /// When it answers.
    pub cred_protect: CredProtect,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// Names and order.
    pub labels: Labels,
    /// What its history amounts to.
    pub usage: Usage,
    /// Since when it is in the bin.
    pub binned_at: Option<UnixSeconds>,
}

impl Entry {
    /// As the authenticator knows it.
    pub(crate) fn into_passkey(self) -> Passkey {
        Passkey {
            core: PasskeyCore {
                id: self.id,
                rp_id: self.rp_id,
                credential_id: self.credential_id,
                user_handle: self.user_handle,
                algorithm: self.algorithm,
                discoverable: self.discoverable,
                backup_eligible: self.backup_eligible,
                custody: self.custody,
                cred_protect: self.cred_protect,
                created_at: self.created_at,
            },
            labels: self.labels,
            usage: self.usage,
        }
    }
}
