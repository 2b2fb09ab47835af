//! Where the passphrase comes from: the terminal, a file, an inherited descriptor. Never argv or the environment,
//! which other processes can read.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tokio::{io::AsyncReadExt, net::unix::pipe};
use zeroize::Zeroizing;

use crate::{
    args::{GlobalOptions, NewPassphraseOptions},
    sentence::reason,
    tell,
    terminal::Terminal,
};

/// No passphrase is longer; a larger file is something else.
const MAX_BYTES: u64 = 4096;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassphraseError {
    #[error("cannot read the passphrase from {from}: {}", reason(.error))]
    Unreadable { from: String, error: std::io::Error },
    #[error("{from} is not open")]
    NotOpen { from: String },
    #[error("{from} holds more than {MAX_BYTES} bytes; that is no passphrase")]
    TooLong { from: String },
    #[error("the passphrase in {from} is not UTF-8 text")]
    NotText { from: String },
    #[error("the passphrase in {from} is empty")]
    Empty { from: String },
    #[error("there is no terminal to ask for it")]
    NoTerminal,
    #[error("there is no terminal to ask for the new one")]
    NoTerminalForNew,
    #[error("nothing was typed")]
    NothingTyped,
    /// Ctrl-D: whoever was asked wants to leave.
    #[error("nothing was typed")]
    Left,
    #[error("the terminal failed: {}", reason(.0))]
    Terminal(std::io::Error),
}

/// The source that the command line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PassphraseSource {
    Terminal,
    /// The terminal, for one that will take the place of another.
    TerminalForNew,
    File(PathBuf),
    Descriptor(u32),
}

impl PassphraseSource {
    pub(crate) fn of(options: &GlobalOptions) -> Self {
        Self::named(options.passphrase_file.as_deref(), options.passphrase_fd).unwrap_or(Self::Terminal)
    }

    /// Where a new passphrase comes from.
    pub(crate) fn of_new(options: &NewPassphraseOptions) -> Self {
        let named = Self::named(options.new_passphrase_file.as_deref(), options.new_passphrase_fd);
        named.unwrap_or(Self::TerminalForNew)
    }

    fn named(file: Option<&Path>, descriptor: Option<u32>) -> Option<Self> {
        file.map(|file| Self::File(file.to_owned())).or(descriptor.map(Self::Descriptor))
    }

    /// Whether the passphrase was given in this same call, without a person at the terminal.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self, Self::File(_) | Self::Descriptor(_))
    }

    /// Whether it takes standard input, which then holds nothing else.
    pub(crate) fn is_stdin(&self) -> bool {
        match self {
            Self::Descriptor(n) => *n == 0,
            Self::File(path) => {
                ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].map(Path::new).contains(&path.as_path())
            }
            Self::Terminal | Self::TerminalForNew => false,
        }
    }

    /// Reads the passphrase; at the terminal it is asked for with this question and not echoed.
    pub(crate) async fn read(&self, question: &str) -> Result<Zeroizing<String>, PassphraseError> {
        let (path, from) = match self {
            Self::Terminal => return from_terminal(question).await,
            Self::TerminalForNew => {
                return from_terminal(question).await.map_err(|error| match error {
                    PassphraseError::NoTerminal => PassphraseError::NoTerminalForNew,
                    error => error,
                });
            }
            Self::File(path) => {
                warn_of_readers(path);
                (path.clone(), path.display().to_string())
            }
            Self::Descriptor(n) => {
                (PathBuf::from(format!("/proc/self/fd/{n}")), format!("file descriptor {n}"))
            }
        };
        let bytes = match bytes_of(&path).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound && matches!(self, Self::Descriptor(_)) => {
                return Err(PassphraseError::NotOpen { from });
            }
            Err(error) => return Err(PassphraseError::Unreadable { from, error }),
        };
        text_of(&bytes, from)
    }
}

async fn from_terminal(question: &str) -> Result<Zeroizing<String>, PassphraseError> {
    let mut terminal = Terminal::open().ok_or(PassphraseError::NoTerminal)?;
    let text = terminal.ask_hidden(question).await.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => PassphraseError::Left,
        ErrorKind::InvalidData => PassphraseError::NotText { from: "the terminal".to_owned() },
        _ => PassphraseError::Terminal(error),
    })?;
    if text.is_empty() { Err(PassphraseError::NothingTyped) } else { Ok(text) }
}

/// Reads at most one byte more than a passphrase may have. There is room for all of it at once, so that growing leaves
/// no copy behind.
async fn bytes_of(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let most = usize::try_from(MAX_BYTES + 1).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    // A pipe or a terminal may keep us waiting for ever: awaited, not read on a thread, so that what has come of the
    // passphrase is wiped when the wait is given up.
    let comes_slowly = path.metadata().is_ok_and(|file| !file.is_file() && !file.is_dir());
    if let Some(mut pipe) = comes_slowly.then(|| open_pipe(path)).flatten() {
        while bytes.len() < most && pipe.read_buf(&mut *bytes).await? > 0 {}
    } else {
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// `None` for a device that never keeps anybody waiting.
fn open_pipe(path: &Path) -> Option<pipe::Receiver> {
    pipe::OpenOptions::new().unchecked(true).open_receiver(path).ok()
}

fn text_of(bytes: &[u8], from: String) -> Result<Zeroizing<String>, PassphraseError> {
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_BYTES) {
        return Err(PassphraseError::TooLong { from });
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(PassphraseError::NotText { from });
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return Err(PassphraseError::Empty { from });
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn warn_of_readers(path: &Path) {
    let readable_by_others =
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0);
    if readable_by_others {
        let path = path.display();
        tell(format_args!("warning: {path} can be read by others; make it private with: chmod 600 {path}"));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn read(content: &[u8]) -> Result<Zeroizing<String>, PassphraseError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, content).unwrap();
        PassphraseSource::File(path).read("").await
    }

    #[tokio::test]
    async fn one_newline_at_the_end_is_not_part_of_it() {
        assert_eq!(*read(b" two words \n").await.unwrap(), " two words ");
        assert_eq!(*read(b"two\n\n").await.unwrap(), "two\n");
        assert_eq!(*read(b"two").await.unwrap(), "two");
    }

    #[tokio::test]
    async fn refuses_what_is_no_passphrase() {
        assert!(matches!(read(b"\n").await, Err(PassphraseError::Empty { .. })));
        assert!(matches!(read(&[0xff, 0xfe]).await, Err(PassphraseError::NotText { .. })));
        assert!(matches!(read(&[b'x'; 5000]).await, Err(PassphraseError::TooLong { .. })));
        let missing = PassphraseSource::File("/nonexistent/passphrase".into()).read("").await;
        assert!(matches!(missing, Err(PassphraseError::Unreadable { .. })));
    }

    #[tokio::test]
    async fn reads_an_inherited_descriptor() {
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, "from a descriptor\n").unwrap();
        let file = File::open(&path).unwrap();
        let source = PassphraseSource::Descriptor(u32::try_from(file.as_raw_fd()).unwrap());
        assert_eq!(*source.read("").await.unwrap(), "from a descriptor");
    }
}
