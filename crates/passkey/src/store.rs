use crate::{CredentialId, Passkey, PasskeyId, RpId, UseRecord, UserHandle};

/// Where passkeys are kept. Binned passkeys are invisible to every method.
pub trait PasskeyStore {
    /// Every passkey of a site, oldest first.
    fn find_by_rp_id(&self, rp_id: &RpId) -> Result<Vec<Passkey>, StoreError>;

    /// The passkey of a site with this credential ID.
    fn find_by_credential_id(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError>;

    /// A passkey that the site has for this account already; the newest, if there are several.
    fn find_by_user_handle(&self, rp_id: &RpId, user: &UserHandle) -> Result<Option<PasskeyId>, StoreError>;

    /// Stores a new passkey and its first line of history; moves `replaces` to the bin in the same commit.
    ///
    /// When this returns, the change is on disk.
    fn add(
        &mut self,
        passkey: &Passkey,
        replaces: Option<PasskeyId>,
        first_use: &UseRecord,
    ) -> Result<(), StoreError>;

    /// Appends a line to a passkey's history; an approved sign-in counts and sets the time of last use.
    ///
    /// When this returns, the change is on disk.
    fn record_use(&mut self, id: PasskeyId, used: &UseRecord) -> Result<(), StoreError>;
}

/// Why a store did not do what was asked. What exactly happened is in the store's own error, as `source`.
#[derive(Debug, thiserror::Error)]
#[error("the passkey store failed")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps the store's own error.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }

    /// The store's own error, if it is of this type.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}
