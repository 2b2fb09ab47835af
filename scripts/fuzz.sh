#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (20), as many at a time as there are processors, on the stable toolchain
# and therefore without sanitizers. Arguments select targets.
set -euo pipefail
. "$(dirname "$0")/env.sh"

seconds=${FUZZ_SECONDS:-20}
mapfile -t targets < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else cargo fuzz list; fi)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

say "Building the fuzz targets"
cargo fuzz build --sanitizer none >"$logs/build" 2>&1 ||
    { cat "$logs/build" >&2; fail "The fuzz targets do not build."; }

# one TARGET: runs it, and says how it went.
one() {
    if cargo fuzz run --sanitizer none "$1" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 >"$logs/$1" 2>&1; then
        printf '    %-28s %s runs\n' "$1" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$logs/$1")"
    else
        tail -n 40 "$logs/$1" >&2
        printf '    %-28s FAILED, its input is under fuzz/artifacts/%s\n' "$1" "$1" >&2
        return 1
    fi
}
export -f one
export seconds logs

say "Fuzzing ${#targets[@]} targets, $seconds seconds each"
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'one {}' ||
    fail "A fuzz target failed."
