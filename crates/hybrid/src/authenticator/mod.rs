//! The role of a phone: reads the code, opens the tunnel, advertises, answers.

mod advertising;
mod scanned;
mod session;

pub use advertising::Advertising;
pub use scanned::Scanned;
pub use session::{Event, Session};
