#!/usr/bin/env bash
# Adverts on a real kernel with a real bluetoothd: see tests/guest.
set -euo pipefail
. "$(dirname "$0")/env.sh"

exec tests/guest/run.sh "$@"
