//! The role of a browser: shows the code, hears the advert, asks.

mod connecting;
mod session;
mod shown;

pub use connecting::{AwaitingFirst, Connecting};
pub use session::{ClientEvent, ClientSession};
pub use shown::QrShown;
