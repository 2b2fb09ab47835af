use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use latchkey_passkey::PasskeyId;

use crate::dictionary::{Slot, index};

/// What passkeys are ordered by where nothing else decides.
pub(crate) type OrderKey = (Arc<str>, PasskeyId);

/// The order of all passkeys by their keys, as numbers that a search may sort by.
///
/// A number never falls along the order. One who comes takes the number of the one before it, so nobody else's
/// changes; where two have the same number, their keys decide. Once many share one, all are numbered anew.
#[derive(Default)]
pub(crate) struct Order {
    slots: BTreeMap<OrderKey, Slot>,
    /// By slot.
    ordinals: Vec<u32>,
    came_since: usize,
}

/// Those who may come before all are numbered anew, beside a sixteenth of all.
const MIN_SHARED: usize = 256;

impl Order {
    pub(crate) fn insert(&mut self, key: OrderKey, slot: Slot) {
        let before = self.slots.range((Bound::Unbounded, Bound::Excluded(&key))).next_back();
        let ordinal = before.and_then(|(_, slot)| self.ordinals.get(index(*slot))).copied().unwrap_or(0);
        self.slots.insert(key, slot);
        if self.ordinals.len() <= index(slot) {
            self.ordinals.resize(index(slot) + 1, 0);
        }
        self.number(slot, ordinal);

        self.came_since += 1;
        if self.came_since > MIN_SHARED + self.slots.len() / 16 {
            self.came_since = 0;
            // From 1 on: 0 is left to those who will come before the first.
            for (slot, ordinal) in self.slots.values().zip(1..) {
                if let Some(place) = self.ordinals.get_mut(index(*slot)) {
                    *place = ordinal;
                }
            }
        }
    }

    fn number(&mut self, slot: Slot, ordinal: u32) {
        if let Some(place) = self.ordinals.get_mut(index(slot)) {
            *place = ordinal;
        }
    }

    pub(crate) fn remove(&mut self, key: &OrderKey) {
        self.slots.remove(key);
    }

    /// The number of a slot; several may have the same.
    pub(crate) fn ordinal(&self, slot: Slot) -> u32 {
        self.ordinals.get(index(slot)).copied().unwrap_or(0)
    }

    /// All slots in order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.slots.values().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_fall_along_the_order() {
        let mut order = Order::default();
        let key = |n: u32| {
            let mixed = n.wrapping_mul(0x9e37_79b1);
            (Arc::from(format!("{mixed:08x}")), PasskeyId::from_bytes([0; 16]))
        };
        for n in 0..3000 {
            order.insert(key(n), n);
            if n % 3 == 0 {
                order.remove(&key(n / 2));
            }
        }
        let ordinals: Vec<u32> = order.slots().map(|slot| order.ordinal(slot)).collect();
        assert!(ordinals.is_sorted());
        assert!(ordinals.len() > 1900 && ordinals.last().unwrap() > &1000);
    }
}
