use latchkey_crypto::{cbor::Value, cose::PrivateKey};
use latchkey_passkey::{
    Aaguid, BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Door, Labels, Outcome,
    Passkey, PasskeyCore, PasskeyId, PasskeySecrets, PasskeyStore, PrfSeeds, Seed, StoreError, UnixSeconds,
    Usage, UseKind, UseRecord, shown,
};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::{
    Conclusion,
    answer::Approval,
    authenticator::Ask,
    authenticator_data::{AttestedCredentialData, AuthenticatorData, Flags},
    pending::Task,
    prompt::{Account, Contents, Question},
    request::MakeCredential,
    status::Status,
};

/// A passkey to make, once approved.
pub(crate) struct Creation {
    request: MakeCredential,
    replaces: Option<PasskeyId>,
}

/// authenticatorMakeCredential up to the prompt: CTAP 2.2 §6.1.2 step 12, and what step 17 will replace.
pub(crate) fn begin(request: MakeCredential, store: &dyn PasskeyStore) -> Result<Ask, Status> {
    let rp_name = request.rp_name.as_deref().map(shown);
    if let Some(verification_required) = excluded(&request, store).map_err(|_| Status::Other)? {
        let contents =
            Contents { question: Question::AlreadyRegistered, rp_id: Some(request.rp_id), rp_name };
        return Ok(Ask {
            task: Box::new(Task::Excluded),
            contents: Box::new(contents),
            verification_required,
        });
    }
    let replaces = replaced(&request, store).map_err(|_| Status::Other)?;
    let question = Question::Create {
        user_name: shown(&request.user_name),
        user_display_name: shown(&request.user_display_name),
        replaces: replaces.as_ref().map(Account::of),
    };
    let contents = Contents { question, rp_id: Some(request.rp_id.clone()), rp_name };
    let creation = Creation { replaces: replaces.map(|passkey| passkey.core.id), request };
    Ok(Ask {
        task: Box::new(Task::Create(creation)),
        contents: Box::new(contents),
        verification_required: true,
    })
}

/// Step 12: whether the exclude list names a passkey of ours, and if so, whether it takes verification to tell.
///
/// A passkey with credProtect level 3 is shown to nobody who is not verified.
fn excluded(request: &MakeCredential, store: &dyn PasskeyStore) -> Result<Option<bool>, StoreError> {
    let mut verification_required = None;
    for id in &request.exclude_list {
        match store.find_by_credential_id(&request.rp_id, id)?.map(|passkey| passkey.core.cred_protect) {
            None => {}
            Some(CredProtect::UserVerificationRequired) => verification_required = Some(true),
            Some(_) => return Ok(Some(false)),
        }
    }
    Ok(verification_required)
}

/// Step 17: a discoverable passkey takes the place of the one that the same account has. Others stand side by side.
fn replaced(request: &MakeCredential, store: &dyn PasskeyStore) -> Result<Option<Passkey>, StoreError> {
    if !request.discoverable || store.find_by_user_handle(&request.rp_id, &request.user_handle)?.is_none() {
        return Ok(None);
    }
    let mut passkeys = store.find_by_rp_id(&request.rp_id)?;
    passkeys.retain(|passkey| passkey.core.discoverable && passkey.core.user_handle == request.user_handle);
    Ok(passkeys.pop())
}

impl Creation {
    /// CTAP 2.2 §6.1.2 from step 14 on.
    pub(crate) fn finish(
        self,
        approval: &Approval,
        aaguid: Aaguid,
        door: Door,
        store: &mut dyn PasskeyStore,
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Value, Conclusion), Conclusion> {
        let request = self.request;
        // Step 16.
        let secrets = PasskeySecrets {
            private_key: PrivateKey::generate(request.algorithm, rng).map_err(Conclusion::KeyFailed)?,
            // For every passkey, asked for or not: a site or a door may come to it later.
            prf_seeds: PrfSeeds {
                with_uv: Seed::fill(|seed| rng.fill_bytes(seed)),
                without_uv: Seed::fill(|seed| rng.fill_bytes(seed)),
            },
            cred_blob: None,
            large_blob_key: None,
        };
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        // 32 bytes are a length that a credential ID may have.
        let Ok(credential_id) = CredentialId::new(bytes.to_vec()) else { return Err(Conclusion::Refused) };
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);

        let passkey = Passkey {
            core: PasskeyCore {
                id: PasskeyId::from_bytes(id),
                rp_id: request.rp_id,
                credential_id,
                user_handle: request.user_handle,
                algorithm: request.algorithm,
                discoverable: request.discoverable,
                backup: BackupEligibility::Yes,
                custody: Custody::Syncable,
                cred_protect: request.cred_protect.unwrap_or(CredProtect::UserVerificationOptional),
                created_at: now,
                payments: false,
                counter: CounterMode::Zero,
                source_counter: None,
            },
            labels: Labels {
                rp_name: request.rp_name,
                user_name: request.user_name,
                user_display_name: request.user_display_name,
                ..Labels::default()
            },
            usage: Usage::default(),
        };

        // Step 17, on disk before anybody hears of it, and before there are PRF outputs that a failure would have
        // to wipe.
        let first_use = UseRecord {
            at: now,
            kind: UseKind::Create,
            door,
            outcome: Outcome::Approved,
            verification: approval.verification(),
        };
        store.add(&passkey, &secrets, self.replaces, &first_use).map_err(Conclusion::StoreFailed)?;

        // Steps 14 and 15.
        let authenticator_data = AuthenticatorData {
            rp_id_hash: Sha256::digest(passkey.core.rp_id.as_str()).into(),
            flags: Flags::of(approval, passkey.core.backup),
            sign_count: passkey.core.counter.sign_count(now, None),
            attested_credential_data: Some(AttestedCredentialData {
                aaguid,
                credential_id: passkey.core.credential_id.clone(),
                public_key: secrets.private_key.public_key().encode(),
            }),
            extensions: request
                .cred_protect
                .map(|level| Value::map([("credProtect".into(), u64::from(level.level()).into())])),
        };
        let mut response = vec![
            (1.into(), "none".into()),
            (2.into(), authenticator_data.encode().into()),
            (3.into(), Value::map([])),
        ];
        if let Some(prf) = request.prf {
            // As in WebAuthn: outputs only to someone who was verified.
            let results = prf
                .eval
                .filter(|_| approval.verification().is_some())
                .map(|salts| ("results".into(), salts.evaluate(&secrets.prf_seeds.with_uv)));
            let outputs = Value::map([("enabled".into(), true.into())].into_iter().chain(results));
            response.push((6.into(), Value::map([("prf".into(), outputs)])));
        }
        let conclusion =
            Conclusion::Created { account: Box::new(Account::of(&passkey)), replaced: self.replaces };
        Ok((Value::Map(response), conclusion))
    }
}
