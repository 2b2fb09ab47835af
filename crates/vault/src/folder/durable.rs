use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Makes a new, empty file for its owner alone (0600), in place of the one that is there.
///
/// Nothing is written into what is there: it may be a link to another file, or open to others.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Writes a file so that, whatever happens, either the old or the new content is there; the old one stays under
/// another name. In between one of the two names may be missing, but never both.
pub(crate) fn replace_keeping_previous(path: &Path, previous: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = write_beside(path, bytes)?;
    match fs::rename(path, previous) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(new, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Writes a file so that, whatever happens, either the old or the new content is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::rename(write_beside(path, bytes)?, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a file's content durable.
pub(crate) fn sync_file(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()
}

/// Makes a folder and the way to it durable: any of the folders above may be as new as itself.
pub(crate) fn sync_way_to(folder: &Path) -> io::Result<()> {
    let folder = folder.canonicalize()?;
    sync_folder(&folder)?;
    // Those that this user may not read are none that were just made.
    folder.ancestors().skip(1).take_while(|above| sync_folder(above).is_ok()).for_each(drop);
    Ok(())
}

/// The name under which a file is written before it takes its place.
pub(crate) fn unfinished_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let new = unfinished_path(path);
    let mut file = create_file(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn replaces_for_the_owner_alone_and_keeps_the_previous() {
        let folder = tempfile::tempdir().unwrap();
        let (path, previous) = (folder.path().join("f"), folder.path().join("f.previous"));
        replace_keeping_previous(&path, &previous, b"one").unwrap();
        assert!(!previous.exists());
        replace_keeping_previous(&path, &previous, b"two").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), fs::read(&previous).unwrap()),
            (b"two".to_vec(), b"one".to_vec())
        );
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_was_left_behind_under_the_name_is_not_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("f"), folder.path().join("other"));
        fs::write(&other, b"somebody's").unwrap();
        std::os::unix::fs::symlink(&other, unfinished_path(&path)).unwrap();
        replace_keeping_previous(&path, &folder.path().join("f.previous"), b"one").unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"somebody's");
        fs::write(&path, b"left behind").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        drop(create_file(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
