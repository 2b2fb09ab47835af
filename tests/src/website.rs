//! The website that judges: a page before SimpleWebAuthn's server, in Node.js.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin, Command},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/relying-party");

/// The running website; it ends when its input closes, so when this is dropped.
pub struct Website {
    port: u64,
    _input: Option<ChildStdin>,
    _child: Child,
}

impl Website {
    /// Starts it at a free port of loopback.
    pub async fn start() -> Self {
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node.js starts (make setup)");
        let output = child.stdout.take().expect("piped");
        let line = BufReader::new(output).lines().next_line().await.expect("readable").expect("a first line");
        let hello: Value = serde_json::from_str(&line).expect("JSON");
        let port = hello["port"].as_u64().expect("a port");
        Self { port, _input: child.stdin.take(), _child: child }
    }

    /// The page of the site with this RP ID, which ends in `.localhost`.
    pub fn url(&self, rp_id: &str) -> String {
        format!("http://{rp_id}:{}/", self.port)
    }
}
