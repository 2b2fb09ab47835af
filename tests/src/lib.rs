//! Whole ceremonies against real peers.
