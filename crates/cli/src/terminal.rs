//! The controlling terminal: shows a request and takes the person's answer to it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
};

use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};
use tokio::{io::AsyncReadExt, net::unix::pipe};
use zeroize::Zeroizing;

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
        let line = self.line().await?;
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    /// The same; `None` for Ctrl-D, which ends no line.
    pub(crate) async fn ask_or_leave(&mut self, question: &str) -> io::Result<Option<String>> {
        match self.ask(question).await {
            Ok(line) => Ok(Some(line)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.say("\n").map(|()| None),
            Err(error) => Err(error),
        }
    }

    /// Asks for a secret: what is typed is not shown, and nothing but the end of the line is cut off. The terminal
    /// shows typing again when this returns or is dropped.
    pub(crate) async fn ask_hidden(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        let hidden = HiddenTyping::begin(&self.display)?;
        self.say(question)?;
        let line = self.line().await;
        drop(hidden);
        // The line's end was not shown either.
        self.say("\n")?;
        let line = line?;
        let text = std::str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Zeroizing::new(text.strip_suffix('\n').unwrap_or(text).to_owned()))
    }

    /// A line with its end. A closed line without one, and none at all, are errors.
    async fn line(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        // Room for all of it at once, so that growing leaves no copy of a secret behind.
        let mut line = Zeroizing::new(Vec::with_capacity(2 * MAX_LINE_BYTES));
        while line.last() != Some(&b'\n') {
            if line.len() >= MAX_LINE_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.keyboard.read_buf(&mut *line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(line)
    }
}

/// For as long as it lives, the terminal does not show what is typed. Everything else stays: the terminal's own line
/// editing, and Ctrl-C as a signal.
struct HiddenTyping {
    display: File,
    before: Termios,
}

impl HiddenTyping {
    /// What was typed before is thrown away: it was shown.
    fn begin(display: &File) -> io::Result<Self> {
        let display = display.try_clone()?;
        let before = tcgetattr(&display)?;
        let mut hidden = before.clone();
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
        tcsetattr(&display, OptionalActions::Flush, &hidden)?;
        Ok(Self { display, before })
    }
}

impl Drop for HiddenTyping {
    fn drop(&mut self) {
        // A terminal that is gone has nothing to set back.
        let _ = tcsetattr(&self.display, OptionalActions::Now, &self.before);
    }
}
