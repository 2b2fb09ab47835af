#!/usr/bin/env bash
# Builds the release binary and shows a whole ceremony with it.
set -euo pipefail
. "$(dirname "$0")/env.sh"

say "Building latchkey"
cargo build --release --locked --quiet
exec target/release/latchkey demo "$@"
