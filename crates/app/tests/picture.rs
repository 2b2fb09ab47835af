//! Reading the code off real screens of Chromium and off made ones.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::{io::Cursor, time::Instant};

use image::{GrayImage, ImageFormat, Luma, imageops};
use latchkey_app::picture::{PictureError, SEARCH_TIME, read_fido_code};
use qrcode::{Color, QrCode};

const CREATE: &[u8] = include_bytes!("../../../tests/samples/screens/chromium-156-create.png");
const GET: &[u8] = include_bytes!("../../../tests/samples/screens/chromium-156-get.png");

const FIDO: &str = "FIDO:/1628707918656323825527042314383279001523025403480972438540399666553664697949544761991580141131792327";
const OTHER_FIDO: &str = "FIDO:/5266551660819267904668619435782098496128610467031661157851363448266223912036818358526362163638780091";

fn drawn(text: &str, pixels_per_module: u32) -> GrayImage {
    let code = QrCode::new(text).unwrap();
    let modules = u32::try_from(code.width()).unwrap();
    let colors = code.to_colors();
    GrayImage::from_fn((modules + 8) * pixels_per_module, (modules + 8) * pixels_per_module, |x, y| {
        let (x, y) = ((x / pixels_per_module).wrapping_sub(4), (y / pixels_per_module).wrapping_sub(4));
        let dark =
            x < modules && y < modules && colors[usize::try_from(y * modules + x).unwrap()] == Color::Dark;
        Luma([if dark { 0 } else { 255 }])
    })
}

/// A grey desktop with codes at given places.
fn screen(width: u32, height: u32, codes: &[(&GrayImage, i64, i64)]) -> GrayImage {
    let mut screen =
        GrayImage::from_fn(width, height, |x, y| Luma([if (x / 97 + y / 61) % 3 == 0 { 180 } else { 215 }]));
    for (code, x, y) in codes {
        imageops::overlay(&mut screen, *code, *x, *y);
    }
    screen
}

fn file(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn png(picture: &GrayImage) -> Vec<u8> {
    file(picture, ImageFormat::Png)
}

#[test]
fn reads_chromiums_own_dialogs() {
    for dialog in [CREATE, GET] {
        let text = read_fido_code(dialog.to_vec()).unwrap();
        assert!(text.starts_with("FIDO:/"));
        assert_eq!(text.len(), "FIDO:/".len() + 168);
    }
}

#[test]
fn reads_png_and_jpeg_upright_turned_and_inverted() {
    let code = drawn(FIDO, 4);
    let upright = screen(900, 700, &[(&code, 300, 200)]);
    let mut inverted = upright.clone();
    imageops::invert(&mut inverted);
    for picture in [&upright, &inverted, &imageops::rotate90(&upright), &imageops::rotate180(&upright)] {
        assert_eq!(read_fido_code(png(picture)).as_deref(), Ok(FIDO));
    }
    assert_eq!(read_fido_code(file(&upright, ImageFormat::Jpeg)).as_deref(), Ok(FIDO));
}

#[test]
fn passes_over_other_codes() {
    let (wifi, link, code) = (drawn("WIFI:S:cafe;;", 5), drawn("https://example.org/", 5), drawn(FIDO, 4));
    let both = screen(1280, 800, &[(&wifi, 40, 60), (&code, 420, 120), (&link, 900, 300)]);
    assert_eq!(read_fido_code(png(&both)).as_deref(), Ok(FIDO));
    let none = screen(1280, 800, &[(&wifi, 40, 60), (&link, 900, 300)]);
    assert_eq!(read_fido_code(png(&none)), Err(PictureError::NoCode { other_codes: 2 }));
}

#[test]
fn a_code_that_cannot_be_read_hides_no_other() {
    let code = drawn(FIDO, 4);
    let mut scratched = drawn("https://example.org/some/longer/address", 4);
    let (width, height) = scratched.dimensions();
    for (x, y) in (50..width - 50).flat_map(|x| (50..height - 50).map(move |y| (x, y))) {
        scratched.put_pixel(x, y, Luma([if (x / 7 + y / 5) % 2 == 0 { 0 } else { 255 }]));
    }
    for places in [[(60, 60), (700, 200)], [(700, 60), (60, 200)]] {
        let [(x, y), (other_x, other_y)] = places;
        let both = screen(1400, 800, &[(&code, x, y), (&scratched, other_x, other_y)]);
        assert_eq!(read_fido_code(png(&both)).as_deref(), Ok(FIDO));
    }
}

#[test]
fn a_picture_full_of_finder_patterns_costs_little() {
    let code = drawn(FIDO, 4);
    let finder = imageops::crop_imm(&code, 16, 16, 28, 28).to_image();
    let mut full = GrayImage::from_pixel(2_000, 2_000, Luma([255]));
    for (x, y) in (0..50).flat_map(|x| (0..50).map(move |y| (x, y))) {
        imageops::overlay(&mut full, &finder, x * 40 + 6, y * 40 + 6);
    }
    let started = Instant::now();
    assert_eq!(read_fido_code(png(&full)), Err(PictureError::NoCode { other_codes: 0 }));
    assert!(started.elapsed() < SEARCH_TIME / 2);
}

#[test]
fn refuses_two_fido_codes() {
    let two = screen(1400, 800, &[(&drawn(FIDO, 4), 60, 60), (&drawn(OTHER_FIDO, 4), 700, 200)]);
    assert_eq!(read_fido_code(png(&two)), Err(PictureError::SeveralCodes { count: 2 }));
}

#[test]
fn the_same_code_twice_is_one_code() {
    let code = drawn(FIDO, 4);
    let two = screen(1400, 800, &[(&code, 60, 60), (&code, 700, 200)]);
    assert_eq!(read_fido_code(png(&two)).as_deref(), Ok(FIDO));
}

#[test]
fn reads_a_small_code_in_a_huge_picture() {
    let huge = screen(12_500, 8_000, &[(&drawn(FIDO, 3), 9_000, 5_000)]);
    assert_eq!(read_fido_code(png(&huge)).as_deref(), Ok(FIDO));
}

#[test]
fn refuses_what_is_too_large() {
    assert_eq!(read_fido_code(vec![0; 64 * 1024 * 1024 + 1]), Err(PictureError::FileTooLarge));
    assert_eq!(read_fido_code(png(&GrayImage::new(10_001, 10_000))), Err(PictureError::TooManyPixels));
}

#[test]
fn a_picture_that_claims_to_be_huge_is_refused_by_its_head() {
    // An otherwise valid PNG head that declares 2^31 - 1 pixels a side: 45 bytes must not make us allocate.
    let mut bomb = png(&GrayImage::new(1, 1));
    bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    assert!(matches!(read_fido_code(bomb), Err(PictureError::NotAPicture | PictureError::TooManyPixels)));
}

#[test]
fn refuses_what_is_no_picture() {
    let whole = png(&drawn(FIDO, 4));
    for bytes in [&b""[..], b"FIDO:/123", b"GIF89a....", &whole[..whole.len() / 2]] {
        assert_eq!(read_fido_code(bytes.to_vec()), Err(PictureError::NotAPicture), "{} bytes", bytes.len());
    }
    assert_eq!(read_fido_code(png(&screen(640, 480, &[]))), Err(PictureError::NoCode { other_codes: 0 }));
}
