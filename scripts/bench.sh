#!/usr/bin/env bash
# Measures; docs/benchmarks.md keeps the table.
set -euo pipefail
. "$(dirname "$0")/env.sh"

say "Benches"
cargo bench --workspace --locked
