//! What SECURITY.md says is shown by tests that are there.

use std::{fs, path::Path};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn every_row_names_tests_that_exist() {
    let text = fs::read_to_string(Path::new(ROOT).join("SECURITY.md")).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| |") && !line.starts_with("| ---"));
    let mut looked_at = 0;
    for row in rows {
        let (claim, shown_by) = row.trim_end_matches([' ', '|']).rsplit_once(" | ").unwrap();
        if shown_by == "–" {
            assert!(claim.contains("**can**"), "what somebody cannot do is shown: {row}");
            continue;
        }
        let mut names = Vec::new();
        // Between every other pair of backticks.
        for quoted in shown_by.split('`').skip(1).step_by(2) {
            if quoted.contains('/') {
                names.drain(..).for_each(|name| assert_shown(name, quoted));
                assert!(Path::new(ROOT).join(quoted).exists(), "{quoted}");
                looked_at += 1;
            } else {
                names.push(quoted);
            }
        }
        assert!(names.is_empty(), "without a file: {names:?} in {row}");
        assert!(shown_by.contains('/'), "no test: {row}");
    }
    assert!(looked_at > 20, "{looked_at} files: the table is read");
}

/// A function is a test, or a ceremony that is run; a type has examples that must not compile.
fn assert_shown(name: &str, file: &str) {
    let read = |file: &str| fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_default();
    let text = read(file);
    let declared = |kind: &str, end: &str| text.find(&format!("{kind} {name}{end}")).map(|at| &text[..at]);
    let is_there = if name.starts_with(char::is_uppercase) {
        let before = declared("struct", " {").unwrap_or_default();
        // Its own documentation: what follows the item before it.
        before.rsplit("\n\n").next().is_some_and(|documentation| documentation.contains("```compile_fail"))
    } else if file.starts_with("tests/tests/ceremonies/") {
        declared("fn", "(").is_some()
            && read("tests/tests/ceremonies/main.rs").contains(&format!("::{name},"))
    } else {
        let before = declared("fn", "(").unwrap_or_default();
        let attribute = before.lines().rfind(|line| !matches!(line.trim(), "" | "async")).unwrap_or_default();
        attribute.trim_start().starts_with("#[") && attribute.contains("test")
    };
    assert!(is_there, "SECURITY.md names {name} in {file}");
}

/// A web page can open a link; nothing of ours may answer one (CVE-2024-9956).
#[test]
fn nothing_registers_for_links() {
    let mut folders = vec![Path::new(ROOT).join("packaging")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).to_lowercase();
            assert!(!content.contains("x-scheme-handler"), "{}", path.display());
        }
    }
    assert!(files > 0);
}
