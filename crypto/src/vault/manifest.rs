use super::VaultKeys;
use super::keys::length;
use super::record::RecordKind;
use crate::cbor::{self, Value};

/// What a store must hold: how many records, and a keyed hash over all of them.
///
/// Sealed as a record of its own and changed in the same commit as the records. A record that vanished, came back
/// in an older form, or was exchanged shows as a difference, although each envelope alone would open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// The commit that wrote it: one more with each.
    pub epoch: u64,
    /// Records, the manifest itself not counted.
    pub count: u64,
    /// Over the records.
    pub set: SetHash,
}

impl Manifest {
    /// Of an empty vault before its first commit.
    pub const EMPTY: Manifest = Manifest { epoch: 0, count: 0, set: SetHash::EMPTY };

    /// The plaintext of its record: the CBOR map `{1: epoch, 2: count, 3: hash (32 bytes)}`.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(&Value::map([
            (1.into(), self.epoch.into()),
            (2.into(), self.count.into()),
            (3.into(), self.set.to_bytes().into()),
        ]))
    }

    /// Reads the plaintext of its record; `None` if it is something else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let map = cbor::decode(bytes).ok()?;
        Some(Self {
            epoch: map.get(1)?.as_u64()?,
            count: map.get(2)?.as_u64()?,
            set: SetHash::from_bytes(map.get(3)?.as_bytes()?.try_into().ok()?),
        })
    }

    /// Counts a record in.
    pub fn add(&mut self, member: Member) {
        self.count = self.count.wrapping_add(1);
        self.set.add(member);
    }

    /// Counts a record out.
    pub fn remove(&mut self, member: Member) {
        self.count = self.count.wrapping_sub(1);
        self.set.remove(member);
    }
}

/// What one record adds to the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member([u64; 4]);

/// The sum of all members modulo 2^256: the order does not matter, and a member can be taken out again.
///
/// Each member is a keyed hash, and the sum is only ever stored sealed: nobody without the key can find another
/// set of records with the same sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetHash([u64; 4]);

impl SetHash {
    /// Of nothing.
    pub const EMPTY: SetHash = SetHash([0; 4]);

    fn add(&mut self, Member(member): Member) {
        let mut carry = false;
        for (limb, other) in self.0.iter_mut().zip(member) {
            let (sum, over) = limb.overflowing_add(other);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, over || over_again);
        }
    }

    fn remove(&mut self, Member(member): Member) {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(member) {
            let (difference, under) = limb.overflowing_sub(other);
            let (difference, under_again) = difference.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (difference, under || under_again);
        }
    }

    fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(limbs(bytes))
    }
}

impl VaultKeys {
    /// What a stored record adds to the manifest: HMAC-SHA-256 over kind, id and the whole envelope.
    ///
    /// The version is part of the envelope. So a changed byte anywhere in the store shows without decrypting.
    pub fn member(&self, kind: RecordKind, id: &[u8], envelope: &[u8]) -> Member {
        Member(limbs(self.manifest.mac(&[&[kind.code()], &length(id), id, envelope])))
    }
}

fn limbs(bytes: [u8; 32]) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*chunk);
    }
    limbs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{DataKey, VaultId};
    use super::*;

    fn keys() -> VaultKeys {
        VaultKeys::of(&DataKey::from_bytes([1; 32]), VaultId::from_bytes([2; 16]))
    }

    #[test]
    fn kind_id_and_content_all_count() {
        let keys = keys();
        let member = keys.member(RecordKind::Passkey, b"ab", b"cd");
        assert_ne!(member, keys.member(RecordKind::History, b"ab", b"cd"));
        assert_ne!(member, keys.member(RecordKind::Passkey, b"abc", b"d"));
        assert_ne!(member, keys.member(RecordKind::Passkey, b"ab", b"ce"));
    }

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let mut manifest = Manifest { epoch: 7, ..Manifest::EMPTY };
        manifest.add(keys().member(RecordKind::Passkey, b"a", b"b"));
        assert_eq!(Manifest::decode(&manifest.encode()), Some(manifest));
        assert_eq!(Manifest::decode(b"\xa0"), None);
        assert_eq!(Manifest::decode(b""), None);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_members_can_leave(
            members in proptest::collection::vec(any::<[u64; 4]>(), 1..20),
            turn in any::<proptest::sample::Index>(),
        ) {
            let sum = |members: &[[u64; 4]]| {
                let mut manifest = Manifest::EMPTY;
                members.iter().for_each(|member| manifest.add(Member(*member)));
                manifest
            };
            let mut turned = members.clone();
            turned.rotate_left(turn.index(members.len()));
            prop_assert_eq!(sum(&members), sum(&turned));
            let mut rest = sum(&members);
            rest.remove(Member(members[0]));
            prop_assert_eq!(rest, sum(&members[1..]));
        }
    }
}
