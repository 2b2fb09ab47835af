//! The authenticator from outside: requests in, a person's answer, responses out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a panic is a failure here"
)]

mod ceremony;
mod get_assertion;
mod in_a_vault;
mod make_credential;
mod memory_store;
mod person;
mod properties;
mod refusals;
mod vectors;
