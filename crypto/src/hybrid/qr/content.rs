use zeroize::Zeroizing;

use super::{
    DigitError, OperationHint,
    channel::{Channel, channels},
    decode_digits, encode_digits,
};
use crate::{
    cbor::{self, DecodeError, Value},
    hybrid::{ClientIdentity, QrSecret, TunnelDomainId},
};

/// The most bytes of a QR code's text: version 40 at the lowest error correction holds 7,089 digits.
pub const MAX_TEXT_BYTES: usize = PREFIX.len() + 7_089;

const PREFIX: &str = "FIDO:/";

/// Keys of the map (CTAP 2.2 §11.5.1).
mod key {
    pub(super) const CLIENT_IDENTITY: u8 = 0;
    pub(super) const QR_SECRET: u8 = 1;
    pub(super) const ASSIGNED_DOMAINS: u8 = 2;
    pub(super) const MADE_AT: u8 = 3;
    pub(super) const SUPPORTS_LINKING: u8 = 4;
    pub(super) const HINT: u8 = 5;
    pub(super) const CHANNELS: u8 = 6;
}

/// Why a text is not a hybrid QR code that we can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QrError {
    /// Some other code: it does not start with `FIDO:/`.
    #[error("text does not start with {PREFIX}")]
    NotFido,
    /// Nothing after the prefix.
    #[error("nothing follows {PREFIX}")]
    Empty,
    /// Longer than a QR code can be.
    #[error("text is {got} bytes, expected at most {MAX_TEXT_BYTES}")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// The digits are damaged.
    #[error("digits are damaged: {0}")]
    Digits(#[from] DigitError),
    /// The bytes are not one CBOR value.
    #[error("content is not CBOR: {0}")]
    Cbor(#[from] DecodeError),
    /// The CBOR value is not a map.
    #[error("content is not a map")]
    NotAMap,
    /// A key that must be there is not.
    #[error("key {key} is missing")]
    Missing {
        /// The key.
        key: u8,
    },
    /// A value has the wrong type.
    #[error("value of key {key} has the wrong type")]
    WrongType {
        /// The key.
        key: u8,
    },
    /// Key 0 is not a compressed point of P-256.
    #[error("client identity of {got} bytes is not a compressed point of P-256")]
    ClientIdentity {
        /// Bytes given.
        got: usize,
    },
    /// Key 1 has not 16 bytes.
    #[error("QR secret is {got} bytes, expected 16")]
    SecretLength {
        /// Bytes given.
        got: usize,
    },
}

/// What a QR code says (CTAP 2.2 §11.5.1).
#[derive(Debug)]
pub struct QrContent {
    client_identity: ClientIdentity,
    qr_secret: QrSecret,
    assigned_domains: u64,
    made_at: Option<u64>,
    supports_linking: Option<bool>,
    hint: OperationHint,
    channels: Vec<Channel>,
}

impl QrContent {
    /// The content of a code that we show: both assigned domains known, no linking, the tunnel only.
    ///
    /// Identity and secret are fresh for every code. `made_at` is in Unix seconds.
    pub fn new(
        client_identity: ClientIdentity,
        qr_secret: QrSecret,
        hint: OperationHint,
        made_at: Option<u64>,
    ) -> Self {
        Self {
            client_identity,
            qr_secret,
            assigned_domains: TunnelDomainId::ASSIGNED.into(),
            made_at,
            // Present though false: its presence tells old phones that we speak the current revision.
            supports_linking: Some(false),
            hint,
            channels: vec![Channel::Tunnel],
        }
    }

    /// Parses the text of a code. The prefix may be in any case, nothing may follow the digits.
    ///
    /// Strict in types, duplicates, trailing bytes and depth; any key order; unknown keys are passed over.
    pub fn parse(text: &str) -> Result<Self, QrError> {
        let digits = match text.split_at_checked(PREFIX.len()) {
            Some((prefix, digits)) if prefix.eq_ignore_ascii_case(PREFIX) => digits,
            _ => return Err(QrError::NotFido),
        };
        if digits.is_empty() {
            return Err(QrError::Empty);
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(QrError::TooLong { got: text.len() });
        }
        Self::from_map(&Zeroizing::new(cbor::decode(&decode_digits(digits)?)?))
    }

    /// The text for the code: upper case and digits, so that an encoder can use its compact modes.
    pub fn format(&self) -> String {
        let content = Zeroizing::new(cbor::encode(&Zeroizing::new(self.to_map())));
        [PREFIX, &encode_digits(&content)].concat()
    }

    fn from_map(map: &Value) -> Result<Self, QrError> {
        if map.as_map().is_none() {
            return Err(QrError::NotAMap);
        }
        let identity = required(map, key::CLIENT_IDENTITY, Value::as_bytes)?;
        let secret = required(map, key::QR_SECRET, Value::as_bytes)?;
        Ok(Self {
            client_identity: ClientIdentity::from_compressed(identity)
                .ok_or(QrError::ClientIdentity { got: identity.len() })?,
            qr_secret: QrSecret::from_slice(secret).ok_or(QrError::SecretLength { got: secret.len() })?,
            assigned_domains: optional(map, key::ASSIGNED_DOMAINS, Value::as_u64)?.unwrap_or(0),
            made_at: optional(map, key::MADE_AT, Value::as_u64)?,
            supports_linking: optional(map, key::SUPPORTS_LINKING, Value::as_bool)?,
            hint: optional(map, key::HINT, Value::as_text)?
                .and_then(OperationHint::from_text)
                .unwrap_or(OperationHint::GetAssertion),
            channels: channels(map.get(u64::from(key::CHANNELS))),
        })
    }

    fn to_map(&self) -> Value {
        let mut entries = vec![
            (key::CLIENT_IDENTITY, Value::from(self.client_identity.compressed())),
            (key::QR_SECRET, Value::from(self.qr_secret.expose().as_slice())),
            (key::ASSIGNED_DOMAINS, Value::from(self.assigned_domains)),
            (key::HINT, Value::from(self.hint.as_str())),
        ];
        entries.extend(self.made_at.map(|at| (key::MADE_AT, Value::from(at))));
        entries.extend(self.supports_linking.map(|supports| (key::SUPPORTS_LINKING, Value::from(supports))));
        // Old phones are said to refuse a code with an array here, so what is the default is not written.
        if self.channels != [Channel::Tunnel] {
            let numbers = self.channels.iter().map(|channel| Value::from(channel.number()));
            entries.push((key::CHANNELS, Value::array(numbers)));
        }
        Value::map(entries.into_iter().map(|(key, value)| (u64::from(key).into(), value)))
    }

    /// The client's public key.
    pub fn client_identity(&self) -> &ClientIdentity {
        &self.client_identity
    }

    /// The secret that adverts, tunnel and handshake grow from.
    pub fn qr_secret(&self) -> &QrSecret {
        &self.qr_secret
    }

    /// How many assigned tunnel domains the client knows by name, numbered from 0.
    pub fn assigned_domains(&self) -> u64 {
        self.assigned_domains
    }

    /// Whether the client can turn this number into a name, as it must to follow our advert.
    pub fn knows_domain(&self, domain: TunnelDomainId) -> bool {
        !domain.is_assigned() || u64::from(domain.id()) < self.assigned_domains
    }

    /// When the code was made, in Unix seconds. Clocks are wrong often: a reason to warn, not to refuse.
    pub fn made_at(&self) -> Option<u64> {
        self.made_at
    }

    /// Whether the client can keep a link for later; `None` if it does not say.
    pub fn supports_linking(&self) -> Option<bool> {
        self.supports_linking
    }

    /// What the client says it is going to ask for.
    pub fn hint(&self) -> OperationHint {
        self.hint
    }

    /// The ways to carry messages that the client offers. Just the tunnel if it does not say.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }
}

fn required<'a, T>(map: &'a Value, key: u8, read: fn(&'a Value) -> Option<T>) -> Result<T, QrError> {
    optional(map, key, read)?.ok_or(QrError::Missing { key })
}

fn optional<'a, T>(map: &'a Value, key: u8, read: fn(&'a Value) -> Option<T>) -> Result<Option<T>, QrError> {
    map.get(u64::from(key)).map(|value| read(value).ok_or(QrError::WrongType { key })).transpose()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::vectors::{array, bytes, number, text, vectors};
    use super::*;
    use crate::hybrid::ClientIdentityKey;

    #[test]
    fn reads_every_real_code_of_the_vectors() {
        let all = vectors();
        for entry in all["qr"]["decode"].as_array().unwrap() {
            let (uri, fields) = (text(&entry["uri"]), &entry["fields"]);
            assert_eq!(*decode_digits(&uri[PREFIX.len()..]).unwrap(), bytes(&entry["cbor"]));
            let content = QrContent::parse(uri).unwrap();
            assert_eq!(content.client_identity().compressed(), array(&fields["0"]));
            assert_eq!(content.qr_secret().expose(), &array(&fields["1"]));
            assert_eq!(content.assigned_domains(), number(&fields["2"]));
            assert_eq!(content.made_at(), fields["3"].as_u64());
            assert_eq!(content.supports_linking(), fields["4"].as_bool());
            assert_eq!(content.hint().as_str(), text(&fields["5"]));
            assert_eq!(content.channels(), [Channel::Tunnel]);
            // Written again it is the same code, unless it had keys that we do not write.
            let has_more = fields.get("6").is_some();
            assert_eq!(content.format() == uri, !has_more, "{}", entry["name"]);
        }
    }

    #[test]
    fn follows_every_parse_rule_of_the_vectors() {
        let all = vectors();
        for entry in all["qr"]["parse_rules"].as_array().unwrap() {
            let (uri, expect) = (text(&entry["uri"]), &entry["expect"]);
            assert_eq!(*decode_digits(&uri[PREFIX.len()..]).unwrap(), bytes(&entry["cbor"]));
            let parsed = QrContent::parse(uri);
            assert_eq!(parsed.is_ok(), entry["valid"].as_bool().unwrap(), "{}", entry["name"]);
            let Ok(content) = parsed else { continue };
            assert_eq!(content.assigned_domains(), number(&expect["known_domains"]));
            assert_eq!(content.supports_linking(), expect["linking"].as_bool());
            assert_eq!(content.hint().as_str(), text(&expect["hint"]));
            if let Some(known) = expect.get("transports") {
                // The vectors leave unknown channels out; we keep them, as unknown.
                let ours = content.channels().iter().filter(|c| !matches!(c, Channel::Unknown(_)));
                let ours: Vec<_> = ours.map(|c| c.number()).collect();
                assert_eq!(ours, known.as_array().unwrap().iter().map(number).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn names_what_is_wrong_with_a_rule() {
        let all = vectors();
        let error = |name: &str| {
            let rules = all["qr"]["parse_rules"].as_array().unwrap();
            let entry = rules.iter().find(|e| text(&e["name"]) == name).unwrap();
            QrContent::parse(text(&entry["uri"])).unwrap_err()
        };
        assert_eq!(error("invalid compressed point"), QrError::ClientIdentity { got: 33 });
        assert_eq!(error("uncompressed 65-byte point"), QrError::ClientIdentity { got: 65 });
        assert_eq!(error("key 0 is an integer"), QrError::WrongType { key: 0 });
        assert_eq!(error("known domains is text"), QrError::WrongType { key: 2 });
        assert_eq!(error("linking is text"), QrError::WrongType { key: 4 });
        assert_eq!(error("hint is an integer"), QrError::WrongType { key: 5 });
        assert_eq!(error("secret 15 bytes"), QrError::SecretLength { got: 15 });
        assert_eq!(error("secret 17 bytes"), QrError::SecretLength { got: 17 });
        assert_eq!(error("missing secret"), QrError::Missing { key: 1 });
    }

    #[test]
    fn refuses_every_invalid_uri_of_the_vectors() {
        let all = vectors();
        for entry in all["qr"]["invalid_uris"].as_array().unwrap() {
            let kind = match QrContent::parse(text(&entry["uri"])).unwrap_err() {
                QrError::NotFido => "prefix",
                QrError::Empty => "empty payload",
                QrError::Digits(DigitError::NonDigit) => "non_digit",
                QrError::Digits(DigitError::Length { .. }) => "length",
                QrError::Digits(DigitError::Range) => "range",
                QrError::NotAMap => "CBOR is not a map",
                other => panic!("{other}"),
            };
            assert_eq!(kind, text(&entry["error"]), "{entry}");
        }
    }

    fn sample(entries: Vec<(i64, Value)>) -> String {
        let all = vectors();
        let fields = &all["qr"]["decode"][0]["fields"];
        let mut all_entries =
            vec![(0.into(), Value::from(bytes(&fields["0"]))), (1.into(), Value::from(bytes(&fields["1"])))];
        all_entries.extend(entries.into_iter().map(|(key, value)| (key.into(), value)));
        [PREFIX, &encode_digits(&cbor::encode(&Value::map(all_entries)))].concat()
    }

    #[test]
    fn refuses_what_the_vectors_leave_out() {
        let negative = sample(vec![(2, Value::from(-1))]);
        assert_eq!(QrContent::parse(&negative).unwrap_err(), QrError::WrongType { key: 2 });
        let twice = sample(vec![(5, Value::from("ga")), (5, Value::from("mc"))]);
        assert_eq!(QrContent::parse(&twice).unwrap_err(), QrError::Cbor(DecodeError::DuplicateKey));
        let time = sample(vec![(3, Value::from("now"))]);
        assert_eq!(QrContent::parse(&time).unwrap_err(), QrError::WrongType { key: 3 });
        let nested = sample(vec![(9, (0..20).fold(Value::Null, |inner, _| Value::array([inner])))]);
        assert_eq!(QrContent::parse(&nested).unwrap_err(), QrError::Cbor(DecodeError::TooDeep));
        let long = format!("{PREFIX}{}", "0".repeat(7_090));
        assert_eq!(QrContent::parse(&long).unwrap_err(), QrError::TooLong { got: 7_096 });
        let good = sample(vec![]);
        for wrong in [format!("{good}\n"), format!(" {good}"), format!("{good}?")] {
            assert!(QrContent::parse(&wrong).is_err());
        }
        assert!(QrContent::parse(&good.to_ascii_lowercase()).is_ok());
        assert!(QrContent::parse("FIDO:\u{2215}0").is_err());
    }

    #[test]
    fn knows_assigned_domains_by_their_count() {
        let knows = |count: u64, id: u16| {
            let content = QrContent::parse(&sample(vec![(2, Value::from(count))])).unwrap();
            content.knows_domain(TunnelDomainId::new(id).unwrap())
        };
        assert!(!knows(0, 0) && knows(1, 0) && !knows(1, 1) && knows(2, 1) && knows(0, 256));
    }

    #[test]
    fn debug_shows_no_secret() {
        let content = QrContent::parse(&sample(vec![])).unwrap();
        let shown = format!("{content:?}");
        assert!(shown.contains("QrSecret(redacted)") && shown.contains("ClientIdentity(..)"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in ".{0,100}") {
            let _ = QrContent::parse(&text);
        }

        #[test]
        fn any_bytes_in_a_code_never_panic(content in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = QrContent::parse(&[PREFIX, &encode_digits(&content)].concat());
        }

        #[test]
        fn what_we_show_reads_back(seed: [u8; 32], secret: [u8; 16], at: Option<u64>, create: bool) {
            let Some(scalar) = crate::hybrid::point::Scalar::from_bytes(&seed) else { return Ok(()) };
            let identity = ClientIdentityKey(scalar).public();
            let hint = if create { OperationHint::MakeCredential } else { OperationHint::GetAssertion };
            let text = QrContent::new(identity, QrSecret::from_bytes(secret), hint, at).format();
            let back = QrContent::parse(&text).unwrap();
            prop_assert_eq!(back.client_identity(), &identity);
            prop_assert_eq!(back.qr_secret().expose(), &secret);
            prop_assert_eq!((back.made_at(), back.hint()), (at, hint));
            prop_assert_eq!((back.assigned_domains(), back.supports_linking()), (2, Some(false)));
            prop_assert_eq!(back.format(), text);
        }
    }
}
