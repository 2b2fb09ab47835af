//! What the tests of this crate stand on: a private bus with a stand-in for bluetoothd.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use latchkey_bluetooth::{BluezAdvertiser, Radio};
use latchkey_rehearsal::bluez::{BluezStandIn, PrivateBus};

/// Things happen in milliseconds; a loaded machine takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A QR secret and an advert sealed for it: entry `eid` of the hybrid vectors.
pub(crate) const QR_SECRET: &str = "01fea6f7c4807493dc256f9eacf756c9";
pub(crate) const ADVERT: &str = "027d84ed6076b55e247c830f82955e4d126e7f43";

pub(crate) struct Stage {
    // Declared first, so dropped first: the stand-in leaves its bus before the bus ends.
    pub(crate) bluez: BluezStandIn,
    pub(crate) bus: PrivateBus,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let bus = PrivateBus::start().await.unwrap();
        let bluez = BluezStandIn::start(bus.address()).await.unwrap();
        Self { bluez, bus }
    }

    pub(crate) fn advertiser(&self) -> BluezAdvertiser {
        BluezAdvertiser::new(Radio::at(self.bus.address()))
    }

    /// This test program again, running one of its ignored tests as a process of its own.
    ///
    /// What libdbus opens follows the environment, and a test must not change its own.
    pub(crate) fn child(&self, test: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }
}

/// The 20 bytes of [`ADVERT`].
pub(crate) fn advert() -> [u8; 20] {
    hex::decode(ADVERT).unwrap().try_into().unwrap()
}
