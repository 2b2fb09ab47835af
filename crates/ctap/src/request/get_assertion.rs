use latchkey_crypto::cbor::Value;
use latchkey_passkey::{CredentialId, RpId};

use super::{Fields, Parsed, array, descriptors, is_touch, list, options, refuse_pin_uv_auth, rp_id};
use crate::{prf::PrfAtAssertion, status::Status};

/// authenticatorGetAssertion (CTAP 2.2 §6.2), parsed.
pub(crate) struct GetAssertion {
    pub(crate) rp_id: RpId,
    pub(crate) client_data_hash: [u8; 32],
    /// None if the site named no credential and wants a discoverable one.
    pub(crate) allow_list: Option<Vec<CredentialId>>,
    pub(crate) user_verification: bool,
    pub(crate) prf: Option<PrfAtAssertion>,
}

impl GetAssertion {
    /// Reads the parameters and takes the steps of CTAP 2.2 §6.2.2 that need nothing else.
    pub(crate) fn parse(parameters: &Value) -> Result<Parsed<Self>, Status> {
        let fields = Fields::of(parameters)?;
        let rp_id = fields.required(1, rp_id)?;
        if is_touch(&rp_id) {
            return Ok(Parsed::Touch);
        }
        let client_data_hash = fields.required(2, array::<32>)?;
        // An empty list counts as none. One whose entries are all unknown does not: nothing matches it.
        let named = fields.optional(3, list)?.is_some_and(|list| !list.is_empty());
        let allow_list = fields.optional(3, descriptors)?.filter(|_| named);
        let extensions = fields.optional(4, Fields::of)?;
        let options = fields.optional(5, options)?.unwrap_or_default();

        // Step 1 concerns authenticators with a PIN; this door has none.
        // Step 2.
        refuse_pin_uv_auth(fields, 6, 7)?;
        // Step 4: `rk` has no meaning here. A silent probe (`up: false`) has none on this door: a client sends
        // one request with its whole list, and what is here is told to nobody unasked.
        if options.rk.is_some() || options.up == Some(false) {
            return Err(Status::UnsupportedOption);
        }
        let prf = extensions.map(|map| map.optional("prf", PrfAtAssertion::parse)).transpose()?.flatten();

        Ok(Parsed::Request(Self {
            rp_id,
            client_data_hash,
            allow_list,
            user_verification: options.uv == Some(true),
            prf,
        }))
    }
}
