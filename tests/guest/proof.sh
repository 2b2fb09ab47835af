#!/bin/bash
# In the guest: our advertiser and our scanner against a real bluetoothd on two virtual controllers.
# Prints what it saw, one line per check. Status: 0, 1 when a check failed, 75 when the virtual controllers died.
set -u
cd "$(dirname "$0")" || exit 1
advert=027d84ed6076b55e247c830f82955e4d126e7f43 # sealed for the secret below
secret=01fea6f7c4807493dc256f9eacf756c9
stranger=00000000000000000000000000000000
out=/tmp/proof; mkdir -p "$out"
bad=0

check() { # WHAT, then a command that must succeed
    local what=$1; shift
    if "$@"; then echo "ok    $what"; return; fi
    # btvirt 5.82 crashes now and then; without controllers nothing can be said about us.
    if ! kill -0 "$(cat /run/ble/btvirt.pid)" 2>/dev/null; then
        echo "----  $what: btvirt died"; dmesg | grep -a 'btvirt' | tail -n 1
        exit 75
    fi
    echo "FAIL  $what"; bad=1
    tail -n 3 /run/ble/bluetoothd.log "$out/advertise" "$out/scan" 2>/dev/null | sed 's/^/      /'
}
wait_for() { # SECONDS, then a command
    local end=$((SECONDS + $1)); shift
    until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.2; done
}
instances() { busctl --system get-property org.bluez /org/bluez/hci0 org.bluez.LEAdvertisingManager1 ActiveInstances; }
active() { [ "$(instances 2>/dev/null)" = "y $1" ]; }
discovering() { [ "$(busctl --system get-property org.bluez /org/bluez/hci1 org.bluez.Adapter1 Discovering)" = "b $1" ]; }
power() { busctl --system set-property org.bluez /org/bluez/hci0 org.bluez.Adapter1 Powered b "$1"; }
power_on() { # asking is not enough: the adapter takes a moment, and after rfkill the first request may be lost
    power true 2>/dev/null
    busctl --system get-property org.bluez /org/bluez/hci0 org.bluez.Adapter1 Powered 2>/dev/null | grep -q 'b true'
}
said() { grep -q "$1" "$2"; }
last() { tail -n 1 "$2" | grep -q "$1"; }
forget() { # what hci1 heard earlier; bluetoothd keeps it for half a minute
    local device
    for device in $(busctl --system tree --list org.bluez | grep -E '^/org/bluez/hci1/dev_[0-9A-F_]+$'); do
        busctl --system call org.bluez /org/bluez/hci1 org.bluez.Adapter1 RemoveDevice o "$device"
    done
}
advertise() { # SECONDS: in the background, as process $sender
    ./radio_probe --adapter hci0 --seconds "$1" advertise $advert > "$out/advertise" 2>&1 & sender=$!
    wait_for 20 said 'ON AIR' "$out/advertise"
}
hears() { # SECONDS
    ./radio_probe --adapter hci1 --seconds "$1" scan $secret > "$out/scan" 2>&1
    sed 's/^/      /' "$out/scan"
    said "HEARD $advert" "$out/scan"
}
end() { kill -9 "$sender"; wait "$sender" 2>/dev/null; }

# A call that waits for a daemon which is just starting must not wait for ever.
busctl() { command busctl --timeout=5 "$@"; }

echo "kernel $(uname -r), bluetoothd $(/usr/libexec/bluetooth/bluetoothd --version), $(date -u +%F)"
# However this ends, nothing of it stays on the air for another attempt.
trap 'kill -9 $(jobs -p) 2>/dev/null' EXIT
bash ./ble-down.sh 2>/dev/null
BTVIRT=-l2 bash ./ble-up.sh
check "adapter on" wait_for 30 power_on
./radio_probe adapters | grep AdapterFacts

echo "--- dual mode, extended advertising"
check "adapter takes both kinds" eval './radio_probe --adapter hci0 forms | tee $out/forms && [ "$(grep -c "Ok(())" $out/forms)" = 2 ]'
btmon > "$out/btmon" 2>&1 & monitor=$!
check "advert goes out" advertise 25
check "one instance is taken" active 1
forget
check "the same 20 bytes arrive as broadcast" hears 20
check "the kind changes after 8 s" wait_for 30 last 'as peripheral' "$out/advertise"
forget
check "the same 20 bytes arrive as peripheral" hears 20
wait "$sender"
check "an orderly end frees the instance" active 0
kill $monitor; wait $monitor 2>/dev/null
check "28 bytes as broadcast" said 'Advertising data length: 28' "$out/btmon"
check "31 bytes as peripheral" said 'Advertising data length: 31' "$out/btmon"
check "every 100 ms" said 'Min advertising interval: 100.000 msec' "$out/btmon"

check "advert goes out again" advertise 120
end
check "kill -9 frees the instance" wait_for 10 active 0

check "advert for the stranger" advertise 120
forget
./radio_probe --adapter hci1 --seconds 60 scan $stranger > "$out/stranger" 2>&1 & scan=$!
check "a scanner listens" wait_for 10 discovering true
sleep 6
check "an advert for another key is passed over" kill -0 $scan
kill -9 $scan; wait $scan 2>/dev/null
check "kill -9 ends the listening" wait_for 10 discovering false
end

echo "--- what goes wrong, and what is said"
wait_for 10 active 0
senders=()
for _ in $(seq 10); do
    busctl --system get-property org.bluez /org/bluez/hci0 org.bluez.LEAdvertisingManager1 SupportedInstances |
        grep -q 'y 0' && break
    advertise 120; senders+=("$sender")
done
./radio_probe --adapter hci0 advertise $advert > "$out/full" 2>&1
check "no free instance" said TooManyAdverts "$out/full"
kill -9 "${senders[@]}"; wait "${senders[@]}" 2>/dev/null
wait_for 10 active 0

check "advert before the adapter goes off" advertise 120
power false
./radio_probe --adapter hci0 advertise $advert > "$out/off" 2>&1
check "adapter off" said AdapterOff "$out/off"
check "the advert is off the air" wait_for 20 last 'OFF THE AIR' "$out/advertise"
check "adapter on again" wait_for 20 power_on
check "it comes back with the power" wait_for 20 last 'ON AIR' "$out/advertise"
end

switch=$(grep -l '^hci0$' /sys/class/rfkill/*/name | head -n 1)
echo 1 > "${switch%/name}/soft"; sleep 1
./radio_probe --adapter hci0 advertise $advert > "$out/blocked" 2>&1
check "adapter blocked" said AdapterBlocked "$out/blocked"
echo 0 > "${switch%/name}/soft"; sleep 1
check "adapter on again" wait_for 20 power_on

check "advert before bluetoothd is killed" advertise 120
kill -9 "$(cat /run/ble/bluetoothd.pid)"; sleep 1
./radio_probe advertise $advert > "$out/gone" 2>&1
check "bluetoothd does not run" said NoDaemon "$out/gone"
/usr/libexec/bluetooth/bluetoothd -n > /run/ble/bluetoothd.log 2>&1 & echo $! > /run/ble/bluetoothd.pid
check "bluetoothd is back" wait_for 20 power_on
check "the advert comes back with bluetoothd" wait_for 30 active 1
end

echo "--- LE only, legacy advertising"
bash ./ble-down.sh
BTVIRT='-L -l2' bash ./ble-up.sh
check "adapter on" wait_for 30 power_on
check "advert goes out" advertise 120
check "the same 20 bytes arrive" hears 40
end
check "kill -9 frees the instance" wait_for 10 active 0
[ $bad = 0 ] && echo "all checks passed"
exit $bad
