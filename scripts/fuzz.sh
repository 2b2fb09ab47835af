#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (20) on the stable toolchain, without sanitizers.
set -euo pipefail
. "$(dirname "$0")/env.sh"

seconds=${FUZZ_SECONDS:-20}
[ -d fuzz ] || { say "Fuzzing: no targets yet"; exit 0; }
mapfile -t targets < <(cargo fuzz list)
say "Fuzzing ${#targets[@]} targets, $seconds seconds each"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo fuzz build --sanitizer none >"$log" 2>&1 || { cat "$log" >&2; fail "The fuzz targets do not build."; }
for target in "${targets[@]}"; do
    if ! cargo fuzz run --sanitizer none "$target" -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        fail "Fuzz target $target failed; its input is under fuzz/artifacts/$target."
    fi
    printf '    %-28s %s\n' "$target" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1 runs/p' "$log")"
done
