//! The numbers that stand for variants in records. Fixed for good; new variants get new numbers.

use latchkey_passkey::{CounterMode, Custody, Door, Outcome, UseKind, Verification};

macro_rules! codes {
    ($type:ident, $code:ident, $from:ident, { $($variant:ident = $number:literal),+ $(,)? }) => {
        pub(super) fn $code(value: $type) -> u64 {
            match value {
                $($type::$variant => $number,)+
            }
        }

        pub(super) fn $from(code: u64) -> Option<$type> {
            match code {
                $($number => Some($type::$variant),)+
                _ => None,
            }
        }
    };
}

codes!(Custody, custody_code, custody_from_code, { Syncable = 1, DeviceBound = 2 });
codes!(CounterMode, counter_code, counter_from_code, { Zero = 1, Time = 2 });
codes!(UseKind, use_kind_code, use_kind_from_code, { Create = 1, SignIn = 2 });
codes!(Door, door_code, door_from_code, { Hybrid = 1, VirtualKey = 2 });
codes!(Outcome, outcome_code, outcome_from_code, { Approved = 1, Refused = 2 });
codes!(Verification, verification_code, verification_from_code, { Passphrase = 1, Script = 2 });
