#!/bin/bash
# The radio's proof on a real kernel and a real bluetoothd: builds a Debian guest once, boots it in QEMU, and runs
# proof.sh in it. Building the image needs root and Debian's package mirror; running needs neither.
#
#   GUEST_CACHE   folder for the image (default: target/guest, 2 GiB)
#   GUEST_REBUILD set to build the image again
#
# Host packages: qemu-system-x86 seabios mmdebstrap e2fsprogs xz-utils zstd python3
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
export GUEST_CACHE=${GUEST_CACHE:-$project/target/guest}
export GUEST_NAME=radio
for tool in qemu-system-x86_64 python3 cargo; do
    command -v "$tool" > /dev/null || { echo "missing on this machine: $tool" >&2; exit 69; }
done

# kernel-version is what build-image.sh writes last.
image=$GUEST_CACHE/${GUEST_SUITE:-trixie}-base
if [ -n "${GUEST_REBUILD:-}" ] || [ ! -e "$image/kernel-version" ]; then
    "$here/build-image.sh"
fi

program=$(cd "$project" && cargo build --message-format=json-render-diagnostics -p latchkey-bluetooth --example radio_probe |
    python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "radio_probe":
        print(message["executable"])')

share=$(mktemp -d)
trap '"$here/guest.py" down; rm -rf "$share"' EXIT
cp "$program" "$here/proof.sh" "$here/ble-up.sh" "$here/ble-down.sh" "$share"
# Under translation the guest's kernel now and then panics while it boots.
"$here/guest.py" up --share "$share" || { "$here/guest.py" down; "$here/guest.py" up --share "$share"; }
for attempt in 1 2 3; do
    status=0
    "$here/guest.py" run --timeout 900 'bash ./proof.sh' || status=$?
    # 75: the virtual controllers died, which says nothing about our program.
    [ $status = 75 ] || exit $status
    echo "attempt $attempt was cut short" >&2
done
exit 75
