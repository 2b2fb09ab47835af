//! The names by which two ends find the same tunnel, and the addresses made of them.

use std::fmt::{self, Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::TunnelDomainId;
use crate::secret_bytes;

secret_bytes! {
    /// The name of a tunnel: who has it can sit at one end of it. Not for logs.
    pub struct TunnelId([u8; 16]);
}

/// Three bytes from the tunnel service, which tell it where the tunnel is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoutingId([u8; 3]);

impl RoutingId {
    /// Takes over three bytes.
    pub fn new(bytes: [u8; 3]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 3] {
        &self.0
    }

    /// Parses six hex digits, as in the header `X-caBLE-Routing-ID`; case does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 6 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        let [_, bytes @ ..] = u32::from_str_radix(text, 16).ok()?.to_be_bytes();
        Some(Self(bytes))
    }

    /// Six upper-case hex digits.
    pub fn format(&self) -> String {
        upper_hex(&self.0)
    }
}

/// Part of the tunnel's address, so not for logs.
impl fmt::Debug for RoutingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutingId(..)")
    }
}

/// What a client shows to a tunnel service in order to ring a linked authenticator. Opaque.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactId(Vec<u8>);

impl ContactId {
    /// Takes over the bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Who has it can ring the authenticator, so not for logs.
impl fmt::Debug for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContactId({} bytes)", self.0.len())
    }
}

/// Where the authenticator of a QR ceremony opens its tunnel: `wss://…/cable/new/` and 32 upper-case hex digits.
pub fn new_url(domain: TunnelDomainId, tunnel_id: &TunnelId) -> String {
    format!("wss://{}/cable/new/{}", domain.domain_name(), upper_hex(tunnel_id.expose()))
}

/// Where the client of a QR ceremony joins the tunnel: `wss://…/cable/connect/`, 6 digits, `/`, 32 digits.
///
/// CTAP 2.2 §11.5. A linked authenticator joins at the same address, with values from its push message.
pub fn connect_url(domain: TunnelDomainId, routing_id: RoutingId, tunnel_id: &TunnelId) -> String {
    format!(
        "wss://{}/cable/connect/{}/{}",
        domain.domain_name(),
        routing_id.format(),
        upper_hex(tunnel_id.expose())
    )
}

/// Where a client rings a linked authenticator: `wss://…/cable/contact/` and the contact ID in base64url.
pub fn contact_url(domain: TunnelDomainId, contact_id: &ContactId) -> String {
    format!("wss://{}/cable/contact/{}", domain.domain_name(), URL_SAFE_NO_PAD.encode(contact_id.as_bytes()))
}

pub(super) fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{array, bytes, number, text, vectors};
    use super::*;

    #[test]
    fn every_url_of_the_vectors() {
        let all = vectors();
        for entry in all["urls"].as_array().unwrap() {
            let domain = TunnelDomainId::new(u16::try_from(number(&entry["domain_id"])).unwrap()).unwrap();
            let tunnel_id = || TunnelId::from_bytes(array(&entry["tunnel_id"]));
            let url = match text(&entry["kind"]) {
                "new" => new_url(domain, &tunnel_id()),
                "connect" => connect_url(domain, RoutingId::new(array(&entry["routing_id"])), &tunnel_id()),
                "contact" => contact_url(domain, &ContactId::new(bytes(&entry["contact_id"]))),
                other => panic!("{other}"),
            };
            let expected = text(&entry["url"]);
            if text(&entry["source"]).starts_with("ZE") {
                // This client prints lower-case hex; we print upper case, servers accept both.
                assert_eq!(url.to_ascii_lowercase(), expected.to_ascii_lowercase());
                assert_ne!(url, expected);
            } else {
                assert_eq!(url, expected);
            }
        }
    }

    #[test]
    fn routing_id_reads_both_cases_and_nothing_else() {
        assert_eq!(RoutingId::parse("0a0B0c"), Some(RoutingId::new([10, 11, 12])));
        for wrong in ["", "0a0b0", "0a0b0c0", "+a0b0c", "0a0b0g", "0a 0b0"] {
            assert_eq!(RoutingId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", TunnelId::from_bytes([1; 16])), "TunnelId(redacted)");
        assert_eq!(format!("{:?}", RoutingId::new([1; 3])), "RoutingId(..)");
        assert_eq!(format!("{:?}", ContactId::new(vec![1; 5])), "ContactId(5 bytes)");
    }
}
