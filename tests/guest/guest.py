#!/usr/bin/env python3
"""Boot the guest image and run commands in it.

  guest.py up   [--share DIR]               boot, wait until it takes commands
  guest.py run  [--timeout S] COMMAND...    run in the guest (bash), same status
  guest.py down                             power it off
  guest.py once [--share DIR] COMMAND...    up, run, down
  guest.py log                              the serial console so far

COMMAND starts in /share, which is the folder given with --share.
Nothing written to the guest's disk survives `down`.

Environment: GUEST_CACHE (required, where build-image.sh wrote), GUEST_SUITE,
GUEST_NAME (for several guests), GUEST_ACCEL (kvm or tcg),
GUEST_MEMORY (MiB), GUEST_CPUS, GUEST_APPEND (kernel parameters),
GUEST_QEMU (further options for QEMU).
"""
import argparse
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time


def environment(name, default=None):
    value = os.environ.get(name) or default
    if value is None:
        sys.exit(f"set {name}")
    return value


CACHE = pathlib.Path(environment("GUEST_CACHE"))
IMAGE = CACHE / (environment("GUEST_SUITE", "trixie") + "-base")
STATE = CACHE / ("run-" + environment("GUEST_NAME", "default"))


def accelerator():
    """KVM only where the processor has it: a paravirtual /dev/kvm opens but
    emulates the guest kernel, far slower than QEMU's own translator."""
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    hardware = ("vmx" in flags or "svm" in flags) and os.access("/dev/kvm", os.R_OK | os.W_OK)
    return environment("GUEST_ACCEL", "kvm" if hardware else "tcg")


def qemu_pid():
    try:
        pid = int((STATE / "pid").read_text())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None


def up(share):
    if qemu_pid():
        sys.exit("already up")
    shutil.rmtree(STATE, ignore_errors=True)
    ctl = STATE / "ctl"
    ctl.mkdir(parents=True)
    share = pathlib.Path(share or STATE / "share").resolve()
    share.mkdir(parents=True, exist_ok=True)
    accel = accelerator()
    command = ["nice", "qemu-system-x86_64", "-nodefaults", "-no-user-config",
               "-machine", "q35,hpet=off,usb=off,vmport=off", "-display", "none", "-no-reboot",
               "-m", environment("GUEST_MEMORY", "1024"),
               "-smp", environment("GUEST_CPUS", "2")]
    if accel == "kvm":
        command += ["-accel", "kvm", "-cpu", "host"]
    else:
        command += ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", environment("GUEST_CPU", "max")]
    append = ("console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check "
              "cryptomgr.notests random.trust_cpu=on audit=0 apparmor=0 net.ifnames=0 "
              "rootfstype=ext4 systemd.show_status=0 ")
    command += [
        "-kernel", str(IMAGE / "vmlinux"), "-initrd", str(IMAGE / "initrd"),
        "-append", append + environment("GUEST_APPEND", " "),
        "-drive", f"file={IMAGE / 'rootfs.ext4'},if=none,id=root,format=raw,snapshot=on,cache=unsafe",
        "-device", "virtio-blk-pci,drive=root",
        "-device", "virtio-rng-pci",
        "-fsdev", f"local,id=ctl,path={ctl},security_model=none,multidevs=remap",
        "-device", "virtio-9p-pci,fsdev=ctl,mount_tag=ctl",
        "-fsdev", f"local,id=share,path={share},security_model=none,multidevs=remap",
        "-device", "virtio-9p-pci,fsdev=share,mount_tag=share",
        "-serial", f"file:{STATE / 'console'}",
        "-nic", "none",
        "-pidfile", str(STATE / "pid"), "-daemonize"]
    command += shlex.split(environment("GUEST_QEMU", " "))
    started = time.monotonic()
    subprocess.run(command, check=True)
    limit = float(environment("GUEST_BOOT_TIMEOUT", "240"))
    while not (ctl / "ready").exists():
        if not qemu_pid() or time.monotonic() - started > limit:
            sys.stderr.write((STATE / "console").read_text(errors="replace")[-4000:])
            sys.exit("the guest did not come up")
        time.sleep(0.1)
    sys.stderr.write(f"guest up after {time.monotonic() - started:.1f} s ({accel})\n")


def run(words, timeout):
    if not qemu_pid():
        sys.exit("not up")
    ctl = STATE / "ctl"
    job = f"{time.time_ns():x}-{os.getpid()}"
    script = words[0] if len(words) == 1 else shlex.join(words)
    draft = ctl / (job + ".tmp")
    draft.write_text(script + "\n")
    draft.rename(ctl / (job + ".req"))
    out, rc = ctl / (job + ".out"), ctl / (job + ".rc")
    shown = 0
    limit = time.monotonic() + timeout
    while True:
        ended = rc.exists()
        if out.exists():
            with open(out, "rb") as stream:
                stream.seek(shown)
                data = stream.read()
            shown += len(data)
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        if ended:
            return int(rc.read_text())
        if not qemu_pid():
            sys.exit("the guest went away")
        if time.monotonic() > limit:
            sys.stderr.write(f"no end after {timeout:g} s\n")
            return 124
        time.sleep(0.1)


def down():
    pid = qemu_pid()
    if pid:
        # the disk is a throw-away snapshot, so pulling the plug loses nothing
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            if not qemu_pid():
                break
            time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = parser.add_subparsers(dest="action", required=True)
    for action in ("up", "run", "once", "down", "log"):
        p = sub.add_parser(action)
        if action in ("up", "once"):
            p.add_argument("--share")
        if action in ("run", "once"):
            p.add_argument("--timeout", type=float, default=300)
            p.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    args = parser.parse_args()
    if args.action == "up":
        up(args.share)
    elif args.action == "run":
        sys.exit(run(args.words, args.timeout))
    elif args.action == "once":
        up(args.share)
        try:
            status = run(args.words, args.timeout)
        finally:
            down()
        sys.exit(status)
    elif args.action == "down":
        down()
    elif args.action == "log":
        sys.stdout.write((STATE / "console").read_text(errors="replace"))


main()
