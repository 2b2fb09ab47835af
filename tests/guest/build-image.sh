#!/bin/bash
# Build a bootable Debian guest: kernel, initrd and root file system.
#
#   GUEST_CACHE    folder for the results (required)
#   GUEST_SUITE    Debian suite, default trixie
#   GUEST_EXTRA    more packages, comma separated
#   GUEST_MIRROR   a mirror, if not the one that mmdebstrap picks by itself
#
# Needs root, and on the host: mmdebstrap e2fsprogs python3 xz-utils zstd
set -euo pipefail
: "${GUEST_CACHE:?set GUEST_CACHE to the folder for images}"
suite=${GUEST_SUITE:-trixie}
mirror=${GUEST_MIRROR:-}
here=$(cd "$(dirname "$0")" && pwd)
image=$GUEST_CACHE/$suite-base
root=$image.root

packages=$(sed -e 's/#.*//' "$here/packages-base.txt" | awk 'NF {printf "%s%s", sep, $1; sep=","}')
packages=$packages${GUEST_EXTRA:+,$GUEST_EXTRA}

mkdir -p "$GUEST_CACHE"
rm -rf "$root" "$image"
started=$SECONDS

nice mmdebstrap --mode=root --variant=minbase --components=main \
    --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include="$packages" \
    "$suite" "$root" ${mirror:+"$mirror"}
echo "packages: $((SECONDS - started)) s"

# --- configuration of the guest -------------------------------------------
install -m 755 "$here/rootfs/guest-agent.py" "$root/usr/local/sbin/guest-agent.py"
install -m 644 "$here/rootfs/guest-agent.service" "$root/etc/systemd/system/guest-agent.service"
mkdir -p "$root/share" "$root/ctl"
cat > "$root/etc/fstab" <<'TAB'
ctl   /ctl   9p trans=virtio,version=9p2000.L,cache=none,msize=262144 0 0
share /share 9p trans=virtio,version=9p2000.L,cache=none,msize=262144 0 0
TAB
echo guest > "$root/etc/hostname"
printf '127.0.0.1 localhost guest\n' > "$root/etc/hosts"
rm -f "$root/etc/machine-id" && echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
chroot "$root" passwd -d root >/dev/null
chroot "$root" useradd -m -s /bin/bash -u 1000 tester
# modules at boot: 9p over virtio
printf '9pnet_virtio\n9p\n' > "$root/etc/modules-load.d/guest.conf"
# bluetoothd is started by the tests, with the options they want
chroot "$root" systemctl -q mask bluetooth.service apt-daily.timer apt-daily-upgrade.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer \
    systemd-update-utmp.service systemd-journal-flush.service \
    systemd-hwdb-update.service ldconfig.service systemd-random-seed.service \
    getty@tty1.service systemd-pstore.service || true
chroot "$root" systemctl -q enable guest-agent.service
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' > "$root/etc/systemd/journald.conf.d/guest.conf"

# --- kernel, uncompressed so that emulation need not unpack it --------------
mkdir -p "$image"
version=$(ls "$root/lib/modules" | sort -V | tail -n 1)
python3 "$here/unpack-kernel.py" "$root/boot/vmlinuz-$version" "$image/vmlinux"

# --- initrd ----------------------------------------------------------------
initrd=$(mktemp -d)
mkdir -p "$initrd/bin" "$initrd/modules"
cp "$root/bin/busybox" "$initrd/bin/busybox"
install -m 755 "$here/rootfs/initrd-init.sh" "$initrd/init"
for module in virtio_pci virtio_blk ext4 crc32c_generic; do
    chroot "$root" modprobe --set-version "$version" --show-depends --ignore-install "$module" || true
done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r path; do
    name=$(basename "$path"); name=${name%.xz}; name=${name%.zst}
    case $path in
        *.xz) xz -dc "$root$path" > "$initrd/modules/$name" ;;
        *.zst) zstd -qdc "$root$path" > "$initrd/modules/$name" ;;
        *) cp "$root$path" "$initrd/modules/$name" ;;
    esac
    echo "$name"
done > "$initrd/modules.order"
mv "$initrd/modules.order" "$initrd/modules/order"
cp -a "$initrd" "$root/tmp/initrd"
chroot "$root" sh -c 'cd /tmp/initrd && find . | cpio -o -H newc --quiet' > "$image/initrd"
rm -rf "$initrd" "$root/tmp/initrd"

# --- root file system --------------------------------------------------------
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/boot/initrd*
used=$(du -s --block-size=1M "$root" | cut -f 1)
mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$root" "$image/rootfs.ext4" "$((used + 1500))M"
rm -rf "$root"
echo "$version" > "$image/kernel-version"
echo "image $image: kernel $version, ${used} MiB used, $((SECONDS - started)) s in all"
