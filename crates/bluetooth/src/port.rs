//! The radio as `latchkey-hybrid` asks for it.

use latchkey_crypto::hybrid::{Advert, EidKey, MatchedAdvert};
use latchkey_hybrid::port::{Advertiser, AdvertiserError, Scanner, ScannerError};

use crate::{BluezAdvertiser, BluezScanner, OnAir, RadioError};

impl Advertiser for BluezAdvertiser {
    type OnAir = OnAir;

    async fn advertise(&self, advert: &Advert) -> Result<OnAir, AdvertiserError> {
        Ok(self.put_on_air(*advert.as_bytes()).await?)
    }

    async fn withdraw(&self, on_air: OnAir) {
        self.take_down(on_air).await;
    }
}

impl Scanner for BluezScanner {
    async fn find(&self, eid_key: &EidKey) -> Result<MatchedAdvert, ScannerError> {
        // Whatever does not open belongs to somebody else's ceremony, or is no advert at all.
        Ok(self.find_data(|data| Advert::open(eid_key, data).ok()).await?)
    }
}

impl From<RadioError> for AdvertiserError {
    fn from(error: RadioError) -> Self {
        match error {
            RadioError::NoBus { .. } | RadioError::NoDaemon | RadioError::NoAnswer => Self::NoBluetooth,
            RadioError::NoAdapter | RadioError::UnknownAdapter { .. } => Self::NoAdapter,
            RadioError::AdapterOff => Self::AdapterOff,
            RadioError::AdapterBlocked => Self::AdapterBlocked,
            RadioError::CannotAdvertise => Self::CannotAdvertise,
            RadioError::TooManyAdverts => Self::TooManyAdverts,
            RadioError::NotPermitted { .. } => Self::NotPermitted,
            RadioError::Rejected { reason } | RadioError::Bus { detail: reason } => Self::Rejected { reason },
        }
    }
}

impl From<RadioError> for ScannerError {
    fn from(error: RadioError) -> Self {
        match error {
            RadioError::NoBus { .. } | RadioError::NoDaemon | RadioError::NoAnswer => Self::NoBluetooth,
            RadioError::NoAdapter | RadioError::UnknownAdapter { .. } => Self::NoAdapter,
            RadioError::AdapterOff => Self::AdapterOff,
            RadioError::AdapterBlocked => Self::AdapterBlocked,
            RadioError::NotPermitted { .. } => Self::NotPermitted,
            RadioError::Rejected { reason } | RadioError::Bus { detail: reason } => Self::Rejected { reason },
            // Only advertising says these; the words are all there is to pass on.
            other @ (RadioError::CannotAdvertise | RadioError::TooManyAdverts) => {
                Self::Rejected { reason: other.to_string() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_can_do_stays_apart() {
        let pairs = [
            (RadioError::NoDaemon, AdvertiserError::NoBluetooth, ScannerError::NoBluetooth),
            (RadioError::NoAnswer, AdvertiserError::NoBluetooth, ScannerError::NoBluetooth),
            (RadioError::NoAdapter, AdvertiserError::NoAdapter, ScannerError::NoAdapter),
            (RadioError::AdapterOff, AdvertiserError::AdapterOff, ScannerError::AdapterOff),
            (RadioError::AdapterBlocked, AdvertiserError::AdapterBlocked, ScannerError::AdapterBlocked),
            (
                RadioError::NotPermitted { reason: String::new() },
                AdvertiserError::NotPermitted,
                ScannerError::NotPermitted,
            ),
        ];
        for (error, advertiser, scanner) in pairs {
            assert_eq!(AdvertiserError::from(error.clone()), advertiser);
            assert_eq!(ScannerError::from(error), scanner);
        }
        assert_eq!(AdvertiserError::from(RadioError::CannotAdvertise), AdvertiserError::CannotAdvertise);
        assert_eq!(AdvertiserError::from(RadioError::TooManyAdverts), AdvertiserError::TooManyAdverts);
    }

    #[test]
    fn the_words_of_the_daemon_are_passed_on() {
        let reason = String::from("org.bluez.Error.Failed: Failed to register advertisement");
        assert_eq!(
            AdvertiserError::from(RadioError::Rejected { reason: reason.clone() }),
            AdvertiserError::Rejected { reason }
        );
    }
}
