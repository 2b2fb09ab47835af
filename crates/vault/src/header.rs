use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use latchkey_crypto::cbor::{self, Value};
use latchkey_crypto::vault::{HeaderKeys, Sheet, SlotError, SlotTable};
use sha2::{Digest, Sha256};

use crate::error::cannot;
use crate::folder::{Folder, create_private_folder, replace, replace_keeping_previous, unfinished_path};
use crate::{Damage, VaultError};

pub(crate) const MAGIC: &[u8] = b"latchkey vault\n";
/// Its records are sealed under keys straight from the master key.
const FIRST_FORMAT: u64 = 1;
const FORMAT: u64 = 2;
const CHECKSUM_LEN: usize = 32;
/// A header is at most this long.
const MOST_BYTES: usize = 128 * 1024;

/// What must be known before the vault can be opened: the key slots, the data key under the master key in them, and
/// the commit that the store is at.
///
/// On disk: the line `latchkey vault`, the CBOR array `[body, code]`, and the SHA-256 of all before it (32 bytes).
/// The body is the encoded map `{1: format, 2: slot table, 3: epoch, 4: data key generation, 5: wrapped data key (72
/// bytes)}`; the code is HMAC-SHA-256 under a key derived from the master key. The checksum tells an accident from a
/// wrong passphrase, the code tells another hand. Format 1 ends after the epoch.
///
/// Two generations are kept. The epoch may lag behind the store by one: it is written last. A third copy lies with
/// the snapshots; it is written only when something but the epoch changes. It counts where both generations were put
/// back from before such a change; where neither can be read, a restore goes by it.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) slots: SlotTable,
    pub(crate) epoch: u64,
    /// `None` in a vault of the first format.
    pub(crate) data_key: Option<WrappedDataKey>,
    body: Vec<u8>,
    code: Vec<u8>,
    unknown: Vec<(Value, Value)>,
}

/// The data key as the header holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrappedDataKey {
    /// From 1 on: one more with each rewrite.
    pub(crate) generation: u64,
    pub(crate) wrapped: Vec<u8>,
}

/// A header as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) header: Header,
    /// One of the two generations could not be read, or was put back from an older copy.
    pub(crate) other_damaged: bool,
}

impl Header {
    pub(crate) fn new(slots: SlotTable, data_key: Option<WrappedDataKey>) -> Self {
        Self { slots, epoch: 0, data_key, body: Vec::new(), code: Vec::new(), unknown: Vec::new() }
    }

    /// Which data key the store is sealed under, and so where it lies; 0 in a vault of the first format.
    pub(crate) fn generation(&self) -> u64 {
        self.data_key.as_ref().map_or(0, |data_key| data_key.generation)
    }

    /// Reads the newer of the two generations that can be read, or the third copy if it knows more than both: whichever
    /// has its name, the one that knows most. What lies under an older data key is deleted, so an older header would
    /// lead to nothing.
    pub(crate) fn read(folder: &Folder) -> Result<Found, VaultError> {
        let found = Self::read_generations(folder)?;
        match read_one(&folder.third_header()).unwrap_or_else(Reading::Bad) {
            Reading::Good(third) if third.knows() > found.header.knows() => {
                Ok(Found { header: third, other_damaged: true })
            }
            Reading::Bad(error @ VaultError::TooNew { .. }) => Err(error),
            // What is wrong with it is mended in passing.
            _ => Ok(found),
        }
    }

    fn read_generations(folder: &Folder) -> Result<Found, VaultError> {
        let newest = read_one(&folder.header())?;
        // That the older one cannot even be read off the disk must not hold up the newer.
        let previous = read_one(&folder.previous_header()).unwrap_or_else(Reading::Bad);
        match (newest, previous) {
            (Reading::Good(header), Reading::Good(previous)) if previous.knows() > header.knows() => {
                Ok(Found { header: previous, other_damaged: true })
            }
            (Reading::Good(header), previous) => {
                Ok(Found { header, other_damaged: matches!(previous, Reading::Bad(_)) })
            }
            // A later version's header is not passed over for an older one of ours.
            (Reading::Bad(error @ (VaultError::TooNew { .. } | VaultError::Kdf(_))), _) => Err(error),
            // Killed between the two renames: the new generation still has the name that it was written under.
            (Reading::Absent, Reading::Good(header)) => {
                Ok(Found { header, other_damaged: !unfinished_path(&folder.header()).exists() })
            }
            (_, Reading::Good(header)) => Ok(Found { header, other_damaged: true }),
            (Reading::Bad(error), _) | (Reading::Absent, Reading::Bad(error)) => Err(error),
            (Reading::Absent, Reading::Absent) => Err(VaultError::Damaged(Damage::Header)),
        }
    }

    /// Grows with every change: generation of the data key, of the slots, epoch.
    pub(crate) fn knows(&self) -> (u64, u64, u64) {
        (self.generation(), self.slots.generation(), self.epoch)
    }

    /// Checks that the holder of the keys wrote it.
    pub(crate) fn verify(&self, keys: &HeaderKeys) -> Result<(), VaultError> {
        if keys.verifies(Sheet::Header, &self.body, &self.code) {
            Ok(())
        } else {
            Err(VaultError::Damaged(Damage::HeaderTampered))
        }
    }

    /// Writes it for an epoch; the generation before stays beside it.
    pub(crate) fn write(&mut self, folder: &Folder, keys: &HeaderKeys, epoch: u64) -> Result<(), VaultError> {
        self.epoch = epoch;
        let format = if self.data_key.is_some() { FORMAT } else { FIRST_FORMAT };
        let mut entries: Vec<(Value, Value)> =
            vec![(1.into(), format.into()), (2.into(), self.slots.encode().into()), (3.into(), epoch.into())];
        if let Some(WrappedDataKey { generation, wrapped }) = &self.data_key {
            entries.extend([(4.into(), (*generation).into()), (5.into(), wrapped.clone().into())]);
        }
        self.body = cbor::encode(&Value::map(entries.into_iter().chain(self.unknown.iter().cloned())));
        self.code = keys.code(Sheet::Header, &self.body).to_vec();
        replace_keeping_previous(&folder.header(), &folder.previous_header(), &self.encode())
            .map_err(cannot("write the header", &folder.header()))
    }

    /// Writes both generations and the third copy, so that nothing older is left.
    pub(crate) fn write_everywhere(
        &mut self,
        folder: &Folder,
        keys: &HeaderKeys,
        epoch: u64,
    ) -> Result<(), VaultError> {
        self.write(folder, keys, epoch)?;
        self.write(folder, keys, epoch)?;
        let third = folder.third_header();
        create_private_folder(&folder.snapshots())
            .and_then(|()| replace(&third, &self.encode()))
            .map_err(cannot("write the header", &third))
    }

    /// Writes all copies again if one is missing, damaged, or has older slots or an older data key: a kill between two
    /// of them would leave one that a passphrase opens which was changed since.
    pub(crate) fn mend(&mut self, folder: &Folder, keys: &HeaderKeys) -> Result<(), VaultError> {
        let newest = |header: &Header| (header.generation(), header.slots.generation());
        let copies = [folder.header(), folder.previous_header(), folder.third_header()].map(|path| {
            match read_one(&path) {
                Ok(Reading::Good(header)) => newest(&header).cmp(&newest(self)),
                _ => Ordering::Less,
            }
        });
        // One that knows more is not ours to overwrite: this header was put back.
        if copies.contains(&Ordering::Less) && !copies.contains(&Ordering::Greater) {
            self.write_everywhere(folder, keys, self.epoch)?;
        }
        Ok(())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let inner = cbor::encode(&Value::array([self.body.clone().into(), self.code.clone().into()]));
        let mut bytes = [MAGIC, &inner].concat();
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, VaultError> {
        let damaged = || VaultError::Damaged(Damage::Header);
        let rest = bytes.strip_prefix(MAGIC).filter(|_| bytes.len() <= MOST_BYTES).ok_or_else(damaged)?;
        let (inner, _) = rest.split_last_chunk::<CHECKSUM_LEN>().ok_or_else(damaged)?;
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or_else(damaged)?;
        // No secret is compared here: anybody can compute it.
        if Sha256::digest(content).as_slice() != checksum {
            return Err(damaged());
        }
        let outer = cbor::decode_canonical(inner).map_err(|_| damaged())?;
        let Some([Value::Bytes(body), Value::Bytes(code)]) = outer.as_array() else {
            return Err(damaged());
        };
        let map = cbor::decode_canonical(body).map_err(|_| damaged())?;
        let data_key = match map.get(1).and_then(Value::as_u64) {
            Some(FIRST_FORMAT) => None,
            Some(FORMAT) => {
                let generation = map.get(4).and_then(Value::as_u64).filter(|generation| *generation > 0);
                let wrapped = map.get(5).and_then(Value::as_bytes).ok_or_else(damaged)?.to_vec();
                Some(WrappedDataKey { generation: generation.ok_or_else(damaged)?, wrapped })
            }
            Some(format) => return Err(VaultError::TooNew { format }),
            None => return Err(damaged()),
        };
        let known = if data_key.is_some() { 1..=5 } else { 1..=3 };
        let slots = map.get(2).and_then(Value::as_bytes).ok_or_else(damaged)?;
        let entries = map.as_map().unwrap_or_default().iter();
        Ok(Self {
            slots: SlotTable::decode(slots).map_err(|error: SlotError| VaultError::from(error))?,
            epoch: map.get(3).and_then(Value::as_u64).ok_or_else(damaged)?,
            data_key,
            unknown: entries
                .filter(|(key, _)| !key.as_u64().is_some_and(|key| known.contains(&key)))
                .cloned()
                .collect(),
            body: body.clone(),
            code: code.clone(),
        })
    }
}

enum Reading {
    Good(Header),
    Bad(VaultError),
    Absent,
}

fn read_one(path: &Path) -> Result<Reading, VaultError> {
    match read_bytes(path) {
        Ok(bytes) => Ok(Header::decode(&bytes).map_or_else(Reading::Bad, Reading::Good)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Reading::Absent),
        Err(error) => Err(cannot("read the header", path)(error)),
    }
}

/// Reads a header's file, and no more of it than can be a header.
pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_BYTES + 1).unwrap_or(u64::MAX);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
