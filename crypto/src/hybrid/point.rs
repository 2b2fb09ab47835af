//! P-256 points and scalars as the hybrid transport writes them.

use p256::{PublicKey, SecretKey, ecdh::diffie_hellman, elliptic_curve::sec1::ToSec1Point};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

pub(super) const COMPRESSED_LEN: usize = 33;
pub(super) const UNCOMPRESSED_LEN: usize = 65;

/// A point on the curve, never the point at infinity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Point(PublicKey);

impl Point {
    /// Reads `02`/`03` ‖ X, 33 bytes.
    pub(super) fn from_compressed(bytes: &[u8]) -> Option<Self> {
        match bytes {
            // The library would read a compact point (`05` ‖ X) too.
            [0x02 | 0x03, ..] if bytes.len() == COMPRESSED_LEN => {
                PublicKey::from_sec1_bytes(bytes).ok().map(Self)
            }
            _ => None,
        }
    }

    /// Reads `04` ‖ X ‖ Y, 65 bytes.
    pub(super) fn from_uncompressed(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x04, ..] if bytes.len() == UNCOMPRESSED_LEN => PublicKey::from_sec1_bytes(bytes).ok().map(Self),
            _ => None,
        }
    }

    pub(super) fn compressed(&self) -> [u8; COMPRESSED_LEN] {
        let mut bytes = [0; COMPRESSED_LEN];
        // Not the point at infinity, so the encoding has exactly this length.
        bytes.copy_from_slice(self.0.to_sec1_point(true).as_bytes());
        bytes
    }

    pub(super) fn uncompressed(&self) -> [u8; UNCOMPRESSED_LEN] {
        let mut bytes = [0; UNCOMPRESSED_LEN];
        // As above.
        bytes.copy_from_slice(self.0.to_sec1_point(false).as_bytes());
        bytes
    }
}

/// A secret scalar, not zero; wiped when dropped.
pub(super) struct Scalar(SecretKey);

impl Scalar {
    /// Draws 32 bytes until they are a scalar; the first draw fails once in 2^32.
    pub(super) fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        loop {
            let mut bytes = Zeroizing::new([0; 32]);
            rng.fill_bytes(bytes.as_mut_slice());
            if let Some(scalar) = Self::from_bytes(&bytes) {
                return scalar;
            }
        }
    }

    /// Takes 32 bytes, big endian, if they are a scalar of the curve and not zero.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SecretKey::from_bytes(bytes.into()).ok().map(Self)
    }

    pub(super) fn point(&self) -> Point {
        Point(self.0.public_key())
    }

    /// ECDH: the X coordinate of the shared point, 32 bytes.
    pub(super) fn agree(&self, other: &Point) -> Zeroizing<[u8; 32]> {
        let shared = diffie_hellman(self.0.to_nonzero_scalar(), other.0.as_affine());
        let mut x = Zeroizing::new([0; 32]);
        x.copy_from_slice(shared.raw_secret_bytes());
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_other_forms_of_a_point() {
        let point = Scalar::from_bytes(&[7; 32]).unwrap().point();
        let (short, long) = (point.compressed(), point.uncompressed());
        assert!(Point::from_compressed(&short) == Some(point));
        assert!(Point::from_uncompressed(&long) == Some(point));

        assert!(Point::from_compressed(&long).is_none());
        assert!(Point::from_uncompressed(&short).is_none());
        for tag in [0x00, 0x01, 0x04, 0x05, 0x06, 0x07] {
            let mut other = short;
            other[0] = tag;
            assert!(Point::from_compressed(&other).is_none(), "{tag}");
        }
        for tag in [0x00, 0x02, 0x03, 0x06, 0x07] {
            let mut other = long;
            other[0] = tag;
            assert!(Point::from_uncompressed(&other).is_none(), "{tag}");
        }
        let mut off_curve = long;
        off_curve[64] ^= 1;
        assert!(Point::from_uncompressed(&off_curve).is_none());
        // The point at infinity in its two spellings.
        assert!(Point::from_uncompressed(&[0]).is_none());
        assert!(Point::from_uncompressed(&[0; UNCOMPRESSED_LEN]).is_none());
    }

    #[test]
    fn refuses_scalars_out_of_range() {
        assert!(Scalar::from_bytes(&[0; 32]).is_none());
        assert!(Scalar::from_bytes(&[0xff; 32]).is_none());
    }
}
