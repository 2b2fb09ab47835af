//! How the process ends. The table for users is in docs/cli.md.

use std::process::ExitCode;

/// The exit codes, an interface for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; for `sign-in`: the other side got its answer.
    Done = 0,
    /// Refused, by the person or because it was not what was approved.
    Refused = 1,
    /// The site asked for something this vault must not do: it already has its passkey here, or asks for an
    /// algorithm or feature that there is not.
    NotPossible = 2,
    /// Nothing for this site, or no such passkey.
    Nothing = 3,
    /// The other side gave up, never came, or broke the protocol.
    OtherSideGaveUp = 4,
    /// Network or tunnel service.
    Network = 5,
    /// Bluetooth.
    Radio = 6,
    /// The passphrase does not open the vault.
    WrongPassphrase = 7,
    /// Another process holds the vault.
    VaultInUse = 8,
    /// The vault is damaged, or could not be read or written.
    VaultDamaged = 9,
    /// The call was not understood, or what it needs is not there.
    Usage = 64,
    /// Standard output or a temporary file could not be written (`EX_IOERR` of sysexits.h, as 64 is its `EX_USAGE`).
    InputOutput = 74,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        #[expect(clippy::as_conversions, reason = "the discriminants above are the codes and fit")]
        ExitCode::from(exit as u8)
    }
}
