use crate::{CredentialId, Passkey, PasskeyId, PasskeySecrets, RpId, UseRecord, UserHandle};

/// Where passkeys are kept.
///
/// Looking up opens no secret. Nothing finds a binned passkey, and no use of one is recorded.
pub trait PasskeyStore {
    /// Every passkey of a site, oldest first.
    fn find_by_rp_id(&self, rp_id: &RpId) -> Result<Vec<Passkey>, StoreError>;

    /// The passkey of a site with this credential ID.
    fn find_by_credential_id(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError>;

    /// A passkey that the site has for this account already; the newest, if there are several.
    fn find_by_user_handle(&self, rp_id: &RpId, user: &UserHandle) -> Result<Option<PasskeyId>, StoreError>;

    /// What signs for a passkey; none if it is gone, or if its secrets cannot be read.
    ///
    /// Whether it has gone to the bin meanwhile, [`PasskeyStore::record_use`] tells: nothing that was made with them
    /// goes out before that.
    fn secrets(&self, id: PasskeyId) -> Result<Option<PasskeySecrets>, StoreError>;

    /// Stores a new passkey, its secrets and its first line of history; moves `replaces` to the bin in the
    /// same commit. The algorithm in the core has to be the private key's.
    ///
    /// When this returns, the change is on disk.
    fn add(
        &mut self,
        passkey: &Passkey,
        secrets: &PasskeySecrets,
        replaces: Option<PasskeyId>,
        first_use: &UseRecord,
    ) -> Result<(), StoreError>;

    /// Appends a line to a passkey's history; an approved sign-in counts and sets the time of last use.
    ///
    /// Fails with [`StoreError::NoSuchPasskey`] if it is gone or in the bin.
    ///
    /// When this returns, the change is on disk.
    fn record_use(&mut self, id: PasskeyId, used: &UseRecord) -> Result<(), StoreError>;
}

/// Why a store did not do what was asked. What exactly happened is in the store's own error, as `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The passkey that was named is gone or in the bin.
    #[error("no such passkey is in use")]
    NoSuchPasskey(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else.
    #[error("the passkey store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Wraps the store's own error: [`StoreError::Failed`].
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }

    /// The store's own error, if it is of this type.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let (Self::NoSuchPasskey(error) | Self::Failed(error)) = self;
        error.downcast_ref()
    }
}
