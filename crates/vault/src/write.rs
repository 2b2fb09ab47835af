use zeroize::Zeroizing;

use crate::backend::Tree;

/// A record to be written, or taken away, before it is sealed.
pub(crate) struct Write {
    pub(crate) tree: Tree,
    pub(crate) key: Vec<u8>,
    /// `None` takes it away.
    pub(crate) content: Option<Zeroizing<Vec<u8>>>,
}

impl Write {
    pub(crate) fn put(tree: Tree, key: impl Into<Vec<u8>>, content: impl Into<Zeroizing<Vec<u8>>>) -> Self {
        Self { tree, key: key.into(), content: Some(content.into()) }
    }

    pub(crate) fn take_away(tree: Tree, key: impl Into<Vec<u8>>) -> Self {
        Self { tree, key: key.into(), content: None }
    }
}
