use super::super::testing::{Counting, cheap};
use super::super::{KdfError, SlotKind};
use super::*;

fn made() -> (SlotTable, MasterKey) {
    let vault = VaultId::from_bytes([9; 16]);
    SlotTable::create(vault, &Passphrase::new("right").unwrap(), cheap(), &mut Counting(1)).unwrap()
}

/// The encoded table with its body changed and the code left as it was.
fn with_body(table: &SlotTable, change: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    let Value::Map(mut body) = cbor::decode(&table.body).unwrap() else { panic!("a map") };
    change(&mut body);
    cbor::encode(&Value::array([cbor::encode(&Value::Map(body)).into(), table.mac.clone().into()]))
}

fn first_slot(body: &mut [(Value, Value)]) -> &mut Vec<(Value, Value)> {
    let slots = body.iter_mut().find(|(key, _)| *key == Value::from(4)).unwrap();
    let (_, Value::Array(slots)) = slots else { panic!("an array") };
    let Some(Value::Map(slot)) = slots.first_mut() else { panic!("a map") };
    slot
}

fn set(map: &mut [(Value, Value)], key: i32, to: Value) {
    map.iter_mut().find(|(k, _)| *k == Value::from(key)).unwrap().1 = to;
}

fn cost(passes: u64, memory_kib: u64, lanes: u64) -> Value {
    Value::map([
        (1.into(), passes.into()),
        (2.into(), memory_kib.into()),
        (3.into(), lanes.into()),
        (4.into(), [0; 32].into()),
    ])
}

#[test]
fn opens_with_the_right_passphrase_only() {
    let (table, master_key) = made();
    let table = SlotTable::decode(&table.encode()).unwrap();
    let (opened, proof) = table.open(&Passphrase::new("right").unwrap()).unwrap();
    assert_eq!(opened.expose(), master_key.expose());
    assert_eq!(proof.vault(), table.vault());
    assert_eq!(format!("{proof:?}"), "PassphraseProof(redacted)");
    let wrong = table.open(&Passphrase::new("wrong").unwrap());
    assert!(matches!(wrong, Err(SlotError::WrongPassphrase)));
}

#[test]
fn a_second_passphrase_opens_until_its_slot_goes() {
    let (mut table, master_key) = made();
    let other = Passphrase::new("other").unwrap();
    let id = table.add_passphrase(&master_key, &other, cheap(), &mut Counting(99)).unwrap();
    let mut table = SlotTable::decode(&table.encode()).unwrap();
    assert_eq!(table.slots().count(), 2);
    assert_eq!(table.slots().nth(1).unwrap().cost, Some(cheap().cost()));
    assert!(table.open(&other).is_ok());
    table.remove(&master_key, id).unwrap();
    assert_eq!(table.generation(), 3);
    assert!(matches!(table.open(&other), Err(SlotError::WrongPassphrase)));
}

#[test]
fn a_changed_passphrase_opens_and_the_old_one_no_longer() {
    let (mut table, master_key) = made();
    let (right, new) = (Passphrase::new("right").unwrap(), Passphrase::new("new").unwrap());
    let other = Passphrase::new("other").unwrap();
    table.add_passphrase(&master_key, &other, cheap(), &mut Counting(99)).unwrap();
    let before = table.encode();
    let wrong = table.change_passphrase(&Passphrase::new("x").unwrap(), &new, cheap(), &mut Counting(5));
    assert!(matches!(wrong, Err(SlotError::WrongPassphrase)));
    assert_eq!(table.encode(), before, "a refused change changes nothing");

    table.change_passphrase(&right, &new, cheap(), &mut Counting(5)).unwrap();
    let table = SlotTable::decode(&table.encode()).unwrap();
    assert_eq!(table.open(&new).unwrap().0.expose(), master_key.expose());
    assert!(table.open(&other).is_ok(), "the other slot is as it was");
    assert!(matches!(table.open(&right), Err(SlotError::WrongPassphrase)));
    let numbers: Vec<u64> = table.slots().map(|slot| slot.id.0).collect();
    assert_eq!(numbers, [2, 3], "no number is used twice");
}

#[test]
fn keyed_slots_open_with_their_own_kind_of_secret_only() {
    let (mut table, master_key) = made();
    let secret = SlotSecret::from_bytes([5; 32]);
    let params = Value::map([(1.into(), [1, 2, 3].into())]);
    let id = table
        .add_keyed(&master_key, KeyedSlot::SecurityKey, &secret, params.clone(), &mut Counting(7))
        .unwrap();
    let mut table = SlotTable::decode(&table.encode()).unwrap();
    assert_eq!(table.slots().nth(1).unwrap().kind, SlotKind::SecurityKey);
    assert_eq!(table.params(id), Some(params));
    assert_eq!(table.open_keyed(KeyedSlot::SecurityKey, &secret).unwrap().expose(), master_key.expose());
    for (way, bytes) in [(KeyedSlot::Tpm, 5), (KeyedSlot::RecoveryKey, 5), (KeyedSlot::SecurityKey, 6)] {
        let refused = table.open_keyed(way, &SlotSecret::from_bytes([bytes; 32]));
        assert!(matches!(refused, Err(SlotError::WrongSecret)), "{way:?} {bytes}");
    }
    // Not enough alone: the passphrase stays.
    let passphrase = table.slots().next().unwrap().id;
    assert_eq!(table.remove(&master_key, passphrase), Err(SlotError::LastSlot));
    table.remove(&master_key, id).unwrap();
    assert!(matches!(table.open_keyed(KeyedSlot::SecurityKey, &secret), Err(SlotError::WrongSecret)));
    let long = Value::from(vec![0; 5000]);
    let refused = table.add_keyed(&master_key, KeyedSlot::Tpm, &secret, long, &mut Counting(7));
    assert!(matches!(refused, Err(SlotError::Malformed { .. })));
}

#[test]
fn the_parameters_of_a_keyed_slot_cannot_be_exchanged() {
    let (mut table, master_key) = made();
    let secret = SlotSecret::from_bytes([5; 32]);
    table.add_keyed(&master_key, KeyedSlot::Tpm, &secret, 1.into(), &mut Counting(7)).unwrap();
    let changed = with_body(&table, |body| {
        let slots = body.iter_mut().find(|(key, _)| *key == Value::from(4)).unwrap();
        let (_, Value::Array(slots)) = slots else { panic!("an array") };
        let Some(Value::Map(slot)) = slots.get_mut(1) else { panic!("a map") };
        set(slot, 3, 2.into());
    });
    let result = SlotTable::decode(&changed).unwrap().open_keyed(KeyedSlot::Tpm, &secret);
    assert!(matches!(result, Err(SlotError::WrongSecret)));
}

#[test]
fn a_new_master_key_leaves_every_other_slot_behind() {
    let (mut table, master_key) = made();
    let [right, other, new] = ["right", "other", "new"].map(|text| Passphrase::new(text).unwrap());
    table.add_passphrase(&master_key, &other, cheap(), &mut Counting(99)).unwrap();
    let secret = SlotSecret::from_bytes([5; 32]);
    table.add_keyed(&master_key, KeyedSlot::Tpm, &secret, 1.into(), &mut Counting(7)).unwrap();
    let wrong = table.rekey(&new, &new, cheap(), &mut Counting(5));
    assert!(matches!(wrong, Err(SlotError::WrongPassphrase)));

    let made = table.rekey(&right, &new, cheap(), &mut Counting(5)).unwrap();
    assert_ne!(made.master_key.expose(), master_key.expose());
    let dropped: Vec<_> = made.dropped.iter().map(|slot| (slot.id.0, slot.kind)).collect();
    assert_eq!(dropped, [(2, SlotKind::Passphrase), (3, SlotKind::Tpm)]);
    assert_eq!((made.table.generation(), made.proof.vault()), (table.generation() + 1, table.vault()));
    let again = SlotTable::decode(&made.table.encode()).unwrap();
    assert_eq!(again.slots().map(|slot| slot.id.0).collect::<Vec<_>>(), [4], "no number is used twice");
    assert_eq!(again.open(&new).unwrap().0.expose(), made.master_key.expose());
    for old in [&right, &other] {
        assert!(matches!(again.open(old), Err(SlotError::WrongPassphrase)));
    }
    assert!(matches!(again.open_keyed(KeyedSlot::Tpm, &secret), Err(SlotError::WrongSecret)));
    assert!(table.open(&right).is_ok(), "the old table is as it was");
}

#[test]
fn a_table_that_another_hand_changed_is_not_rekeyed() {
    let (table, _) = made();
    let tampered = SlotTable::decode(&with_body(&table, |body| set(body, 3, 7.into()))).unwrap();
    let right = Passphrase::new("right").unwrap();
    let result = tampered.rekey(&right, &right, cheap(), &mut Counting(5));
    assert!(matches!(result, Err(SlotError::Tampered)));
}

#[test]
fn the_last_passphrase_slot_stays() {
    let (mut table, master_key) = made();
    let id = table.slots().next().unwrap().id;
    assert_eq!(table.remove(&master_key, id), Err(SlotError::LastSlot));
    assert_eq!(table.remove(&master_key, SlotId(7)), Err(SlotError::NoSuchSlot));
}

#[test]
fn refuses_a_table_that_another_hand_changed() {
    let (table, master_key) = made();
    let older = with_body(&table, |body| set(body, 3, 7.into()));
    let result = SlotTable::decode(&older).unwrap().open(&Passphrase::new("right").unwrap());
    assert!(matches!(result, Err(SlotError::Tampered)));
    // Nobody continues such a table.
    let mut tampered = SlotTable::decode(&older).unwrap();
    let added =
        tampered.add_passphrase(&master_key, &Passphrase::new("x").unwrap(), cheap(), &mut Counting(1));
    assert_eq!(added, Err(SlotError::Tampered));
}

#[test]
fn refuses_a_slot_of_another_vault_or_number() {
    let (table, _) = made();
    for bytes in [
        with_body(&table, |body| set(body, 2, [8; 16].into())),
        with_body(&table, |body| set(first_slot(body), 1, 5.into())),
        with_body(&table, |body| set(first_slot(body), 3, cost(3, 64 * 1024, 4))),
    ] {
        let result = SlotTable::decode(&bytes).unwrap().open(&Passphrase::new("right").unwrap());
        assert!(matches!(result, Err(SlotError::WrongPassphrase)));
    }
}

#[test]
fn refuses_a_cheap_or_ruinous_derivation_before_trying_it() {
    let (table, _) = made();
    for (params, floor) in [
        (cost(2, 64 * 1024, 4), true),
        (cost(3, 64 * 1024 - 1, 4), true),
        (cost(3, 64 * 1024, 0), true),
        (cost(33, 64 * 1024, 4), false),
        (cost(3, 1024 * 1024 + 1, 4), false),
        (cost(3, u64::MAX, 4), false),
        (cost(3, 64 * 1024, 1 << 40), false),
    ] {
        let bytes = with_body(&table, |body| set(first_slot(body), 3, params));
        match SlotTable::decode(&bytes) {
            Err(SlotError::Kdf(KdfError::BelowFloor { .. })) => assert!(floor),
            Err(SlotError::Kdf(KdfError::AboveCeiling { .. })) => assert!(!floor),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn keeps_slots_and_entries_of_later_versions() {
    let (table, master_key) = made();
    let later = Value::map([
        (1.into(), 40.into()),
        (2.into(), 77.into()),
        (3.into(), Value::map([(1.into(), "fingers crossed".into())])),
        (4.into(), [0; 24].into()),
        (5.into(), [0; 48].into()),
        (9.into(), "more".into()),
    ]);
    let mut table = SlotTable::decode(&with_body(&table, |body| {
        let slots = body.iter_mut().find(|(key, _)| *key == Value::from(4)).unwrap();
        let (_, Value::Array(slots)) = slots else { panic!("an array") };
        slots.push(later.clone());
        body.push((50.into(), "new".into()));
    }))
    .unwrap();
    table.seal(&master_key);
    let again = SlotTable::decode(&table.encode()).unwrap();
    assert_eq!(again.verify(&master_key), Ok(()));
    assert_eq!(again.slots().nth(1).unwrap().kind, SlotKind::Unknown(77));
    let body = cbor::decode(&again.body).unwrap();
    assert_eq!(body.get(50).and_then(Value::as_text), Some("new"));
    assert_eq!(cbor::encode(&body.get(4).unwrap().as_array().unwrap()[1]), cbor::encode(&later));
}

#[test]
fn a_later_format_is_named() {
    let (table, _) = made();
    let bytes = with_body(&table, |body| set(body, 1, 2.into()));
    assert!(matches!(SlotTable::decode(&bytes), Err(SlotError::TooNew { format: 2 })));
}

#[test]
fn a_table_is_never_overfull() {
    let (mut table, master_key) = made();
    while table.slots.len() < MOST_SLOTS {
        table.slots.push(Slot::from_value(&table.slots[0].to_value()).unwrap());
    }
    table.seal(&master_key);
    let added = table.add_passphrase(&master_key, &Passphrase::new("x").unwrap(), cheap(), &mut Counting(1));
    assert_eq!(added, Err(SlotError::Full));
}

proptest::proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = SlotTable::decode(&bytes);
    }

    #[test]
    fn a_flipped_bit_is_never_a_verified_table(position in 0usize..200, bit in 0u8..8) {
        // A table with a made-up wrapped key: what is tried is the code over the whole.
        let master_key = MasterKey::from_bytes([3; 32]);
        let slot = Value::map([
            (1.into(), 1.into()), (2.into(), 9.into()), (3.into(), Value::Null),
            (4.into(), [1; 24].into()), (5.into(), [2; 48].into()),
        ]);
        let mut table = SlotTable {
            vault: VaultId::from_bytes([9; 16]), generation: 0, next_id: 2,
            slots: vec![Slot::from_value(&slot).unwrap()], unknown: vec![], body: vec![], mac: vec![],
        };
        table.seal(&master_key);
        let mut bytes = table.encode();
        let position = position % bytes.len();
        bytes[position] ^= 1 << bit;
        if let Ok(table) = SlotTable::decode(&bytes) {
            proptest::prop_assert_eq!(table.verify(&master_key), Err(SlotError::Tampered));
        }
    }
}
