use crate::cbor::{self, DecodeError, Value};

/// Keys of the map (CTAP 2.2 §11.5, the message after the handshake). Key 0 is padding.
mod key {
    pub(super) const GET_INFO: u64 = 1;
    pub(super) const LINKING: u64 = 2;
    pub(super) const FEATURES: u64 = 3;
}

/// Why a first message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FirstMessageError {
    /// Not one CBOR value. Also what the padding of phones before 2022 ("revision 0") looks like.
    #[error("first message is not CBOR: {0}")]
    Cbor(#[from] DecodeError),
    /// Not a map.
    #[error("first message is not a map")]
    NotAMap,
    /// A value has the wrong type.
    #[error("value of key {key} has the wrong type")]
    WrongType {
        /// The key.
        key: u64,
    },
    /// CTAP is offered, but there is no getInfo.
    #[error("CTAP is offered without getInfo")]
    NoGetInfo,
    /// CTAP is not offered, but there is a getInfo.
    #[error("getInfo is there but CTAP is not offered")]
    GetInfoWithoutCtap,
    /// What should be getInfo is not a CBOR map.
    #[error("getInfo is not a CBOR map")]
    GetInfo,
}

/// Something that the authenticator can do over this connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feature {
    /// `ctap`: passkeys.
    Ctap,
    /// `dc`: digital credentials.
    DigitalCredentials,
    /// A feature that came later.
    Unknown(String),
}

/// The authenticator's first message after the handshake: a CBOR map without a type byte.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstMessage {
    get_info: Option<Vec<u8>>,
    features: Vec<Feature>,
    has_linking: bool,
}

impl FirstMessage {
    /// What we send: `{1: getInfo, 3: ["ctap"]}`. `get_info` is the response's map, without the CTAP status byte.
    pub fn new(get_info: &[u8]) -> Self {
        Self { get_info: Some(get_info.to_vec()), features: vec![Feature::Ctap], has_linking: false }
    }

    /// Reads the map. Absent features mean CTAP; getInfo is there if and only if CTAP is offered, and is a map.
    pub fn decode(plaintext: &[u8]) -> Result<Self, FirstMessageError> {
        let map = cbor::decode(plaintext)?;
        if map.as_map().is_none() {
            return Err(FirstMessageError::NotAMap);
        }
        let features = match map.get(key::FEATURES) {
            None => vec![Feature::Ctap],
            Some(value) => features(value).ok_or(FirstMessageError::WrongType { key: key::FEATURES })?,
        };
        let get_info = map
            .get(key::GET_INFO)
            .map(|value| value.as_bytes().ok_or(FirstMessageError::WrongType { key: key::GET_INFO }))
            .transpose()?;
        match (features.contains(&Feature::Ctap), get_info) {
            (true, None) => return Err(FirstMessageError::NoGetInfo),
            (false, Some(_)) => return Err(FirstMessageError::GetInfoWithoutCtap),
            (true, Some(bytes)) if !is_map(bytes) => return Err(FirstMessageError::GetInfo),
            _ => {}
        }
        let get_info = get_info.map(<[u8]>::to_vec);
        Ok(Self { get_info, features, has_linking: map.get(key::LINKING).is_some() })
    }

    /// Writes the map.
    pub fn encode(&self) -> Vec<u8> {
        let features = Value::array(self.features.iter().map(|feature| Value::from(feature.as_str())));
        let get_info =
            self.get_info.iter().map(|bytes| (key::GET_INFO.into(), Value::from(bytes.as_slice())));
        cbor::encode(&Value::map(get_info.chain([(key::FEATURES.into(), features)])))
    }

    /// The getInfo map, encoded; there if CTAP is offered.
    pub fn get_info(&self) -> Option<&[u8]> {
        self.get_info.as_deref()
    }

    /// What the authenticator offers.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Whether the message holds a linking map, which nobody asked for: current phones use an update for it.
    pub fn has_linking(&self) -> bool {
        self.has_linking
    }
}

impl Feature {
    fn as_str(&self) -> &str {
        match self {
            Feature::Ctap => "ctap",
            Feature::DigitalCredentials => "dc",
            Feature::Unknown(text) => text,
        }
    }

    fn from_text(text: &str) -> Self {
        match text {
            "ctap" => Feature::Ctap,
            "dc" => Feature::DigitalCredentials,
            other => Feature::Unknown(other.to_owned()),
        }
    }
}

fn features(value: &Value) -> Option<Vec<Feature>> {
    value.as_array()?.iter().map(|item| item.as_text().map(Feature::from_text)).collect()
}

fn is_map(bytes: &[u8]) -> bool {
    cbor::decode(bytes).is_ok_and(|value| value.as_map().is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{bytes, text, vectors};
    use super::*;

    #[test]
    fn every_first_message_of_the_vectors() {
        let all = vectors();
        for entry in all["post_handshake"]["current"].as_array().unwrap() {
            let plaintext = bytes(&entry["plaintext"]);
            let message = FirstMessage::decode(&plaintext).unwrap();
            assert_eq!(message.get_info().unwrap(), bytes(&entry["getinfo_cbor"]), "{}", entry["name"]);
            let named: Vec<_> = message.features().iter().map(Feature::as_str).collect();
            match entry["features"].as_array() {
                Some(features) => {
                    assert_eq!(named, features.iter().map(text).collect::<Vec<_>>());
                    assert_eq!(message.encode(), plaintext);
                }
                None => assert_eq!(named, ["ctap"]),
            }
            assert_same(&cbor::decode(message.get_info().unwrap()).unwrap(), &entry["getinfo"]);
        }
    }

    /// Compares a getInfo map with its JSON form.
    fn assert_same(ours: &Value, json: &serde_json::Value) {
        match ours {
            Value::Text(ours) => assert_eq!(Some(ours.as_str()), json.as_str()),
            Value::Bool(ours) => assert_eq!(Some(*ours), json.as_bool()),
            Value::Bytes(ours) => assert_eq!(*ours, bytes(json)),
            Value::Array(ours) => {
                let json = json.as_array().unwrap();
                assert_eq!(ours.len(), json.len());
                ours.iter().zip(json).for_each(|(ours, json)| assert_same(ours, json));
            }
            Value::Map(ours) => {
                assert_eq!(ours.len(), json.as_object().unwrap().len());
                for (key, value) in ours {
                    let name = key.as_text().map(str::to_owned).or(key.as_u64().map(|n| n.to_string()));
                    assert_same(value, &json[name.unwrap()]);
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Phones before 2022 padded the map itself; what remains after the transport's padding is not one CBOR value.
    /// We do not speak their revision, and do not take it for ours.
    #[test]
    fn does_not_mistake_revision_0_padding() {
        let all = vectors();
        for entry in all["post_handshake"]["revision0_padding"].as_array().unwrap() {
            assert!(FirstMessage::decode(&bytes(&entry["cbor"])).is_ok());
            for padded in ["padded16", "padded8"] {
                let plaintext = bytes(&entry[padded]);
                let trailing = plaintext.len() - bytes(&entry["cbor"]).len();
                let mut transport = super::super::Transport::new(&[1; 32], &[1; 32]);
                let sealed = transport.seal(&plaintext).unwrap();
                assert_eq!(
                    FirstMessage::decode(&transport.open(&sealed).unwrap()),
                    Err(DecodeError::Trailing { count: trailing }.into())
                );
            }
        }
    }

    #[test]
    fn our_own_is_canonical() {
        let ours = FirstMessage::new(&[0xa0]).encode();
        assert_eq!(ours, [&[0xa2, 0x01, 0x41, 0xa0, 0x03, 0x81, 0x64][..], b"ctap"].concat());
        assert_eq!(FirstMessage::decode(&ours).unwrap(), FirstMessage::new(&[0xa0]));
    }

    #[test]
    fn refuses_what_contradicts_itself() {
        let decode = |entries: Vec<(u64, Value)>| {
            FirstMessage::decode(&cbor::encode(&Value::map(
                entries.into_iter().map(|(key, value)| (key.into(), value)),
            )))
        };
        let info = || Value::from([0xa0]);
        let list = |names: &[&str]| Value::array(names.iter().map(|name| Value::from(*name)));
        assert_eq!(decode(vec![]), Err(FirstMessageError::NoGetInfo));
        assert_eq!(decode(vec![(3, list(&["ctap"]))]), Err(FirstMessageError::NoGetInfo));
        assert_eq!(decode(vec![(1, info()), (3, list(&[]))]), Err(FirstMessageError::GetInfoWithoutCtap));
        assert_eq!(decode(vec![(1, info()), (3, list(&["dc"]))]), Err(FirstMessageError::GetInfoWithoutCtap));
        assert_eq!(decode(vec![(1, Value::from("x"))]), Err(FirstMessageError::WrongType { key: 1 }));
        assert_eq!(decode(vec![(1, info()), (3, info())]), Err(FirstMessageError::WrongType { key: 3 }));
        assert_eq!(
            decode(vec![(1, info()), (3, Value::array([1.into()]))]),
            Err(FirstMessageError::WrongType { key: 3 })
        );
        assert_eq!(decode(vec![(1, Value::from([0x80]))]), Err(FirstMessageError::GetInfo));
        assert_eq!(decode(vec![(1, Value::from([0xa1]))]), Err(FirstMessageError::GetInfo));
        assert_eq!(FirstMessage::decode(&[0x80]), Err(FirstMessageError::NotAMap));
        assert!(decode(vec![(3, list(&["dc", "new"]))]).unwrap().get_info().is_none());
        let padded = vec![(0, Value::from([0; 9])), (1, info()), (2, Value::map([])), (9, info())];
        assert!(decode(padded).unwrap().has_linking());
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(plaintext in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(message) = FirstMessage::decode(&plaintext) {
                let again = FirstMessage::decode(&message.encode()).unwrap();
                prop_assert_eq!(again.features(), message.features());
            }
        }
    }
}
