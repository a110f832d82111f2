#!/bin/bash
# SPDX-License-Identifier: MIT
# Does the service unit let the gateway at its hardware and keep it from all else, is
# it restarted after a crash and a hang, and left alone after a refused configuration?
# Runs packaging/systemd/battery2mqtt.service with a stand-in program under systemd in
# a small Debian system inside vmrun. Takes a minute; needs root, `vmrun --setup`,
# gcc and mmdebstrap. Another unit file may be given. Last line "N passed, N failed"; 126 when something is missing.
set -u
here=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
unit=${1:-$here/../../packaging/systemd/battery2mqtt.service}

# ------------------------------------------------------- inside the machine ---
passed=0 failed=0
is() {  # NAME GOT WANTED
  if [ "$2" = "$3" ]; then echo "ok $1"; passed=$((passed + 1)); else echo "FAIL $1: '$2' instead of '$3'"; failed=$((failed + 1)); fi
}
journal() { journalctl -u battery2mqtt --no-pager -o cat; }
probed() { journal | sed -n "s/^probe $1: //p" | head -n 1; }
property() { systemctl show -p "$1" --value battery2mqtt; }
await() {  # SECONDS COMMAND...
  local tries=$(($1 * 5)); shift
  for ((; tries > 0; tries--)); do "$@" && return; sleep 0.2; done
  return 1
}
restarts_are() { [ "$(property NRestarts)" = "$1" ]; }
mode() { echo "$1" >/etc/battery2mqtt/mode; }

install_unit() {  # FOLDER
  install -m 755 "$1/probe" /usr/bin/battery2mqtt
  sed 's/^WatchdogSec=.*/WatchdogSec=4/' "$1/unit" >/etc/systemd/system/battery2mqtt.service
  mkdir -p /etc/battery2mqtt
  # no udev in here: what its rules would have opened
  chmod 666 /dev/spidev0.0 /dev/gpiochip0 /dev/vspi0.0
  chgrp dialout /dev/ttyUSB0; chmod 660 /dev/ttyUSB0
  systemctl daemon-reload
}
inside() {  # FOLDER
  install_unit "$1"
  systemctl start battery2mqtt
  is "it is active" "$(systemctl is-active battery2mqtt)" active
  local name
  for name in can netlink inet spidev gpio serial state; do is "it reaches: $name" "$(probed $name)" ok; done
  is "no other address family" "$(probed packet)" "Address family not supported by protocol"
  is "no other device" "$(probed "other device")" "Operation not permitted"
  is "the system is read-only" "$(probed system)" "Read-only file system"
  is "its configuration is not its to write" "$(probed configuration)" "Permission denied"
  is "it is not root" "$(probed user)" own
  sleep 6
  is "the watchdog leaves a good one alone" "$(property NRestarts)" 0
  mode hang; systemctl kill -s KILL battery2mqtt
  await 10 restarts_are 1; is "a crash is followed by a restart" "$?" 0
  await 20 restarts_are 2; is "a hang is followed by a restart" "$?" 0
  is "the watchdog said so" "$(journal | grep -c 'Watchdog timeout')" 1
  mode refuse; systemctl restart battery2mqtt 2>/dev/null
  sleep 5
  is "a refused configuration is not tried again" "$(property NRestarts) $(property ExecMainStatus) $(property SubState)" "0 78 failed"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}
if [ "${1-}" = --inside ]; then inside "$2"; exit; fi

# ---------------------------------------------------------- outside of it ---
[ "$(id -u)" = 0 ] || { echo "service_test: needs root" >&2; exit 126; }
for tool in gcc mmdebstrap; do command -v $tool >/dev/null || { echo "service_test: $tool is missing" >&2; exit 126; }; done
"$here/vm/vmrun" --check >&2 || exit 126
work=$(mktemp -d) || exit 1
trap 'rm -rf --one-file-system "$work"' EXIT
gcc -std=gnu17 -Wall -Wextra -Werror -O1 -static -o "$work/probe" "$here/service_probe.c" || exit 1
cp "$unit" "$work/unit" && cp "$0" "$work/test" || exit 1
mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io \
  --include=systemd-sysv,dbus,kmod,iproute2,procps bookworm "$work/root" </dev/null || exit 1
cd "$work" || exit 1
"$here/vm/vmrun" --uart --timeout 300 --root "$work/root" --systemd -- bash "$work/test" --inside "$work"
