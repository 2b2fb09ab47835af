//! One advert's registrations with bluetoothd, over a connection of its own.

use std::collections::HashMap;

use latchkey_crypto::hybrid::ADVERT_LEN;
use zbus::{
    Connection,
    zvariant::{ObjectPath, Value},
};

use super::object::{AdvertForm, Advertisement, Pace};
use crate::{Radio, RadioError, Use, bus, facts};

const MANAGER: &str = "org.bluez.LEAdvertisingManager1";

/// A connection that holds at most one advert.
///
/// Dropping it closes the connection. bluetoothd watches the connections of its clients, so the advert is gone
/// then whatever happened to us: a return, a panic, a `kill -9`.
pub(crate) struct Registration {
    connection: Connection,
    adapter: String,
    service_data: [u8; ADVERT_LEN],
    pace: Pace,
    /// Counts the objects exported so far: each registration has a path of its own.
    exported: u32,
    /// The registered object.
    path: Option<ObjectPath<'static>>,
}

impl Registration {
    /// Connects and chooses the adapter; nothing is on the air yet.
    pub(crate) async fn open(radio: &Radio, service_data: [u8; ADVERT_LEN]) -> Result<Self, RadioError> {
        let connection = radio.bus().connect().await?;
        let adapters = facts::adapters(&connection).await?;
        let adapter = radio.choose(&adapters, Use::Advertising)?.path.clone();
        Ok(Self { connection, adapter, service_data, pace: Pace::Fast, exported: 0, path: None })
    }

    /// Puts the advert up in the first kind that the adapter takes.
    pub(crate) async fn put_up_any(&mut self) -> Result<AdvertForm, RadioError> {
        match self.put_up(AdvertForm::Broadcast).await {
            Ok(()) => Ok(AdvertForm::Broadcast),
            // Some chips refuse one kind only. If both fail, the first refusal is told.
            Err(refused @ RadioError::Rejected { .. }) => {
                self.put_up(AdvertForm::Peripheral).await.map_err(|_| refused)?;
                Ok(AdvertForm::Peripheral)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts the advert up in this kind; another one that was up is taken down first.
    pub(crate) async fn put_up(&mut self, form: AdvertForm) -> Result<(), RadioError> {
        // One after the other: the adapter may have a single instance.
        self.take_down().await;
        match self.register(form).await {
            // An adapter that does not permit the interval may take the advert without one.
            Err(RadioError::Rejected { reason }) if self.pace == Pace::Fast => {
                tracing::debug!(%form, reason, "refused, trying bluetoothd's own interval");
                self.pace = Pace::Default;
                let second = self.register(form).await;
                if second.is_err() {
                    // The interval was not what it minded.
                    self.pace = Pace::Fast;
                }
                second
            }
            outcome => outcome,
        }
    }

    /// Takes the advert down, if one is up. A daemon that forgot it is as good.
    pub(crate) async fn take_down(&mut self) {
        let Some(path) = self.path.take() else { return };
        if let Err(error) =
            bus::call(&self.connection, &self.adapter, MANAGER, "UnregisterAdvertisement", &(&path,)).await
        {
            tracing::debug!(%error, "advert was not taken down");
        }
        self.unexport(&path).await;
    }

    async fn register(&mut self, form: AdvertForm) -> Result<(), RadioError> {
        self.exported = self.exported.wrapping_add(1);
        let path = ObjectPath::try_from(format!("/org/latchkey/advert{}", self.exported))
            .map_err(|error| RadioError::Bus { detail: error.to_string() })?;
        let object = Advertisement { form, pace: self.pace, service_data: self.service_data };
        let exported = self.connection.object_server().at(&path, object).await;
        exported.map_err(|error| RadioError::Bus { detail: error.to_string() })?;
        let options: HashMap<&str, Value<'_>> = HashMap::new();
        let asked = (&path, options);
        match bus::call(&self.connection, &self.adapter, MANAGER, "RegisterAdvertisement", &asked).await {
            Ok(_) => {
                self.path = Some(path);
                Ok(())
            }
            Err(error) => {
                self.unexport(&path).await;
                Err(error)
            }
        }
    }

    async fn unexport(&self, path: &ObjectPath<'static>) {
        if let Err(error) = self.connection.object_server().remove::<Advertisement, _>(path).await {
            tracing::debug!(%error, "advert object was gone already");
        }
    }
}
