//! Secret types: one per secret, wiped when dropped, printed as `Name(redacted)`.

/// Defines a newtype over a fixed number of secret bytes.
///
/// The type is wiped on drop, has a `Debug` that shows nothing, and neither `Clone`, `PartialEq` nor
/// serialisation. `from_bytes` takes the bytes over, `from_slice` copies them (`None` for another length),
/// `fill` lets a closure write them in place, `expose` reads them.
#[macro_export]
macro_rules! secret_bytes {
    ($(#[$meta:meta])* $vis:vis struct $name:ident([u8; $len:expr]);) => {
        $(#[$meta])*
        $vis struct $name(::zeroize::Zeroizing<[u8; $len]>);

        #[allow(dead_code, unreachable_pub, reason = "as public as the type is; a private one may not need all")]
        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes over bytes that are already known.
            pub fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(::zeroize::Zeroizing::new(bytes))
            }

            /// Copies a slice of exactly this length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                let mut secret = Self::from_bytes([0; $len]);
                if bytes.len() != $len {
                    return None;
                }
                secret.0.copy_from_slice(bytes);
                Some(secret)
            }

            /// Fills the bytes in place.
            pub fn fill(write: impl FnOnce(&mut [u8; $len])) -> Self {
                let mut secret = Self::from_bytes([0; $len]);
                write(&mut secret.0);
                secret
            }

            /// Reads the secret bytes.
            pub fn expose(&self) -> &[u8; $len] {
                &self.0
            }
        }

        // Its only field wipes itself.
        impl ::zeroize::ZeroizeOnDrop for $name {}

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    secret_bytes! {
        /// For the test.
        struct Sample([u8; 4]);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Sample::from_bytes([1, 2, 3, 4])), "Sample(redacted)");
    }

    #[test]
    fn other_lengths_are_refused() {
        assert!(Sample::from_slice(&[1, 2, 3]).is_none());
        assert_eq!(Sample::from_slice(&[1, 2, 3, 4]).unwrap().expose(), &[1, 2, 3, 4]);
    }
}
