//! Several stores in one place: one for each generation of the data key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Folder, create_private_folder, files_below, files_in, remove, set_mode, sync_folder};

/// Where the store of a generation lies within a place for stores. That of the first format, 0, lies in the place
/// itself, beside the folders of the others.
pub(crate) fn store_in(stores: &Path, generation: u64) -> PathBuf {
    if generation == 0 { stores.to_owned() } else { stores.join(generation.to_string()) }
}

/// Makes an empty folder for the store of a generation, in place of what is there under its name.
pub(crate) fn new_store_in(stores: &Path, generation: u64) -> io::Result<PathBuf> {
    let store = store_in(stores, generation);
    if generation > 0 {
        remove(&store)?;
    }
    create_private_folder(&store)?;
    sync_folder(stores)?;
    Ok(store)
}

/// Every file of a store, in order; no file of a later store within its folder.
pub(crate) fn files_of_store(store: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in files_in(store)? {
        if path.is_symlink() || !path.is_dir() {
            files.push(path);
        } else if generation_of(&path).is_none() {
            files.extend(files_below(&path)?);
        }
    }
    files.sort();
    Ok(files)
}

/// Copies every file of a store to the same place below another folder, which is made. A filesystem that can share
/// blocks between files shares them.
pub(crate) fn copy_store(from: &Path, to: &Path) -> io::Result<()> {
    create_private_folder(to)?;
    for file in files_of_store(from)? {
        let target = to.join(file.strip_prefix(from).map_err(io::Error::other)?);
        target.parent().map_or(Ok(()), create_private_folder)?;
        fs::copy(&file, &target)?;
        set_mode(&target, 0o600)?;
    }
    Ok(())
}

impl Folder {
    /// Whether the store of an older generation is there: a rewrite has put another in its place, and was killed
    /// before it had cleared away.
    pub(crate) fn has_older_store(&self, generation: u64) -> io::Result<bool> {
        let older = |path: &PathBuf| store_of(path).is_some_and(|found| found < generation);
        Ok(files_in(&self.stores())?.iter().any(older))
    }

    /// Removes the stores of all other generations. What is no store's stays: a file manager's or a sync tool's.
    pub(crate) fn remove_other_stores(&self, generation: u64) -> io::Result<()> {
        for path in files_in(&self.stores())? {
            if store_of(&path).is_none_or(|found| found == generation) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() { remove(&path)? } else { fs::remove_file(&path)? }
        }
        sync_folder(&self.stores())
    }
}

/// Which generation's store a folder within the place for stores is; `None` if it belongs to the first format's.
fn generation_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let generation: u64 = name.parse().ok()?;
    (generation > 0 && generation.to_string() == name).then_some(generation)
}

/// To which generation's store something in the place for stores belongs: by the folders of the generations, and by the
/// engine's own names for the first format's. `None`: to none.
fn store_of(path: &Path) -> Option<u64> {
    let is_folder = path.is_dir() && !path.is_symlink();
    let name = path.file_name()?.to_str()?;
    let engines = matches!(name, "conf" | "db" | "blobs") || name.starts_with("snap.");
    generation_of(path).filter(|_| is_folder).or(engines.then_some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(files: &[&str]) -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        for file in files {
            let path = place.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let folder = Folder::at(place.path());
        (place, folder)
    }

    fn names(store: &Path) -> Vec<String> {
        let name = |path: &PathBuf| path.strip_prefix(store).unwrap().to_str().unwrap().to_owned();
        files_of_store(store).unwrap().iter().map(name).collect()
    }

    #[test]
    fn stores_of_different_generations_do_not_see_each_other() {
        let (place, folder) = with(&["db/db", "db/blobs/12", "db/1/db", "db/12/db", "db/007"]);
        assert_eq!(names(&folder.db(0)), ["007", "blobs/12", "db"]);
        assert_eq!(names(&folder.db(12)), ["db"]);
        copy_store(&folder.db(0), &place.path().join("copy")).unwrap();
        assert_eq!(names(&place.path().join("copy")), ["007", "blobs/12", "db"]);
    }

    #[test]
    fn all_but_one_can_be_removed() {
        let (_place, folder) = with(&["db/db", "db/blobs/12", "db/1/db", "db/12/db"]);
        assert!(!folder.has_older_store(0).unwrap() && folder.has_older_store(1).unwrap());
        folder.remove_other_stores(1).unwrap();
        assert_eq!(names(&folder.db(1)), ["db"]);
        assert!(!folder.has_older_store(1).unwrap() && folder.has_older_store(2).unwrap());
        assert_eq!(files_below(&folder.stores()).unwrap(), [folder.db(1).join("db")]);

        let (_place, folder) = with(&["db/db", "db/blobs/12", "db/1/db"]);
        folder.remove_other_stores(0).unwrap();
        assert_eq!(names(&folder.db(0)), ["blobs/12", "db"]);
    }

    #[test]
    fn what_is_no_stores_is_no_older_store() {
        let (_place, folder) = with(&["db/2/db", "db/.DS_Store", "db/.nfs01", "db/1", "db/x/y", "db/dbx"]);
        assert!(!folder.has_older_store(2).unwrap());
        folder.remove_other_stores(2).unwrap();
        assert_eq!(files_below(&folder.stores()).unwrap().len(), 6);
        for name in ["db", "conf", "snap.01", "snap.01.generating"] {
            fs::write(folder.stores().join(name), "").unwrap();
            assert!(folder.has_older_store(2).unwrap(), "{name}");
            folder.remove_other_stores(2).unwrap();
            assert_eq!(files_below(&folder.stores()).unwrap().len(), 6, "{name}");
        }
    }

    #[test]
    fn a_new_one_takes_the_place_of_one_that_was_cut_short() {
        let (_place, folder) = with(&["db/db", "db/1/db"]);
        let store = new_store_in(&folder.stores(), 1).unwrap();
        assert_eq!((store.clone(), names(&store)), (folder.db(1), vec![]));
        assert_eq!(names(&folder.db(0)), ["db"]);
    }
}
