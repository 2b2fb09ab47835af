use std::fmt;

use rand_core::CryptoRng;

use super::point::{COMPRESSED_LEN, Point, Scalar, UNCOMPRESSED_LEN};

/// The client's public key, from the QR code: it tells the authenticator that whoever shakes hands made the code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientIdentity(pub(super) Point);

impl ClientIdentity {
    /// Reads the form of the QR code: 33 bytes, `02`/`03` ‖ X. `None` for any other form and off the curve.
    pub fn from_compressed(bytes: &[u8]) -> Option<Self> {
        Point::from_compressed(bytes).map(Self)
    }

    /// The form of the QR code: 33 bytes.
    pub fn compressed(&self) -> [u8; COMPRESSED_LEN] {
        self.0.compressed()
    }
}

/// The public key of a linked authenticator (§11.5.1.1 of CTAP 2.2, linking information).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuthenticatorIdentity(pub(super) Point);

impl AuthenticatorIdentity {
    /// Reads the form of the linking map: 65 bytes, `04` ‖ X ‖ Y. `None` for any other form and off the curve.
    pub fn from_uncompressed(bytes: &[u8]) -> Option<Self> {
        Point::from_uncompressed(bytes).map(Self)
    }

    /// The form of the linking map: 65 bytes.
    pub fn uncompressed(&self) -> [u8; UNCOMPRESSED_LEN] {
        self.0.uncompressed()
    }
}

/// The client's secret key of one QR code; wiped when dropped.
pub struct ClientIdentityKey(pub(super) Scalar);

impl ClientIdentityKey {
    /// Draws a fresh key, as every QR code needs.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(Scalar::generate(rng))
    }

    /// The public half, for the QR code.
    pub fn public(&self) -> ClientIdentity {
        ClientIdentity(self.0.point())
    }
}

/// The secret key of a linked authenticator; wiped when dropped.
pub struct AuthenticatorIdentityKey(pub(super) Scalar);

impl AuthenticatorIdentityKey {
    /// Draws a fresh key.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(Scalar::generate(rng))
    }

    /// Takes a stored scalar: 32 bytes, big endian. `None` for zero and beyond the curve's order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        Scalar::from_bytes(bytes).map(Self)
    }

    /// The public half, for the linking map.
    pub fn public(&self) -> AuthenticatorIdentity {
        AuthenticatorIdentity(self.0.point())
    }
}

/// A public key says nothing useful in a log, and would tie log lines to a ceremony.
impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(..)")
    }
}

impl fmt::Debug for AuthenticatorIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticatorIdentity(..)")
    }
}

impl fmt::Debug for ClientIdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentityKey(redacted)")
    }
}

impl fmt::Debug for AuthenticatorIdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticatorIdentityKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use rand_core::UnwrapErr;

    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let mut rng = UnwrapErr(getrandom::SysRng);
        let (client, authenticator) =
            (ClientIdentityKey::generate(&mut rng), AuthenticatorIdentityKey::generate(&mut rng));
        assert_eq!(format!("{client:?}"), "ClientIdentityKey(redacted)");
        assert_eq!(format!("{authenticator:?}"), "AuthenticatorIdentityKey(redacted)");
        assert_eq!(format!("{:?}", client.public()), "ClientIdentity(..)");
        assert_eq!(format!("{:?}", authenticator.public()), "AuthenticatorIdentity(..)");
    }
}
