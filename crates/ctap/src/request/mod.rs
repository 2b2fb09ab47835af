//! Requests as types that cannot be wrong, and the reading of CBOR that they share.

mod get_assertion;
mod make_credential;

use latchkey_crypto::cbor::Value;
use latchkey_passkey::{CredentialId, RpId};

pub(crate) use get_assertion::GetAssertion;
pub(crate) use make_credential::MakeCredential;

use crate::status::Status;

/// The most entries of an allow or exclude list, and of the list of algorithms.
pub const MAX_LIST_ENTRIES: usize = 2048;

/// The most bytes of a site's or user's name that are kept; longer ones are cut between characters.
pub const MAX_NAME_BYTES: usize = 256;

/// RP IDs by which programs (libfido2, Chromium) ask for a touch and nothing else.
const TOUCH_RP_IDS: [&str; 2] = ["make.me.blink", ".dummy"];

/// A request, or only the wish for a touch.
pub(crate) enum Parsed<T> {
    Touch,
    Request(T),
}

/// The entries of a CBOR map.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Self, Status> {
        map(value).map(|_| Self(value))
    }

    pub(crate) fn has(self, key: impl Into<Value>) -> bool {
        self.0.get(key).is_some()
    }

    pub(crate) fn optional<T>(
        self,
        key: impl Into<Value>,
        read: impl FnOnce(&'a Value) -> Result<T, Status>,
    ) -> Result<Option<T>, Status> {
        self.0.get(key).map(read).transpose()
    }

    pub(crate) fn required<T>(
        self,
        key: impl Into<Value>,
        read: impl FnOnce(&'a Value) -> Result<T, Status>,
    ) -> Result<T, Status> {
        self.optional(key, read)?.ok_or(Status::MissingParameter)
    }
}

pub(crate) fn map(value: &Value) -> Result<&[(Value, Value)], Status> {
    value.as_map().ok_or(Status::CborUnexpectedType)
}

fn list(value: &Value) -> Result<&[Value], Status> {
    let items = value.as_array().ok_or(Status::CborUnexpectedType)?;
    if items.len() > MAX_LIST_ENTRIES { Err(Status::LimitExceeded) } else { Ok(items) }
}

fn text(value: &Value) -> Result<&str, Status> {
    value.as_text().ok_or(Status::CborUnexpectedType)
}

fn bytes(value: &Value) -> Result<&[u8], Status> {
    value.as_bytes().ok_or(Status::CborUnexpectedType)
}

fn boolean(value: &Value) -> Result<bool, Status> {
    value.as_bool().ok_or(Status::CborUnexpectedType)
}

/// A byte string of exactly this length.
pub(crate) fn array<const N: usize>(value: &Value) -> Result<[u8; N], Status> {
    bytes(value)?.try_into().map_err(|_| Status::InvalidLength)
}

/// A name, cut between characters so that nobody can fill the vault with one.
fn name(value: &Value) -> Result<String, Status> {
    let text = text(value)?;
    let end = (0..=MAX_NAME_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Ok(text.get(..end).unwrap_or_default().to_owned())
}

fn rp_id(value: &Value) -> Result<RpId, Status> {
    RpId::parse(text(value)?).map_err(|_| Status::InvalidParameter)
}

fn is_touch(rp_id: &RpId) -> bool {
    TOUCH_RP_IDS.contains(&rp_id.as_str())
}

/// A list of PublicKeyCredentialDescriptors, as the IDs that could be ours.
///
/// Entries of another type than `public-key`, and IDs of a length that no credential of ours has, are passed over:
/// they name nothing here (WebAuthn L3 §5.8.3). Transports are hints for the client. Each ID is in the result once,
/// whatever a site sends: each costs a look into the store, and one that is found costs the loading of its key.
fn descriptors(value: &Value) -> Result<Vec<CredentialId>, Status> {
    let mut ids = Vec::new();
    for descriptor in list(value)? {
        let fields = Fields::of(descriptor)?;
        let id = fields.required("id", bytes)?;
        if fields.required("type", text)? == "public-key" {
            ids.extend(CredentialId::new(id.to_vec()));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// This door has no PIN/UV auth protocol, so whichever a request names is not supported.
///
/// CTAP 2.2 §6.1.2 step 2 and §6.2.2 step 2.
fn refuse_pin_uv_auth(fields: Fields<'_>, param: i32, protocol: i32) -> Result<(), Status> {
    match (fields.has(param), fields.has(protocol)) {
        (true, true) => Err(Status::InvalidParameter),
        (true, false) => Err(Status::MissingParameter),
        (false, _) => Ok(()),
    }
}

/// The options of a request. Unknown ones count as absent.
#[derive(Default)]
struct Options {
    rk: Option<bool>,
    up: Option<bool>,
    uv: Option<bool>,
}

fn options(value: &Value) -> Result<Options, Status> {
    let fields = Fields::of(value)?;
    Ok(Options {
        rk: fields.optional("rk", boolean)?,
        up: fields.optional("up", boolean)?,
        uv: fields.optional("uv", boolean)?,
    })
}
