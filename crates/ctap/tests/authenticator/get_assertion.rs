use latchkey_crypto::cbor::Value;
use latchkey_ctap::{Conclusion, NotApprovedReason, Question};
use latchkey_passkey::{BackupEligibility, CounterMode, Outcome, PasskeyId, UseKind, Verification};

use super::{ceremony::*, memory_store::MemoryStore};

fn registered(accounts: &[&str]) -> MemoryStore {
    let mut store = MemoryStore::default();
    for account in accounts {
        success(&approved(&Request::create("example.org", account), &mut store));
    }
    store
}

fn with_options(request: Request, options: &[(&'static str, bool)]) -> Request {
    request.with(5, Value::map(options.iter().map(|(key, value)| ((*key).into(), (*value).into()))))
}

#[test]
fn signs_for_the_only_account_without_a_list() {
    let mut store = registered(&["alice"]);
    let reply = approved(&Request::sign_in("example.org"), &mut store);
    let response = success(&reply);
    assert_eq!(keys(&response), [1, 2, 3, 4, 6]);
    let core = &store.passkeys()[0].core;
    assert_eq!(response.get(1), Some(&descriptor(core.credential_id.as_bytes())));
    // No names, which would open the browser's own chooser.
    assert_eq!(response.get(4), Some(&map([("id", b"alice".as_slice().into())])));
    assert_eq!(response.get(6), Some(&true.into()));

    let data = authenticator_data(&response);
    let flags = data.flags;
    assert!(
        flags.user_present() && flags.user_verified() && flags.backup_eligible() && !flags.backup_state()
    );
    assert_eq!((data.sign_count, &data.extensions, &data.attested_credential_data), (0, &None, &None));
    let signed = [data.encode().as_slice(), &CLIENT_DATA_HASH].concat();
    let signature = response.get(3).and_then(Value::as_bytes).unwrap();
    let key = &store.secrets_of(store.passkeys()[0]).private_key;
    assert!(key.public_key().verify(&signed, signature));

    let (id, used) = store.history.last().unwrap();
    assert_eq!((*id, used.kind, used.outcome, used.at), (core.id, UseKind::SignIn, Outcome::Approved, NOW));
    assert_eq!(used.verification, Some(Verification::Passphrase));
    assert!(matches!(reply.conclusion, Conclusion::SignedIn { account } if account.user_name == "alice"));
}

#[test]
fn what_is_not_known_of_backup_answers_as_eligible_and_what_is_known_as_it_was() {
    for (backup, flag) in
        [(BackupEligibility::Yes, true), (BackupEligibility::No, false), (BackupEligibility::Unknown, true)]
    {
        let mut store = registered(&["alice"]);
        let id = store.passkeys()[0].core.id;
        store.change_core(id, |core| core.backup = backup);
        let data = authenticator_data(&success(&approved(&Request::sign_in("example.org"), &mut store)));
        assert_eq!((data.flags.backup_eligible(), data.flags.backup_state()), (flag, false), "{backup:?}");
    }
}

#[test]
fn a_passkey_that_came_with_a_counter_counts_by_the_clock_and_always_upwards() {
    let mut store = registered(&["alice"]);
    let id = store.passkeys()[0].core.id;
    store.change_core(id, |core| {
        (core.counter, core.source_counter) = (CounterMode::Time, Some(7));
    });
    let mut count =
        || authenticator_data(&success(&approved(&Request::sign_in("example.org"), &mut store))).sign_count;
    let now = u32::try_from(NOW).unwrap();
    // Twice in one second.
    assert_eq!((count(), count()), (now, now + 1));
}

#[test]
fn an_allow_list_of_hundreds_finds_ours_and_leaves_the_user_out() {
    let mut store = registered(&["alice", "bob"]);
    let bob = store.passkeys()[1].core.credential_id.as_bytes().to_vec();
    let others = (0..700_u32).map(|n| descriptor(&[&n.to_be_bytes()[..], &[0; 60]].concat()));
    let list = Value::array(others.chain([descriptor(&bob), descriptor(&bob)]));
    let response = success(&approved(&Request::sign_in("example.org").with(3, list), &mut store));
    assert_eq!(keys(&response), [1, 2, 3]);
    assert_eq!(response.get(1), Some(&descriptor(&bob)));
}

#[test]
fn an_empty_list_is_none_and_a_list_of_others_is_not() {
    let mut store = registered(&["alice"]);
    let sign_in = Request::sign_in("example.org");
    let response = success(&approved(&sign_in.clone().with(3, Value::array([])), &mut store));
    assert_eq!(keys(&response), [1, 2, 3, 4, 6]);
    let pigeon = map([("id", vec![1].into()), ("type", "pigeon".into())]);
    let (_, prompt) = ask(&sign_in.with(3, Value::array([pigeon])), &store);
    assert_eq!(*prompt.question(), Question::NothingHere);
}

#[test]
fn several_accounts_are_offered_newest_first_and_one_is_chosen() {
    let mut store = registered(&["alice", "bob", "carol"]);
    let request = Request::sign_in("example.org");
    let (pending, prompt) = ask(&request, &store);
    let Question::SignIn { accounts } = prompt.question() else { panic!("sign in") };
    let names: Vec<_> = accounts.iter().map(|account| account.user_name.as_str()).collect();
    assert_eq!(names, ["carol", "bob", "alice"]);
    let bob = accounts[1].id;

    // Neither "whichever" nor a stranger; prompt and verification come back.
    let not = prompt.approve(None, Some(verified())).unwrap_err();
    assert_eq!(not.reason, NotApprovedReason::ChooseAccount);
    let not = not.prompt.approve(Some(PasskeyId::from_bytes([9; 16])), not.verified).unwrap_err();
    assert_eq!(not.reason, NotApprovedReason::NoSuchAccount);
    let answer = not.prompt.approve(Some(bob), not.verified).unwrap();

    let response = success(&pending.answer(answer, &mut store, NOW, &mut rng()));
    assert_eq!(response.get(4), Some(&map([("id", b"bob".as_slice().into())])));
    assert_eq!(response.get(5), None);
    assert_eq!(store.history.last().unwrap().0, bob);
}

#[test]
fn a_non_discoverable_passkey_answers_to_its_id_alone() {
    let mut store = MemoryStore::default();
    let create = Request::create("example.org", "alice").with(7, map([("uv", true.into())]));
    success(&approved(&create, &mut store));
    let sign_in = Request::sign_in("example.org");
    assert_eq!(*ask(&sign_in, &store).1.question(), Question::NothingHere);
    let id = store.passkeys()[0].core.credential_id.as_bytes().to_vec();
    success(&approved(&sign_in.with(3, Value::array([descriptor(&id)])), &mut store));
}

#[test]
fn nothing_is_told_to_another_site_and_nothing_unasked() {
    let mut store = registered(&["alice"]);
    let id = store.passkeys()[0].core.credential_id.as_bytes().to_vec();
    let elsewhere = Request::sign_in("example.net");
    for request in [elsewhere.clone(), elsewhere.with(3, Value::array([descriptor(&id)]))] {
        let (pending, prompt) = ask(&request, &store);
        assert_eq!(*prompt.question(), Question::NothingHere);
        assert_eq!(prompt.rp_id().unwrap().as_str(), "example.net");
        let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, NOW, &mut rng());
        assert!(matches!(reply.conclusion, Conclusion::NothingHere));
        assert_eq!(only(reply.message), 0x2e);
        let (pending, prompt) = ask(&request, &store);
        assert!(is_refused(pending.answer(prompt.refuse(), &mut store, NOW, &mut rng())));
    }
}

#[test]
fn presence_without_verification_sets_up_alone() {
    let mut store = registered(&["alice"]);
    for request in [
        Request::sign_in("example.org").without(5),
        with_options(Request::sign_in("example.org"), &[("uv", false)]),
    ] {
        let reply = approved_unverified(&request, &mut store);
        let flags = authenticator_data(&success(&reply)).flags;
        assert!(flags.user_present() && !flags.user_verified());
        assert_eq!(store.history.last().unwrap().1.verification, None);
    }
    // Verified although nobody demanded it: that is the truth, so it is told.
    let reply = approved(&Request::sign_in("example.org").without(5), &mut store);
    assert!(authenticator_data(&success(&reply)).flags.user_verified());
}

#[test]
fn cred_protect_hides_from_whoever_asks_for_no_verification() {
    for (level, without_list, with_list) in [(1, true, true), (2, false, true), (3, false, false)] {
        let mut store = MemoryStore::default();
        let create = Request::create("example.org", "alice").with(6, map([("credProtect", level.into())]));
        success(&approved(&create, &mut store));
        let id = store.passkeys()[0].core.credential_id.as_bytes().to_vec();
        let list = Value::array([descriptor(&id)]);
        for uv in [false, true] {
            let sign_in = with_options(Request::sign_in("example.org"), &[("uv", uv)]);
            let found =
                |request: &Request| matches!(ask(request, &store).1.question(), Question::SignIn { .. });
            assert_eq!(found(&sign_in), uv || without_list, "level {level}, no list");
            assert_eq!(found(&sign_in.with(3, list.clone())), uv || with_list, "level {level}, list");
        }
    }
}

#[test]
fn prf_by_credential_wins_and_takes_verification() {
    let mut store = registered(&["alice"]);
    let passkey = store.passkeys()[0];
    let id = passkey.core.credential_id.as_bytes().to_vec();
    let seed = store.secrets_of(passkey).prf_seeds.with_uv.expose().to_vec();
    let salts = |byte: u8| map([("first", [byte; 32].into())]);
    let by = |id: Vec<u8>| Value::map([(id.into(), salts(2))]);
    let prf = |input: Value| Request::sign_in("example.org").with(4, map([("prf", input)]));
    let expected = |salt: [u8; 32]| {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&seed).unwrap();
        mac.update(&salt);
        let output = mac.finalize().into_bytes().to_vec();
        Some(map([("prf", map([("results", map([("first", output.into())]))]))]))
    };
    for (input, output) in [
        (map([("eval", salts(1))]), expected([1; 32])),
        (map([("eval", salts(1)), ("evalByCredential", by(id.clone()))]), expected([2; 32])),
        (map([("eval", salts(1)), ("evalByCredential", by(vec![9]))]), expected([1; 32])),
        (map([("evalByCredential", by(vec![9]))]), None),
        (map([]), None),
    ] {
        let response = success(&approved(&prf(input), &mut store));
        assert_eq!(response.get(8), output.as_ref());
        assert_eq!(authenticator_data(&response).extensions, None);
    }
    let unverified = with_options(prf(map([("eval", salts(1))])), &[]);
    assert_eq!(success(&approved_unverified(&unverified, &mut store)).get(8), None);
}
