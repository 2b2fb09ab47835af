use latchkey_crypto::cbor::Value;
use latchkey_passkey::Labels;

use super::{ChangeId, inner_mut, set, unset};

/// A label's number in its map. Fixed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    RpName,
    UserName,
    UserDisplayName,
    Name,
    Tags,
    Favourite,
    Note,
    Folder,
    /// Bytes of the large blob, which lies in records of its own.
    LargeBlobLen,
}

impl Label {
    fn number(self) -> u64 {
        match self {
            Label::RpName => 1,
            Label::UserName => 2,
            Label::UserDisplayName => 3,
            Label::Name => 4,
            Label::Tags => 5,
            Label::Favourite => 6,
            Label::Note => 20,
            Label::Folder => 21,
            Label::LargeBlobLen => 22,
        }
    }
}

/// Where the changes of the labels lie, in the labels' map: `{label: change}`, and under 0 the change of all labels
/// that are not named.
const CHANGES: u64 = 30;
const ALL_OTHERS: u64 = 0;

/// The labels of a new record, all of one change.
pub(super) fn labels_value(labels: &Labels, change: ChangeId) -> Value {
    let texts = [
        (Label::RpName, labels.rp_name.as_deref()),
        (Label::UserName, Some(labels.user_name.as_str())),
        (Label::UserDisplayName, Some(labels.user_display_name.as_str())),
        (Label::Name, labels.name.as_deref()),
        (Label::Note, labels.note.as_deref()),
        (Label::Folder, labels.folder.as_deref()),
    ];
    let mut entries: Vec<(Value, Value)> =
        texts.into_iter().filter_map(|(label, text)| Some((label.number().into(), text?.into()))).collect();
    if !labels.tags.is_empty() {
        let tags = labels.tags.iter().map(|tag| tag.as_str().into());
        entries.push((Label::Tags.number().into(), Value::array(tags)));
    }
    if labels.favourite {
        entries.push((Label::Favourite.number().into(), true.into()));
    }
    entries.push((CHANGES.into(), Value::map([(ALL_OTHERS.into(), change.to_value())])));
    Value::Map(entries)
}

/// The labels of a record, in types.
pub(super) fn labels(map: Option<&Value>) -> Labels {
    let get = |label: Label| map.and_then(|map| map.get(label.number()));
    let text = |label| get(label).and_then(Value::as_text).map(str::to_owned);
    Labels {
        rp_name: text(Label::RpName),
        user_name: text(Label::UserName).unwrap_or_default(),
        user_display_name: text(Label::UserDisplayName).unwrap_or_default(),
        name: text(Label::Name),
        tags: tags(map).iter().filter_map(tag_text).map(str::to_owned).collect(),
        favourite: get(Label::Favourite).and_then(Value::as_bool).unwrap_or(false),
        note: text(Label::Note),
        folder: text(Label::Folder),
    }
}

/// A label that is a number.
pub(super) fn number(map: Option<&Value>, label: Label) -> Option<u64> {
    map.and_then(|map| map.get(label.number())).and_then(Value::as_u64)
}

/// When the newest label was changed; `None` in a record that does not say so yet.
pub(super) fn modified_at(map: Option<&Value>) -> Option<u64> {
    let changes = map?.get(CHANGES)?.as_map()?;
    changes.iter().filter_map(|(_, change)| Some(ChangeId::from_value(change)?.at)).max()
}

/// Gives the labels of a record that has no changes for them the change of the record, before it gets another.
pub(super) fn pin(map: &mut Value, record: &Value) {
    if map.get(CHANGES).is_none() {
        set(map, CHANGES, Value::map([(ALL_OTHERS.into(), record.clone())]));
    }
}

/// Sets a label, or takes it away; whether that made a difference.
pub(super) fn put(map: &mut Value, label: Label, to: Option<Value>, change: ChangeId) -> bool {
    if map.get(label.number()) == to.as_ref() {
        return false;
    }
    match to {
        Some(value) => set(map, label.number(), value),
        None => unset(map, label.number()),
    }
    mark(map, label, change);
    true
}

/// Adds a tag, by this change; whether it was not there.
pub(super) fn add_tag(map: &mut Value, tag: &str, change: ChangeId) -> bool {
    let mut tags = tags(Some(map)).to_vec();
    if tags.iter().any(|other| tag_text(other) == Some(tag)) {
        return false;
    }
    tags.push(Value::array([tag.into(), change.to_value()]));
    set(map, Label::Tags.number(), Value::Array(tags));
    mark(map, Label::Tags, change);
    true
}

/// Takes a tag away; whether it was there.
///
/// What is taken away leaves nothing behind: whoever still has the tag sees by the change that added it whether this
/// copy has known it.
pub(super) fn remove_tag(map: &mut Value, tag: &str, change: ChangeId) -> bool {
    let before = tags(Some(map));
    let after: Vec<Value> = before.iter().filter(|other| tag_text(other) != Some(tag)).cloned().collect();
    if after.len() == before.len() {
        return false;
    }
    if after.is_empty() {
        unset(map, Label::Tags.number());
    } else {
        set(map, Label::Tags.number(), Value::Array(after));
    }
    mark(map, Label::Tags, change);
    true
}

fn mark(map: &mut Value, label: Label, change: ChangeId) {
    if let Some(changes) = inner_mut(map, CHANGES) {
        set(changes, label.number(), change.to_value());
    }
}

/// How many tags there are.
pub(super) fn tag_count(map: Option<&Value>) -> usize {
    tags(map).len()
}

fn tags(map: Option<&Value>) -> &[Value] {
    map.and_then(|map| map.get(Label::Tags.number())).and_then(Value::as_array).unwrap_or_default()
}

/// Of `[text, change that added it]`, or of the text alone.
fn tag_text(tag: &Value) -> Option<&str> {
    tag.as_text().or_else(|| tag.as_array()?.first()?.as_text())
}

#[cfg(test)]
mod tests {
    use latchkey_crypto::vault::DeviceId;

    use super::*;

    fn change(counter: u64) -> ChangeId {
        ChangeId { device: DeviceId::from_bytes([1; 16]), counter, at: 100 * counter }
    }

    fn made() -> Labels {
        Labels {
            rp_name: Some("Example".to_owned()),
            user_name: "alice".to_owned(),
            user_display_name: "Alice".to_owned(),
            name: Some("work".to_owned()),
            tags: vec!["a".to_owned(), "b".to_owned()],
            favourite: true,
            note: Some("one\ntwo".to_owned()),
            folder: Some("office".to_owned()),
        }
    }

    fn change_of(map: &Value, label: u64) -> Option<ChangeId> {
        ChangeId::from_value(map.get(CHANGES)?.get(label)?)
    }

    #[test]
    fn reads_what_it_writes() {
        for made in [made(), Labels::default()] {
            let map = labels_value(&made, change(1));
            assert_eq!(labels(Some(&map)), made);
            assert_eq!(modified_at(Some(&map)), Some(100));
        }
    }

    #[test]
    fn each_label_carries_its_own_change_also_when_it_goes() {
        let mut map = labels_value(&made(), change(1));
        assert!(put(&mut map, Label::Name, Some("home".into()), change(2)));
        assert!(put(&mut map, Label::Note, None, change(3)));
        assert!(!put(&mut map, Label::Folder, Some("office".into()), change(4)));
        assert_eq!(change_of(&map, 4), Some(change(2)));
        assert_eq!(change_of(&map, 20), Some(change(3)));
        assert_eq!((change_of(&map, 21), change_of(&map, ALL_OTHERS)), (None, Some(change(1))));
        let read = labels(Some(&map));
        assert_eq!((read.name.as_deref(), read.note), (Some("home"), None));
        assert_eq!(modified_at(Some(&map)), Some(300));
    }

    #[test]
    fn a_tag_carries_the_change_that_added_it() {
        let mut map = labels_value(&made(), change(1));
        assert!(add_tag(&mut map, "c", change(2)));
        assert!(!add_tag(&mut map, "c", change(3)) && !add_tag(&mut map, "a", change(3)));
        assert_eq!(tags(Some(&map))[2], Value::array(["c".into(), change(2).to_value()]));
        assert!(remove_tag(&mut map, "a", change(4)) && !remove_tag(&mut map, "a", change(5)));
        assert_eq!(labels(Some(&map)).tags, ["b", "c"]);
        // Added again it is another one: whoever took the first away does not mean this.
        assert!(add_tag(&mut map, "a", change(6)));
        assert_eq!(tags(Some(&map))[2], Value::array(["a".into(), change(6).to_value()]));
        for tag in ["a", "b", "c"] {
            assert!(remove_tag(&mut map, tag, change(7)));
        }
        assert!(map.get(5).is_none());
        assert_eq!((change_of(&map, 5), modified_at(Some(&map))), (Some(change(7)), Some(700)));
    }

    #[test]
    fn labels_of_the_first_form_take_the_change_of_their_record() {
        let mut map = Value::map([
            (2.into(), "alice".into()),
            (5.into(), Value::array(["a".into()])),
            (6.into(), true.into()),
        ]);
        assert_eq!(modified_at(Some(&map)), None);
        let read = labels(Some(&map));
        assert_eq!(
            (read.user_name.as_str(), read.tags.as_slice(), read.favourite),
            ("alice", &["a".to_owned()][..], true)
        );
        pin(&mut map, &change(1).to_value());
        pin(&mut map, &change(2).to_value());
        assert_eq!(change_of(&map, ALL_OTHERS), Some(change(1)));
        assert!(add_tag(&mut map, "b", change(3)));
        assert_eq!(labels(Some(&map)).tags, ["a", "b"]);
        assert_eq!(change_of(&map, ALL_OTHERS), Some(change(1)));
    }

    #[test]
    fn what_a_later_version_wrote_stays() {
        let mut map = labels_value(&made(), change(1));
        set(&mut map, 61, "later".into());
        let later = Value::array(["d".into(), change(1).to_value(), "later".into()]);
        set(&mut map, 5, Value::array(["a".into(), later.clone()]));
        assert!(add_tag(&mut map, "e", change(2)) && remove_tag(&mut map, "a", change(2)));
        assert!(put(&mut map, Label::Name, None, change(2)));
        assert_eq!((map.get(61), &tags(Some(&map))[0]), (Some(&"later".into()), &later));
    }
}
