//! Pictures of the screen, and keys pressed on it.

use image::RgbImage;
use x11rb::{
    connection::Connection,
    protocol::{
        xproto::{ConnectionExt, ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT},
        xtest::ConnectionExt as _,
    },
};

use super::{Screen, ScreenError};

/// The Escape key of the standard PC keyboard map that Xvfb has.
const ESCAPE: u8 = 9;

impl Screen {
    /// Takes a picture of the whole screen.
    pub fn capture(&self) -> Result<RgbImage, ScreenError> {
        let size = self.connection.get_geometry(self.root)?.reply()?;
        let picture = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, size.width, size.height, u32::MAX)?
            .reply()?;
        let layout = || ScreenError::PixelLayout { depth: picture.depth, bytes: picture.data.len() };
        let (width, height) = (u32::from(size.width), u32::from(size.height));
        let (pixels, rest) = picture.data.as_chunks::<4>();
        if picture.depth != 24 || !rest.is_empty() {
            return Err(layout());
        }
        let colours = pixels.iter().flat_map(|&[blue, green, red, _]| [red, green, blue]).collect();
        RgbImage::from_raw(width, height, colours).ok_or_else(layout)
    }

    /// Presses Escape, as a person does who dismisses a dialog.
    pub fn press_escape(&self) -> Result<(), ScreenError> {
        for event in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            self.connection.xtest_fake_input(event, ESCAPE, 0, self.root, 0, 0, 0)?;
        }
        self.connection.flush()?;
        Ok(())
    }
}
