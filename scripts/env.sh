# Sourced by the scripts beside it: where the tools are that setup.sh put under target/, and how to report.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
tools=$root/target/tools
PATH=$tools/bin:$tools/node/node_modules/.bin:$PATH
# rustup's own folder, for shells that do not read its profile.
[ ! -x "$HOME/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
# Debian keeps ip in here, which is not on every user's path.
PATH=$PATH:/usr/sbin:/sbin
export PATH

# Bold is for terminals, and for people who did not ask to be spared it (no-color.org).
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then mark=$'\033[1m==>\033[0m'; else mark='==>'; fi
say() { printf '%s %s\n' "$mark" "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
