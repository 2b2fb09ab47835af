//! Where a person's vaults and this machine's memory of them lie (XDG Base Directory Specification).

use std::{env, path::PathBuf};

/// The name of the vault that is used when none is named.
pub(crate) const DEFAULT_NAME: &str = "default";

/// The folder of a vault, and the folder in which this machine remembers what it has seen of vaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultPlace {
    /// The vault itself.
    pub folder: PathBuf,
    /// This machine's memory, apart from the vault so that a rolled-back folder is noticed.
    pub state: PathBuf,
}

impl VaultPlace {
    /// A vault in the given folder.
    ///
    /// `None` when there is neither `$XDG_STATE_HOME` nor `$HOME`.
    pub fn at(folder: PathBuf) -> Option<Self> {
        Some(Self { folder, state: base("XDG_STATE_HOME", ".local/state")? })
    }

    /// The vault `default` of this user: `$XDG_DATA_HOME/latchkey/vaults/default`.
    ///
    /// `None` when there is neither `$XDG_DATA_HOME` nor `$HOME`.
    pub fn default_vault() -> Option<Self> {
        Self::at(vaults_folder()?.join(DEFAULT_NAME))
    }

    /// Whether this is the vault that is used when none is named.
    pub fn is_default(&self) -> bool {
        Self::default_vault().is_some_and(|default| default.folder == self.folder)
    }

    /// Whether something is at the place already: a vault, other files, or a file instead of a folder.
    pub fn is_taken(&self) -> bool {
        self.folder.is_file() || self.folder.read_dir().is_ok_and(|mut entries| entries.next().is_some())
    }
}

/// Where vaults lie that have a name and no path: `$XDG_DATA_HOME/latchkey/vaults`.
pub(crate) fn vaults_folder() -> Option<PathBuf> {
    Some(base("XDG_DATA_HOME", ".local/share")?.join("vaults"))
}

/// What this user has set: `$XDG_CONFIG_HOME/latchkey`.
pub(crate) fn config_folder() -> Option<PathBuf> {
    base("XDG_CONFIG_HOME", ".config")
}

/// `$VARIABLE/latchkey`, or `$HOME/BELOW_HOME/latchkey`. Relative paths are ignored, as the specification says.
fn base(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    env::var_os(variable)
        .map(PathBuf::from)
        .and_then(absolute)
        .or_else(|| env::home_dir().and_then(absolute).map(|home| home.join(below_home)))
        .map(|base| base.join("latchkey"))
}
