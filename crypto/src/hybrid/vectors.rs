//! The published and recomputed values of `tests/vectors/hybrid.json`.

use serde_json::Value;

pub(super) fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/hybrid.json")).unwrap()
}

pub(super) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

pub(super) fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(super) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}
