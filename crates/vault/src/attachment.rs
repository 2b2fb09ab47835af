use latchkey_crypto::vault::RecordKind;
use latchkey_passkey::{PasskeyId, UnixSeconds};
use zeroize::Zeroizing;

use crate::backend::Tree;
use crate::edit::passkey_write;
use crate::vault::record_key;
use crate::write::Write;
use crate::{Finding, Vault, VaultError};

/// Most bytes of a large blob.
pub const MAX_LARGE_BLOB_BYTES: usize = 64 * 1024;
/// Most bytes of the source's raw form.
pub const MAX_SOURCE_RAW_BYTES: usize = 256 * 1024;

/// A piece is no larger, so that it stays below what the storage engine keeps in files of their own.
const PIECE_BYTES: usize = 5 * 1024;

impl Vault {
    /// What the site keeps beside a passkey (`largeBlob`); `None` if nothing, or if it cannot be read (which is noted).
    ///
    /// Fails with [`VaultError::NoSuchPasskey`] if the passkey is not there.
    pub fn large_blob(&self, id: PasskeyId) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let len = self.stored_whole(id)?.attached().large_blob;
        self.attachment(RecordKind::LargeBlob, id, len)
    }

    /// Changes what the site keeps beside a passkey, or takes it away. Whether that made a difference.
    ///
    /// Fails with [`VaultError::TooLarge`] above [`MAX_LARGE_BLOB_BYTES`], and with
    /// [`Damage::Records`](crate::Damage::Records) where a piece of the old one is damaged.
    pub fn set_large_blob(
        &mut self,
        id: PasskeyId,
        blob: Option<&[u8]>,
        at: UnixSeconds,
    ) -> Result<bool, VaultError> {
        let change = self.next_change(at);
        let mut stored = self.stored_whole(id)?;
        let same = match (blob, self.large_blob(id)?) {
            (Some(blob), Some(before)) => before.as_slice() == blob,
            (None, None) => stored.attached().large_blob.is_none(),
            _ => false,
        };
        if same {
            return Ok(false);
        }
        let (mut writes, mut old) = (Vec::new(), Vec::new());
        let len = put_attachment(RecordKind::LargeBlob, id, blob, &mut writes)?;
        self.take_away_below(Tree::Record, &record_key(RecordKind::LargeBlob, id), &mut old)?;
        // A commit names each place once.
        old.retain(|piece| writes.iter().all(|new| new.key != piece.key));
        writes.append(&mut old);
        stored.set_large_blob_len(len, change);
        writes.push(passkey_write(id, &stored)?);
        self.commit(&writes)?;
        Ok(true)
    }

    /// What a passkey was imported from, as it came; `None` if it was not, or if it cannot be read (which is noted).
    ///
    /// Fails with [`VaultError::NoSuchPasskey`] if the passkey is not there.
    pub fn source_raw(&self, id: PasskeyId) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let len = self.stored_whole(id)?.attached().source_raw;
        self.attachment(RecordKind::SourceRaw, id, len)
    }

    fn attachment(
        &self,
        kind: RecordKind,
        id: PasskeyId,
        len: Option<u64>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let Some(len) = len.and_then(|len| usize::try_from(len).ok()) else { return Ok(None) };
        let len = len.min(MAX_SOURCE_RAW_BYTES);
        // Of its final size, so that wiping it wipes the only copy.
        let (mut content, mut whole) = (Zeroizing::new(Vec::with_capacity(len)), true);
        for number in 0..len.div_ceil(PIECE_BYTES) {
            let key = piece_key(kind, id, number);
            let envelope = self.backend().get(Tree::Record, &key)?;
            let piece = envelope.and_then(|envelope| {
                self.read(kind, &key, &envelope, |plaintext| Ok(Zeroizing::new(plaintext.to_vec())))
            });
            match piece.filter(|piece| content.len() + piece.len() <= len) {
                Some(piece) => content.extend_from_slice(&piece),
                None => whole = false,
            }
        }
        if !whole || content.len() != len {
            self.note(Finding::RecordDamaged { kind: Some(kind), id: Some(id) });
            return Ok(None);
        }
        Ok(Some(content))
    }
}

/// Writes the pieces of an attachment; its length.
pub(crate) fn put_attachment(
    kind: RecordKind,
    id: PasskeyId,
    content: Option<&[u8]>,
    writes: &mut Vec<Write>,
) -> Result<Option<u64>, VaultError> {
    let Some(content) = content else { return Ok(None) };
    let most = if kind == RecordKind::LargeBlob { MAX_LARGE_BLOB_BYTES } else { MAX_SOURCE_RAW_BYTES };
    if content.len() > most {
        return Err(VaultError::TooLarge { got: content.len(), most });
    }
    for (number, piece) in content.chunks(PIECE_BYTES).enumerate() {
        let piece = Zeroizing::new(piece.to_vec());
        writes.push(Write::put(Tree::Record, piece_key(kind, id, number), piece));
    }
    Ok(u64::try_from(content.len()).ok())
}

/// Where a piece lies: kind (1 byte) ‖ passkey id (16) ‖ its number (2, big-endian).
fn piece_key(kind: RecordKind, id: PasskeyId, number: usize) -> Vec<u8> {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    [record_key(kind, id), number.to_be_bytes().to_vec()].concat()
}
