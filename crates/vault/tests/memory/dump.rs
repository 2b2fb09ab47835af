//! A whole process's memory, through `/proc/PID/smaps` and `/proc/PID/mem` (proc(5)).

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::needles::{Needle, Needles, PIECE_LEN};

/// What stands before the name of a mapping that is locked into memory.
pub(crate) const LOCKED: &str = "locked ";

/// What was in every mapping that can be read.
pub(crate) struct Dump(Vec<Mapping>);

struct Mapping {
    name: String,
    start: u64,
    bytes: Vec<u8>,
}

impl Dump {
    /// Reads it, again if a mapping has gone while it was read: the storage engine has threads of its own.
    pub(crate) fn of(process: u32) -> Self {
        (0..20).find_map(|_| Self::read(process)).unwrap()
    }

    fn read(process: u32) -> Option<Self> {
        let maps = fs::read_to_string(format!("/proc/{process}/smaps")).unwrap();
        let memory = File::open(format!("/proc/{process}/mem")).unwrap();
        let mut mappings = Vec::new();
        let mut lines = maps.lines();
        while let Some(line) = lines.next() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            let mut name = words.nth(3).unwrap_or("anonymous").to_owned();
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|digits| u64::from_str_radix(digits, 16).unwrap());
            // The last line of each mapping.
            let flags = lines.by_ref().find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
            if flags.split_whitespace().any(|flag| flag == "lo") {
                name.insert_str(0, LOCKED);
            }
            // The kernel's own pages cannot be read this way.
            if !rights.starts_with('r') || name.contains("[v") {
                continue;
            }
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            if let Err(error) = memory.read_exact_at(&mut bytes, start) {
                println!("{line}: {error}");
                return None;
            }
            mappings.push(Mapping { name, start, bytes });
        }
        Some(Self(mappings))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|mapping| mapping.bytes.len()).sum()
    }

    /// Where pieces of secrets lie.
    pub(crate) fn search(&self, needles: &Needles) -> Found {
        // By their first two bytes, as unoptimised code has to look at every byte.
        let mut begins = vec![false; 1 << 16];
        let pair = |a: u8, b: u8| usize::from(u16::from_be_bytes([a, b]));
        for piece in &needles.0 {
            begins[pair(piece.bytes[0], piece.bytes[1])] = true;
        }
        let mut found = Vec::new();
        for mapping in &self.0 {
            let Mapping { name, start, bytes } = mapping;
            let mut at = 0;
            while at + PIECE_LEN <= bytes.len() {
                const PAGE: usize = 4096;
                if at.is_multiple_of(PAGE) && bytes[at..].get(..PAGE).is_some_and(|page| page == [0; PAGE]) {
                    at += PAGE;
                    continue;
                }
                if begins[pair(bytes[at], bytes[at + 1])] {
                    let here = &bytes[at..at + PIECE_LEN];
                    for piece in needles.0.iter().filter(|piece| piece.bytes == here) {
                        let address = start + u64::try_from(at).unwrap();
                        found.push((piece.needle, format!("{} in {name} at {address:#x}", piece.name)));
                    }
                }
                at += 1;
            }
        }
        Found(found)
    }
}

/// What a search has found.
pub(crate) struct Found(Vec<(Needle, String)>);

impl Found {
    pub(crate) fn has(&self, needle: Needle) -> bool {
        self.0.iter().any(|(found, _)| *found == needle)
    }

    /// Where secrets of one kind are.
    pub(crate) fn of(&self, needle: Needle) -> Vec<&str> {
        self.0.iter().filter(|(found, _)| *found == needle).map(|(_, place)| place.as_str()).collect()
    }

    /// Where secrets of all the other kinds are.
    pub(crate) fn all_but(&self, needle: Needle) -> Vec<&str> {
        self.0.iter().filter(|(found, _)| *found != needle).map(|(_, place)| place.as_str()).collect()
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pieces of secrets", self.0.len())?;
        self.0.iter().try_for_each(|(needle, place)| write!(f, "\n  {needle:?}: {place}"))
    }
}
