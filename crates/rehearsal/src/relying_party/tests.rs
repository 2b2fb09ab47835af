use latchkey_crypto::cose::PrivateKey;
use rand_core::UnwrapErr;

use super::*;
use crate::practice_client::{ClientError, Request};

const ORIGIN: &str = "https://example.org";
const RP_ID: &str = "example.org";
const UP_UV: u8 = 0x05;

/// An authenticator with one passkey that does what each test tells it.
struct Authenticator {
    key: PrivateKey,
    rp_id: &'static str,
    flags: u8,
    sign_count: u32,
    user_handle: Vec<u8>,
}

impl Authenticator {
    fn new() -> Self {
        let mut rng = UnwrapErr(getrandom::SysRng);
        let key = PrivateKey::generate(Algorithm::Es256, &mut rng).unwrap();
        Self { key, rp_id: RP_ID, flags: UP_UV, sign_count: 0, user_handle: Vec::new() }
    }

    fn data(&self, extra_flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id).to_vec();
        data.push(self.flags | extra_flags);
        data.extend(self.sign_count.to_be_bytes());
        data
    }

    fn make_credential(&mut self, message: &[u8]) -> Vec<u8> {
        let request = cbor::decode_canonical(&message[1..]).unwrap();
        self.user_handle = request.get(3).unwrap().get("id").unwrap().as_bytes().unwrap().to_vec();
        let mut data = self.data(0x40);
        data.extend([0; 16]);
        data.extend([0, 4]);
        data.extend(b"cred");
        data.extend(self.key.public_key().encode());
        answer([(1.into(), "none".into()), (2.into(), data.into()), (3.into(), cbor::Value::map([]))])
    }

    fn get_assertion(&self, message: &[u8]) -> Vec<u8> {
        let request = cbor::decode_canonical(&message[1..]).unwrap();
        let data = self.data(0);
        let signed = [data.as_slice(), request.get(2).unwrap().as_bytes().unwrap()].concat();
        let id =
            cbor::Value::map([("id".into(), b"cred".to_vec().into()), ("type".into(), "public-key".into())]);
        let user = cbor::Value::map([("id".into(), self.user_handle.clone().into())]);
        let signature = self.key.sign(&signed, &mut UnwrapErr(getrandom::SysRng)).unwrap();
        answer([(1.into(), id), (2.into(), data.into()), (3.into(), signature.into()), (4.into(), user)])
    }
}

fn answer<const N: usize>(entries: [(cbor::Value, cbor::Value); N]) -> Vec<u8> {
    [vec![0], cbor::encode(&cbor::Value::map(entries))].concat()
}

fn register(site: &RelyingParty, authenticator: &mut Authenticator) -> Verdict {
    let request = Request::create(&site.creation_options("practice").unwrap(), ORIGIN).unwrap();
    let answer = authenticator.make_credential(request.message());
    site.verify_creation(&request.created(&answer).unwrap())
}

fn sign_in_at(site: &RelyingParty, authenticator: &Authenticator, origin: &str) -> Verdict {
    let request = Request::get(&site.request_options().unwrap(), origin).unwrap();
    let answer = authenticator.get_assertion(request.message());
    site.verify_request(&request.got(&answer).unwrap())
}

fn sign_in(site: &RelyingParty, authenticator: &Authenticator) -> Verdict {
    sign_in_at(site, authenticator, ORIGIN)
}

fn failed(verdict: &Verdict) -> Vec<Check> {
    verdict.checks().iter().filter(|(_, held)| !held).map(|(check, _)| *check).collect()
}

/// A site and an authenticator that is registered there.
fn registered() -> (RelyingParty, Authenticator) {
    let (site, mut authenticator) = (RelyingParty::new(RP_ID, ORIGIN), Authenticator::new());
    assert_eq!(failed(&register(&site, &mut authenticator)), []);
    (site, authenticator)
}

#[test]
fn accepts_a_registration_and_a_sign_in() {
    let (site, authenticator) = registered();
    let verdict = sign_in(&site, &authenticator);
    assert!(verdict.is_accepted());
    assert_eq!(site.take_verdict(), Some(verdict));
    assert_eq!(site.take_verdict(), None);
}

#[test]
fn refuses_another_sites_passkey() {
    let (site, mut authenticator) = registered();
    authenticator.rp_id = "example.com";
    assert_eq!(failed(&sign_in(&site, &authenticator)), [Check::RpIdHash]);
}

#[test]
fn refuses_another_origin() {
    let (site, authenticator) = registered();
    assert_eq!(failed(&sign_in_at(&site, &authenticator, "https://example.com")), [Check::Origin]);
}

#[test]
fn refuses_an_absent_or_unverified_person() {
    let (site, mut authenticator) = registered();
    authenticator.flags = 0x04;
    assert_eq!(failed(&sign_in(&site, &authenticator)), [Check::UserPresent]);
    authenticator.flags = 0x01;
    assert_eq!(failed(&sign_in(&site, &authenticator)), [Check::UserVerified]);
}

#[test]
fn refuses_backup_flags_that_changed_or_contradict() {
    let (site, mut authenticator) = registered();
    for flags in [0x0d, 0x15] {
        authenticator.flags = flags;
        assert_eq!(failed(&sign_in(&site, &authenticator)), [Check::BackupFlags]);
    }
}

#[test]
fn refuses_another_key() {
    let (site, mut authenticator) = registered();
    authenticator.key = Authenticator::new().key;
    assert_eq!(failed(&sign_in(&site, &authenticator)), [Check::Signature]);
}

#[test]
fn refuses_another_account() {
    let (site, mut authenticator) = registered();
    authenticator.user_handle = b"somebody else".to_vec();
    assert_eq!(failed(&sign_in(&site, &authenticator)), [Check::UserHandle]);
}

#[test]
fn refuses_a_counter_that_goes_back() {
    let (site, mut authenticator) = registered();
    authenticator.sign_count = 7;
    assert!(sign_in(&site, &authenticator).is_accepted());
    assert_eq!(failed(&sign_in(&site, &authenticator)), [Check::SignCount]);
}

#[test]
fn refuses_a_passkey_it_does_not_know() {
    let site = RelyingParty::new(RP_ID, ORIGIN);
    assert_eq!(failed(&sign_in(&site, &Authenticator::new())), [Check::KnownCredential]);
}

#[test]
fn refuses_the_same_passkey_twice() {
    let (site, mut authenticator) = registered();
    assert_eq!(failed(&register(&site, &mut authenticator)), [Check::NewCredential]);
}

#[test]
fn refuses_an_answer_to_another_ceremony() {
    let (site, authenticator) = registered();
    let request = Request::get(&site.request_options().unwrap(), ORIGIN).unwrap();
    let response = request.got(&authenticator.get_assertion(request.message())).unwrap();
    site.request_options().unwrap();
    assert_eq!(failed(&site.verify_request(&response)), [Check::Challenge]);
    // And the challenge is spent.
    assert_eq!(failed(&site.verify_request(&response)), [Check::Complete]);

    // A registration's challenge is not for signing in.
    let mut options = site.creation_options("practice").unwrap();
    options["rpId"] = RP_ID.into();
    let request = Request::get(&options, ORIGIN).unwrap();
    let response = request.got(&authenticator.get_assertion(request.message())).unwrap();
    assert_eq!(failed(&site.verify_request(&response)), [Check::Complete]);
}

#[test]
fn refuses_client_data_of_another_kind() {
    let (site, authenticator) = registered();
    let request = Request::get(&site.request_options().unwrap(), ORIGIN).unwrap();
    let mut response = request.got(&authenticator.get_assertion(request.message())).unwrap();
    let client_data = String::from_utf8(bytes(&response, "clientDataJSON").unwrap()).unwrap();
    let changed = BASE64URL.encode(client_data.replace("webauthn.get", "webauthn.create"));
    response["response"]["clientDataJSON"] = changed.into();
    assert_eq!(failed(&site.verify_request(&response)), [Check::ClientDataType, Check::Signature]);
}

#[test]
fn refuses_what_cannot_be_read() {
    let (site, _) = registered();
    for response in [json!({}), json!({ "id": "Y3JlZA", "response": { "clientDataJSON": "e30" } })] {
        site.request_options().unwrap();
        assert_eq!(failed(&site.verify_request(&response)), [Check::Complete]);
        site.creation_options("practice").unwrap();
        assert_eq!(failed(&site.verify_creation(&response)), [Check::Complete]);
    }
}

#[test]
fn the_client_hands_on_what_the_authenticator_says() {
    let site = RelyingParty::new(RP_ID, ORIGIN);
    let request = Request::get(&site.request_options().unwrap(), ORIGIN).unwrap();
    assert_eq!(request.got(&[0x2e]), Err(ClientError::Status(0x2e)));
    assert_eq!(request.got(&[]), Err(ClientError::Answer("status")));
    assert_eq!(request.got(&[0, 0xff]), Err(ClientError::Answer("canonical cbor")));
}
