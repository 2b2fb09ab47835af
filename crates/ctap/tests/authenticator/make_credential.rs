use latchkey_crypto::{
    cbor::Value,
    cose::{Algorithm, PublicKey},
};
use latchkey_ctap::{Conclusion, MAX_NAME_BYTES, Question};
use latchkey_passkey::{Aaguid, BackupEligibility, CredProtect, Custody, Outcome, UseKind, Verification};
use sha2::{Digest, Sha256};

use super::{ceremony::*, memory_store::MemoryStore};

#[test]
fn makes_a_passkey_that_is_stored_before_the_answer() {
    let mut store = MemoryStore::default();
    let reply = approved(&Request::create("example.org", "alice"), &mut store);
    let response = success(&reply);
    assert_eq!(keys(&response), [1, 2, 3]);
    assert_eq!(response.get(1).and_then(Value::as_text), Some("none"));
    assert_eq!(response.get(3), Some(&Value::map([])));

    let data = authenticator_data(&response);
    assert_eq!(data.rp_id_hash, <[u8; 32]>::from(Sha256::digest("example.org")));
    let flags = data.flags;
    assert!(
        flags.user_present() && flags.user_verified() && flags.backup_eligible() && !flags.backup_state()
    );
    assert_eq!((data.sign_count, data.extensions), (0, None));

    let [passkey] = store.passkeys()[..] else { panic!("one passkey") };
    let (core, secrets) = (&passkey.core, store.secrets_of(passkey));
    let attested = data.attested_credential_data.unwrap();
    assert_eq!(attested.aaguid, Aaguid::VAULT);
    assert_eq!(attested.credential_id, core.credential_id);
    assert_eq!(attested.credential_id.as_bytes().len(), 32);
    assert_eq!(PublicKey::decode(&attested.public_key).unwrap(), secrets.private_key.public_key());
    assert_eq!(core.algorithm, secrets.private_key.algorithm());
    assert_eq!(core.user_handle.as_bytes(), b"alice");
    assert_eq!(
        (core.discoverable, core.backup, core.custody),
        (true, BackupEligibility::Yes, Custody::Syncable)
    );
    assert_eq!(core.cred_protect, CredProtect::UserVerificationOptional);
    assert_eq!(core.created_at, NOW);
    assert_ne!(secrets.prf_seeds.with_uv.expose(), secrets.prf_seeds.without_uv.expose());
    assert_ne!(secrets.prf_seeds.without_uv.expose(), &[0; 32]);
    assert_eq!(passkey.labels.rp_name.as_deref(), Some("A site"));
    assert_eq!(passkey.labels.user_name, "alice");
    assert_eq!(passkey.labels.user_display_name, "alice the great");

    let [(id, used)] = &store.history[..] else { panic!("one line of history") };
    assert_eq!((*id, used.kind, used.outcome), (core.id, UseKind::Create, Outcome::Approved));
    assert_eq!(used.verification, Some(Verification::Passphrase));
    assert!(
        matches!(reply.conclusion, Conclusion::Created { account, replaced: None } if account.id == core.id)
    );
}

#[test]
fn takes_the_first_supported_algorithm_and_rs256_last() {
    let es512_and_ml_dsa = [parameter(-36), parameter(-48)];
    for (offered, expected) in [
        (vec![-36, -8, -7], Algorithm::EdDsa),
        (vec![-257, -35], Algorithm::Es384),
        (vec![-257], Algorithm::Rs256),
    ] {
        let mut store = MemoryStore::default();
        let request =
            Request::create("example.org", "alice").with(4, Value::array(offered.into_iter().map(parameter)));
        let data = authenticator_data(&success(&approved(&request, &mut store)));
        let key = PublicKey::decode(&data.attested_credential_data.unwrap().public_key).unwrap();
        assert_eq!(key.algorithm(), expected);
    }
    let store = MemoryStore::default();
    let request = Request::create("example.org", "alice").with(4, Value::array(es512_and_ml_dsa));
    assert_eq!(refused(&request, &store), 0x26);
    // Other types than public-key offer nothing.
    let other = map([("alg", (-7).into()), ("type", "pigeon".into())]);
    assert_eq!(
        refused(&Request::create("example.org", "alice").with(4, Value::array([other])), &store),
        0x26
    );
}

#[test]
fn keeps_a_non_discoverable_passkey() {
    for options in [map([("uv", true.into())]), map([("rk", false.into()), ("uv", true.into())])] {
        let mut store = MemoryStore::default();
        success(&approved(&Request::create("example.org", "alice").with(7, options), &mut store));
        assert!(!store.passkeys()[0].core.discoverable);
    }
}

#[test]
fn demands_verification_with_or_without_the_option() {
    let store = MemoryStore::default();
    let create = Request::create("example.org", "alice");
    for request in [create.clone(), create.clone().without(7), create.with(7, map([("uv", false.into())]))] {
        assert!(ask(&request, &store).1.verification_required());
    }
}

#[test]
fn cred_protect_is_kept_and_told_as_asked() {
    for (level, expected) in [
        (1, CredProtect::UserVerificationOptional),
        (2, CredProtect::UserVerificationOptionalWithCredentialIdList),
        (3, CredProtect::UserVerificationRequired),
    ] {
        let mut store = MemoryStore::default();
        let extensions = map([("credProtect", Value::from(level)), ("other", true.into())]);
        let request = Request::create("example.org", "alice").with(6, extensions);
        let data = authenticator_data(&success(&approved(&request, &mut store)));
        assert_eq!(data.extensions, Some(map([("credProtect", Value::from(level))])));
        assert_eq!(store.passkeys()[0].core.cred_protect, expected);
    }
}

#[test]
fn prf_is_enabled_and_evaluated_when_asked() {
    let create = Request::create("example.org", "alice");
    let mut store = MemoryStore::default();
    let response = success(&approved(&create.clone().with(6, map([("prf", map([]))])), &mut store));
    assert_eq!(keys(&response), [1, 2, 3, 6]);
    assert_eq!(response.get(6), Some(&map([("prf", map([("enabled", true.into())]))])));
    // Unsigned: not in the authenticator data.
    assert_eq!(authenticator_data(&response).extensions, None);

    let eval = map([("first", [1; 32].into()), ("second", [2; 32].into())]);
    let request = create.with(6, map([("prf", map([("eval", eval)]))]));
    let response = success(&approved(&request, &mut store));
    let prf = response.get(6).and_then(|outputs| outputs.get("prf")).unwrap();
    assert_eq!(prf.get("enabled"), Some(&true.into()));
    let results = prf.get("results").unwrap();
    let seed = store.secrets_of(store.passkeys().last().unwrap()).prf_seeds.with_uv.expose().to_vec();
    for (name, salt) in [("first", [1; 32]), ("second", [2; 32])] {
        assert_eq!(results.get(name).and_then(Value::as_bytes), Some(&hmac_sha256(&seed, &salt)[..]));
    }
}

#[test]
fn the_same_account_again_replaces_and_says_so() {
    let mut store = MemoryStore::default();
    let create = Request::create("example.org", "alice");
    success(&approved(&create, &mut store));
    let first = store.passkeys()[0].core.id;

    let (pending, prompt) = ask(&create, &store);
    let Question::Create { replaces: Some(account), .. } = prompt.question() else { panic!("replaces") };
    assert_eq!((account.id, account.user_name.as_str()), (first, "alice"));
    let reply = pending.answer(prompt.approve(None, Some(verified())).unwrap(), &mut store, NOW, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::Created { replaced: Some(id), .. } if id == first));
    assert_eq!(store.passkeys().len(), 1);
    assert_ne!(store.passkeys()[0].core.id, first);
}

#[test]
fn other_accounts_other_sites_and_second_factors_stand_side_by_side() {
    let mut store = MemoryStore::default();
    let second_factor = map([("uv", true.into())]);
    for request in [
        Request::create("example.org", "alice").with(7, second_factor.clone()),
        Request::create("example.org", "alice"),
        Request::create("example.org", "alice").with(7, second_factor),
        Request::create("example.org", "bob"),
        Request::create("example.net", "alice"),
    ] {
        let (pending, prompt) = ask(&request, &store);
        assert!(matches!(prompt.question(), Question::Create { replaces: None, .. }));
        let answer = prompt.approve(None, Some(verified())).unwrap();
        success(&pending.answer(answer, &mut store, NOW, &mut rng()));
    }
    assert_eq!(store.passkeys().len(), 5);
}

#[test]
fn an_excluded_passkey_is_told_of_after_consent_only() {
    let mut store = MemoryStore::default();
    let create = Request::create("example.org", "alice");
    success(&approved(&create, &mut store));
    let ours = store.passkeys()[0].core.credential_id.as_bytes().to_vec();

    // Hundreds of others before it.
    let others = (0..700_u32).map(|n| descriptor(&[&n.to_be_bytes()[..], &[0; 60]].concat()));
    let request = create.clone().with(5, Value::array(others.clone().chain([descriptor(&ours)])));
    let (pending, prompt) = ask(&request, &store);
    assert_eq!(*prompt.question(), Question::AlreadyRegistered);
    assert!(!prompt.verification_required());
    let reply = pending.answer(prompt.approve(None, None).unwrap(), &mut store, NOW, &mut rng());
    assert!(matches!(reply.conclusion, Conclusion::AlreadyRegistered));
    assert_eq!(only(reply.message), 0x19);

    let (pending, prompt) = ask(&request, &store);
    assert!(is_refused(pending.answer(prompt.refuse(), &mut store, NOW, &mut rng())));
    assert_eq!(store.passkeys().len(), 1);

    // Not excluded: others' entries, our ID at another site, our ID as something else, an empty list.
    let pigeon = map([("id", ours.as_slice().into()), ("type", "pigeon".into())]);
    let at_another_site = Request::create("example.net", "alice").with(5, Value::array([descriptor(&ours)]));
    for request in [
        create.clone().with(5, Value::array(others)),
        create.clone().with(5, Value::array([pigeon])),
        create.with(5, Value::array([])),
        at_another_site,
    ] {
        assert!(matches!(ask(&request, &store).1.question(), Question::Create { .. }));
    }
}

#[test]
fn exclusion_by_a_protected_passkey_takes_verification() {
    let mut store = MemoryStore::default();
    let create = Request::create("example.org", "alice");
    success(&approved(&create.clone().with(6, map([("credProtect", 3.into())])), &mut store));
    let ours = store.passkeys()[0].core.credential_id.as_bytes().to_vec();
    let (_, prompt) = ask(&create.with(5, Value::array([descriptor(&ours)])), &store);
    assert_eq!(*prompt.question(), Question::AlreadyRegistered);
    assert!(prompt.verification_required());
    assert!(prompt.approve(None, None).is_err());
}

#[test]
fn names_are_bounded_in_store_and_shown_without_harm() {
    let mut store = MemoryStore::default();
    let name = format!("\u{1b}[2J\u{202e}{}", "é".repeat(400));
    let user = map([("id", vec![1].into()), ("name", name.as_str().into()), ("displayName", "".into())]);
    let rp = map([("id", "example.org".into()), ("name", name.as_str().into()), ("icon", "x".into())]);
    let request = Request::create("example.org", "alice").with(2, rp).with(3, user);
    let (pending, prompt) = ask(&request, &store);
    let Question::Create { user_name, .. } = prompt.question() else { panic!("create") };
    for shown in [user_name.as_str(), prompt.rp_name().unwrap()] {
        assert!(shown.chars().count() <= 64 && !shown.contains(['\u{1b}', '\u{202e}']));
    }
    let answer = prompt.approve(None, Some(verified())).unwrap();
    pending.answer(answer, &mut store, NOW, &mut rng());
    let labels = &store.passkeys()[0].labels;
    assert!(labels.user_name.len() <= MAX_NAME_BYTES && name.starts_with(&labels.user_name));
    assert!(labels.rp_name.as_deref().unwrap().len() <= MAX_NAME_BYTES);
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // By the definition of RFC 2104, to judge by another way.
    let pad = |byte: u8| (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ byte).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).into()
}
