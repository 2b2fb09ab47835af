use sha2::{Digest, Sha256};

/// The number by which an advert names its tunnel service (CTAP 2.2 §11.5, "tunnel server domain").
///
/// 0 and 1 are assigned; 256 to 65535 have computed names; what lies between is not assigned and cannot be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelDomainId(u16);

/// The number names no tunnel service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tunnel domain {id} is not assigned, expected 0, 1 or 256 to 65535")]
pub struct TunnelDomainError {
    /// The number given.
    pub id: u16,
}

impl TunnelDomainId {
    /// The service that every client knows: `cable.ua5v.com`, Google's.
    pub const DEFAULT: TunnelDomainId = TunnelDomainId(0);
    /// `cable.auth.com`, Apple's. It has no public authenticator's side.
    pub const APPLE: TunnelDomainId = TunnelDomainId(1);

    /// How many services have an assigned name, numbered from 0. A client tells in its QR code how many it knows.
    pub const ASSIGNED: u16 = 2;
    const FIRST_COMPUTED: u16 = 256;

    /// Takes an assigned number or one with a computed name.
    pub fn new(id: u16) -> Result<Self, TunnelDomainError> {
        match id {
            Self::ASSIGNED..Self::FIRST_COMPUTED => Err(TunnelDomainError { id }),
            _ => Ok(Self(id)),
        }
    }

    /// Finds the number of a name by computing all of them (65,282 hashes).
    pub fn search(domain_name: &str) -> Option<Self> {
        Self::all().find(|id| id.domain_name().eq_ignore_ascii_case(domain_name))
    }

    /// Every number that has a name.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u16::MAX).filter_map(|id| Self::new(id).ok())
    }

    /// The number.
    pub fn id(self) -> u16 {
        self.0
    }

    /// Whether a client needs to know the name, because it cannot be computed.
    pub fn is_assigned(self) -> bool {
        self.0 < Self::ASSIGNED
    }

    /// The service's host name, such as `cable.ua5v.com`; the port is 443.
    pub fn domain_name(self) -> String {
        match self.0 {
            0 => "cable.ua5v.com".to_owned(),
            1 => "cable.auth.com".to_owned(),
            id => computed_name(id),
        }
    }
}

/// The name of a number from 256 on: `cable.`, a label of 10 to 13 characters, and one of four top-level domains.
fn computed_name(id: u16) -> String {
    let hash = Sha256::new()
        .chain_update(b"caBLEv2 tunnel server domain")
        .chain_update(id.to_le_bytes())
        .chain_update([0])
        .finalize();
    let mut v = hash.iter().take(8).rev().fold(0u64, |v, byte| (v << 8) | u64::from(*byte));

    let top_level = match v & 3 {
        0 => "com",
        1 => "org",
        2 => "net",
        _ => "info",
    };
    v >>= 2;

    let mut label = String::new();
    while v != 0 {
        label.push(base32_digit(v & 31));
        v >>= 5;
    }
    format!("cable.{label}.{top_level}")
}

fn base32_digit(n: u64) -> char {
    let [.., n] = n.to_be_bytes();
    match n {
        0..26 => char::from(b'a' + n),
        _ => char::from(b'2' + (n - 26)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::vectors::{bytes, number, text, vectors};
    use super::*;

    #[test]
    fn every_domain_of_the_vectors() {
        let all = vectors();
        for entry in all["tunnel_domains"].as_array().unwrap() {
            let id = u16::try_from(number(&entry["id"])).unwrap();
            let name = TunnelDomainId::new(id).ok().map(TunnelDomainId::domain_name);
            assert_eq!(name.as_deref(), entry["domain"].as_str(), "{id}");
        }
    }

    #[test]
    fn worked_example() {
        let all = vectors();
        let example = &all["tunnel_domain_worked_example"];
        let input = [&b"caBLEv2 tunnel server domain"[..], &256u16.to_le_bytes(), &[0]].concat();
        assert_eq!(input, bytes(&example["hash_input"]));
        assert_eq!(u64::try_from(input.len()).unwrap(), number(&example["hash_input_len"]));
        let hash = Sha256::digest(&input);
        assert_eq!(hash.to_vec(), bytes(&example["sha256"]));
        let v = u64::from_le_bytes(hash[..8].try_into().unwrap());
        assert_eq!((v, v % 4), (number(&example["u64_le"]), number(&example["tld_index"])));
        assert_eq!(computed_name(256), text(&example["domain"]));
    }

    #[test]
    fn label_lengths_of_all_computed_names() {
        let mut histogram = BTreeMap::<String, u64>::new();
        for id in TunnelDomainId::all().filter(|id| !id.is_assigned()) {
            let name = id.domain_name();
            let label = name.split('.').nth(1).unwrap();
            *histogram.entry(label.len().to_string()).or_default() += 1;
        }
        let expected: BTreeMap<String, u64> =
            serde_json::from_value(vectors()["tunnel_domain_label_lengths_all_hashed_ids"].clone()).unwrap();
        assert_eq!(histogram, expected);
    }

    #[test]
    fn a_name_is_found_by_searching() {
        assert_eq!(TunnelDomainId::search("cable.ua5v.com"), Some(TunnelDomainId::DEFAULT));
        assert_eq!(TunnelDomainId::search("CABLE.qz2ekwmnd332c.info").map(TunnelDomainId::id), Some(256));
        assert_eq!(TunnelDomainId::search("cable.example.org"), None);
    }

    #[test]
    fn refuses_unassigned_numbers() {
        for id in [2, 3, 100, 255] {
            assert_eq!(TunnelDomainId::new(id), Err(TunnelDomainError { id }));
        }
    }
}
