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

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
