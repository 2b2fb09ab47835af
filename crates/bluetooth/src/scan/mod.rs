//! Hearing: the first advert that matches.

mod discovery;
mod scanner;

pub use scanner::BluezScanner;
