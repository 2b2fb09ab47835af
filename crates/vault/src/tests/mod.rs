//! Whole vaults, through their public face.

mod attachments;
mod behaviour;
mod damage;
mod devices;
mod edit;
mod harm;
mod kill;
mod leftovers;
mod media;
mod model;
mod plain;
mod purge;
mod refusals;
mod rewrite;
mod rollback;
mod slots;
mod stored;
mod tampering;
mod untouched;
