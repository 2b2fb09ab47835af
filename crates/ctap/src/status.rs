/// A CTAP status byte (CTAP 2.2 §8.2), of those that this authenticator gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `CTAP2_OK`.
    Ok,
    /// `CTAP1_ERR_INVALID_COMMAND`: a command that this door does not know.
    InvalidCommand,
    /// `CTAP1_ERR_INVALID_PARAMETER`: a value that is out of its range.
    InvalidParameter,
    /// `CTAP1_ERR_INVALID_LENGTH`: a byte string of another length than it must have.
    InvalidLength,
    /// `CTAP2_ERR_CBOR_UNEXPECTED_TYPE`.
    CborUnexpectedType,
    /// `CTAP2_ERR_INVALID_CBOR`.
    InvalidCbor,
    /// `CTAP2_ERR_MISSING_PARAMETER`.
    MissingParameter,
    /// `CTAP2_ERR_LIMIT_EXCEEDED`: a list of too many entries.
    LimitExceeded,
    /// `CTAP2_ERR_CREDENTIAL_EXCLUDED`.
    CredentialExcluded,
    /// `CTAP2_ERR_UNSUPPORTED_ALGORITHM`: none that the site offers is built in.
    UnsupportedAlgorithm,
    /// `CTAP2_ERR_OPERATION_DENIED`: the person refused, or was not verified.
    OperationDenied,
    /// `CTAP2_ERR_UNSUPPORTED_OPTION`.
    UnsupportedOption,
    /// `CTAP2_ERR_INVALID_OPTION`.
    InvalidOption,
    /// `CTAP2_ERR_KEEPALIVE_CANCEL`: the other side gave up.
    KeepaliveCancel,
    /// `CTAP2_ERR_NO_CREDENTIALS`.
    NoCredentials,
    /// `CTAP2_ERR_USER_ACTION_TIMEOUT`.
    UserActionTimeout,
    /// `CTAP2_ERR_PIN_NOT_SET`: what a key without PIN says after a touch that was asked for by an empty PIN.
    PinNotSet,
    /// `CTAP2_ERR_REQUEST_TOO_LARGE`.
    RequestTooLarge,
    /// `CTAP1_ERR_OTHER`: the store or the key failed.
    Other,
}

impl Status {
    /// The byte on the wire.
    pub fn code(self) -> u8 {
        match self {
            Status::Ok => 0x00,
            Status::InvalidCommand => 0x01,
            Status::InvalidParameter => 0x02,
            Status::InvalidLength => 0x03,
            Status::CborUnexpectedType => 0x11,
            Status::InvalidCbor => 0x12,
            Status::MissingParameter => 0x14,
            Status::LimitExceeded => 0x15,
            Status::CredentialExcluded => 0x19,
            Status::UnsupportedAlgorithm => 0x26,
            Status::OperationDenied => 0x27,
            Status::UnsupportedOption => 0x2b,
            Status::InvalidOption => 0x2c,
            Status::KeepaliveCancel => 0x2d,
            Status::NoCredentials => 0x2e,
            Status::UserActionTimeout => 0x2f,
            Status::PinNotSet => 0x35,
            Status::RequestTooLarge => 0x39,
            Status::Other => 0x7f,
        }
    }

    /// A response that is nothing but this status.
    pub(crate) fn message(self) -> Vec<u8> {
        vec![self.code()]
    }
}
