//! `org.bluez.LEAdvertisingManager1`.

use std::{collections::HashMap, sync::Arc};

use zbus::{
    Connection, fdo, interface,
    message::Header,
    zvariant::{ObjectPath, OwnedValue, Value},
};

use super::{advert::AdvertOnAir, air::Air, error::BluezError, stand_in::client};

/// Takes adverts from programs, by reading the object that each of them exports.
pub(super) struct AdvertisingManager {
    pub(super) air: Arc<Air>,
}

#[interface(name = "org.bluez.LEAdvertisingManager1")]
impl AdvertisingManager {
    async fn register_advertisement(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        advertisement: ObjectPath<'_>,
        options: HashMap<String, OwnedValue>,
    ) -> Result<(), BluezError> {
        // bluetoothd defines no options.
        let _ = options;
        let owner = client(&header)?;
        self.air.read(|state| state.may_register(&owner, advertisement.as_str()))?;
        let reply = connection
            .call_method(
                Some(owner.as_str()),
                &advertisement,
                Some("org.freedesktop.DBus.Properties"),
                "GetAll",
                &("org.bluez.LEAdvertisement1",),
            )
            .await?;
        let properties: HashMap<String, OwnedValue> = reply.body().deserialize()?;
        let controller = self.air.read(|state| state.controller);
        let advert = AdvertOnAir::read(&owner, properties, controller)?;
        self.air.change(|state| state.register(advertisement.as_str(), advert))?;
        // The owner may have left while its advert was read, before there was anything to forget.
        let bus = fdo::DBusProxy::new(connection).await?;
        if let Ok(name) = owner.as_str().try_into()
            && !bus.name_has_owner(name).await.map_err(zbus::Error::from)?
        {
            self.air.change(|state| state.forget(&owner));
        }
        Ok(())
    }

    fn unregister_advertisement(
        &self,
        #[zbus(header)] header: Header<'_>,
        advertisement: ObjectPath<'_>,
    ) -> Result<(), BluezError> {
        let owner = client(&header)?;
        self.air.change(|state| state.unregister(&owner, advertisement.as_str()))
    }

    #[zbus(property)]
    fn active_instances(&self) -> u8 {
        self.air.read(|state| state.active_instances())
    }

    #[zbus(property)]
    fn supported_instances(&self) -> u8 {
        self.air.read(|state| state.free_instances())
    }

    #[zbus(property)]
    fn supported_includes(&self) -> Vec<String> {
        ["tx-power", "appearance", "local-name"].map(String::from).into()
    }

    #[zbus(property)]
    fn supported_secondary_channels(&self) -> Vec<String> {
        ["1M", "2M", "Coded"].map(String::from).into()
    }

    #[zbus(property)]
    fn supported_capabilities(&self) -> HashMap<String, Value<'static>> {
        HashMap::from([
            (String::from("MaxAdvLen"), Value::from(31_u8)),
            (String::from("MaxScnRspLen"), Value::from(31_u8)),
        ])
    }

    #[zbus(property)]
    fn supported_features(&self) -> Vec<String> {
        Vec::new()
    }
}
