#!/usr/bin/env bash
# The full counts of what `make test` runs as a sample.
set -euo pipefail
. "$(dirname "$0")/env.sh"

rounds=${SOAK_ROUNDS:-20}
say "Tests with full counts"
PROPTEST_CASES=${PROPTEST_CASES:-100000} LATCHKEY_SOAK=1 cargo test --workspace --locked --release --quiet
say "Vaults killed and harmed"
LATCHKEY_KILL_ROUNDS=${LATCHKEY_KILL_ROUNDS:-10000} LATCHKEY_DAMAGE_CASES=${LATCHKEY_DAMAGE_CASES:-1320} \
    cargo test --locked --release --quiet -p latchkey-vault --lib -- --nocapture tests::kill tests::harm
say "Whole ceremonies, $rounds rounds"
for round in $(seq "$rounds"); do
    printf '    round %s\n' "$round"
    cargo test --locked --release --quiet -p latchkey-tests --test ceremonies
done
FUZZ_SECONDS=${FUZZ_SECONDS:-600} scripts/fuzz.sh
