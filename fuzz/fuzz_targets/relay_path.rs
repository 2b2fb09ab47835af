//! Request paths at our relay: any text, and any text after the two beginnings that mean something.
#![no_main]

use latchkey_tunnel::relay::RelayPath;
use libfuzzer_sys::fuzz_target;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is read is the path again, but for the case of its digits.
fn check(path: &str) {
    let again = match RelayPath::parse(path) {
        Ok(RelayPath::New { tunnel_id }) => format!("/cable/new/{}", hex(&tunnel_id)),
        Ok(RelayPath::Connect { routing_id, tunnel_id }) => {
            format!("/cable/connect/{}/{}", hex(&routing_id), hex(&tunnel_id))
        }
        Err(_) => return,
    };
    assert!(again.eq_ignore_ascii_case(path));
}

fuzz_target!(|text: &str| {
    check(text);
    check(&format!("/cable/new/{text}"));
    check(&format!("/cable/connect/{text}"));
});
