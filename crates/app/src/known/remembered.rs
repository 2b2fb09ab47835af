//! `vaults.toml`: the vaults outside the usual folder that this user has made or opened.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::KnownVaultsError;

const FILE: &str = "vaults.toml";
/// More than this is no list of vaults.
const MAX_BYTES: u64 = 1 << 20;
const HEAD: &str = "# Vaults outside the usual folder that were made or opened on this machine.\n\
                    # `latchkey vaults forget NAME` takes one out.\n\n";

/// A vault outside the usual folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outside {
    pub(super) name: String,
    /// Absolute.
    pub(super) path: PathBuf,
    /// 32 hex digits: tells another vault in the same place from this one.
    pub(super) id: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    #[serde(default, rename = "vault")]
    vaults: Vec<Outside>,
}

/// What stands in the file of a configuration folder; nothing if there is no file.
pub(super) fn read(config: &Path) -> Result<Vec<Outside>, KnownVaultsError> {
    let path = config.join(FILE);
    let unreadable = |source| KnownVaultsError::Unreadable { path: path.clone(), source };
    let text = match File::open(&path) {
        Ok(file) => io::read_to_string(io::Read::take(file, MAX_BYTES)).map_err(unreadable)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let content: Content = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.lines().count().max(1);
        KnownVaultsError::Malformed { path: path.clone(), line, detail: error.message().to_owned() }
    })?;
    Ok(content.vaults)
}

/// Changes the file, unless the change leaves it as it is. One process at a time; whoever reads meanwhile sees the
/// old or the new one.
pub(super) fn change<T>(
    config: &Path,
    change: impl FnOnce(&mut Vec<Outside>) -> Result<T, KnownVaultsError>,
) -> Result<T, KnownVaultsError> {
    let path = config.join(FILE);
    let unwritable = |source| KnownVaultsError::Unwritable { path: path.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(config).map_err(unwritable)?;
    let folder = File::open(config).map_err(unwritable)?;
    flock(&folder, FlockOperation::LockExclusive).map_err(|errno| unwritable(errno.into()))?;

    let before = read(config)?;
    let mut after = before.clone();
    let outcome = change(&mut after)?;
    if after != before {
        write(&path, &folder, &Content { vaults: after }).map_err(unwritable)?;
    }
    Ok(outcome)
}

fn write(path: &Path, folder: &File, content: &Content) -> io::Result<()> {
    let text = toml::to_string(content).map_err(io::Error::other)?;
    let new = path.with_extension("toml.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(HEAD.as_bytes())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)?;
    folder.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn outside(name: &str) -> Outside {
        Outside { name: name.to_owned(), path: "/media/stick/it's \"mine\"".into(), id: "0a".repeat(16) }
    }

    #[test]
    fn what_is_written_is_read_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("a/latchkey");
        assert_eq!(read(&config).unwrap(), []);
        change(&config, |vaults| {
            vaults.push(outside("one"));
            Ok(())
        })
        .unwrap();
        assert_eq!(read(&config).unwrap(), [outside("one")]);
        let file = fs::metadata(config.join(FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_change_that_changes_nothing_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        change(folder.path(), |_| Ok(())).unwrap();
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn a_file_that_somebody_wrote_wrong_is_told_of_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "# mine\n[[vault]]\nname = 3\n").unwrap();
        let told = change(folder.path(), |vaults| {
            vaults.push(outside("one"));
            Ok(())
        });
        assert!(matches!(told, Err(KnownVaultsError::Malformed { line: 2..=3, .. })), "{told:?}");
        assert!(fs::read_to_string(path).unwrap().starts_with("# mine"));
    }
}
