//! One sub-command per file.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod status;
pub(crate) mod tunnel;
