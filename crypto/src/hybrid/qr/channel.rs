use crate::cbor::Value;

/// A way to carry messages that the client offers (CTAP 2.3, key 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// 0: the WebSocket tunnel.
    Tunnel,
    /// 1: BLE L2CAP.
    L2cap,
    /// A number that came later.
    Unknown(u64),
}

impl Channel {
    pub(super) fn number(self) -> u64 {
        match self {
            Channel::Tunnel => 0,
            Channel::L2cap => 1,
            Channel::Unknown(number) => number,
        }
    }

    fn from_number(number: u64) -> Self {
        match number {
            0 => Channel::Tunnel,
            1 => Channel::L2cap,
            other => Channel::Unknown(other),
        }
    }
}

/// An array of numbers says which channels. A Boolean is an old meaning of this key; that and all else is ignored.
pub(super) fn channels(value: Option<&Value>) -> Vec<Channel> {
    let numbers = value.and_then(Value::as_array).unwrap_or_default().iter().map(Value::as_u64);
    match numbers.collect::<Option<Vec<_>>>() {
        Some(numbers) if !numbers.is_empty() => numbers.into_iter().map(Channel::from_number).collect(),
        _ => vec![Channel::Tunnel],
    }
}
