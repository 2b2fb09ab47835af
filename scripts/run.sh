#!/usr/bin/env bash
# Builds the release binary and shows a whole ceremony with it.
set -euo pipefail
. "$(dirname "$0")/env.sh"

say "Building latchkey"
# Not quiet: for minutes cargo's own progress is the only sign that it goes on.
cargo build --release --locked
exec target/release/latchkey demo "$@"
