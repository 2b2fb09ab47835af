use latchkey_crypto::cbor::Value;
use latchkey_passkey::{
    CredProtect, Door, Outcome, Passkey, PasskeyId, PasskeyStore, StoreError, UnixSeconds, UseKind, UseRecord,
};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::{
    Conclusion,
    answer::Approval,
    authenticator::Ask,
    authenticator_data::{AuthenticatorData, Flags},
    pending::Task,
    prompt::{Account, Contents, Question},
    request::GetAssertion,
    status::Status,
};

/// A sign-in to carry out, once approved.
///
/// Private keys are opened for the one that signs, once it is approved: none lies in memory while a person thinks.
pub(crate) struct SignIn {
    request: GetAssertion,
    candidates: Vec<Passkey>,
}

/// authenticatorGetAssertion up to the prompt: CTAP 2.2 §6.2.2 steps 7 and 8.
pub(crate) fn begin(request: GetAssertion, store: &dyn PasskeyStore) -> Result<Ask, Status> {
    let candidates = candidates(&request, store).map_err(|_| Status::Other)?;
    let rp_id = Some(request.rp_id.clone());
    let verification_required = request.user_verification && !candidates.is_empty();
    let (question, task) = if candidates.is_empty() {
        // The person is asked all the same, so that a site cannot find out by itself who has no passkey.
        (Question::NothingHere, Task::NothingHere)
    } else {
        let question = Question::SignIn { accounts: candidates.iter().map(Account::of).collect() };
        (question, Task::SignIn(SignIn { request, candidates }))
    };
    let contents = Contents { question, rp_id, rp_name: None };
    Ok(Ask { task: Box::new(task), contents: Box::new(contents), verification_required })
}

/// The passkeys that may answer, newest first.
fn candidates(request: &GetAssertion, store: &dyn PasskeyStore) -> Result<Vec<Passkey>, StoreError> {
    // Step 7.
    let mut found = match &request.allow_list {
        None => {
            let mut all = store.find_by_rp_id(&request.rp_id)?;
            all.retain(|passkey| passkey.core.discoverable);
            all
        }
        Some(ids) => {
            let mut named: Vec<Passkey> = Vec::new();
            for id in ids {
                named.extend(store.find_by_credential_id(&request.rp_id, id)?);
            }
            named.sort_by_key(|passkey| (passkey.core.created_at, passkey.core.id));
            named
        }
    };
    // Step 8. Whoever does not ask for verification does not see what is kept behind it.
    if !request.user_verification {
        found.retain(|passkey| match passkey.core.cred_protect {
            CredProtect::UserVerificationOptional => true,
            CredProtect::UserVerificationOptionalWithCredentialIdList => request.allow_list.is_some(),
            CredProtect::UserVerificationRequired => false,
        });
    }
    found.reverse();
    Ok(found)
}

impl SignIn {
    /// The one passkey that was asked about, if it was one.
    pub(crate) fn only_candidate(&self) -> Option<PasskeyId> {
        match self.candidates.as_slice() {
            [only] => Some(only.core.id),
            _ => None,
        }
    }

    /// CTAP 2.2 §6.2.2 from step 9 on. Exactly one assertion: the person has chosen already.
    pub(crate) fn finish(
        self,
        account: Option<PasskeyId>,
        approval: &Approval,
        door: Door,
        store: &mut dyn PasskeyStore,
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Value, Conclusion), Conclusion> {
        let passkey = self
            .candidates
            .iter()
            .find(|passkey| Some(passkey.core.id) == account)
            .ok_or(Conclusion::WrongAnswer)?;
        // By the vault's own id: what came under its credential ID since was not chosen.
        let secrets = store
            .secrets(passkey.core.id)
            .map_err(Conclusion::StoreFailed)?
            .ok_or(Conclusion::NothingHere)?;

        let authenticator_data = AuthenticatorData {
            rp_id_hash: Sha256::digest(passkey.core.rp_id.as_str()).into(),
            flags: Flags::of(approval, passkey.core.backup),
            sign_count: passkey.core.counter.sign_count(now, passkey.usage.last_used_at),
            attested_credential_data: None,
            extensions: None,
        }
        .encode();
        let signed = [authenticator_data.as_slice(), &self.request.client_data_hash].concat();
        let signature = secrets.private_key.sign(&signed, rng).map_err(Conclusion::KeyFailed)?;

        // On disk before there is an answer, and before there are PRF outputs that a failure would have to wipe.
        let used = UseRecord {
            at: now,
            kind: UseKind::SignIn,
            door,
            outcome: Outcome::Approved,
            verification: approval.verification(),
        };
        store.record_use(passkey.core.id, &used).map_err(|error| match error {
            // To the bin while the prompt was open: the signature goes nowhere.
            StoreError::NoSuchPasskey(_) => Conclusion::NothingHere,
            error => Conclusion::StoreFailed(error),
        })?;

        let descriptor = Value::map([
            ("id".into(), passkey.core.credential_id.as_bytes().into()),
            ("type".into(), "public-key".into()),
        ]);
        let mut response =
            vec![(1.into(), descriptor), (2.into(), authenticator_data.into()), (3.into(), signature.into())];
        if self.request.allow_list.is_none() {
            // No names: they would open the browser's own chooser. Never key 5: more than one assertion.
            let user = Value::map([("id".into(), passkey.core.user_handle.as_bytes().into())]);
            response.extend([(4.into(), user), (6.into(), true.into())]);
        }
        // As in WebAuthn: PRF outputs only to someone who was verified.
        if approval.verification().is_some()
            && let Some(salts) =
                self.request.prf.as_ref().and_then(|prf| prf.salts_for(&passkey.core.credential_id))
        {
            let results = Value::map([("results".into(), salts.evaluate(&secrets.prf_seeds.with_uv))]);
            response.push((8.into(), Value::map([("prf".into(), results)])));
        }
        Ok((Value::Map(response), Conclusion::SignedIn { account: Box::new(Account::of(passkey)) }))
    }
}
