use std::collections::BTreeMap;

use memchr::memmem;

use crate::fields::Place;
use crate::query::QueryWord;
use crate::text::Text;
use crate::typing_error::{TypingErrors, Verdict};

/// How close a word of a passkey comes to one of the query, closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// The same word.
    Whole,
    /// Its beginning.
    Beginning,
    /// A part of it.
    Inside,
    /// It, or its beginning, with one typing error.
    OneError,
}

/// Where a passkey stands in the index.
pub(crate) type Slot = u32;

/// Where a word stands in the dictionary.
pub(crate) type WordId = u32;

/// Words skipped one by one before the map is asked for the next that may fit.
const SKIP_BY_STEPS: usize = 6;

/// Dead text that is put up with before the running text is written anew, in bytes.
const MIN_DEAD_BYTES: usize = 64 * 1024;

/// Every distinct word, and who has it.
///
/// A sorted map serves beginnings and typing errors; the same words as one running text serve substring search, which
/// goes through memory many times faster than from word to word.
pub(crate) struct Dictionary {
    by_text: BTreeMap<Text, WordId>,
    words: Vec<Word>,
    free: Vec<WordId>,
    running: RunningText,
    typing_errors: TypingErrors,
}

#[derive(Default)]
struct Word {
    /// Where it begins in the running text.
    at: usize,
    owners: Vec<Owner>,
}

/// Who has a word, and where at best.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) slot: Slot,
    pub(crate) place: Place,
}

impl Dictionary {
    pub(crate) fn new() -> Self {
        Self {
            by_text: BTreeMap::new(),
            words: Vec::new(),
            free: Vec::new(),
            running: RunningText::default(),
            typing_errors: TypingErrors::new(),
        }
    }

    /// Notes that `owner` has the word. Returns the word's id; `None` if this slot was noted before, whose place is
    /// then made the better of the two. To be told of one passkey's words in one go.
    pub(crate) fn add(&mut self, text: &str, owner: Owner) -> Option<WordId> {
        let id = match self.by_text.get(&Text::new(text.as_bytes())) {
            Some(&id) => id,
            None => self.add_word(text)?,
        };
        let owners = &mut self.words.get_mut(index(id))?.owners;
        if let Some(known) = owners.last_mut().filter(|last| last.slot == owner.slot) {
            known.place = known.place.min(owner.place);
            return None;
        }
        owners.push(owner);
        Some(id)
    }

    fn add_word(&mut self, text: &str) -> Option<WordId> {
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                let id = WordId::try_from(self.words.len()).ok()?;
                self.words.push(Word::default());
                id
            }
        };
        self.words.get_mut(index(id))?.at = self.running.push(text.bytes(), id);
        self.by_text.insert(Text::new(text.as_bytes()), id);
        Some(id)
    }

    /// Forgets that the passkey has this word, and the word when nobody has it any more.
    pub(crate) fn remove(&mut self, id: WordId, slot: Slot) {
        let Some(word) = self.words.get_mut(index(id)) else { return };
        if let Some(at) = word.owners.iter().position(|owner| owner.slot == slot) {
            word.owners.swap_remove(at);
        }
        if word.owners.is_empty() {
            let text = self.running.blank(word.at);
            self.by_text.remove(&Text::new(&text));
            *word = Word::default();
            self.free.push(id);
            self.compact();
        }
    }

    fn compact(&mut self) {
        if self.running.dead_bytes > MIN_DEAD_BYTES.max(self.running.text.len() / 2) {
            self.running = RunningText::default();
            for (text, &id) in &self.by_text {
                if let Some(word) = self.words.get_mut(index(id)) {
                    word.at = self.running.push(text.bytes(), id);
                }
            }
        }
    }

    /// Hands over the owners of every word that `query` fits, with how close it comes; a word may come more than once.
    pub(crate) fn find(&self, query: &QueryWord, mut take: impl FnMut(&[Owner], Closeness)) {
        let mut take = |id: WordId, closeness: Closeness| {
            if let Some(word) = self.words.get(index(id)) {
                take(&word.owners, closeness);
            }
        };
        if query.tolerates_error() {
            self.find_one_error(query, |id| take(id, Closeness::OneError));
        }
        if query.is_sought_inside() {
            self.running.find(query.text.as_bytes(), |id| take(id, Closeness::Inside));
        }
        let text = Text::new(query.text.as_bytes());
        for (word, &id) in self.by_text.range(&text..&text.after_all_beginning_so()) {
            take(id, if *word == text { Closeness::Whole } else { Closeness::Beginning });
        }
    }

    /// Walks the words in order, and leaps over those whose beginning already holds two errors.
    fn find_one_error(&self, query: &QueryWord, mut take: impl FnMut(WordId)) {
        let misspelling = self.typing_errors.of(&query.text, query.unfinished);
        let mut rest = self.by_text.range::<Text, _>(..);
        let mut next = rest.next();
        while let Some((word, &id)) = next {
            next = rest.next();
            let len = match misspelling.judge(word.bytes()) {
                Verdict::Fits => {
                    take(id);
                    continue;
                }
                Verdict::Differs => continue,
                Verdict::HopelessFrom { len } => len,
            };
            let behind = word.beginning(len).after_all_beginning_so();
            let mut steps = 0;
            while next.is_some_and(|(word, _)| *word < behind) {
                steps += 1;
                if steps > SKIP_BY_STEPS {
                    rest = self.by_text.range(&behind..);
                }
                next = rest.next();
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_text.len()
    }
}

/// All words one after the other, with a zero byte behind each. No word has a zero byte.
#[derive(Default)]
struct RunningText {
    text: Vec<u8>,
    /// Where each word begins, ascending.
    starts: Vec<(usize, WordId)>,
    dead_bytes: usize,
}

impl RunningText {
    fn push(&mut self, word: impl Iterator<Item = u8>, id: WordId) -> usize {
        let at = self.text.len();
        self.starts.push((at, id));
        self.text.extend(word);
        self.text.push(0);
        at
    }

    /// Overwrites the word that begins at `at`, so that it is found no more, and returns it.
    fn blank(&mut self, at: usize) -> Vec<u8> {
        let letters = self.text.iter_mut().skip(at).take_while(|byte| **byte != 0);
        let word: Vec<u8> = letters.map(std::mem::take).collect();
        self.dead_bytes += word.len() + 1;
        word
    }

    /// Hands over every word that has `part` in it.
    fn find(&self, part: &[u8], mut take: impl FnMut(WordId)) {
        let mut starts = self.starts.as_slice();
        for at in memmem::find_iter(&self.text, part) {
            let begun = starts.partition_point(|(start, _)| *start <= at);
            starts = starts.get(begun.saturating_sub(1)..).unwrap_or_default();
            if let Some((_, id)) = starts.first() {
                take(*id);
            }
        }
    }
}

/// Ids are 32 bits to keep the index small.
pub(crate) fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary(words: &[&str]) -> Dictionary {
        let mut dictionary = Dictionary::new();
        for (slot, word) in words.iter().enumerate() {
            dictionary.add(word, Owner { slot: slot.try_into().unwrap(), place: Place::Name });
        }
        dictionary
    }

    fn closest(dictionary: &Dictionary, text: &str, unfinished: bool) -> BTreeMap<Slot, Closeness> {
        let mut closest = BTreeMap::new();
        dictionary.find(&QueryWord { text: text.to_owned(), unfinished }, |owners, closeness| {
            for owner in owners {
                let best = closest.entry(owner.slot).or_insert(closeness);
                *best = closeness.min(*best);
            }
        });
        closest
    }

    #[test]
    fn leaps_land_on_the_next_word_that_may_fit() {
        // More words with a hopeless beginning than are skipped one by one, then one that fits.
        let mut words: Vec<String> = (0..100).map(|n| format!("xx{n}")).collect();
        words.extend(["gihub", "github", "githubber", "zgithub"].map(str::to_owned));
        let dictionary = dictionary(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let expected = BTreeMap::from([
            (100, Closeness::OneError),
            (101, Closeness::Whole),
            (102, Closeness::Beginning),
            (103, Closeness::Inside),
        ]);
        assert_eq!(closest(&dictionary, "github", false), expected);
    }

    #[test]
    fn a_part_that_comes_twice_leads_to_its_own_word() {
        let dictionary = dictionary(&["xbananana", "other"]);
        assert_eq!(closest(&dictionary, "ana", true), BTreeMap::from([(0, Closeness::Inside)]));
    }

    #[test]
    fn a_word_that_nobody_has_is_forgotten() {
        let mut dictionary = dictionary(&[]);
        let owner = |slot| Owner { slot, place: Place::Name };
        let id = dictionary.add("alice", owner(1)).unwrap();
        assert_eq!(dictionary.add("alice", owner(2)), Some(id));
        dictionary.remove(id, 1);
        assert_eq!(closest(&dictionary, "alice", true), BTreeMap::from([(2, Closeness::Whole)]));
        dictionary.remove(id, 2);
        assert!(closest(&dictionary, "lice", true).is_empty());
        assert_eq!(dictionary.len(), 0);
        assert!(!dictionary.running.text.iter().any(|byte| *byte != 0));
    }

    #[test]
    fn dead_text_is_cleared_away() {
        let mut dictionary = dictionary(&["stays"]);
        for n in 0..20_000_u32 {
            let id = dictionary.add(&format!("word{n}"), Owner { slot: n + 1, place: Place::Name }).unwrap();
            dictionary.remove(id, n + 1);
        }
        assert!(dictionary.running.text.len() < 2 * MIN_DEAD_BYTES, "{}", dictionary.running.text.len());
        assert_eq!(closest(&dictionary, "tay", true), BTreeMap::from([(0, Closeness::Inside)]));
    }
}
