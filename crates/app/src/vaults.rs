//! What making a vault needs of the machine: its memory and its speed.

use std::time::{Duration, Instant};

use latchkey_crypto::vault::{KdfError, KdfParams, Machine, Passphrase, SlotError, SlotTable, VaultId};

use crate::random::os_random;

/// How long a right or wrong passphrase should take on the machine that made the vault.
const WANTED: Duration = Duration::from_secs(1);
/// A machine with less memory uses less of it for a key.
const USUAL_MEMORY_BYTES: u64 = 4 << 30;

/// Measures one key derivation at the floor and proposes the cost that takes about a second here.
pub fn calibrate() -> Result<KdfParams, KdfError> {
    let machine = machine();
    let mut rng = os_random();
    // Any passphrase costs the same; the table is thrown away.
    let Ok(sample) = Passphrase::new("calibration") else {
        return Ok(KdfParams::floor(machine));
    };
    let started = Instant::now();
    let made = SlotTable::create(VaultId::generate(&mut rng), &sample, KdfParams::floor(machine), &mut rng);
    match made {
        Err(SlotError::Kdf(error)) => Err(error),
        Err(_) | Ok(_) => Ok(KdfParams::calibrated(machine, started.elapsed(), WANTED)),
    }
}

fn machine() -> Machine {
    let info = rustix::system::sysinfo();
    let total = info.totalram.saturating_mul(u64::from(info.mem_unit));
    if total < USUAL_MEMORY_BYTES { Machine::Small } else { Machine::Usual }
}
