//! Our advertiser and our scanner against the stand-in for bluetoothd.

mod advertise;
mod scan;
mod stage;
