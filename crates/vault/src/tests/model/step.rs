use proptest::prelude::*;
use proptest::sample::Index;

use super::{ACCOUNTS, SITES};
use crate::LabelEdit;

/// One operation. Which passkeys it is about is drawn among all that were ever made, so that some are not there.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Add {
        site: u8,
        account: u8,
        replaces: Option<Index>,
    },
    Import {
        site: u8,
        account: u8,
        same_credential_as: Option<Index>,
        blob: Option<usize>,
        raw: Option<usize>,
    },
    AddAgain {
        which: Index,
    },
    Use {
        which: Index,
    },
    Edit {
        which: Vec<Index>,
        edits: Vec<LabelEdit>,
    },
    SetLargeBlob {
        which: Index,
        len: Option<usize>,
    },
    Bin {
        which: Vec<Index>,
    },
    Unbin {
        which: Vec<Index>,
    },
    Purge {
        which: Vec<Index>,
    },
    PurgeOverdue,
    Check,
    Reopen {
        close: bool,
    },
}

fn any_edit() -> impl Strategy<Value = LabelEdit> {
    let text = || proptest::option::of("[a-c]{0,3}|x{190,205}".prop_map(String::from));
    let tag = || "[a-e]|x{199,201}".prop_map(String::from);
    prop_oneof![
        text().prop_map(LabelEdit::Name),
        proptest::option::of("[a-c\n]{0,9}|x{2900,3080}".prop_map(String::from)).prop_map(LabelEdit::Note),
        text().prop_map(LabelEdit::Folder),
        any::<bool>().prop_map(LabelEdit::Favourite),
        tag().prop_map(LabelEdit::AddTag),
        tag().prop_map(LabelEdit::RemoveTag),
    ]
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let (site, account) = (|| 0..SITES, || 0..ACCOUNTS);
    let one = any::<Index>;
    let some = || proptest::collection::vec(any::<Index>(), 0..4);
    let blob_len = || prop_oneof![0..30usize, 5119..5122usize, Just(40_000)];
    prop_oneof![
        4 => (site(), account(), proptest::option::of(one()))
            .prop_map(|(site, account, replaces)| Step::Add { site, account, replaces }),
        2 => (site(), account(), proptest::option::of(one()), proptest::option::of(blob_len()), proptest::option::of(blob_len()))
            .prop_map(|(site, account, same_credential_as, blob, raw)| {
                Step::Import { site, account, same_credential_as, blob, raw }
            }),
        1 => one().prop_map(|which| Step::AddAgain { which }),
        4 => one().prop_map(|which| Step::Use { which }),
        4 => (some(), proptest::collection::vec(any_edit(), 0..4))
            .prop_map(|(which, edits)| Step::Edit { which, edits }),
        2 => (one(), proptest::option::of(blob_len()))
            .prop_map(|(which, len)| Step::SetLargeBlob { which, len }),
        3 => some().prop_map(|which| Step::Bin { which }),
        2 => some().prop_map(|which| Step::Unbin { which }),
        2 => some().prop_map(|which| Step::Purge { which }),
        1 => Just(Step::PurgeOverdue),
        1 => Just(Step::Check),
        2 => any::<bool>().prop_map(|close| Step::Reopen { close }),
    ]
}
