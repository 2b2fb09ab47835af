//! Reads the FIDO code out of a picture: a screenshot, a photograph, a camera frame.
//!
//! The picture is hostile input. Its size is bounded before it is decoded, the search runs in a thread of its
//! own that may panic, and it is given up after [`SEARCH_TIME`].

use std::{
    collections::BTreeSet,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use image::{GrayImage, ImageReader, Limits, imageops};
use rxing::{
    Binarizer, DecodeHints, Luma8LuminanceSource, LuminanceSource, PointCallback,
    common::{BitMatrix, DetectorRXingResult, GlobalHistogramBinarizer, HybridBinarizer},
    multi::qrcode::detector::MultiFinderPatternFinder,
    qrcode::{
        decoder::qrcode_decoder::decode_bitmatrix_with_hints,
        detector::{Detector, FinderPatternInfo},
    },
};

/// The largest picture file that is read.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// The largest picture, in pixels.
pub const MAX_PIXELS: u64 = 100_000_000;
/// The largest amount of memory that decoding may take: 100 megapixels of 16-bit RGBA, and room.
const MAX_DECODER_BYTES: u64 = 900 * 1024 * 1024;
/// A code has three finder patterns. Any three in the picture may belong together, so time and memory of the search
/// grow with the third power of their number.
const MAX_FINDER_PATTERNS: usize = 300;
/// How long the search may take.
pub const SEARCH_TIME: Duration = Duration::from_secs(30);

/// Why no code was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("picture file is larger than {MAX_FILE_BYTES} bytes")]
    FileTooLarge,
    /// The picture is larger than [`MAX_PIXELS`].
    #[error("picture is larger than {MAX_PIXELS} pixels")]
    TooManyPixels,
    /// Neither PNG nor JPEG, or damaged.
    #[error("neither a png nor a jpeg picture, or damaged")]
    NotAPicture,
    /// There is no FIDO code in it, but perhaps others.
    #[error("no FIDO code among {other_codes} QR codes")]
    NoCode {
        /// QR codes that are something else.
        other_codes: usize,
    },
    /// There is more than one FIDO code in it.
    #[error("{count} different FIDO codes")]
    SeveralCodes {
        /// How many.
        count: usize,
    },
    /// The search was given up.
    #[error("search took longer than {} s", SEARCH_TIME.as_secs())]
    TookTooLong,
}

/// Finds the one FIDO code in a PNG or JPEG file and returns its text (`FIDO:/…`), not yet parsed.
///
/// QR codes of other kinds are passed over; two different FIDO codes are refused.
pub fn read_fido_code(file: Vec<u8>) -> Result<String, PictureError> {
    let (sender, receiver) = mpsc::channel();
    let deadline = Instant::now() + SEARCH_TIME;
    thread::spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| find_code(&open(&file)?, deadline)));
        // A panic of a decoder means that the picture is beyond it; nobody may be listening any more.
        let _ = sender.send(result.unwrap_or(Err(PictureError::NotAPicture)));
    });
    receiver.recv_timeout(SEARCH_TIME).unwrap_or(Err(PictureError::TookTooLong))
}

/// Decodes a picture file to brightness, within the bounds.
fn open(file: &[u8]) -> Result<GrayImage, PictureError> {
    if u64::try_from(file.len()).is_ok_and(|len| len > MAX_FILE_BYTES) {
        return Err(PictureError::FileTooLarge);
    }
    let reader = || ImageReader::new(Cursor::new(file)).with_guessed_format();
    let (width, height) = reader()
        .map_err(|_| PictureError::NotAPicture)?
        .into_dimensions()
        .map_err(|_| PictureError::NotAPicture)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels);
    }
    let mut reader = reader().map_err(|_| PictureError::NotAPicture)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    Ok(reader.decode().map_err(|_| PictureError::NotAPicture)?.into_luma8())
}

/// Looks for the code in coarse copies of a large picture first, since codes fill much of a photograph; then in
/// the picture itself. Each in black on white and in white on black.
fn find_code(picture: &GrayImage, deadline: Instant) -> Result<String, PictureError> {
    let mut others = 0;
    for max_pixels in [4_000_000, 16_000_000, MAX_PIXELS] {
        let copy = at_most(picture, max_pixels);
        let scaled = copy.as_ref().unwrap_or(picture);
        for search in [Search::LocalContrast, Search::Inverted, Search::WholeHistogram] {
            if Instant::now() > deadline {
                return Err(PictureError::TookTooLong);
            }
            let found = codes(scaled, search, deadline);
            let (fido, other): (BTreeSet<_>, BTreeSet<_>) = found.into_iter().partition(|text| is_fido(text));
            others = others.max(other.len());
            match fido.len() {
                0 => {}
                1 => return fido.into_iter().next().ok_or(PictureError::NoCode { other_codes: others }),
                count => return Err(PictureError::SeveralCodes { count }),
            }
        }
        if copy.is_none() {
            break;
        }
    }
    Err(PictureError::NoCode { other_codes: others })
}

fn is_fido(text: &str) -> bool {
    text.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("FIDO:/"))
}

/// A copy with at most so many pixels; `None` if the picture is small enough.
fn at_most(picture: &GrayImage, max_pixels: u64) -> Option<GrayImage> {
    let (width, height) = picture.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let factor = (2..=1_000).find(|n| pixels / (n * n) <= max_pixels)?;
    if pixels <= max_pixels {
        return None;
    }
    let factor = u32::try_from(factor).ok()?;
    Some(imageops::thumbnail(picture, (width / factor).max(1), (height / factor).max(1)))
}

#[derive(Clone, Copy)]
enum Search {
    LocalContrast,
    Inverted,
    WholeHistogram,
}

/// The text of every QR code that one pass finds. What cannot be read is passed over.
fn codes(picture: &GrayImage, search: Search, deadline: Instant) -> Vec<String> {
    let (width, height) = picture.dimensions();
    let Ok(mut source) = Luma8LuminanceSource::new(picture.as_raw().clone(), width, height) else {
        return Vec::new();
    };
    match search {
        Search::LocalContrast => texts(&HybridBinarizer::new(source), deadline),
        Search::Inverted => {
            source.invert();
            texts(&HybridBinarizer::new(source), deadline)
        }
        Search::WholeHistogram => texts(&GlobalHistogramBinarizer::new(source), deadline),
    }
}

/// The library's own reader of several codes is not used: a code that it cannot read makes it forget the others, and
/// it has no bounds.
fn texts(picture: &impl Binarizer, deadline: Instant) -> Vec<String> {
    let hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
    let Ok(matrix) = picture.get_black_matrix() else { return Vec::new() };
    let detector = Detector::new(matrix);
    let mut texts = Vec::new();
    for candidate in candidates(matrix, &hints) {
        if Instant::now() > deadline {
            break;
        }
        let sampled = detector.processFinderPatternInfo(candidate);
        let decoded = sampled.and_then(|code| decode_bitmatrix_with_hints(code.getBits(), &hints));
        texts.extend(decoded.map(|code| code.getText().to_owned()));
    }
    texts
}

/// Every three finder patterns that may be a code's; none if there are more than [`MAX_FINDER_PATTERNS`].
fn candidates(matrix: &BitMatrix, hints: &DecodeHints) -> Vec<FinderPatternInfo> {
    let seen = AtomicUsize::new(0);
    let count: PointCallback = Arc::new(move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) >= MAX_FINDER_PATTERNS {
            // The only way out of the library's search. Unlike a panic it prints nothing.
            resume_unwind(Box::new("too many finder patterns"));
        }
    });
    let search = || MultiFinderPatternFinder::new(matrix, Some(count)).findMulti(hints);
    catch_unwind(AssertUnwindSafe(search)).map_or_else(|_| Vec::new(), Result::unwrap_or_default)
}
