use latchkey_passkey::{PasskeyId, StoreError};

use crate::VaultError;

/// What came of a change: which are different now, or why nothing was done.
pub(super) type Outcome = Result<Vec<PasskeyId>, Refusal>;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoSuchPasskey(PasskeyId),
    NotInBin(PasskeyId),
    AlreadyStored,
    Purged(PasskeyId),
    Label,
    TooLarge,
}

pub(super) fn outcome(result: Result<Vec<PasskeyId>, VaultError>) -> Outcome {
    result.map_err(|error| refusal(&error))
}

pub(super) fn refusal(error: &VaultError) -> Refusal {
    match error {
        VaultError::NoSuchPasskey { id } => Refusal::NoSuchPasskey(*id),
        VaultError::NotInBin { id } => Refusal::NotInBin(*id),
        VaultError::AlreadyStored => Refusal::AlreadyStored,
        VaultError::Purged { id } => Refusal::Purged(*id),
        VaultError::Label(_) => Refusal::Label,
        VaultError::TooLarge { .. } => Refusal::TooLarge,
        other => panic!("{other:?}"),
    }
}

pub(super) fn stored(result: Result<(), StoreError>) -> Outcome {
    result.map(|()| Vec::new()).map_err(|error| refusal(error.downcast_ref().unwrap()))
}
