//! Passkeys at rest: sealed records over sled.
