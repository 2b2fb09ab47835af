//! Which roots are trusted. The environment decides, so each case is a process of its own.

use std::path::Path;
use std::process::Command;

use latchkey_tunnel::{TrustError, TunnelClient};

use crate::stage::certificate;

/// What a process with this `SSL_CERT_FILE` finds.
fn with_cert_file(file: &Path) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "roots::child", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", file)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    String::from_utf8(child.stdout).unwrap()
}

#[test]
#[ignore = "started by roots::ssl_cert_file_replaces_the_systems_roots, with an environment of its own"]
fn child() {
    match TunnelClient::new() {
        Ok(_) => println!("found roots"),
        Err(TrustError::NoRoots { unreadable }) => println!("no roots, {unreadable} unreadable"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn ssl_cert_file_replaces_the_systems_roots() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    assert!(with_cert_file(&file).contains("no roots, 1 unreadable"));
    std::fs::write(&file, "no certificate").unwrap();
    assert!(with_cert_file(&file).contains("no roots"));
    std::fs::write(&file, certificate().1.cert_pem).unwrap();
    assert!(with_cert_file(&file).contains("found roots"));
}
