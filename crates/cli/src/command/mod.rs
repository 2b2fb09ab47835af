//! One sub-command per file.

pub(crate) mod bin;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod labels;
pub(crate) mod list;
pub(crate) mod passkey;
pub(crate) mod passphrase;
pub(crate) mod purge;
pub(crate) mod repair;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod slots;
pub(crate) mod status;
pub(crate) mod tunnel;
pub(crate) mod vaults;
