//! The two service UUIDs of the hybrid transport, CTAP 2.2 §11.5.1.

/// `0xfff9`, assigned to the FIDO Alliance: what we send. BlueZ turns the long text into 16 bits on the air.
pub(crate) const FIDO: &str = "0000fff9-0000-1000-8000-00805f9b34fb";

/// `0xfde2`, assigned to Google: older Chrome for Android and iOS 16 send it.
pub(crate) const GOOGLE: &str = "0000fde2-0000-1000-8000-00805f9b34fb";

/// Whether service data under this UUID may be a hybrid advert.
pub(crate) fn is_hybrid(uuid: &str) -> bool {
    uuid.eq_ignore_ascii_case(FIDO) || uuid.eq_ignore_ascii_case(GOOGLE)
}

#[cfg(test)]
mod tests {
    use super::is_hybrid;

    #[test]
    fn both_assigned_numbers_count_and_others_do_not() {
        assert!(is_hybrid("0000FFF9-0000-1000-8000-00805f9b34fb"));
        assert!(is_hybrid("0000fde2-0000-1000-8000-00805f9b34fb"));
        assert!(!is_hybrid("0000fffa-0000-1000-8000-00805f9b34fb"));
        assert!(!is_hybrid("fff9"));
    }
}
