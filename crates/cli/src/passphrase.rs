//! Where the passphrase comes from: the terminal, a file, an inherited descriptor. Never argv or the environment,
//! which other processes can read.

use std::{
    fs::File,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::args::GlobalOptions;

/// No passphrase is longer; a larger file is something else.
const MAX_BYTES: u64 = 4096;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassphraseError {
    #[error("cannot read the passphrase from {from}: {error}")]
    Unreadable { from: String, error: std::io::Error },
    #[error("{from} holds more than {MAX_BYTES} bytes; that is no passphrase")]
    TooLong { from: String },
    #[error("the passphrase in {from} is not UTF-8 text")]
    NotText { from: String },
    #[error("the passphrase in {from} is empty")]
    Empty { from: String },
    #[error("there is no terminal to ask for the passphrase; give --passphrase-file or --passphrase-fd")]
    NoTerminal,
}

/// The source that the command line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PassphraseSource {
    Terminal,
    File(PathBuf),
    Descriptor(u32),
}

impl PassphraseSource {
    pub(crate) fn of(options: &GlobalOptions) -> Self {
        match (&options.passphrase_file, options.passphrase_fd) {
            (Some(file), _) => Self::File(file.clone()),
            (None, Some(descriptor)) => Self::Descriptor(descriptor),
            (None, None) => Self::Terminal,
        }
    }

    /// Whether the passphrase was given in this same call, without a person at the terminal.
    pub(crate) fn is_given(&self) -> bool {
        *self != Self::Terminal
    }

    /// Reads the passphrase; at the terminal it is asked for with this question and not echoed.
    pub(crate) fn read(&self, question: &str) -> Result<Zeroizing<String>, PassphraseError> {
        match self {
            Self::Terminal => rpassword::prompt_password(question)
                .map(Zeroizing::new)
                .map_err(|_| PassphraseError::NoTerminal),
            Self::File(path) => {
                warn_of_readers(path);
                from_file(path, path.display().to_string())
            }
            Self::Descriptor(n) => {
                from_file(&PathBuf::from(format!("/proc/self/fd/{n}")), format!("file descriptor {n}"))
            }
        }
    }
}

fn from_file(path: &Path, from: String) -> Result<Zeroizing<String>, PassphraseError> {
    // Room for all of it at once, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_BYTES + 1).unwrap_or(usize::MAX)));
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(PassphraseError::Unreadable { from, error });
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_BYTES) {
        return Err(PassphraseError::TooLong { from });
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
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
        eprintln!("warning: {} can be read by others; make it private with: chmod 600", path.display());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(content: &[u8]) -> Result<Zeroizing<String>, PassphraseError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, content).unwrap();
        PassphraseSource::File(path).read("")
    }

    #[test]
    fn one_newline_at_the_end_is_not_part_of_it() {
        assert_eq!(*read(b" two words \n").unwrap(), " two words ");
        assert_eq!(*read(b"two\n\n").unwrap(), "two\n");
        assert_eq!(*read(b"two").unwrap(), "two");
    }

    #[test]
    fn refuses_what_is_no_passphrase() {
        assert!(matches!(read(b"\n"), Err(PassphraseError::Empty { .. })));
        assert!(matches!(read(&[0xff, 0xfe]), Err(PassphraseError::NotText { .. })));
        assert!(matches!(read(&[b'x'; 5000]), Err(PassphraseError::TooLong { .. })));
        let missing = PassphraseSource::File("/nonexistent/passphrase".into()).read("");
        assert!(matches!(missing, Err(PassphraseError::Unreadable { .. })));
    }

    #[test]
    fn reads_an_inherited_descriptor() {
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, "from a descriptor\n").unwrap();
        let file = File::open(&path).unwrap();
        let source = PassphraseSource::Descriptor(u32::try_from(file.as_raw_fd()).unwrap());
        assert_eq!(*source.read("").unwrap(), "from a descriptor");
    }
}
