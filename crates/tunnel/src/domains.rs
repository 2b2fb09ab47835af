//! The names that a tunnel service can have.

use latchkey_crypto::hybrid::TunnelDomainId;

/// Every number with a computed name, and the name: 65,280 lines, for one to pick and register.
///
/// 0 and 1 are Google's and Apple's; 2 to 255 have no name.
pub fn computed() -> impl Iterator<Item = (TunnelDomainId, String)> {
    TunnelDomainId::all().filter(|id| !id.is_assigned()).map(|id| (id, id.domain_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_from_256_to_the_end() {
        let mut all = computed();
        let (id, name) = all.next().unwrap();
        assert_eq!((id.id(), name.as_str()), (256, "cable.qz2ekwmnd332c.info"));
        let (id, name) = all.last().unwrap();
        assert_eq!((id.id(), name.as_str()), (65535, "cable.lw6vahpb5pldb.net"));
    }
}
