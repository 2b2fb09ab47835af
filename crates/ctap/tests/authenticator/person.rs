//! What a person's answer does, and what nothing else can do.

use latchkey_ctap::{
    ANSWER_WITHIN_SECONDS, Conclusion, NotApprovedReason, Origin, Question, Step, VERIFIED_FOR_SECONDS,
};
use latchkey_passkey::{Outcome, PasskeyId, PasskeyStore};

use super::{
    ceremony::*,
    memory_store::{MemoryStore, copy},
};

fn registered() -> MemoryStore {
    let mut store = MemoryStore::default();
    success(&approved(&Request::create("example.org", "alice"), &mut store));
    store
}

#[test]
fn demanded_verification_cannot_be_left_out() {
    let store = registered();
    for request in [Request::sign_in("example.org"), Request::create("example.org", "bob")] {
        let (_, prompt) = ask(&request, &store);
        assert!(prompt.verification_required());
        let not = prompt.approve(None, None).unwrap_err();
        assert_eq!(not.reason, NotApprovedReason::VerificationRequired);
    }
}

#[test]
fn an_old_or_foreign_verification_counts_for_nothing() {
    let mut store = registered();
    let uses = store.history.len();
    for verified in [
        verified_at(NOW - VERIFIED_FOR_SECONDS - 1),
        verified_at(NOW + VERIFIED_FOR_SECONDS + 1),
        verified_for_another_vault(),
    ] {
        let (pending, prompt) = ask(&Request::sign_in("example.org"), &store);
        let answer = prompt.approve(None, Some(verified)).unwrap();
        let reply = pending.answer(answer, &mut store, NOW, &mut rng());
        assert!(matches!(reply.conclusion, Conclusion::NotVerified));
        assert_eq!(only(reply.message), 0x27);
    }
    // Not even as plain presence where none is demanded.
    let (pending, prompt) = ask(&Request::sign_in("example.org").without(5), &store);
    let answer = prompt.approve(None, Some(verified_for_another_vault())).unwrap();
    let reply = pending.answer(answer, &mut store, NOW, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::NotVerified));
    assert_eq!(store.history.len(), uses);
    // Just in time it counts.
    let (pending, prompt) = ask(&Request::sign_in("example.org"), &store);
    let answer = prompt.approve(None, Some(verified_at(NOW - VERIFIED_FOR_SECONDS))).unwrap();
    success(&pending.answer(answer, &mut store, NOW, &mut rng()));
}

#[test]
fn an_answer_fits_its_own_request_only() {
    let mut store = registered();
    let (pending, _) = ask(&Request::sign_in("example.org").without(5), &store);
    // The same question word for word, asked again.
    let (_, prompt) = ask(&Request::sign_in("example.org").without(5), &store);
    let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, NOW, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::WrongAnswer));
    assert_eq!(only(reply.message), 0x27);
}

#[test]
fn refusal_is_told_and_kept() {
    let mut store = registered();
    let alice = store.passkeys()[0].core.id;
    let (pending, prompt) = ask(&Request::sign_in("example.org"), &store);
    assert!(is_refused(pending.answer(prompt.refuse(), &mut store, NOW, &mut rng())));
    let (id, used) = store.history.last().unwrap();
    assert_eq!((*id, used.outcome, used.verification), (alice, Outcome::Refused, None));
    assert_eq!(store.passkeys()[0].usage.sign_in_count, 0);

    let (pending, prompt) = ask(&Request::create("example.org", "bob"), &store);
    assert!(is_refused(pending.answer(prompt.refuse(), &mut store, NOW, &mut rng())));
    assert_eq!(store.passkeys().len(), 1);
}

#[test]
fn deadline_timeout_and_cancel_have_their_status() {
    let mut store = registered();
    let sign_in = Request::sign_in("example.org").without(5);
    let (pending, prompt) = ask(&sign_in, &store);
    assert_eq!(prompt.deadline(), NOW + ANSWER_WITHIN_SECONDS);
    let late = prompt.deadline() + 1;
    let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, late, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::TooLate));
    assert_eq!(only(reply.message), 0x2f);

    assert_eq!(only(ask(&sign_in, &store).0.timed_out()), 0x2f);
    assert_eq!(only(ask(&sign_in, &store).0.cancelled()), 0x2d);
}

#[test]
fn selection_over_hybrid_succeeds_whatever_is_answered() {
    let mut store = MemoryStore::default();
    let select = || match receive(&[0x0b], &MemoryStore::default()) {
        Step::Ask(pending, prompt) => (pending, prompt),
        Step::Respond(_) => panic!("selection is asked about"),
    };
    let (pending, prompt) = select();
    assert_eq!((prompt.question(), prompt.rp_id()), (&Question::Select, None));
    let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, NOW, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::Selected));
    assert_eq!(only(reply.message), 0x00);

    let (pending, prompt) = select();
    let reply = pending.answer(prompt.refuse(), &mut store, NOW, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::Refused));
    assert_eq!(only(reply.message), 0x00);
    assert_eq!(only(select().0.timed_out()), 0x00);
}

#[test]
fn the_wish_for_a_touch_is_no_passkey() {
    for rp_id in ["make.me.blink", ".dummy"] {
        let mut store = MemoryStore::default();
        // libfido2 and Chromium add an empty PIN.
        let create = Request::create(rp_id, "nobody").with(8, vec![]).with(9, 1);
        let (pending, prompt) = ask(&create, &store);
        assert_eq!((prompt.question(), prompt.rp_id()), (&Question::Select, None));
        let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, NOW, &mut rng());
        assert_eq!(only(reply.message), 0x35);
        let (pending, prompt) = ask(&Request::sign_in(rp_id), &store);
        assert!(is_refused(pending.answer(prompt.refuse(), &mut store, NOW, &mut rng())));
        assert!(store.passkeys().is_empty() && store.history.is_empty());
    }
}

#[test]
fn a_passkey_binned_or_gone_while_the_prompt_was_open_does_not_sign() {
    for leave in [MemoryStore::bin, MemoryStore::forget] {
        let mut store = registered();
        let (pending, prompt) = ask(&Request::sign_in("example.org").without(5), &store);
        let id = store.passkeys()[0].core.id;
        leave(&mut store, id);
        let uses = store.history.len();
        let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, NOW, &mut rng());
        assert!(matches!(reply.conclusion, Conclusion::NothingHere));
        // The status alone: no signature.
        assert_eq!(only(reply.message), 0x2e);
        assert_eq!(store.history.len(), uses);
    }
}

/// An import, say, may bring another passkey under the same credential ID: nobody was asked about that one.
#[test]
fn a_passkey_that_took_the_place_of_the_chosen_one_does_not_sign() {
    let mut store = registered();
    let (pending, prompt) = ask(&Request::sign_in("example.org").without(5), &store);
    let (mut other, secrets) = (store.passkeys()[0].clone(), copy(store.secrets_of(store.passkeys()[0])));
    other.core.id = PasskeyId::from_bytes([9; 16]);
    let (chosen, first_use) = store.history[0].clone();
    store.add(&other, &secrets, Some(chosen), &first_use).unwrap();
    let uses = store.history.len();
    let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, NOW, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::NothingHere));
    assert_eq!(only(reply.message), 0x2e);
    assert_eq!(store.history.len(), uses);
}

#[test]
fn what_the_store_did_not_keep_is_not_answered() {
    for request in [Request::create("example.org", "bob"), Request::sign_in("example.org")] {
        let mut store = registered();
        // The last call is the one that writes.
        let (pending, prompt) = ask(&request, &store);
        let reads = u32::from(matches!(prompt.question(), Question::SignIn { .. }));
        let answer = prompt.approve(None, Some(verified())).unwrap();
        store.calls_left.set(Some(reads));
        let reply = pending.answer(answer, &mut store, NOW, &mut rng());
        assert!(matches!(reply.conclusion, Conclusion::StoreFailed(_)));
        assert_eq!(only(reply.message), 0x7f);
        // And one that cannot be read asks nobody.
        store.calls_left.set(Some(0));
        assert_eq!(refused(&request, &store), 0x7f);
    }
}

#[test]
fn debug_shows_nobody() {
    let store = registered();
    let step = authenticator().receive(&Request::sign_in("example.org").bytes(), Origin::Hybrid, &store, NOW);
    let Step::Ask(pending, prompt) = step else { panic!("asks") };
    let Question::SignIn { accounts } = prompt.question() else { panic!("sign in") };
    let all = format!("{pending:?} {prompt:?} {:?} {accounts:?} {:?}", prompt.question(), prompt.rp_id());
    assert!(!all.contains("alice") && !all.contains("example"), "{all}");
}
