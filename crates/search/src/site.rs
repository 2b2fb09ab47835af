use std::collections::BTreeMap;

use latchkey_passkey::{Passkey, RpId};

/// The sites that have one passkey only, in order: whoever loses it is locked out there.
///
/// By RP ID, for a passkey is of use to that one only. Those in the bin are the caller's to leave out.
pub fn sites_with_one_passkey<'a>(passkeys: impl IntoIterator<Item = &'a Passkey>) -> Vec<&'a RpId> {
    let mut counts: BTreeMap<&RpId, usize> = BTreeMap::new();
    for passkey in passkeys {
        *counts.entry(&passkey.core.rp_id).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count == 1).map(|(rp_id, _)| rp_id).collect()
}
