//! Replacing and taking back, over the vault itself.

use latchkey_crypto::{
    cbor::Value,
    vault::{KdfCost, KdfParams, Machine, Passphrase},
};
use latchkey_ctap::{Account, Origin, Pending, Prompt, Question, Step};
use latchkey_passkey::{PasskeyId, PasskeyStore, UnixSeconds};
use latchkey_vault::Vault;

use super::ceremony::*;

fn ask_at(now: UnixSeconds, request: &Request, store: &dyn PasskeyStore) -> (Pending, Prompt) {
    match authenticator().receive(&request.bytes(), Origin::Hybrid, store, now) {
        Step::Ask(pending, prompt) => (pending, prompt),
        Step::Respond(response) => panic!("responded {:#04x} without asking", response[0]),
    }
}

/// Registers alice, with a yes to whatever is asked: the passkey that the prompt said would be replaced, and the new
/// one.
fn register(now: UnixSeconds, vault: &mut Vault) -> (Option<PasskeyId>, PasskeyId) {
    let (pending, prompt) = ask_at(now, &Request::create("example.org", "alice"), vault);
    let Question::Create { replaces, .. } = prompt.question() else { panic!("create") };
    let replaces = replaces.as_ref().map(|account| account.id);
    let answer = prompt.approve(None, Some(verified_at(now))).unwrap();
    success(&pending.answer(answer, vault, now, &mut rng()));
    let newest = vault.list().unwrap().pop().unwrap();
    (replaces, newest.passkey.core.id)
}

/// Whom a sign-in offers, newest first.
fn offered(now: UnixSeconds, vault: &Vault) -> Vec<Account> {
    let (_, prompt) = ask_at(now, &Request::sign_in("example.org"), vault);
    let Question::SignIn { accounts } = prompt.question() else { panic!("sign in") };
    accounts.clone()
}

#[test]
fn a_replaced_passkey_lies_in_the_bin_and_signs_again_once_it_is_taken_out() {
    let place = tempfile::tempdir().unwrap();
    let cost = KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 };
    let params = KdfParams::new(cost, Machine::Small).unwrap();
    let passphrase = Passphrase::new("correct horse battery staple").unwrap();
    let mut vault = Vault::create(place.path().join("vault"), &passphrase, params, &mut rng()).unwrap();

    let (none, first) = register(NOW, &mut vault);
    let (replaced, second) = register(NOW + 1, &mut vault);
    assert_eq!((none, replaced), (None, Some(first)));
    assert_eq!(vault.find(first).unwrap().unwrap().binned_at, Some(NOW + 1));
    assert_eq!(offered(NOW + 2, &vault).iter().map(|account| account.id).collect::<Vec<_>>(), [second]);

    vault.unbin(&[first], NOW + 3).unwrap();
    let both = offered(NOW + 4, &vault);
    // Of one name, and told apart by when they were made.
    let told_apart: Vec<_> = both.iter().map(|account| (account.id, account.created_at)).collect();
    assert_eq!(told_apart, [(second, NOW + 1), (first, NOW)]);
    assert_eq!(both[0].user_name, both[1].user_name);

    let (pending, prompt) = ask_at(NOW + 5, &Request::sign_in("example.org"), &vault);
    let answer = prompt.approve(Some(first), Some(verified_at(NOW + 5))).unwrap();
    let response = success(&pending.answer(answer, &mut vault, NOW + 5, &mut rng()));
    let passkey = vault.find(first).unwrap().unwrap().passkey;
    assert_eq!(response.get(1), Some(&descriptor(passkey.core.credential_id.as_bytes())));
    let signed = [response.get(2).and_then(Value::as_bytes).unwrap(), &CLIENT_DATA_HASH].concat();
    let key = vault.secrets(first).unwrap().unwrap().private_key.public_key();
    assert!(key.verify(&signed, response.get(3).and_then(Value::as_bytes).unwrap()));

    // Another registration takes the place of the newest, and leaves the one that was taken back.
    let (replaced, third) = register(NOW + 6, &mut vault);
    assert_eq!(replaced, Some(second));
    assert_eq!(offered(NOW + 7, &vault).iter().map(|account| account.id).collect::<Vec<_>>(), [third, first]);
    assert_eq!(vault.check().unwrap(), []);
}
