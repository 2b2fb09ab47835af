//! A practice relying party: one site with its accounts in memory, which says of every answer what it checked.
//!
//! For the demo, where it explains what a server does. It speaks the JSON of WebAuthn L3 (§5.1.8, §5.1.9) in both
//! directions, so that a browser's page and [`practice_client`](crate::practice_client) are the same to it. It is
//! no judge of the product: the tests use a relying party that we did not write.

mod authenticator_data;
mod site;
mod verdict;

use std::sync::{Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use latchkey_crypto::{
    cbor,
    cose::{Algorithm, PublicKey},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::authenticator_data::AuthenticatorData;
pub use self::{
    site::{Site, SiteError},
    verdict::{Check, Verdict},
};

/// What is asked for, in order of preference.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

/// A relying party with its accounts.
pub struct RelyingParty {
    rp_id: String,
    origin: String,
    accounts: Mutex<Accounts>,
}

#[derive(Default)]
struct Accounts {
    credentials: Vec<Credential>,
    /// The one ceremony under way; its challenge is good for one answer.
    pending: Option<Pending>,
    last_verdict: Option<Verdict>,
}

enum Pending {
    Creation { challenge: [u8; 32], user_handle: [u8; 32] },
    Request { challenge: [u8; 32] },
}

/// What is stored of a credential (WebAuthn L3 §4, "credential record").
struct Credential {
    id: Vec<u8>,
    public_key: PublicKey,
    user_handle: Vec<u8>,
    sign_count: u32,
    backup_eligible: bool,
}

impl RelyingParty {
    /// A site without accounts. `origin` is what browsers call it, such as `https://example.org`.
    pub fn new(rp_id: &str, origin: &str) -> Self {
        Self { rp_id: rp_id.to_owned(), origin: origin.to_owned(), accounts: Mutex::default() }
    }

    /// Its origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Begins a registration: the options for `navigator.credentials.create()`, with a fresh challenge.
    pub fn creation_options(&self, user_name: &str) -> Result<Value, getrandom::Error> {
        let (challenge, user_handle) = (random()?, random()?);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<_> = accounts.credentials.iter().map(Credential::descriptor).collect();
        accounts.pending = Some(Pending::Creation { challenge, user_handle });
        Ok(json!({
            "rp": { "id": self.rp_id, "name": "Latchkey's practice site" },
            "user": { "id": BASE64URL.encode(user_handle), "name": user_name, "displayName": user_name },
            "challenge": BASE64URL.encode(challenge),
            "pubKeyCredParams":
                ALGORITHMS.map(|algorithm| json!({ "type": "public-key", "alg": algorithm.id() })),
            "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
            "excludeCredentials": known,
            "hints": ["hybrid"],
            "attestation": "none",
        }))
    }

    /// Begins a sign-in: the options for `navigator.credentials.get()`, with a fresh challenge and an empty allow
    /// list, so that the passkey says who signs in.
    pub fn request_options(&self) -> Result<Value, getrandom::Error> {
        let challenge = random()?;
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.pending = Some(Pending::Request { challenge });
        Ok(json!({
            "rpId": self.rp_id,
            "challenge": BASE64URL.encode(challenge),
            "userVerification": "required",
            "hints": ["hybrid"],
        }))
    }

    /// Judges the answer to a registration (`RegistrationResponseJSON`) and, if it holds, stores the credential.
    pub fn verify_creation(&self, response: &Value) -> Verdict {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = self.judge_creation(&mut accounts, response).unwrap_or_else(Verdict::incomplete);
        accounts.last_verdict = Some(verdict.clone());
        verdict
    }

    /// Judges the answer to a sign-in (`AuthenticationResponseJSON`).
    pub fn verify_request(&self, response: &Value) -> Verdict {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = self.judge_request(&mut accounts, response).unwrap_or_else(Verdict::incomplete);
        accounts.last_verdict = Some(verdict.clone());
        verdict
    }

    /// The verdict of the last ceremony, once.
    pub fn take_verdict(&self) -> Option<Verdict> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).last_verdict.take()
    }

    /// WebAuthn L3 §7.1, with attestation `none`.
    fn judge_creation(&self, accounts: &mut Accounts, response: &Value) -> Option<Verdict> {
        let Some(Pending::Creation { challenge, user_handle }) = accounts.pending.take() else {
            return None;
        };
        let client_data = bytes(response, "clientDataJSON")?;
        let attestation = cbor::decode(&bytes(response, "attestationObject")?).ok()?;
        let data = AuthenticatorData::decode(attestation.get("authData")?.as_bytes()?)?;
        let (id, public_key) = data.attested.as_ref()?;
        let is_new = accounts.credentials.iter().all(|known| known.id != *id) && id.len() <= 1023;
        let checks = self.client_data_checks(&client_data, "webauthn.create", &challenge)?;
        let verdict = Verdict::of(checks.into_iter().chain(self.data_checks(&data)).chain([
            (Check::BackupFlags, data.backup_eligible() || !data.backup_state()),
            (Check::Algorithm, ALGORITHMS.contains(&public_key.algorithm())),
            (Check::NewCredential, is_new),
        ]));
        if verdict.is_accepted() {
            accounts.credentials.push(Credential {
                id: id.clone(),
                public_key: public_key.clone(),
                user_handle: user_handle.to_vec(),
                sign_count: data.sign_count,
                backup_eligible: data.backup_eligible(),
            });
        }
        Some(verdict)
    }

    /// WebAuthn L3 §7.2.
    fn judge_request(&self, accounts: &mut Accounts, response: &Value) -> Option<Verdict> {
        let Some(Pending::Request { challenge }) = accounts.pending.take() else {
            return None;
        };
        let id = BASE64URL.decode(response.get("id")?.as_str()?).ok()?;
        let Some(credential) = accounts.credentials.iter_mut().find(|known| known.id == id) else {
            return Some(Verdict::of([(Check::KnownCredential, false)]));
        };
        let client_data = bytes(response, "clientDataJSON")?;
        let signed = bytes(response, "authenticatorData")?;
        let data = AuthenticatorData::decode(&signed)?;
        let signature = bytes(response, "signature")?;
        let message = [signed.as_slice(), &Sha256::digest(&client_data)].concat();
        let sign_count_holds =
            data.sign_count > credential.sign_count || (data.sign_count == 0 && credential.sign_count == 0);
        // The allow list was empty, so the handle has to be there.
        let user_handle_fits =
            bytes(response, "userHandle").is_some_and(|handle| handle == credential.user_handle);
        let before = [(Check::KnownCredential, true), (Check::UserHandle, user_handle_fits)];
        let after = [
            (
                Check::BackupFlags,
                data.backup_eligible() == credential.backup_eligible
                    && (data.backup_eligible() || !data.backup_state()),
            ),
            (Check::Signature, credential.public_key.verify(&message, &signature)),
            (Check::SignCount, sign_count_holds),
        ];
        let checks = self.client_data_checks(&client_data, "webauthn.get", &challenge)?;
        let verdict =
            Verdict::of(before.into_iter().chain(checks).chain(self.data_checks(&data)).chain(after));
        if verdict.is_accepted() {
            credential.sign_count = data.sign_count;
        }
        Some(verdict)
    }

    fn client_data_checks(&self, json: &[u8], kind: &str, challenge: &[u8]) -> Option<[(Check, bool); 3]> {
        let client_data: Value = serde_json::from_slice(json).ok()?;
        let text = |key| client_data.get(key).and_then(Value::as_str);
        Some([
            (Check::ClientDataType, text("type")? == kind),
            (Check::Challenge, text("challenge")? == BASE64URL.encode(challenge)),
            (Check::Origin, text("origin")? == self.origin),
        ])
    }

    fn data_checks(&self, data: &AuthenticatorData) -> [(Check, bool); 3] {
        [
            (Check::RpIdHash, data.rp_id_hash == *Sha256::digest(&self.rp_id)),
            (Check::UserPresent, data.user_present()),
            (Check::UserVerified, data.user_verified()),
        ]
    }
}

impl Credential {
    fn descriptor(&self) -> Value {
        json!({ "type": "public-key", "id": BASE64URL.encode(&self.id) })
    }
}

/// The bytes of a base64url member of a credential's `response`.
fn bytes(credential: &Value, member: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(credential.get("response")?.get(member)?.as_str()?).ok()
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
