#!/bin/sh
# bf-slr.sh PCI COMMAND arm|host
# Resets a BlueField together with its host. "arm" shuts the card's own processors down and waits until they are, "host" resets the card's
# firmware and takes the host down. PCI is the card without its function, e.g. 03:00; COMMAND is what the host's BMC is told: reset or cycle.
set -eu
if [ $# -ne 3 ]; then
    echo "usage: bf-slr.sh PCI COMMAND arm|host" >&2
    exit 64
fi

card=$1
command=$2
devices=${RSHIM_DEVICES:-/dev}
reboot=${REBOOT_COMMAND:-/usr/sbin/reboot}
pause=${BF_SLR_PAUSE:-5}

# The rshim that says it is the card's.
find_rshim() {
    for misc in "$devices"/rshim*/misc; do
        if [ -e "$misc" ] && grep -q "^DEV_NAME .*$card\.[0-7]" "$misc"; then
            echo "$misc"
            return
        fi
    done
    echo "bf-slr.sh: no rshim under $devices is that of card $card" >&2
    exit 1
}

# How often the card's log says that its processors are off. The log is longer than one boot.
times_off() {
    grep -c 'INFO\[BL31\]: System Off' "$1" || true
}

case $3 in
arm)
    misc=$(find_rshim)
    echo 'DISPLAY_LEVEL 2' >"$misc"
    before=$(times_off "$misc")

    # For whoever reads the log of a reset that failed.
    flint -d "$card.0" q || true
    mlxfwreset -d "$card.0" q || true

    mlxfwreset -d "$card.0" -l 1 -t 4 reset -y --sync 0
    looks=0
    while [ "$(times_off "$misc")" -le "$before" ]; do
        looks=$((looks + 1))
        if [ "$looks" -ge 30 ]; then
            echo "bf-slr.sh: the processors of card $card were not off after $looks looks" >&2
            exit 2
        fi
        sleep "$pause"
    done
    ;;
host)
    # The firmware's tool restarts the host with this command; only the host's BMC resets the card's slot as well.
    printf '#!/bin/sh\nexec ipmitool chassis power %s\n' "$command" >"$reboot"
    chmod 755 "$reboot"
    mlxfwreset -d "$card.0" -l 4 reset -y
    ;;
*)
    echo "bf-slr.sh: '$3' is neither arm nor host" >&2
    exit 64
    ;;
esac
