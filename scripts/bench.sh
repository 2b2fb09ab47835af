#!/usr/bin/env bash
# Measures; docs/benchmarks.md keeps the table. No figure fails the run.
set -euo pipefail
. "$(dirname "$0")/env.sh"

say "Handshake, beside snow"
cargo bench --locked --quiet -p latchkey-crypto --bench handshake
say "Sign-in out of 10,000 passkeys, beside bare p256 and passkey-authenticator"
cargo bench --locked --quiet -p latchkey-ctap --bench get_assertion
say "A vault of up to 100,000 passkeys (with LATCHKEY_BENCH_MILLION=1 also of a million): unlocking, finding, commits"
cargo bench --locked --quiet -p latchkey-vault --bench vault
say "Listing 10,000 passkeys, beside keepassxc-cli"
cargo build --locked --quiet --release -p latchkey-cli
cargo bench --locked --quiet -p latchkey-tests --bench listing
say "Sign-ins in Chromium"
cargo bench --locked --quiet -p latchkey-tests --bench ceremony

say "Ratios (medians; the load average is now $(cut -d' ' -f1 /proc/loadavg))"
node scripts/bench-ratios.mjs
