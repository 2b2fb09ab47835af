use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Backend, BackendError, Change, Tree};

type Values = BTreeMap<(Tree, Vec<u8>), Vec<u8>>;

/// Keeps everything in memory. For tests: the model that the real engine is compared with.
#[derive(Default)]
pub(crate) struct Memory {
    values: Mutex<Values>,
    /// What the next commit fails with.
    pub(crate) fail_next_commit: Mutex<Option<BackendError>>,
}

impl Backend for Memory {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, BackendError> {
        Ok(self.values.lock().unwrap().get(&(tree, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        tree: Tree,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), BackendError> {
        let values = self.values.lock().unwrap();
        let range = values.range((tree, prefix.to_vec())..);
        range
            .take_while(|((found, key), _)| *found == tree && key.starts_with(prefix))
            .for_each(|((_, key), value)| each(key, value));
        Ok(())
    }

    fn commit(&self, changes: &[Change]) -> Result<(), BackendError> {
        if let Some(error) = self.fail_next_commit.lock().unwrap().take() {
            return Err(error);
        }
        let mut values = self.values.lock().unwrap();
        for Change { tree, key, value } in changes {
            match value {
                Some(value) => values.insert((*tree, key.clone()), value.clone()),
                None => values.remove(&(*tree, key.clone())),
            };
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
}
