//! Sending: one advert on the air, in the kinds that scanners can hear.

mod advertiser;
mod object;
mod on_air;
mod registration;

pub use advertiser::BluezAdvertiser;
pub use object::AdvertForm;
pub use on_air::OnAir;
