use latchkey_hybrid::port::{AdvertiserError, TunnelError};
use latchkey_tunnel::TrustError;

use super::{DOCTOR, NEW_CODE, Sentence, sentence};
use crate::exit::Exit;

pub(crate) fn of_tunnel(error: &TunnelError) -> Sentence {
    use TunnelError as T;
    let network = |what: String, next: &str| sentence(Exit::Network, what, next);
    match error {
        T::NoNetwork { .. } => {
            network("There is no way to the network.".into(), "Connect this machine and try again.")
        }
        T::NameNotFound => network(
            "The tunnel service's name was not found.".into(),
            "Is the network up, and does it resolve names? Another service can be named with --tunnel.",
        ),
        T::Tls => network(
            "The tunnel service could not prove who it is.".into(),
            "A proxy that opens TLS, or a wrong clock, does this. For a service of your own, set SSL_CERT_FILE.",
        ),
        T::Refused { status } => network(
            format!("The tunnel service refused (HTTP {status})."),
            "Try again in a minute, or name another service with --tunnel.",
        ),
        T::Unreachable => network(
            "The tunnel service cannot be reached.".into(),
            "Is the network up, and does a firewall let port 443 out? Another service can be named with --tunnel.",
        ),
        T::TimedOut => {
            network("The tunnel service did not answer in time.".into(), "Try again; see `latchkey doctor`.")
        }
        T::Closed { .. } => network("The tunnel broke.".into(), NEW_CODE),
        _ => network(format!("The tunnel service failed: {error}."), NEW_CODE),
    }
}

pub(crate) fn of_radio(error: &AdvertiserError) -> Sentence {
    use AdvertiserError as R;
    let radio = |what: &str, next: &str| sentence(Exit::Radio, what, next);
    match error {
        R::NoBluetooth if is_bus_named() => radio(
            "BlueZ does not answer at the address in DBUS_SYSTEM_BUS_ADDRESS.",
            "Unset DBUS_SYSTEM_BUS_ADDRESS, or let it name the bus that BlueZ is on.",
        ),
        R::NoBluetooth => radio(
            "Bluetooth is not running: BlueZ does not answer on the system bus.",
            "Install bluez, then: sudo systemctl enable --now bluetooth",
        ),
        R::NoAdapter => radio(
            "This machine has no Bluetooth adapter, or not the one named.",
            "Plug one in; `latchkey doctor` lists what is there.",
        ),
        R::AdapterBlocked => radio(
            "Bluetooth is blocked: flight mode, or a switch on the machine.",
            "Unblock it: rfkill unblock bluetooth",
        ),
        R::AdapterOff => radio("The Bluetooth adapter is off.", "Turn it on: bluetoothctl power on"),
        R::CannotAdvertise => radio(
            "The Bluetooth adapter cannot send adverts.",
            "It needs Bluetooth LE with the peripheral role; another adapter may do.",
        ),
        R::TooManyAdverts => radio(
            "All of the adapter's adverts are taken.",
            "Stop what else advertises, or restart Bluetooth: sudo systemctl restart bluetooth",
        ),
        R::NotPermitted => radio(
            "BlueZ did not permit the advert.",
            "Is your user allowed to use Bluetooth (group bluetooth)?",
        ),
        _ => sentence(Exit::Radio, format!("BlueZ rejected the advert: {error}."), DOCTOR),
    }
}

/// Whether somebody has named another bus than the system's.
pub(crate) fn is_bus_named() -> bool {
    std::env::var_os("DBUS_SYSTEM_BUS_ADDRESS").is_some_and(|address| !address.is_empty())
}

pub(crate) fn no_roots(error: &TrustError) -> Sentence {
    sentence(
        Exit::Network,
        format!("No certificates to trust: {error}."),
        "Install ca-certificates, or set SSL_CERT_FILE.",
    )
}
