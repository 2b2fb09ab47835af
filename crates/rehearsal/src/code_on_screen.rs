//! Waits for the code that a browser shows, as a person's camera would.

use std::{
    io::Cursor,
    time::{Duration, Instant},
};

use image::ImageFormat;
use tokio::{task::spawn_blocking, time::sleep};

use crate::screen::{Screen, ScreenError};

/// Why no code was read off the screen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// There is no picture of the screen.
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// No code appeared in time. The last picture says what was there instead.
    #[error("no code on the screen")]
    None {
        /// The last picture taken, as a PNG file.
        last_png: Vec<u8>,
    },
}

/// A code that was read off the screen.
#[derive(Debug)]
pub struct CodeOnScreen {
    /// The text of the code.
    pub text: String,
    /// The picture that it was read from, as a PNG file.
    pub png: Vec<u8>,
}

/// Takes pictures of the screen until `read` finds a code in one, given as a PNG file.
///
/// Reading takes time on the processor, so it runs beside the caller's other tasks.
pub async fn wait_for_code<R>(screen: &Screen, read: R, patience: Duration) -> Result<CodeOnScreen, CodeError>
where
    R: Fn(Vec<u8>) -> Option<String> + Clone + Send + 'static,
{
    let deadline = Instant::now() + patience;
    loop {
        let mut png = Vec::new();
        let picture = screen.capture()?;
        // Into memory and in a format that is compiled in: cannot fail.
        let _ = picture.write_to(&mut Cursor::new(&mut png), ImageFormat::Png);
        let (read, copy) = (read.clone(), png.clone());
        // A reader that panics has found nothing.
        if let Ok(Some(text)) = spawn_blocking(move || read(copy)).await {
            return Ok(CodeOnScreen { text, png });
        }
        if Instant::now() > deadline {
            return Err(CodeError::None { last_png: png });
        }
        sleep(Duration::from_millis(50)).await;
    }
}
