use std::fs;
use std::path::{Path, PathBuf};

use super::super::plain::Draw;
use super::files;
use super::left::{Left, class};

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    FlipBit,
    ZeroPage,
    Truncate,
    Delete,
    Swap,
    OldCopy,
}

const PAGE_BYTES: usize = 4096;

impl Kind {
    pub(super) const ALL: [Kind; 6] =
        [Kind::FlipBit, Kind::ZeroPage, Kind::Truncate, Kind::Delete, Kind::Swap, Kind::OldCopy];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::FlipBit => "bit flipped",
            Kind::ZeroPage => "4 KiB zeroed",
            Kind::Truncate => "truncated",
            Kind::Delete => "deleted",
            Kind::Swap => "swapped with another",
            Kind::OldCopy => "older copy",
        }
    }

    /// Does it to a file of a class, in a copy of a vault; what it was, or `None` if there is no such file, or
    /// nothing in it to be harmed.
    pub(super) fn harm(self, path: &Path, left: &Left, wanted: &str, draw: &mut Draw) -> Option<String> {
        let all = files(path);
        let of_class: Vec<&PathBuf> = all.iter().filter(|file| class(file) == wanted).collect();
        let name = *of_class.get(draw.below(of_class.len().max(1)))?;
        let file = path.join(name);
        let mut bytes = fs::read(&file).unwrap();
        // Behind that the engine has nothing yet.
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let done = match self {
            Kind::FlipBit if used == 0 => return None,
            Kind::FlipBit => {
                let (at, bit) = (draw.below(used), draw.below(8));
                bytes[at] ^= 1 << bit;
                fs::write(&file, bytes).unwrap();
                format!("bit {bit} of byte {at}")
            }
            Kind::ZeroPage if used == 0 => return None,
            Kind::ZeroPage => {
                let at = draw.below(used.div_ceil(PAGE_BYTES)) * PAGE_BYTES;
                let end = bytes.len().min(at + PAGE_BYTES);
                bytes[at..end].fill(0);
                fs::write(&file, bytes).unwrap();
                format!("zeroed from {at}")
            }
            Kind::Truncate if used == 0 => return None,
            Kind::Truncate => {
                let len = draw.below(used);
                fs::write(&file, &bytes[..len]).unwrap();
                format!("cut at {len}")
            }
            Kind::Delete => {
                fs::remove_file(&file).unwrap();
                String::new()
            }
            Kind::Swap => {
                let others: Vec<&PathBuf> = all.iter().filter(|other| *other != name).collect();
                let other = path.join(draw.one_of(&others));
                fs::write(&file, fs::read(&other).unwrap()).unwrap();
                fs::write(&other, bytes).unwrap();
                format!("swapped with {:?}", other.strip_prefix(path).unwrap())
            }
            Kind::OldCopy => {
                let older = older(left, name, &bytes)?;
                fs::write(&file, fs::read(&older).unwrap()).unwrap();
                format!("older: {:?}", older.file_name().unwrap())
            }
        };
        Some(format!("{name:?} {done}"))
    }
}

/// The file as it was before; if it was not there, the newest of its class that was.
fn older(left: &Left, name: &Path, bytes: &[u8]) -> Option<PathBuf> {
    let of_class = files(&left.old).into_iter().filter(|file| class(file) == class(name)).rev();
    let same = left.old.join(name);
    let candidates = std::iter::once(same).chain(of_class.map(|file| left.old.join(file)));
    candidates.filter(|file| file.is_file()).find(|file| fs::read(file).unwrap() != bytes)
}
