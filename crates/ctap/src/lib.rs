//! The authenticator: CTAP2 command bytes in, response bytes out.
//!
//! It parses a request once into a type that cannot be wrong, looks up candidates in a [`PasskeyStore`], and either
//! responds at once or hands out a [`Prompt`] for the person in front of the machine. Only the prompt of this very
//! request makes an [`Answer`] to it, and the flags UP and UV are built from nothing but that answer: no prompt, no
//! flag. That the vault is unlocked counts for neither.
//!
//! Which transport carried the bytes, how the prompt looks, timers, clock and randomness are left to others: time
//! and randomness are arguments, the store is a port.
//!
//! ```
//! use latchkey_crypto::cbor;
//! use latchkey_ctap::Authenticator;
//! # use latchkey_crypto::vault::VaultId;
//! # fn example(vault: VaultId) -> Result<(), cbor::DecodeError> {
//!
//! // What the hybrid transport's first message carries.
//! let info = cbor::decode_canonical(&Authenticator::new(vault).get_info())?;
//! assert!(info.get(3).is_some());
//! # Ok(())
//! # }
//! ```
//!
//! A ceremony is `receive`, then `approve` or `refuse` on the prompt, then `answer`:
//!
//! ```
//! use latchkey_ctap::{Authenticator, Conclusion, Origin, Step, VerifiedUser};
//! # use latchkey_passkey::{PasskeyStore, UnixSeconds};
//! # fn example(
//! #     authenticator: &Authenticator, request: &[u8], store: &mut dyn PasskeyStore, now: UnixSeconds,
//! #     verified: VerifiedUser, rng: &mut dyn rand_core::CryptoRng,
//! # ) -> Vec<u8> {
//!
//! let (pending, prompt) = match authenticator.receive(request, Origin::Hybrid, store, now) {
//!     Step::Respond(response) => return response,
//!     Step::Ask(pending, prompt) => (pending, prompt),
//! };
//! // Show the prompt, verify the user, then:
//! let answer = match prompt.approve(None, Some(verified)) {
//!     Ok(answer) => answer,
//!     Err(not_approved) => not_approved.prompt.refuse(),
//! };
//! let reply = pending.answer(answer, store, now, rng);
//! if let Conclusion::SignedIn { account } = &reply.conclusion {
//!     // … tell the person that `account` was signed in.
//! #   let _ = account;
//! }
//! reply.message
//! # }
//! ```
#![forbid(unsafe_code)]

mod answer;
mod authenticator;
mod authenticator_data;
mod get_assertion;
mod get_info;
mod make_credential;
mod pending;
mod prf;
mod prompt;
mod request;
mod status;
mod verified_user;

pub use answer::{Answer, NotApproved, NotApprovedReason};
pub use authenticator::{Authenticator, MAX_MESSAGE_BYTES, Origin, Step};
pub use authenticator_data::{AttestedCredentialData, AuthenticatorData, AuthenticatorDataError, Flags};
pub use pending::{Conclusion, Pending, Reply};
pub use prompt::{ANSWER_WITHIN_SECONDS, Account, Prompt, Question};
pub use request::{MAX_LIST_ENTRIES, MAX_NAME_BYTES};
pub use status::Status;
pub use verified_user::{VERIFIED_FOR_SECONDS, VerifiedUser};

#[cfg(doc)]
use latchkey_passkey::PasskeyStore;
