//! Whole vaults, through their public face.

mod behaviour;
mod damage;
mod kill;
mod model;
mod refusals;
mod rollback;
mod stored;
mod tampering;
mod untouched;
