//! The advertiser: from 20 bytes to an advert on the air.

use std::time::Duration;

use latchkey_crypto::hybrid::ADVERT_LEN;

use super::{object::AdvertForm, on_air::OnAir, registration::Registration};
use crate::{Radio, RadioError};

/// How long one kind of advert stays before the other takes over. A scanner that can hear the first kind needs
/// 0.2 to 1.5 s, the client's connection and hello another second or two.
const TURN: Duration = Duration::from_secs(8);

/// Sends hybrid adverts through bluetoothd.
///
/// Each advert has a D-Bus connection of its own, so that bluetoothd removes it when this process ends in
/// whatever way.
#[derive(Clone, Debug)]
pub struct BluezAdvertiser {
    radio: Radio,
    turn: Duration,
}

impl BluezAdvertiser {
    /// An advertiser on this radio.
    pub fn new(radio: Radio) -> Self {
        Self { radio, turn: TURN }
    }

    /// Changes how long each kind of advert stays up (8 s): tests are in a hurry.
    pub fn with_turn(self, turn: Duration) -> Self {
        Self { turn, ..self }
    }

    /// Puts 20 bytes of service data on the air: as a broadcast first, then both kinds in turns.
    ///
    /// Fails when no adapter can do it or bluetoothd refuses both kinds. Cancel-safe: a dropped future leaves no
    /// advert behind.
    pub async fn put_on_air(&self, service_data: [u8; ADVERT_LEN]) -> Result<OnAir, RadioError> {
        let mut registration = Registration::open(&self.radio, service_data).await?;
        let form = registration.put_up_any().await?;
        tracing::debug!(%form, "advert on the air");
        Ok(OnAir::keep(registration, form, self.turn))
    }

    /// Takes the advert down and waits until bluetoothd has done so, 2 s at most. Dropping works too, unseen.
    pub async fn take_down(&self, on_air: OnAir) {
        on_air.withdraw().await;
    }

    /// Tries both kinds for an instant, with 20 zero bytes that match nobody's key, and says which the adapter
    /// took. For `doctor`.
    ///
    /// Fails as a whole when there is no adapter to try.
    pub async fn try_forms(&self) -> Result<[(AdvertForm, Result<(), RadioError>); 2], RadioError> {
        let mut registration = Registration::open(&self.radio, [0; ADVERT_LEN]).await?;
        let broadcast = registration.put_up(AdvertForm::Broadcast).await;
        let peripheral = registration.put_up(AdvertForm::Peripheral).await;
        registration.take_down().await;
        Ok([(AdvertForm::Broadcast, broadcast), (AdvertForm::Peripheral, peripheral)])
    }
}
