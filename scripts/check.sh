#!/usr/bin/env bash
# Everything that can be said about the code without running it.
set -euo pipefail
. "$(dirname "$0")/env.sh"

say "Format"
cargo fmt --all --check

# Debian's Rust comes without clippy.
if cargo clippy --version >/dev/null 2>&1; then
    say "Lints"
    cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
else
    say "Lints: left out, this toolchain has no clippy"
fi

say "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

say "Dependencies: bans, licences, sources"
cargo deny --log-level error check bans licenses sources
# The advisory database is a repository of its own and is not fetched here.
if [ -d "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs" ]; then
    say "Dependencies: advisories"
    cargo deny --offline --log-level error check advisories
fi
