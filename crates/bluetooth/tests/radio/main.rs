//! Our advertiser and our scanner against the stand-in for bluetoothd.

// `cfg(test)` says nothing new here; it tells clippy that the helpers may unwrap.
#[cfg(test)]
mod advertise;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod stage;
