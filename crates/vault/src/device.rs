use latchkey_crypto::vault::{DeviceId, DeviceSeed, RecordKind};
use latchkey_passkey::shown;
use zeroize::Zeroizing;

use crate::backend::{DEVICE_KEY, DEVICE_PREFIX, Tree};
use crate::bin::bin_is_empty;
use crate::record::{StoredDevice, decode_device, encode_device};
use crate::vault::random;
use crate::write::Write;
use crate::{Vault, VaultError};

/// One copy of the vault on one machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// What its changes and its lines of history carry.
    pub id: DeviceId,
    /// What it was called when it became one, fit to be shown.
    pub name: Option<String>,
    /// Whether it is the one that is open.
    pub this: bool,
}

/// A machine's name is personal, so not shown.
impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device({:?}, this: {})", self.id, self.this)
    }
}

/// What lies under [`DEVICE_KEY`].
enum Identity {
    /// 32 bytes, a seed.
    Seed(DeviceSeed),
    /// 16 bytes: an identity of the first form, with no keys behind it.
    First(DeviceId),
    /// A record that does not open.
    Unreadable,
    /// Lost, or nothing that an identity could be.
    None,
}

impl Vault {
    /// Every copy of the vault that has changed it, this one first.
    pub fn devices(&self) -> Result<Vec<Device>, VaultError> {
        let mut devices = Vec::new();
        self.backend().scan(Tree::Meta, DEVICE_PREFIX, &mut |key, envelope| {
            let id = key.strip_prefix(DEVICE_PREFIX).and_then(|id| id.try_into().ok());
            let stored = self.read(RecordKind::Meta, key, envelope, decode_device);
            devices.extend(id.map(DeviceId::from_bytes).zip(stored).map(|(id, stored)| Device {
                id,
                name: stored.name,
                this: id == self.device(),
            }));
        })?;
        devices.sort_by_key(|device| (!device.this, device.id));
        Ok(devices)
    }

    /// Gives this copy of the vault an identity, which every change it makes will carry.
    pub(crate) fn write_device_identity(&mut self, name: Option<&str>) -> Result<(), VaultError> {
        let seed = DeviceSeed::generate(&mut random());
        self.take_identity(&seed, name, None)
    }

    /// Takes the identity that is there. One of the first form, or none, is followed by a new one, which is as good;
    /// the one before stays known for the history.
    ///
    /// In a vault with damaged or missing records none is written: over a damaged one, or in the place of a missing
    /// one, it would hide what a restore has to bring back. Until then an identity of the first form stays, and in the
    /// place of one that is lost each opening has its own.
    pub(crate) fn read_device_identity(&mut self, name: Option<&str>) -> Result<(), VaultError> {
        let before = match self.stored_identity()? {
            Identity::Seed(seed) => {
                self.set_device(seed.id());
                return Ok(());
            }
            Identity::First(id) if self.has_wrong_records() => {
                self.set_device(id);
                return Ok(());
            }
            Identity::First(id) => Some(id),
            Identity::Unreadable | Identity::None => None,
        };
        self.take_identity(&DeviceSeed::generate(&mut random()), name, before)
    }

    fn stored_identity(&self) -> Result<Identity, VaultError> {
        let Some(envelope) = self.backend().get(Tree::Meta, DEVICE_KEY)? else { return Ok(Identity::None) };
        let Ok(opened) = self.keys.open(RecordKind::Meta, DEVICE_KEY, &envelope) else {
            return Ok(Identity::Unreadable);
        };
        let first = || opened.plaintext.as_slice().try_into().ok().map(DeviceId::from_bytes);
        Ok(match DeviceSeed::from_slice(&opened.plaintext) {
            Some(seed) => Identity::Seed(seed),
            None => first().map_or(Identity::None, Identity::First),
        })
    }

    fn take_identity(
        &mut self,
        seed: &DeviceSeed,
        name: Option<&str>,
        before: Option<DeviceId>,
    ) -> Result<(), VaultError> {
        self.set_device(seed.id());
        if self.has_wrong_records() || matches!(self.stored_identity()?, Identity::Unreadable) {
            return Ok(());
        }
        let name = name.map(shown).filter(|name| !name.is_empty());
        let entry = |id: DeviceId, name| {
            let key = [DEVICE_PREFIX, id.as_bytes()].concat();
            Write::put(Tree::Meta, key, encode_device(&StoredDevice { name }))
        };
        let secret = Zeroizing::new(seed.expose().to_vec());
        let mut writes = vec![Write::put(Tree::Meta, DEVICE_KEY, secret), entry(seed.id(), name)];
        writes.extend(before.map(|before| entry(before, None)));
        if self.manifest.count == 0 {
            // A new vault: its bin is known to be empty.
            writes.push(bin_is_empty());
        }
        self.commit(&writes)
    }
}
