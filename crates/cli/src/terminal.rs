//! The controlling terminal: shows a request and takes the person's answer to it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
};

use rustix::termios::{QueueSelector, tcflush};
use tokio::{io::AsyncReadExt, net::unix::pipe};

/// Longer input is no answer, and no QR code either.
const MAX_LINE_BYTES: usize = 4096;

/// The terminal of this process, whatever standard input and output are.
pub(crate) struct Terminal {
    keyboard: pipe::Receiver,
    display: File,
}

impl Terminal {
    /// Opens `/dev/tty`; `None` when the process has no controlling terminal. Needs a running reactor.
    pub(crate) fn open() -> Option<Self> {
        let display = OpenOptions::new().write(true).open("/dev/tty").ok()?;
        // Read like a pipe: by readiness, so that a question can be withdrawn.
        let keyboard = pipe::OpenOptions::new().unchecked(true).open_receiver("/dev/tty").ok()?;
        Some(Self { keyboard, display })
    }

    /// Writes text. The caller has made every foreign string in it fit to be shown.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.display.write_all(text.as_bytes())
    }

    /// Asks a question and waits for a line. What was typed before the question was there is thrown away, so that
    /// no earlier key press answers it. Dropping the future withdraws the question.
    pub(crate) async fn ask(&mut self, question: &str) -> io::Result<String> {
        tcflush(&self.display, QueueSelector::IFlush)?;
        self.say(question)?;
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            if line.len() > MAX_LINE_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.keyboard.read_buf(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }
}
