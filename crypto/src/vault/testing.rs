//! What the tests of this folder share.

use super::{KdfCost, KdfParams, Machine};

/// The cheapest derivation that is legal anywhere.
pub(super) const CHEAP_COST: KdfCost = KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 };

/// [`CHEAP_COST`] as a setting for new slots.
pub(super) fn cheap() -> KdfParams {
    KdfParams::new(CHEAP_COST, Machine::Small).unwrap()
}

/// "Random" bytes that count up: different every time, the same in every run.
pub(super) struct Counting(pub(super) u64);

impl rand_core::TryRng for Counting {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|n| u32::try_from(n & 0xffff_ffff).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 += 1;
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in out.chunks_mut(8) {
            let bytes = self.try_next_u64()?.to_be_bytes();
            chunk.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counting {}
