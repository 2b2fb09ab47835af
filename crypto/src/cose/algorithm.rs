/// COSE algorithm identifiers (IANA registry, WebAuthn L3 §5.8.5), the ones not built in too.
pub mod id {
    /// ECDSA with P-256 and SHA-256.
    pub const ES256: i64 = -7;
    /// EdDSA; in WebAuthn always Ed25519.
    pub const EDDSA: i64 = -8;
    /// ECDSA with P-384 and SHA-384.
    pub const ES384: i64 = -35;
    /// ECDSA with P-521 and SHA-512. Not built in.
    pub const ES512: i64 = -36;
    /// ML-DSA-44 (FIPS 204). Not built in yet.
    pub const ML_DSA_44: i64 = -48;
    /// ML-DSA-65. Not built in yet.
    pub const ML_DSA_65: i64 = -49;
    /// ML-DSA-87. Not built in yet.
    pub const ML_DSA_87: i64 = -50;
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub const RS256: i64 = -257;
}

/// A signature algorithm that is built in.
///
/// A new one (ML-DSA next) is a variant here, an arm in [`PrivateKey`](super::PrivateKey) and one in
/// [`PublicKey`](super::PublicKey); key and signature lengths are bound nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits.
    Rs256,
}

impl Algorithm {
    /// Every variant.
    pub const ALL: [Algorithm; 4] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384, Algorithm::Rs256];

    /// The COSE identifier.
    pub fn id(self) -> i64 {
        match self {
            Algorithm::Es256 => id::ES256,
            Algorithm::EdDsa => id::EDDSA,
            Algorithm::Es384 => id::ES384,
            Algorithm::Rs256 => id::RS256,
        }
    }

    /// The algorithm of a COSE identifier, if it is built in.
    pub fn from_id(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.id() == id)
    }

    /// The name in the IANA registry, such as `ES256`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Es256 => "ES256",
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Es384 => "ES384",
            Algorithm::Rs256 => "RS256",
        }
    }

    /// The algorithm of a registry name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Chooses from the identifiers that a site offers: ES256 or EdDSA, in the site's order of preference.
    ///
    /// ES384 only where neither is offered: Chromium (seen in 156) refuses an answer with an elliptic-curve key that
    /// is not on P-256, also where the site prefers it. RS256 only where nothing else would do: its keys and
    /// signatures are large.
    pub fn choose(offered: &[i64]) -> Option<Self> {
        let known = || offered.iter().filter_map(|id| Self::from_id(*id));
        known().min_by_key(|algorithm| match algorithm {
            Algorithm::Es256 | Algorithm::EdDsa => 0,
            Algorithm::Es384 => 1,
            Algorithm::Rs256 => 2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_in_the_order_of_the_site_then_es384_and_rs256_last() {
        assert_eq!(Algorithm::choose(&[-8, -7, -257]), Some(Algorithm::EdDsa));
        assert_eq!(Algorithm::choose(&[-257, -35, -7, -8]), Some(Algorithm::Es256));
        assert_eq!(Algorithm::choose(&[-257, -35]), Some(Algorithm::Es384));
        assert_eq!(Algorithm::choose(&[id::ML_DSA_44, id::ES512, -257]), Some(Algorithm::Rs256));
        assert_eq!(Algorithm::choose(&[id::ML_DSA_44, id::ES512, 0, i64::MIN]), None);
        assert_eq!(Algorithm::choose(&[]), None);
    }

    #[test]
    fn identifiers_and_names_lead_back() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_id(algorithm.id()), Some(algorithm));
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
    }
}
