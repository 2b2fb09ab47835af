//! Secret types: one per secret, wiped when dropped, printed as `Name(redacted)`.

pub use latchkey_memory::Locked;
use zeroize::Zeroizing;

/// What [`secret_bytes!`](crate::secret_bytes) puts into locked pages.
#[doc(hidden)]
pub fn locked<const N: usize>(bytes: Zeroizing<[u8; N]>) -> Locked<Zeroizing<[u8; N]>> {
    Locked::build(|| bytes)
}

/// Defines a newtype over a fixed number of secret bytes.
///
/// The bytes lie on the heap: handing a value on copies a pointer, where an array would leave itself behind in every
/// frame that it went through. `(locked [u8; N])` puts them into locked pages, for what lives longer than one
/// request; `(inline [u8; N])` keeps them in the value, for what is built in its final place and never moves again.
///
/// The type is wiped on drop, has a `Debug` that shows nothing, and neither `Clone`, `PartialEq` nor
/// serialisation. `from_bytes` takes the bytes over, `from_slice` copies them (`None` for another length),
/// `fill` lets a closure write them in place, `expose` reads them.
#[macro_export]
macro_rules! secret_bytes {
    ($(#[$meta:meta])* $vis:vis struct $name:ident([u8; $len:expr]);) => {
        $(#[$meta])*
        $vis struct $name(::std::boxed::Box<::zeroize::Zeroizing<[u8; $len]>>);

        $crate::secret_bytes! { @methods $name, $len, ::std::boxed::Box::new }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident(locked [u8; $len:expr]);) => {
        $(#[$meta])*
        $vis struct $name($crate::secret::Locked<::zeroize::Zeroizing<[u8; $len]>>);

        $crate::secret_bytes! { @methods $name, $len, $crate::secret::locked }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident(inline [u8; $len:expr]);) => {
        $(#[$meta])*
        $vis struct $name(::zeroize::Zeroizing<[u8; $len]>);

        $crate::secret_bytes! { @methods $name, $len, ::std::convert::identity }
    };
    (@methods $name:ident, $len:expr, $place:expr) => {

        #[allow(dead_code, unreachable_pub, reason = "as public as the type is; a private one may not need all")]
        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes over bytes that are already known.
            pub fn from_bytes(bytes: [u8; $len]) -> Self {
                Self($place(::zeroize::Zeroizing::new(bytes)))
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

    secret_bytes! {
        /// For the test.
        struct Kept(locked [u8; 4]);
    }

    secret_bytes! {
        /// For the test.
        struct Inline(inline [u8; 4]);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Sample::from_bytes([1, 2, 3, 4])), "Sample(redacted)");
        assert_eq!(format!("{:?}", Inline::from_bytes([1, 2, 3, 4])), "Inline(redacted)");
    }

    #[test]
    fn what_is_kept_lies_in_locked_pages() {
        let kept = Kept::from_slice(&[1, 2, 3, 4]).unwrap();
        assert_eq!(kept.expose(), &[1, 2, 3, 4]);
        assert!(kept.0.is_locked(), "the test needs a limit of a few pages: ulimit -l");
        assert_eq!(format!("{kept:?}"), "Kept(redacted)");
    }

    #[test]
    fn handing_on_moves_no_bytes() {
        let here = Sample::fill(|bytes| bytes.fill(7));
        let before = here.expose().as_ptr();
        let elsewhere = Box::new([here]);
        assert_eq!(elsewhere[0].expose().as_ptr(), before);
        assert_eq!(size_of::<Inline>(), Inline::LEN);
    }

    #[test]
    fn other_lengths_are_refused() {
        assert!(Sample::from_slice(&[1, 2, 3]).is_none());
        assert_eq!(Sample::from_slice(&[1, 2, 3, 4]).unwrap().expose(), &[1, 2, 3, 4]);
    }
}
