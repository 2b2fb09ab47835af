use std::fmt;

/// Why bytes are not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// The length is not allowed.
    #[error("{what} is {got} bytes, expected {min} to {max}")]
    Length {
        /// Which identifier.
        what: &'static str,
        /// Bytes given.
        got: usize,
        /// Least allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
}

macro_rules! byte_identifier {
    ($(#[$meta:meta])* $name:ident, $what:literal, $min:literal..=$max:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Vec<u8>);

        impl $name {
            /// Takes over bytes of an allowed length.
            pub fn new(bytes: Vec<u8>) -> Result<Self, IdentifierError> {
                if ($min..=$max).contains(&bytes.len()) {
                    Ok(Self(bytes))
                } else {
                    Err(IdentifierError::Length { what: $what, got: bytes.len(), min: $min, max: $max })
                }
            }

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        /// Personal, so not shown: a stray `{:?}` must not reach a log.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }
    };
}

byte_identifier!(
    /// A credential ID: 1 to 1023 bytes (CTAP 2.2 §6.1.2, WebAuthn L3 §4). Ours are 32 random bytes.
    CredentialId,
    "credential id",
    1..=1023
);

byte_identifier!(
    /// A user handle, `user.id` of the relying party: 1 to 64 bytes (WebAuthn L3 §5.4.3).
    UserHandle,
    "user handle",
    1..=64
);

/// The vault's own name of a passkey: 16 random bytes, shown as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PasskeyId([u8; 16]);

impl PasskeyId {
    /// Takes over 16 random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Parses 32 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(|n| Self(n.to_be_bytes()))
    }
}

impl fmt::Display for PasskeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for PasskeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasskeyId({self})")
    }
}

/// The model of an authenticator: 16 bytes (WebAuthn L3 §6.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aaguid(pub [u8; 16]);

impl Aaguid {
    /// Passkeys of the vault: `347b7ee5-2738-49a7-b2bf-55245166406d`. Fixed for good.
    pub const VAULT: Aaguid = Aaguid(0x347b_7ee5_2738_49a7_b2bf_5524_5166_406d_u128.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_lengths_out_of_bounds() {
        assert!(UserHandle::new(vec![]).is_err());
        assert!(UserHandle::new(vec![0; 64]).is_ok());
        assert!(UserHandle::new(vec![0; 65]).is_err());
        assert!(CredentialId::new(vec![]).is_err());
        assert!(CredentialId::new(vec![0; 1023]).is_ok());
        let long = IdentifierError::Length { what: "credential id", got: 1024, min: 1, max: 1023 };
        assert_eq!(CredentialId::new(vec![0; 1024]), Err(long));
    }

    #[test]
    fn passkey_id_reads_what_it_shows() {
        let id = PasskeyId::from_bytes([0x0a; 16]);
        assert_eq!(PasskeyId::parse(&id.to_string()), Some(id));
        assert_eq!(PasskeyId::parse("+0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"), None);
    }

    #[test]
    fn debug_shows_no_bytes() {
        assert_eq!(format!("{:?}", UserHandle::new(vec![1, 2]).unwrap()), "UserHandle(2 bytes)");
        assert_eq!(format!("{:?}", CredentialId::new(vec![1, 2]).unwrap()), "CredentialId(2 bytes)");
    }
}
