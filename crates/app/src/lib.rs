//! The services that join vault, authenticator, tunnel and radio.
//!
//! [`ceremony`] is one task that owns one ceremony, with the person behind the [`Person`] port; [`picture`] reads a
//! code off a picture; [`doctor`] tries what a sign-in needs; [`VaultPlace`] and [`known`] say which vaults there are and
//! where they lie; [`finding`] finds the passkey that a person means. How anything looks is left to the shells above.
#![forbid(unsafe_code)]

pub mod asking;
pub mod ceremony;
pub mod doctor;
mod failure;
pub mod finding;
pub mod known;
pub mod opening;
mod person;
pub mod picture;
mod place;
mod random;
pub mod vaults;

pub use failure::{CeremonyFailure, Refusal};
pub use person::{Decision, Person};
pub use place::VaultPlace;
pub use random::{now, os_random};
