//! The browser's part of a ceremony, for rehearsals without one: options in, CTAP out, and back.
//!
//! Builds the client data of `navigator.credentials` (WebAuthn L3 §5.8.1) and the messages that Chromium sends over
//! the hybrid transport (CTAP 2.2 §6.1, §6.2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use latchkey_crypto::cbor::{self, Value as Cbor};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;

/// Why the client cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The relying party's options lack something.
    #[error("options without {0}")]
    Options(&'static str),
    /// The authenticator said no.
    #[error("authenticator answered with status 0x{0:02x}")]
    Status(u8),
    /// The authenticator's answer cannot be read.
    #[error("answer without {0}")]
    Answer(&'static str),
}

/// A request that has been put to an authenticator.
pub struct Request {
    client_data: Vec<u8>,
    message: Vec<u8>,
}

impl Request {
    /// `navigator.credentials.create()` at `origin`, from `PublicKeyCredentialCreationOptionsJSON`.
    pub fn create(options: &Value, origin: &str) -> Result<Self, ClientError> {
        let client_data = client_data("webauthn.create", options, origin)?;
        let user = options.get("user").ok_or(ClientError::Options("user"))?;
        let user_id = decode(user, "id").ok_or(ClientError::Options("user.id"))?;
        let algorithms = list(options, "pubKeyCredParams").iter().filter_map(|offered| {
            let id = offered.get("alg")?.as_i64()?;
            Some(Cbor::map([("alg".into(), id.into()), ("type".into(), "public-key".into())]))
        });
        let mut request = vec![
            (1.into(), Sha256::digest(&client_data).to_vec().into()),
            (2.into(), Cbor::map(texts(options.get("rp"), &["id", "name"]))),
            (
                3.into(),
                Cbor::map(
                    texts(Some(user), &["name", "displayName"])
                        .into_iter()
                        .chain([("id".into(), user_id.into())]),
                ),
            ),
            (4.into(), Cbor::array(algorithms)),
        ];
        request.extend(descriptors(options, "excludeCredentials").map(|excluded| (5.into(), excluded)));
        let discoverable = options.pointer("/authenticatorSelection/residentKey").and_then(Value::as_str);
        let mut asked = vec![("uv".into(), true.into())];
        if discoverable.is_some_and(|wish| wish != "discouraged") {
            asked.push(("rk".into(), true.into()));
        }
        request.push((7.into(), Cbor::map(asked)));
        Ok(Self { client_data, message: message(MAKE_CREDENTIAL, request) })
    }

    /// `navigator.credentials.get()` at `origin`, from `PublicKeyCredentialRequestOptionsJSON`.
    pub fn get(options: &Value, origin: &str) -> Result<Self, ClientError> {
        let client_data = client_data("webauthn.get", options, origin)?;
        let rp_id = options.get("rpId").and_then(Value::as_str).ok_or(ClientError::Options("rpId"))?;
        let mut request =
            vec![(1.into(), rp_id.into()), (2.into(), Sha256::digest(&client_data).to_vec().into())];
        request.extend(descriptors(options, "allowCredentials").map(|allowed| (3.into(), allowed)));
        request.push((5.into(), Cbor::map([("uv".into(), true.into())])));
        Ok(Self { client_data, message: message(GET_ASSERTION, request) })
    }

    /// The CTAP message: command byte and CBOR.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The page's credential (`RegistrationResponseJSON`) out of the authenticator's answer to [`create`](Self::create).
    pub fn created(&self, answer: &[u8]) -> Result<Value, ClientError> {
        let answer = opened(answer)?;
        let format = answer.get(1).ok_or(ClientError::Answer("format"))?;
        let data = answer.get(2).ok_or(ClientError::Answer("authenticator data"))?;
        let statement = answer.get(3).ok_or(ClientError::Answer("attestation statement"))?;
        // Attested credential data starts at 37: AAGUID (16), length (2), credential ID.
        let id = data.as_bytes().and_then(|data| {
            let (length, id) = data.get(53..)?.split_first_chunk::<2>()?;
            id.get(..usize::from(u16::from_be_bytes(*length)))
        });
        let object = cbor::encode(&Cbor::map([
            ("fmt".into(), format.clone()),
            ("authData".into(), data.clone()),
            ("attStmt".into(), statement.clone()),
        ]));
        Ok(json!({
            "id": BASE64URL.encode(id.ok_or(ClientError::Answer("credential id"))?),
            "type": "public-key",
            "response": {
                "clientDataJSON": BASE64URL.encode(&self.client_data),
                "attestationObject": BASE64URL.encode(object),
            },
        }))
    }

    /// The page's credential (`AuthenticationResponseJSON`) out of the authenticator's answer to [`get`](Self::get).
    pub fn got(&self, answer: &[u8]) -> Result<Value, ClientError> {
        let answer = opened(answer)?;
        let part = |value: Option<&Cbor>, what| {
            let bytes = value.and_then(Cbor::as_bytes).ok_or(ClientError::Answer(what))?;
            Ok(BASE64URL.encode(bytes))
        };
        let id = answer.get(1).and_then(|credential| credential.get("id"));
        let user = answer.get(4).and_then(|user| user.get("id")).and_then(Cbor::as_bytes);
        Ok(json!({
            "id": part(id, "credential id")?,
            "type": "public-key",
            "response": {
                "clientDataJSON": BASE64URL.encode(&self.client_data),
                "authenticatorData": part(answer.get(2), "authenticator data")?,
                "signature": part(answer.get(3), "signature")?,
                "userHandle": user.map(|id| BASE64URL.encode(id)),
            },
        }))
    }
}

/// Splits the status byte off and reads the map behind it.
fn opened(answer: &[u8]) -> Result<Cbor, ClientError> {
    match answer.split_first().ok_or(ClientError::Answer("status"))? {
        (0, map) => cbor::decode_canonical(map).map_err(|_| ClientError::Answer("canonical cbor")),
        (status, _) => Err(ClientError::Status(*status)),
    }
}

fn client_data(kind: &str, options: &Value, origin: &str) -> Result<Vec<u8>, ClientError> {
    let challenge = options.get("challenge").ok_or(ClientError::Options("challenge"))?;
    let client_data = json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false });
    Ok(client_data.to_string().into_bytes())
}

fn message(command: u8, request: Vec<(Cbor, Cbor)>) -> Vec<u8> {
    let mut message = vec![command];
    message.extend(cbor::encode(&Cbor::map(request)));
    message
}

fn decode(value: &Value, member: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(value.get(member)?.as_str()?).ok()
}

fn list<'a>(options: &'a Value, member: &str) -> &'a [Value] {
    options.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn texts(value: Option<&Value>, members: &[&str]) -> Vec<(Cbor, Cbor)> {
    let text = |member: &&str| Some(((*member).into(), value?.get(member)?.as_str()?.into()));
    members.iter().filter_map(text).collect()
}

/// A list of credentials, if it is not empty: CTAP knows no empty lists.
fn descriptors(options: &Value, member: &str) -> Option<Cbor> {
    let items: Vec<_> = list(options, member)
        .iter()
        .filter_map(|known| {
            let id = decode(known, "id")?;
            Some(Cbor::map([("id".into(), id.into()), ("type".into(), "public-key".into())]))
        })
        .collect();
    (!items.is_empty()).then(|| Cbor::array(items))
}
