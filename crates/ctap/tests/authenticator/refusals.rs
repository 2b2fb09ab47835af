//! Every request that is wrong in one thing, and its status.

use latchkey_crypto::cbor::Value;
use latchkey_ctap::{MAX_LIST_ENTRIES, MAX_MESSAGE_BYTES, Step};

use super::{ceremony::*, memory_store::MemoryStore};

fn create() -> Request {
    Request::create("example.org", "alice")
}

fn sign_in() -> Request {
    Request::sign_in("example.org")
}

fn status(message: &[u8]) -> u8 {
    match receive(message, &MemoryStore::default()) {
        Step::Respond(response) => only(response),
        Step::Ask(..) => panic!("asked"),
    }
}

fn check(request: &Request, expected: u8, what: &str) {
    assert_eq!(refused(request, &MemoryStore::default()), expected, "{what}");
}

#[test]
fn get_info_is_what_the_first_message_says() {
    let Step::Respond(response) = receive(&[0x04], &MemoryStore::default()) else { panic!("asked") };
    assert_eq!(response[0], 0x00);
    assert_eq!(response[1..], authenticator().get_info());
    assert_eq!(
        hex::encode(&response[1..]),
        concat!(
            "a5",
            "0182684649444f5f325f30684649444f5f325f31",
            "02826b6372656450726f7465637463707266",
            "0350347b7ee5273849a7b2bf55245166406d",
            "04a362726bf5627570f5627576f5",
            "098366687962726964",
            "68696e7465726e616c",
            "63757362",
        )
    );
}

#[test]
fn refuses_unknown_commands_and_bad_framing() {
    for command in [0x00, 0x03, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x40, 0x41, 0xff] {
        assert_eq!(status(&[command]), 0x01, "{command:#04x}");
    }
    assert_eq!(status(&[]), 0x03);
    assert_eq!(status(&[0x04, 0xa0]), 0x03);
    assert_eq!(status(&[0x0b, 0xa0]), 0x03);
    let mut large = create().bytes();
    large.resize(MAX_MESSAGE_BYTES + 1, 0);
    assert_eq!(status(&large), 0x39);
    for command in [0x01, 0x02] {
        assert_eq!(status(&[command]), 0x12, "nothing");
        assert_eq!(status(&[command, 0xa0, 0x00]), 0x12, "trailing byte");
        assert_eq!(status(&[command, 0xbf, 0xff]), 0x12, "indefinite length");
        assert_eq!(status(&[command, 0xa2, 0x01, 0x00, 0x01, 0x00]), 0x12, "duplicate key");
        assert_eq!(status(&[command, 0x80]), 0x11, "no map");
        assert_eq!(status(&[command, 0xa0]), 0x14, "empty");
    }
}

#[test]
fn refuses_missing_parameters() {
    for key in [1, 2, 3, 4] {
        check(&create().without(key), 0x14, &format!("makeCredential without {key}"));
    }
    for key in [1, 2] {
        check(&sign_in().without(key), 0x14, &format!("getAssertion without {key}"));
    }
    check(&create().with(2, map([("name", "A site".into())])), 0x14, "rp without id");
    check(&create().with(3, map([("name", "alice".into())])), 0x14, "user without id");
    for incomplete in [map([("alg", (-7).into())]), map([("type", "public-key".into())]), map([])] {
        check(&create().with(4, Value::array([parameter(-7), incomplete])), 0x14, "algorithm");
    }
    for incomplete in [map([("id", vec![1].into())]), map([("type", "public-key".into())])] {
        check(&create().with(5, Value::array([incomplete.clone()])), 0x14, "exclude list");
        check(&sign_in().with(3, Value::array([incomplete])), 0x14, "allow list");
    }
    check(&sign_in().with(4, map([("prf", map([("eval", map([]))]))])), 0x14, "prf without first");
}

#[test]
fn refuses_values_of_another_type() {
    for key in [1, 2, 3, 4, 5, 6, 7] {
        check(&create().with(key, 5), 0x11, &format!("makeCredential {key}"));
    }
    for key in [1, 2, 3, 4, 5] {
        check(&sign_in().with(key, 5), 0x11, &format!("getAssertion {key}"));
    }
    check(&create().with(2, map([("id", vec![1].into())])), 0x11, "rp.id");
    check(&create().with(2, map([("id", "example.org".into()), ("name", 1.into())])), 0x11, "rp.name");
    check(&create().with(3, map([("id", "alice".into())])), 0x11, "user.id");
    check(
        &create().with(3, map([("id", vec![1].into()), ("displayName", vec![1].into())])),
        0x11,
        "displayName",
    );
    for option in ["rk", "up", "uv"] {
        check(&create().with(7, map([(option, 1.into())])), 0x11, option);
        check(&sign_in().with(5, map([(option, 1.into())])), 0x11, option);
    }
    let entry = map([("alg", "ES256".into()), ("type", "public-key".into())]);
    check(&create().with(4, Value::array([entry])), 0x11, "alg");
    for list in
        [Value::array([5.into()]), Value::array([map([("id", "x".into()), ("type", "public-key".into())])])]
    {
        check(&create().with(5, list.clone()), 0x11, "exclude list");
        check(&sign_in().with(3, list), 0x11, "allow list");
    }
    check(&create().with(6, map([("credProtect", "1".into())])), 0x11, "credProtect");
    for input in
        [true.into(), map([("eval", vec![0; 32].into())]), map([("eval", map([("first", 1.into())]))])]
    {
        check(&create().with(6, map([("prf", input.clone())])), 0x11, "prf");
        check(&sign_in().with(4, map([("prf", input)])), 0x11, "prf");
    }
    let by_text = map([("evalByCredential", map([("id", map([("first", [0; 32].into())]))]))]);
    check(&sign_in().with(4, map([("prf", by_text)])), 0x11, "evalByCredential");
}

#[test]
fn refuses_lengths_and_ranges() {
    for length in [0, 31, 33] {
        check(&create().with(1, vec![0; length]), 0x03, "clientDataHash");
        check(&sign_in().with(2, vec![0; length]), 0x03, "clientDataHash");
        let eval = map([("eval", map([("first", vec![0; length].into())]))]);
        check(&create().with(6, map([("prf", eval.clone())])), 0x03, "prf salt");
        check(&sign_in().with(4, map([("prf", eval)])), 0x03, "prf salt");
    }
    for length in [0, 65] {
        check(&create().with(3, map([("id", vec![0; length].into())])), 0x03, "user.id");
    }
    let by_nothing = Value::map([(vec![].into(), map([("first", [0; 32].into())]))]);
    check(
        &sign_in().with(4, map([("prf", map([("evalByCredential", by_nothing)]))])),
        0x03,
        "empty credential id",
    );
    let by_one = Value::map([(vec![1].into(), map([("first", [0; 32].into())]))]);
    check(
        &create().with(6, map([("prf", map([("evalByCredential", by_one)]))])),
        0x02,
        "evalByCredential at create",
    );
    for rp_id in ["", "Example.org", "https://example.org", "a b", &"a".repeat(254)] {
        check(&create().with(2, map([("id", rp_id.into())])), 0x02, rp_id);
        check(&sign_in().with(1, rp_id), 0x02, rp_id);
    }
    for level in [0, 4, 255] {
        check(&create().with(6, map([("credProtect", level.into())])), 0x02, "credProtect");
    }
    let many = || Value::array((0..=MAX_LIST_ENTRIES).map(|_| descriptor(&[1])));
    check(&create().with(4, Value::array((0..=MAX_LIST_ENTRIES).map(|_| parameter(-7)))), 0x15, "algorithms");
    check(&create().with(5, many()), 0x15, "exclude list");
    check(&sign_in().with(3, many()), 0x15, "allow list");
}

#[test]
fn a_list_that_names_one_passkey_many_times_costs_one_look() {
    let store = MemoryStore::default();
    let same = || Value::array((0..MAX_LIST_ENTRIES).map(|_| descriptor(&[1])));
    store.calls_left.set(Some(1));
    ask(&sign_in().with(3, same()), &store);
    // And one for the account.
    store.calls_left.set(Some(2));
    ask(&create().with(5, same()), &store);
}

#[test]
fn refuses_options_and_parameters_of_other_doors() {
    check(&create().with(7, map([("up", false.into())])), 0x2c, "makeCredential up:false");
    check(&sign_in().with(5, map([("up", false.into())])), 0x2b, "silent probe");
    for rk in [true, false] {
        check(&sign_in().with(5, map([("rk", rk.into())])), 0x2b, "getAssertion rk");
    }
    check(&create().with(8, vec![0; 16]), 0x14, "PIN without protocol");
    check(&create().with(8, vec![0; 16]).with(9, 2), 0x02, "PIN");
    check(&sign_in().with(6, vec![0; 16]), 0x14, "PIN without protocol");
    check(&sign_in().with(6, vec![0; 16]).with(7, 1), 0x02, "PIN");
    check(&create().with(10, 1), 0x02, "enterprise attestation");
}

#[test]
fn passes_over_what_it_does_not_know() {
    let store = MemoryStore::default();
    let unknown = [
        create().with(99, "?"),
        create().with(6, map([("hmac-secret", true.into()), ("?", vec![].into())])),
        create().with(7, map([("plat", true.into()), ("?", 1.into())])),
        create().with(5, Value::array([descriptor(&[]), descriptor(&[0; 2000])])),
        sign_in().with(99, "?").with(4, map([("?", 1.into())])),
    ];
    for request in unknown {
        ask(&request, &store);
    }
    // Map keys out of order: {2: …, 1: …}.
    let message = [&[0x02, 0xa2, 0x02, 0x58, 0x20][..], &[0; 32], &[0x01, 0x61, b'a']].concat();
    assert!(matches!(receive(&message, &store), Step::Ask(..)));
}
