#!/usr/bin/env bash
# Builds the release binary and puts it into PREFIX/bin.
set -euo pipefail
. "$(dirname "$0")/env.sh"

prefix=${1:?usage: scripts/install.sh PREFIX}
say "Building latchkey"
# Not quiet: for minutes cargo's own progress is the only sign that it goes on.
cargo build --release --locked
install -D -m 755 target/release/latchkey "$prefix/bin/latchkey"
say "Installed $prefix/bin/latchkey"
case :$PATH: in
    *:"$prefix/bin":*) ;;
    *) printf '%s is not on your PATH. Add it: export PATH="%s:$PATH"\n' "$prefix/bin" "$prefix/bin" ;;
esac
