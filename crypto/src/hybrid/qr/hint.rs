/// What the client says it is going to ask for. For the screen only: the real request may be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationHint {
    /// `ga`: sign in. Also stands for an absent or unknown hint.
    GetAssertion,
    /// `mc`: create a passkey.
    MakeCredential,
    /// `dcp`: show a digital credential, which we hold none of.
    DigitalCredentialPresentation,
    /// `dci`: receive a digital credential, which we cannot.
    DigitalCredentialIssuance,
}

impl OperationHint {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            OperationHint::GetAssertion => "ga",
            OperationHint::MakeCredential => "mc",
            OperationHint::DigitalCredentialPresentation => "dcp",
            OperationHint::DigitalCredentialIssuance => "dci",
        }
    }

    /// The hint of a text; `None` if it is unknown.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "ga" => Some(OperationHint::GetAssertion),
            "mc" => Some(OperationHint::MakeCredential),
            "dcp" => Some(OperationHint::DigitalCredentialPresentation),
            "dci" => Some(OperationHint::DigitalCredentialIssuance),
            _ => None,
        }
    }

    /// Whether passkeys are meant, and not digital credentials.
    pub fn is_ctap(self) -> bool {
        matches!(self, OperationHint::GetAssertion | OperationHint::MakeCredential)
    }
}
