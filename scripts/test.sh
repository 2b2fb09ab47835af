#!/usr/bin/env bash
# Every test: the crates' own, the whole ceremonies in tests/, and each fuzz target for a short while.
set -euo pipefail
. "$(dirname "$0")/env.sh"

# The ceremonies start this binary.
say "Building latchkey"
cargo build --locked --quiet -p latchkey-cli
say "Tests"
cargo test --workspace --locked --quiet
FUZZ_SECONDS=${FUZZ_SECONDS:-20} scripts/fuzz.sh
