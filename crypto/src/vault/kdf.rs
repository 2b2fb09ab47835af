use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::Passphrase;

/// Bytes of the salt.
pub(super) const SALT_LEN: usize = 32;

const MIB: u32 = 1024;
const LEAST_PASSES: u32 = 3;
const MOST_PASSES: u32 = 32;
const LEAST_MEMORY_KIB: u32 = 64 * MIB;
const LEAST_MEMORY_TO_CREATE_KIB: u32 = 256 * MIB;
const MOST_MEMORY_KIB: u32 = 1024 * MIB;
const LANES_TO_CREATE: u32 = 4;
const MOST_LANES: u32 = 16;

/// What Argon2id (RFC 9106) costs: numbers as they stand in a slot, not yet judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    /// Passes over the memory, `t`.
    pub passes: u32,
    /// Memory in KiB, `m`.
    pub memory_kib: u32,
    /// Lanes, `p`.
    pub lanes: u32,
}

/// How much memory the machine has; only the caller can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// 4 GiB and more.
    Usual,
    /// Less than 4 GiB.
    Small,
}

/// Why a cost is refused, before any memory is taken for it, or why it could not be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KdfError {
    /// Too cheap: somebody may have lowered it to guess faster.
    #[error("key derivation of {passes} passes, {memory_kib} KiB, {lanes} lanes is below the floor")]
    BelowFloor {
        /// Passes found.
        passes: u32,
        /// KiB found.
        memory_kib: u32,
        /// Lanes found.
        lanes: u32,
    },
    /// Too dear: it would exhaust the machine.
    #[error("key derivation of {passes} passes, {memory_kib} KiB, {lanes} lanes is above the ceiling")]
    AboveCeiling {
        /// Passes found.
        passes: u32,
        /// KiB found.
        memory_kib: u32,
        /// Lanes found.
        lanes: u32,
    },
    /// The machine has not the memory at the moment.
    #[error("no {memory_kib} KiB of memory for the key derivation")]
    OutOfMemory {
        /// KiB asked for.
        memory_kib: u32,
    },
}

impl KdfCost {
    fn below_floor(self) -> KdfError {
        let KdfCost { passes, memory_kib, lanes } = self;
        KdfError::BelowFloor { passes, memory_kib, lanes }
    }

    /// Judges a stored cost: at least 3 passes over 64 MiB, at most 32 over 1 GiB, 1 to 16 lanes.
    pub(super) fn check_to_open(self) -> Result<(), KdfError> {
        let KdfCost { passes, memory_kib, lanes } = self;
        if passes < LEAST_PASSES || memory_kib < LEAST_MEMORY_KIB || lanes == 0 {
            return Err(self.below_floor());
        }
        if passes > MOST_PASSES || memory_kib > MOST_MEMORY_KIB || lanes > MOST_LANES {
            return Err(KdfError::AboveCeiling { passes, memory_kib, lanes });
        }
        Ok(())
    }

    /// Argon2id version 1.3 of the passphrase: 32 bytes. Its memory is wiped.
    ///
    /// The caller has judged the cost.
    pub(super) fn derive(
        self,
        passphrase: &Passphrase,
        salt: &[u8; SALT_LEN],
    ) -> Result<Zeroizing<[u8; 32]>, KdfError> {
        let refused = || KdfError::OutOfMemory { memory_kib: self.memory_kib };
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| self.below_floor())?;
        let mut memory = Zeroizing::new(Vec::new());
        memory.try_reserve_exact(params.block_count()).map_err(|_| refused())?;
        memory.resize(params.block_count(), Block::new());
        let mut out = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase.expose(), salt, out.as_mut(), memory.as_mut_slice())
            .map_err(|_| refused())?;
        Ok(out)
    }
}

/// A cost that is high enough for a new slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams(KdfCost);

impl KdfParams {
    /// Judges a cost for a new slot: at least 3 passes over 256 MiB (64 MiB on a small machine), exactly 4 lanes,
    /// and no more than can be opened again.
    pub fn new(cost: KdfCost, machine: Machine) -> Result<Self, KdfError> {
        cost.check_to_open()?;
        if cost.memory_kib < least_memory_kib(machine) || cost.lanes < LANES_TO_CREATE {
            return Err(cost.below_floor());
        }
        if cost.lanes > LANES_TO_CREATE {
            let KdfCost { passes, memory_kib, lanes } = cost;
            return Err(KdfError::AboveCeiling { passes, memory_kib, lanes });
        }
        Ok(Self(cost))
    }

    /// The cheapest that a machine may use for a new slot.
    pub fn floor(machine: Machine) -> Self {
        Self(KdfCost { passes: LEAST_PASSES, memory_kib: least_memory_kib(machine), lanes: LANES_TO_CREATE })
    }

    /// Proposes the cost that takes about `wanted`, from the time that [`KdfParams::floor`] took here.
    ///
    /// Upward only. Memory first, which hurts a guesser most (to 1 GiB, 256 MiB on a small machine), then passes.
    pub fn calibrated(machine: Machine, floor_took: Duration, wanted: Duration) -> Self {
        let KdfParams(floor) = Self::floor(machine);
        // The cost grows with passes times memory.
        let affordable = wanted
            .as_micros()
            .saturating_mul(u128::from(floor.passes) * u128::from(floor.memory_kib))
            .checked_div(floor_took.as_micros())
            .unwrap_or(0);
        let most_memory_kib = match machine {
            Machine::Usual => MOST_MEMORY_KIB,
            Machine::Small => 256 * MIB,
        };
        let memory_kib = u32::try_from(affordable / u128::from(floor.passes)).unwrap_or(u32::MAX) / MIB * MIB;
        let memory_kib = memory_kib.clamp(floor.memory_kib, most_memory_kib);
        let passes = u32::try_from(affordable / u128::from(memory_kib)).unwrap_or(u32::MAX);
        Self(KdfCost { passes: passes.clamp(LEAST_PASSES, MOST_PASSES), memory_kib, lanes: LANES_TO_CREATE })
    }

    /// The numbers.
    pub fn cost(&self) -> KdfCost {
        self.0
    }
}

fn least_memory_kib(machine: Machine) -> u32 {
    match machine {
        Machine::Usual => LEAST_MEMORY_TO_CREATE_KIB,
        Machine::Small => LEAST_MEMORY_KIB,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: KdfCost = KdfCost { passes: 3, memory_kib: 64 * MIB, lanes: 4 };

    #[test]
    fn creating_has_a_floor_of_its_own() {
        assert!(matches!(KdfParams::new(FLOOR, Machine::Usual), Err(KdfError::BelowFloor { .. })));
        assert!(KdfParams::new(FLOOR, Machine::Small).is_ok());
        let usual = KdfCost { memory_kib: 256 * MIB, ..FLOOR };
        assert_eq!(KdfParams::new(usual, Machine::Usual).unwrap(), KdfParams::floor(Machine::Usual));
        assert!(matches!(
            KdfParams::new(KdfCost { lanes: 3, ..usual }, Machine::Usual),
            Err(KdfError::BelowFloor { .. })
        ));
        assert!(matches!(
            KdfParams::new(KdfCost { lanes: 5, ..usual }, Machine::Usual),
            Err(KdfError::AboveCeiling { .. })
        ));
    }

    #[test]
    fn opening_refuses_what_is_too_cheap() {
        for cost in [
            KdfCost { passes: 2, ..FLOOR },
            KdfCost { memory_kib: 64 * MIB - 1, ..FLOOR },
            KdfCost { lanes: 0, ..FLOOR },
        ] {
            assert!(matches!(cost.check_to_open(), Err(KdfError::BelowFloor { .. })), "{cost:?}");
        }
        assert_eq!(FLOOR.check_to_open(), Ok(()));
    }

    #[test]
    fn opening_refuses_what_is_too_dear() {
        for cost in [
            KdfCost { passes: 33, ..FLOOR },
            KdfCost { memory_kib: 1024 * MIB + 1, ..FLOOR },
            KdfCost { memory_kib: u32::MAX, ..FLOOR },
            KdfCost { lanes: 17, ..FLOOR },
        ] {
            assert!(matches!(cost.check_to_open(), Err(KdfError::AboveCeiling { .. })), "{cost:?}");
        }
    }

    #[test]
    fn calibration_only_goes_up_and_stays_in_bounds() {
        let second = Duration::from_secs(1);
        let propose =
            |machine, millis| KdfParams::calibrated(machine, Duration::from_millis(millis), second).cost();
        assert_eq!(propose(Machine::Usual, 5_000), KdfParams::floor(Machine::Usual).cost());
        assert_eq!(propose(Machine::Usual, 500).memory_kib, 512 * MIB);
        assert_eq!(propose(Machine::Usual, 125), KdfCost { passes: 6, memory_kib: 1024 * MIB, lanes: 4 });
        assert_eq!(propose(Machine::Small, 100), KdfCost { passes: 7, memory_kib: 256 * MIB, lanes: 4 });
        assert_eq!(propose(Machine::Usual, 1), KdfCost { passes: 32, memory_kib: 1024 * MIB, lanes: 4 });
        // A clock that stood still proposes the floor.
        assert_eq!(propose(Machine::Usual, 0), KdfParams::floor(Machine::Usual).cost());
        for took in 1..2_000 {
            assert!(KdfParams::new(propose(Machine::Usual, took), Machine::Usual).is_ok());
        }
    }
}
