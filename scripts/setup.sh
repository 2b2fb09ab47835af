#!/usr/bin/env bash
# Installs what is missing for one purpose, says what, and is quick when nothing is.
#
#   scripts/setup.sh build|browser|check|fuzz|guest|bench|test
#
# System packages come from Debian, which needs root; a user without it gets the line to run. Everything else
# goes under target/tools and tests/relying-party/node_modules, nothing into the home folder or the system.
set -euo pipefail
. "$(dirname "$0")/env.sh"

purpose=${1:?usage: scripts/setup.sh build|browser|check|fuzz|guest|bench|test}
cargo_deny_version=0.20.2
cargo_fuzz_version=0.13.2
node_major=20
node_version=24.21.0

# --- system packages -------------------------------------------------------------------------------------

missing=()
# need PROBE... -- PACKAGE...: the packages, unless the probe succeeds.
need() {
    local probe=()
    while [ "$1" != -- ]; do probe+=("$1"); shift; done
    shift
    "${probe[@]}" >/dev/null 2>&1 || missing+=("$@")
}
has() { command -v "$1" >/dev/null 2>&1; }

# Is the version on the right at least the one on the left?
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
recent_rust() { has cargo && at_least "$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)" "$(cargo --version | cut -d' ' -f2)"; }
recent_node() { has node && at_least "$node_major" "$(node --version | tr -d v)"; }

need has cc -- build-essential
need has c++ -- build-essential
need has pkg-config -- pkg-config
need pkg-config --exists dbus-1 -- libdbus-1-dev
need recent_rust -- rustc-web cargo-web rustfmt-web
case $purpose in browser | bench | test)
    need has chromium -- chromium
    need has Xvfb -- xvfb
    need has openbox -- openbox
    need has dbus-daemon -- dbus-daemon
    ;;
esac
case $purpose in bench | test)
    need has ip -- iproute2
    need has unshare -- util-linux
    need has npm -- npm
    ;;
esac
case $purpose in bench)
    need has keepassxc-cli -- keepassxc
    ;;
esac
case $purpose in guest)
    need has qemu-system-x86_64 -- qemu-system-x86 seabios
    need has mmdebstrap -- mmdebstrap
    need has mkfs.ext4 -- e2fsprogs
    need has xz -- xz-utils
    need has zstd -- zstd
    need has python3 -- python3
    ;;
esac

if [ ${#missing[@]} -gt 0 ]; then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    has apt-get || fail "These are missing, and only Debian's package names are known here: ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        printf 'Missing system packages. Run this, then try again:\n\n    sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n\n' "${missing[*]}" >&2
        exit 1
    fi
    say "Installing from Debian: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    # A fresh image has no package lists; older lists may name files that the mirror no longer has.
    if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
        apt-get update >"$log" 2>&1 || { cat "$log" >&2; fail "apt-get update failed."; }
    fi
    if ! apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
        { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
            { tail -n 20 "$log" >&2; fail "apt-get install failed."; }
    fi
    hash -r
    recent_rust || fail "The Rust here is older than Cargo.toml's rust-version, and Debian has no newer one. Install Rust from https://rustup.rs, then try again."
fi

# --- tools of Rust's and npm's registries -----------------------------------------------------------------

# cargo_tool NAME VERSION: builds it once under target/tools, unless the system has one.
cargo_tool() {
    has "$1" && return
    say "Building $1 $2 (once, into target/tools)"
    cargo install --quiet --locked --version "$2" --root "$tools" "$1"
}
case $purpose in check | test) cargo_tool cargo-deny $cargo_deny_version ;; esac
case $purpose in fuzz | test) cargo_tool cargo-fuzz $cargo_fuzz_version ;; esac

case $purpose in bench | test)
    if ! recent_node; then
        say "Installing Node.js $node_version from npm (into target/tools/node)"
        NODE_NO_WARNINGS=1 npm install --silent --no-save --prefix "$tools/node" "node@$node_version"
        hash -r
        recent_node || fail "npm's node package did not yield a Node.js of version $node_major or newer."
    fi
    lock_hash=$(sha256sum tests/relying-party/package-lock.json | cut -d' ' -f1)
    stamp=tests/relying-party/node_modules/.lock-hash
    if [ "$(cat "$stamp" 2>/dev/null)" != "$lock_hash" ]; then
        say "Installing the tests' relying party from npm (tests/relying-party/node_modules)"
        NODE_NO_WARNINGS=1 npm ci --silent --prefix tests/relying-party
        echo "$lock_hash" >"$stamp"
    fi
    ;;
esac
