use std::fs;

use crate::home::Home;

#[test]
fn ends_with_two_acceptances_and_keeps_nothing() {
    let home = Home::new();
    let shown = home.run(&["demo"]).output();
    assert_eq!(shown.matches("ACCEPTED").count(), 2, "{shown}");
    assert!(!shown.contains("REFUSED") && !shown.contains('✗'), "{shown}");
    assert!(shown.contains("Nothing of it is kept."));
    let left: Vec<_> = fs::read_dir(home.path("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}
