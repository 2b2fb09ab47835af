//! What fuzz targets share: randomness that repeats, bytes laid over others, ends of a hybrid ceremony.

pub mod hybrid;

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// The same bytes for the same seed (splitmix64).
pub struct Seeded(pub u64);

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|n| (n >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for chunk in to.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

/// A good message with the fuzzer's bytes XORed over it; longer if the fuzzer's are.
pub fn overlaid(good: &[u8], data: &[u8]) -> Vec<u8> {
    let at = |bytes: &[u8], n: usize| bytes.get(n).copied().unwrap_or(0);
    (0..good.len().max(data.len())).map(|n| at(good, n) ^ at(data, n)).collect()
}

/// The fuzzer's bytes as several pieces: each begins with its length, at most 255.
pub fn pieces(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first()?;
        let (piece, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        Some(piece)
    })
}
