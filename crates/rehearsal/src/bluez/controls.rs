//! What a test may change about the radio.

/// The kind of controller that the stand-in plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Controller {
    /// Bluetooth 5 dual mode, as most machines have: hears every advert.
    #[default]
    DualMode,
    /// LE only: without a UUID filter it hears only discoverable adverts, and its own carry flags (3 bytes).
    LeOnly,
}

/// What happens to an advert on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tamper {
    /// It arrives as it was sent.
    #[default]
    Faithful,
    /// The last byte of the service data is flipped: the tag of a hybrid advert no longer fits.
    WrongTag,
    /// The service data arrives with a byte more: 21 for 20.
    OneByteMore,
    /// It never arrives.
    Swallow,
}

/// Which adverts are refused, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub of: Refused,
    /// With what reply.
    pub with: Reply,
}

/// Which adverts are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// All.
    All,
    /// Those of type broadcast.
    Broadcasts,
    /// Those of type peripheral.
    Peripherals,
    /// Those that ask for an interval.
    Intervals,
}

/// How bluetoothd refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// "Maximum advertisements reached": also what a daemon says that leaked its instances.
    MaximumReached,
    /// "Failed to register advertisement": the controller said no.
    Failed,
    /// Not permitted.
    NotPermitted,
    /// Not supported.
    NotSupported,
    /// The advert is said to be too long.
    InvalidLength,
}
