use hmac::{Hmac, KeyInit, Mac};
use latchkey_crypto::cbor::Value;
use latchkey_passkey::{CredentialId, Seed};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    request::{Fields, array, map},
    status::Status,
};

/// One or two PRF inputs as they cross the tunnel: hashed by the client already, so not hashed again here
/// (WebAuthn L3 §10.1.4: SHA-256 of `"WebAuthn PRF" ‖ 00 ‖` the site's input).
#[derive(Clone)]
pub(crate) struct PrfSalts {
    first: [u8; 32],
    second: Option<[u8; 32]>,
}

impl PrfSalts {
    fn parse(value: &Value) -> Result<Self, Status> {
        let fields = Fields::of(value)?;
        Ok(Self {
            first: fields.required("first", array::<32>)?,
            second: fields.optional("second", array::<32>)?,
        })
    }

    /// The outputs, as the map that a client finds under `results`.
    pub(crate) fn evaluate(&self, seed: &Seed) -> Value {
        let output = |salt: &[u8; 32]| -> Value {
            let output = Zeroizing::new(evaluate(seed, salt));
            output.as_slice().into()
        };
        let second = self.second.as_ref().map(|salt| ("second".into(), output(salt)));
        Value::map([("first".into(), output(&self.first))].into_iter().chain(second))
    }
}

/// HMAC-SHA-256 of a salt under a seed: 32 bytes (CTAP 2.2 §12.7, `output1` and `output2`).
fn evaluate(seed: &Seed, salt: &[u8; 32]) -> [u8; 32] {
    // A key of the block's length takes no fallible call; RFC 2104 pads shorter ones with zeros anyway.
    let mut key = Zeroizing::new([0; 64]);
    key.iter_mut().zip(seed.expose()).for_each(|(byte, of_seed)| *byte = *of_seed);
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*key).into());
    mac.update(salt);
    mac.finalize().into_bytes().into()
}

/// The `prf` input of makeCredential: `{}`, or with `eval`.
pub(crate) struct PrfAtCreation {
    pub(crate) eval: Option<PrfSalts>,
}

impl PrfAtCreation {
    pub(crate) fn parse(value: &Value) -> Result<Self, Status> {
        let fields = Fields::of(value)?;
        // WebAuthn L3 §10.1.4: there is no credential yet that it could name.
        if fields.has("evalByCredential") {
            return Err(Status::InvalidParameter);
        }
        Ok(Self { eval: fields.optional("eval", PrfSalts::parse)? })
    }
}

/// The `prf` input of getAssertion.
#[derive(Default)]
pub(crate) struct PrfAtAssertion {
    eval: Option<PrfSalts>,
    by_credential: Vec<(CredentialId, PrfSalts)>,
}

impl PrfAtAssertion {
    pub(crate) fn parse(value: &Value) -> Result<Self, Status> {
        let fields = Fields::of(value)?;
        let eval = fields.optional("eval", PrfSalts::parse)?;
        let by_credential = fields.optional("evalByCredential", |value| {
            map(value)?
                .iter()
                .map(|(id, salts)| {
                    let id = id.as_bytes().ok_or(Status::CborUnexpectedType)?;
                    let id = CredentialId::new(id.to_vec()).map_err(|_| Status::InvalidLength)?;
                    Ok((id, PrfSalts::parse(salts)?))
                })
                .collect::<Result<_, Status>>()
        })?;
        Ok(Self { eval, by_credential: by_credential.unwrap_or_default() })
    }

    /// The inputs for one credential: its own entry, or else those for all.
    pub(crate) fn salts_for(&self, id: &CredentialId) -> Option<&PrfSalts> {
        let own = self.by_credential.iter().find(|(entry, _)| entry == id).map(|(_, salts)| salts);
        own.or(self.eval.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `prf_ctap` of the WebAuthn test vectors: what comes out before PIN protocols encrypt it.
    #[test]
    fn evaluates_the_webauthn_test_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/vectors/webauthn-l3.json")).unwrap();
        let prf = &vectors["prf_ctap"];
        let bytes = |value: &serde_json::Value| -> Option<[u8; 32]> {
            value.as_str().map(|text| hex::decode(text).unwrap().try_into().unwrap())
        };
        let seed = Seed::from_bytes(bytes(&prf["authenticator_cred_random"]).unwrap());
        for case in prf["cases"].as_array().unwrap() {
            let salts = PrfSalts { first: bytes(&case["salt1"]).unwrap(), second: bytes(&case["salt2"]) };
            let results = salts.evaluate(&seed);
            let output = |key: &str| results.get(key).map(|value| hex::encode(value.as_bytes().unwrap()));
            assert_eq!(output("first").as_deref(), case["output1"].as_str());
            assert_eq!(output("second").as_deref(), case["output2"].as_str());
        }
    }
}
