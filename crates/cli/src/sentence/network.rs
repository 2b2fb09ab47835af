use std::{
    io,
    path::{Path, PathBuf},
};

use latchkey_hybrid::port::{AdvertiserError, TunnelError};
use latchkey_tunnel::{TrustError, relay::RelayError, serve::ServeOptions};

use super::{DOCTOR, NEW_CODE, Sentence, causes, reason, sentence};
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

/// Why `latchkey tunnel` did not start. Certificate, key and address are the call's.
pub(crate) fn of_service(error: &RelayError, options: &ServeOptions) -> Sentence {
    use RelayError as R;
    let named = |file: &Option<PathBuf>| file.as_deref().unwrap_or(Path::new("")).display().to_string();
    let (cert, key) = (named(&options.cert), named(&options.key));
    let usage = |what: String, next: &str| sentence(Exit::Usage, what, next);
    match error {
        R::Listen { address, source } => sentence(
            Exit::Network,
            format!("The tunnel service cannot listen on {address}: {}.", reason(source)),
            match source.kind() {
                io::ErrorKind::AddrInUse => "Stop what listens there, or give --listen another port.",
                io::ErrorKind::PermissionDenied => {
                    "A port below 1024 needs a right that the unit in docs/relay.md gives; 1024 and above need none."
                }
                _ => {
                    "Give --listen an address of this machine; 0.0.0.0 is every IPv4 address, [::] every one."
                }
            },
        ),
        R::Read { what, file, source } => usage(
            format!("The {what} {} cannot be read: {}.", file.display(), reason(source)),
            match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    "The service's user must be able to read it; the unit in docs/relay.md hands both files over."
                }
                _ => "Name the PEM files with --cert and --key.",
            },
        ),
        R::BadCertificate => usage(
            format!("{cert} holds no PEM certificate."),
            "--cert takes the chain in PEM (BEGIN CERTIFICATE), the service's own certificate first.",
        ),
        R::BadKey => usage(
            format!("{key} holds no PEM private key."),
            "--key takes an unencrypted key in PEM: PKCS#8, SEC 1 or PKCS#1.",
        ),
        R::Tls(error) => usage(
            format!("{cert} and {key} cannot be used together: {error}."),
            "The first certificate in --cert must be the one that was made for the key in --key.",
        ),
        R::HalfTls => usage(
            "A certificate needs its private key.".into(),
            "Give both --cert and --key, or neither and a proxy in front that does TLS.",
        ),
        _ => sentence(
            Exit::Network,
            format!("The tunnel service did not start: {}.", causes(error).collect::<Vec<_>>().join(": ")),
            "Is this machine out of memory or open files?",
        ),
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
