//! The peer: `passkey-authenticator` with its own store in memory.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use passkey_authenticator::{UiHint, UserCheck, UserValidationMethod};
use passkey_crypto::{CryptoBackend, SecretKeyT, rust_crypto::RustCryptoBackend};
use passkey_types::ctap2::get_assertion::{Request, Response};

use crate::{CLIENT_DATA_HASH, PASSKEYS, WANTED, credential_id, rp_id};

/// Says yes at once.
pub(crate) struct Approves;

#[async_trait::async_trait]
impl UserValidationMethod for Approves {
    type PasskeyItem = passkey_types::Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Self::PasskeyItem>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, passkey_types::ctap2::Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// The peer, filled.
pub(crate) type Peer =
    passkey_authenticator::Authenticator<passkey_authenticator::MemoryStore, Approves, RustCryptoBackend>;

pub(crate) fn new() -> Peer {
    let store = (0..PASSKEYS)
        .map(|n| {
            let key = RustCryptoBackend.generate_key(passkey_crypto::iana::Algorithm::ES256).unwrap();
            let passkey = passkey_types::Passkey {
                key: key.to_cose_key(),
                credential_id: credential_id(n).into(),
                rp_id: rp_id(n),
                user_handle: Some(vec![1; 32].into()),
                username: Some("alice".to_owned()),
                user_display_name: None,
                counter: None,
                extensions: passkey_types::CredentialExtensions::default(),
            };
            (credential_id(n), passkey)
        })
        .collect();
    Peer::new(passkey_types::ctap2::Aaguid::new_empty(), store, Approves, RustCryptoBackend)
}

pub(crate) fn request() -> Request {
    Request {
        rp_id: rp_id(WANTED),
        client_data_hash: CLIENT_DATA_HASH.to_vec().into(),
        allow_list: Some(vec![passkey_types::webauthn::PublicKeyCredentialDescriptor {
            ty: passkey_types::webauthn::PublicKeyCredentialType::PublicKey,
            id: credential_id(WANTED).into(),
            transports: None,
        }]),
        extensions: None,
        options: passkey_types::ctap2::get_assertion::Options::default(),
        pin_auth: None,
        pin_protocol: None,
    }
}

/// One assertion. The peer's futures wait for nothing.
pub(crate) fn sign_in(peer: &mut Peer, request: Request) -> Response {
    match pin!(peer.get_assertion(request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response.unwrap(),
        Poll::Pending => panic!("the peer waits"),
    }
}
