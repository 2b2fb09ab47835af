use latchkey_crypto::{cbor::Value, cose::Algorithm};
use latchkey_passkey::{CredProtect, CredentialId, RpId, UserHandle};

use super::{
    Fields, Parsed, array, bytes, descriptors, is_touch, list, name, options, refuse_pin_uv_auth, rp_id, text,
};
use crate::{prf::PrfAtCreation, status::Status};

/// authenticatorMakeCredential (CTAP 2.2 §6.1), parsed.
pub(crate) struct MakeCredential {
    pub(crate) rp_id: RpId,
    pub(crate) rp_name: Option<String>,
    pub(crate) user_handle: UserHandle,
    pub(crate) user_name: String,
    pub(crate) user_display_name: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) exclude_list: Vec<CredentialId>,
    pub(crate) discoverable: bool,
    pub(crate) cred_protect: Option<CredProtect>,
    pub(crate) prf: Option<PrfAtCreation>,
}

impl MakeCredential {
    /// Reads the parameters and takes the steps of CTAP 2.2 §6.1.2 that need nothing else.
    pub(crate) fn parse(parameters: &Value) -> Result<Parsed<Self>, Status> {
        let fields = Fields::of(parameters)?;
        // Not kept: attestation is `none`, so nothing is signed over it.
        fields.required(1, array::<32>)?;
        let rp = fields.required(2, Fields::of)?;
        let rp_id = rp.required("id", rp_id)?;
        if is_touch(&rp_id) {
            return Ok(Parsed::Touch);
        }
        let user = fields.required(3, Fields::of)?;
        let user_handle = user
            .required("id", |id| UserHandle::new(bytes(id)?.to_vec()).map_err(|_| Status::InvalidLength))?;
        let offered = fields.required(4, algorithms)?;
        let exclude_list = fields.optional(5, descriptors)?.unwrap_or_default();
        let extensions = fields.optional(6, Fields::of)?;
        let options = fields.optional(7, options)?.unwrap_or_default();

        // Step 1 concerns authenticators with a PIN; this door has none.
        // Step 2.
        refuse_pin_uv_auth(fields, 8, 9)?;
        // Step 3.
        let algorithm = Algorithm::choose(&offered).ok_or(Status::UnsupportedAlgorithm)?;
        // Step 5. `uv` needs no look: see step 8.
        if options.up == Some(false) {
            return Err(Status::InvalidOption);
        }
        // Steps 6 to 8: this authenticator is protected by verification and never makes a credential without it,
        // as getInfo announces no `makeCredUvNotRqd`. A request without `uv` is verified all the same, as by
        // phones, instead of refused.
        // Step 9: no enterprise attestation.
        if fields.has(10) {
            return Err(Status::InvalidParameter);
        }
        // Step 15, what concerns input.
        let cred_protect =
            extensions.map(|map| map.optional("credProtect", cred_protect)).transpose()?.flatten();
        let prf = extensions.map(|map| map.optional("prf", PrfAtCreation::parse)).transpose()?.flatten();

        Ok(Parsed::Request(Self {
            rp_id,
            rp_name: rp.optional("name", name)?.filter(|name| !name.is_empty()),
            user_handle,
            user_name: user.optional("name", name)?.unwrap_or_default(),
            user_display_name: user.optional("displayName", name)?.unwrap_or_default(),
            algorithm,
            exclude_list,
            discoverable: options.rk == Some(true),
            cred_protect,
            prf,
        }))
    }
}

/// The COSE identifiers of a list of PublicKeyCredentialParameters. Other types than `public-key` are passed over,
/// incomplete entries are errors (step 3.1).
fn algorithms(value: &Value) -> Result<Vec<i64>, Status> {
    let mut offered = Vec::new();
    for entry in list(value)? {
        let fields = Fields::of(entry)?;
        let kind = fields.required("type", text)?;
        let alg = fields.required("alg", |alg| alg.as_i64().ok_or(Status::CborUnexpectedType))?;
        if kind == "public-key" {
            offered.push(alg);
        }
    }
    Ok(offered)
}

fn cred_protect(value: &Value) -> Result<CredProtect, Status> {
    let level = value.as_u64().ok_or(Status::CborUnexpectedType)?;
    CredProtect::from_level(level).ok_or(Status::InvalidParameter)
}
