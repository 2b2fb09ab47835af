use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use latchkey_passkey::PasskeyId;

pub use crate::dictionary::Closeness;
use crate::dictionary::{Dictionary, Owner, Slot, WordId, index};
use crate::fields::Fields;
use crate::order::{Order, OrderKey};
use crate::query::{Query, QueryWord};

/// A passkey that a query found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The passkey.
    pub id: PasskeyId,
    /// How close the least close word of the query came. A change of many passkeys at once should not follow
    /// [`Closeness::OneError`] unasked.
    pub closeness: Closeness,
}

/// The words of all passkeys, for searching as one types.
///
/// Holds names in clear: to be dropped when the vault is locked.
pub struct SearchIndex {
    slots: BTreeMap<PasskeyId, Slot>,
    /// By slot; `None` is free.
    entries: Vec<Option<Entry>>,
    /// By slot, apart from the entries, because every hit asks for it.
    ids: Vec<PasskeyId>,
    free: Vec<Slot>,
    dictionary: Dictionary,
    order: Order,
}

struct Entry {
    key: OrderKey,
    words: Box<[WordId]>,
}

impl SearchIndex {
    /// An index of nothing.
    pub fn new() -> Self {
        Self {
            slots: BTreeMap::new(),
            entries: Vec::new(),
            ids: Vec::new(),
            free: Vec::new(),
            dictionary: Dictionary::new(),
            order: Order::default(),
        }
    }

    /// Takes in a passkey, in place of what was known of the same id. Costs as much as it has words.
    pub fn insert<'a>(&mut self, id: PasskeyId, fields: impl Into<Fields<'a>>) {
        self.remove(id);
        let fresh = || Slot::try_from(self.entries.len()).ok().filter(|slot| *slot < MAX_SLOTS);
        let Some(slot) = self.free.pop().or_else(fresh) else { return };

        let fields = fields.into();
        let mut words = Vec::new();
        fields.each_word(|word, place| words.extend(self.dictionary.add(word, Owner { slot, place })));
        let key: OrderKey = (Arc::from(fields.order_key()), id);
        self.order.insert(key.clone(), slot);
        self.slots.insert(id, slot);
        if self.entries.len() <= index(slot) {
            self.entries.resize_with(index(slot) + 1, || None);
            self.ids.resize(index(slot) + 1, id);
        }
        if let Some(known) = self.ids.get_mut(index(slot)) {
            *known = id;
        }
        if let Some(entry) = self.entries.get_mut(index(slot)) {
            *entry = Some(Entry { key, words: words.into() });
        }
    }

    /// Forgets a passkey. Returns whether it was known.
    pub fn remove(&mut self, id: PasskeyId) -> bool {
        let Some(slot) = self.slots.remove(&id) else { return false };
        if let Some(entry) = self.entries.get_mut(index(slot)).and_then(Option::take) {
            for word in entry.words {
                self.dictionary.remove(word, slot);
            }
            self.order.remove(&entry.key);
        }
        self.free.push(slot);
        true
    }

    /// How many passkeys it holds.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The passkeys in which every word of the query is found, the best first.
    ///
    /// First by the closeness of the least close word, then by how close all of them come and where they stand (site
    /// and own name before account, tag and note), then by registrable domain, site and account: the order is the
    /// same whatever the order in which passkeys came. A blank query finds all; one of signs without letter or
    /// digit, none. Of a long query the first [`MAX_QUERY_CHARS`](crate::MAX_QUERY_CHARS) and
    /// [`MAX_QUERY_WORDS`](crate::MAX_QUERY_WORDS) are looked at.
    pub fn search(&self, query: &str) -> Vec<Hit> {
        match Query::parse(query) {
            Query::Blank => self.order.slots().filter_map(|slot| self.hit(slot, Closeness::Whole)).collect(),
            Query::Words(words) => match words.split_first() {
                Some((first, others)) => self.find(first, others),
                None => Vec::new(),
            },
        }
    }

    fn find(&self, first: &QueryWord, others: &[QueryWord]) -> Vec<Hit> {
        let mut scores = self.costs(first).into_iter().map(Score::of).collect::<Vec<_>>();
        for word in others {
            for (score, cost) in scores.iter_mut().zip(self.costs(word)) {
                score.add(cost);
            }
        }

        let slots = scores.into_iter().zip(0..).filter(|(score, _)| *score != Score::MISSING);
        let mut found: Vec<Found> =
            slots.map(|(score, slot)| Found::new(score, self.order.ordinal(slot), slot)).collect();
        found.sort_unstable();
        let key = |found: &Found| self.entries.get(index(found.slot()))?.as_ref().map(|entry| &entry.key);
        for same in found.chunk_by_mut(|a, b| a.rank() == b.rank()) {
            if same.len() > 1 {
                same.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
            }
        }
        found.into_iter().filter_map(|found| self.hit(found.slot(), found.score().closeness())).collect()
    }

    /// What one word of the query costs each slot, [`MISSING`] where it is not found.
    fn costs(&self, word: &QueryWord) -> Vec<u8> {
        let mut costs = vec![MISSING; self.entries.len()];
        self.dictionary.find(word, |owners, closeness| {
            let of_closeness = closeness.number() * 4;
            for owner in owners {
                if let Some(cost) = costs.get_mut(index(owner.slot)) {
                    *cost = (*cost).min(of_closeness + owner.place.number());
                }
            }
        });
        costs
    }

    fn hit(&self, slot: Slot, closeness: Closeness) -> Option<Hit> {
        Some(Hit { id: *self.ids.get(index(slot))?, closeness })
    }
}

impl Default for SearchIndex {
    fn default() -> Self {
        Self::new()
    }
}

/// Names are personal, so only how many there are is shown.
impl fmt::Debug for SearchIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchIndex({} passkeys, {} words)", self.len(), self.dictionary.len())
    }
}

impl Closeness {
    /// 0 to 3.
    fn number(self) -> u8 {
        match self {
            Closeness::Whole => 0,
            Closeness::Beginning => 1,
            Closeness::Inside => 2,
            Closeness::OneError => 3,
        }
    }
}

/// The cost of a word that is not there. Others are closeness times four plus place: 0 to 15.
const MISSING: u8 = u8::MAX;

/// What all words so far cost: the worst closeness, 2 bits, above the sum of costs, which eight words bring to 120 at
/// most, 7 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Score(u16);

const SUM_BITS: u32 = 7;
const SUM: u16 = (1 << SUM_BITS) - 1;

impl Score {
    const MISSING: Score = Score(u16::MAX);

    fn of(cost: u8) -> Self {
        let cost = u16::from(cost);
        if cost == u16::from(MISSING) { Self::MISSING } else { Self(((cost / 4) << SUM_BITS) | cost) }
    }

    fn add(&mut self, cost: u8) {
        let other = Self::of(cost);
        *self = if *self == Self::MISSING || other == Self::MISSING {
            Self::MISSING
        } else {
            Self((self.0 & !SUM).max(other.0 & !SUM) | ((self.0 & SUM) + (other.0 & SUM)))
        };
    }

    fn closeness(self) -> Closeness {
        match self.0 >> SUM_BITS {
            0 => Closeness::Whole,
            1 => Closeness::Beginning,
            2 => Closeness::Inside,
            _ => Closeness::OneError,
        }
    }
}

/// Score (9 bits), ordinal (27) and slot (28) of a passkey in one number, which sorts in half the time of a tuple.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found(u64);

const SLOT_BITS: u32 = 28;
const ORDINAL_BITS: u32 = 27;

/// Passkeys there may be, so that ordinals, which count from 1, have room. Their index would take some 60 GB.
const MAX_SLOTS: Slot = (1 << ORDINAL_BITS) - 1;

impl Found {
    fn new(score: Score, ordinal: u32, slot: Slot) -> Self {
        Self((((u64::from(score.0) << ORDINAL_BITS) | u64::from(ordinal)) << SLOT_BITS) | u64::from(slot))
    }

    /// Score and ordinal.
    fn rank(self) -> u64 {
        self.0 >> SLOT_BITS
    }

    fn score(self) -> Score {
        Score(u16::try_from(self.rank() >> ORDINAL_BITS).unwrap_or(u16::MAX))
    }

    fn slot(self) -> Slot {
        Slot::try_from(self.0 & ((1 << SLOT_BITS) - 1)).unwrap_or(Slot::MAX)
    }
}
