//! The task that owns a ceremony, against our client role, over tunnels in memory and a loopback radio.
//!
//! Time is tokio's and stands still unless everybody waits, so a minute passes at once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests stop at the first surprise")]

mod endings;
mod people;
mod setting;
mod tunnels;

use latchkey_app::ceremony::Success;
use latchkey_crypto::hybrid::OperationHint;

use crate::{
    people::Says,
    setting::{Setting, create_request, get_request},
};

#[tokio::test(start_paused = true)]
async fn makes_a_passkey_then_signs_in_with_it() {
    let mut setting = Setting::new();
    let (asked, answered) =
        setting.ceremony(&create_request(), OperationHint::MakeCredential, Says::Yes).await;
    assert_eq!(asked.unwrap()[0], 0);
    assert!(matches!(answered, Ok(Success::Created(account)) if account.user_name == "alice"));

    let (asked, answered) = setting.ceremony(&get_request(), OperationHint::GetAssertion, Says::Yes).await;
    assert_eq!(asked.unwrap()[0], 0);
    assert!(matches!(answered, Ok(Success::SignedIn(account)) if account.user_name == "alice"));
}

#[tokio::test(start_paused = true)]
async fn what_the_request_is_decides_and_not_the_codes_hint() {
    let mut setting = Setting::new();
    let (asked, answered) = setting.ceremony(&create_request(), OperationHint::GetAssertion, Says::Yes).await;
    assert_eq!(asked.unwrap()[0], 0);
    assert!(matches!(answered, Ok(Success::Created(_))));
}
