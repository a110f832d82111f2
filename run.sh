#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The commands of a checkout; sets up what is missing on Debian 12.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
cd "$root"

# Every package that building, testing and the demo need.
packages=(g++ cmake ninja-build pkg-config ccache lld git python3 libboost1.81-dev libpaho-mqttpp-dev
  libpaho-mqtt-dev libsocketcan-dev nlohmann-json3-dev libtoml11-dev libspdlog-dev libfmt-dev
  libssl-dev libsqlite3-dev libcurl4-openssl-dev libgtest-dev libgmock-dev mosquitto mosquitto-clients openssl can-utils clang-format
  python3-aiosmtpd)

usage() {
  cat <<'TEXT'
usage: ./run.sh COMMAND

  demo      the gateway on simulated batteries, with a broker of its own; Ctrl-C ends all of it
  test      every test; the last line counts them
  build     build/release/battery2mqtt
  bench     the benchmarks: a table, and build/bench/*.json
  package   a .deb (not there yet)

Installs missing Debian packages first (as root or with sudo) and never asks anything.
TEXT
}
fail() { echo "run.sh: $*" >&2; exit 1; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
  elif command -v sudo >/dev/null && [ -t 0 ]; then sudo "$@"
  else fail "packages are missing: run as root, or install them yourself: apt-get install ${missing[*]}"
  fi
}

# Sets up what is missing; packages named as arguments on top.
set_up() {
  missing=()
  local package
  command -v dpkg-query >/dev/null || fail "this needs Debian 12 or one of its children (no dpkg here)"
  for package in "${packages[@]}" "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "run.sh: installing ${missing[*]}" >&2
  # The broker is for tests and the demo: no service that the user did not have.
  local mask=0
  if [[ " ${missing[*]} " == *" mosquitto "* ]] && [ ! -e /etc/systemd/system/mosquitto.service ] &&
    command -v systemctl >/dev/null; then
    as_root systemctl mask -q mosquitto.service && mask=1
  fi
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600)
  local status=0
  { as_root "${apt[@]}" update && as_root "${apt[@]}" install --no-install-recommends "${missing[@]}"; } \
    >&2 </dev/null || status=$?
  if [ $mask = 1 ]; then
    as_root systemctl unmask -q mosquitto.service
    as_root systemctl disable -q mosquitto.service || true
  fi
  [ $status = 0 ] || fail "apt-get could not install ${missing[*]} (see above)"
}

# PRESET [TARGET...]
build() {
  local preset=$1; shift
  cmake --preset "$preset" >&2 || fail "cmake --preset $preset failed (see above)"
  cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}" ${1+--target "$@"} >&2 || fail "the build failed (see above)"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_broker() {
  local candidate try
  for try in 1883 "" "" "" "" ""; do
    candidate=${try:-$((20000 + RANDOM % 20000))}
    port_is_free "$candidate" || continue
    printf 'listener %s 127.0.0.1\nallow_anonymous true\npersistence false\n' "$candidate" >"$work/mosquitto.conf"
    # A session of its own: Ctrl-C must reach it last.
    setsid "$mosquitto" -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 & broker=$!
    for _ in {1..100}; do
      kill -0 "$broker" 2>/dev/null || break
      port_is_free "$candidate" || { port=$candidate; return; }
      sleep 0.05
    done
    kill "$broker" 2>/dev/null || true
  done
  cat "$work/mosquitto.log" >&2
  fail "mosquitto does not start (see above)"
}

# shellcheck disable=SC2317  # called by the trap
end_demo() {
  trap '' INT TERM
  [ -z "$gateway" ] || { kill -TERM "$gateway" 2>/dev/null || true; wait "$gateway" 2>/dev/null || true; }
  [ -z "$broker" ] || { kill -TERM "$broker" 2>/dev/null || true; wait "$broker" 2>/dev/null || true; }
  rm -rf "$work"
}

demo() {
  set_up; build release
  mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto) || fail "mosquitto is not there"
  work=$(mktemp -d); broker='' gateway='' port=''
  trap end_demo EXIT
  trap 'exit 130' INT; trap 'exit 143' TERM HUP
  start_broker
  cat <<TEXT

  The demo runs: broker mqtt://127.0.0.1:$port

  Watch:           mosquitto_sub -p $port -v -t 'battery2mqtt/#'
  Start charging:  mosquitto_pub -p $port -t battery2mqtt/pack1/charging/set -m ON
  Stop charging:   mosquitto_pub -p $port -t battery2mqtt/pack1/charging/set -m OFF
  Charge by plug:  mosquitto_pub -p $port -t battery2mqtt/garage/relay/set -m ON
                   (with ./run.sh demo --speed 60 a whole charge takes 3 minutes)
  Bleed a cell:    mosquitto_pub -p $port -t battery2mqtt/tesla_module1/cell_03_bleed/set -m ON
                   (ends by itself after bleed_time)
  Follow it:       mosquitto_sub -p $port -t battery2mqtt/bridge/event
  Home Assistant:  MQTT integration, broker 127.0.0.1, port $port
  Ctrl-C ends all of it.

TEXT
  # A session of its own: at Ctrl-C it gets one signal, ours, and switches its outputs off in peace.
  setsid build/release/battery2mqtt demo --broker "mqtt://127.0.0.1:$port" "$@" & gateway=$!
  local status=0
  wait "$gateway" || status=$?
  gateway=''
  return $status
}

# Adds up what junit files say: "PASSED FAILED SKIPPED".
count() {
  python3 - "$@" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
passed = failed = skipped = 0
for path in sys.argv[1:]:
    for case in tree.parse(path).getroot().iter("testcase"):
        status = case.get("status")
        if case.find("skipped") is not None or status in ("notrun", "disabled"): skipped += 1
        elif case.find("failure") is not None or case.find("error") is not None or status == "fail": failed += 1
        else: passed += 1
print(passed, failed, skipped)
PYTHON
}

# Plugs simulated by somebody else, for the tests of tests/integration/kasa_simulator_test.cpp.
set_up_npm() {
  local from=tests/support/kasa_sim to=build/npm tools=()
  command -v node >/dev/null || tools+=(nodejs)
  command -v npm >/dev/null || tools+=(npm)
  if [ ${#tools[@]} -gt 0 ] && ! (set_up "${tools[@]}"); then return 1; fi
  if cmp -s $from/package-lock.json $to/installed; then return 0; fi
  mkdir -p $to
  cp $from/package.json $from/package-lock.json $to/
  (cd $to && timeout 120 npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier) >&2 </dev/null || return 1
  cp $from/package-lock.json $to/installed
}

run_tests() {
  set_up; build debug
  set_up_npm || echo "run.sh: npm ci did not work; the tests with tplink-smarthome-simulator will fail" >&2
  export B2M_ALL_PEERS=1  # what is missing now is a failure, no reason to skip (tests/support/other_peers.hpp)
  local results=$root/build/results junits=() passed failed skipped
  mkdir -p "$results"; rm -f "$results"/*.xml
  local status=0
  (cd build/debug && ctest --output-on-failure -j2 ${B2M_TRIES:+--repeat until-pass:$B2M_TRIES} -L '^(unit|lint|fault|integration)$' \
    --output-junit "$results/tests.xml") || status=1
  if tests/kernel/vm/vmrun --check >/dev/null 2>/dev/null; then
    echo "== kernel tests"
    # Written inside the shared folder, then moved: the machine shares only that one.
    (cd build/debug && ../../tests/kernel/vm/vmrun --uart -- ctest --output-on-failure ${B2M_TRIES:+--repeat until-pass:$B2M_TRIES} -L '^kernel$' \
      --output-junit kernel.xml) || status=1
    [ ! -f build/debug/kernel.xml ] || mv build/debug/kernel.xml "$results/kernel.xml"
  fi
  for file in "$results"/*.xml; do [ ! -f "$file" ] || junits+=("$file"); done
  read -r passed failed skipped < <([ ${#junits[@]} = 0 ] && echo 0 0 0 || count "${junits[@]}")
  [ "$passed" -gt 0 ] || { echo "run.sh: no test has run" >&2; status=1; }
  [ "$failed" = 0 ] || status=1
  if [ $status = 1 ] && [ "$failed" = 0 ]; then failed=1; fi
  if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"
  else echo "$passed passed, $failed failed, $skipped skipped"
  fi
  return $status
}

bench() {
  set_up; build bench
  local program name status=0
  for program in build/bench/tests/*_bench; do
    [ -x "$program" ] || fail "there are no benchmarks in build/bench/tests"
    name=$(basename "$program"); name=${name%_bench}
    echo "== $name" >&2
    "$program" >"build/bench/$name.out" || { echo "run.sh: $name failed" >&2; status=1; }
    grep '^{' "build/bench/$name.out" >"build/bench/$name.json" || true
  done
  python3 - build/bench/*.json <<'PYTHON'
import json, os, sys
rows = [(os.path.basename(p)[:-5], json.loads(line)) for p in sys.argv[1:] for line in open(p)]
def words(row):
    return ", ".join(f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items() if k != "name")
cells = [(bench, str(row.get("name", "")), words(row)) for bench, row in rows]
widths = [max((len(c[i]) for c in cells), default=0) for i in range(2)]
for bench, name, text in cells:
    print(f"{bench:{widths[0]}}  {name:{widths[1]}}  {text}")
PYTHON
  return $status
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
  demo) demo "$@" ;;
  test) run_tests ;;
  build) set_up; build release; echo "build/release/battery2mqtt" ;;
  bench) bench ;;
  package) fail "there is no package yet: it comes with the packaging work; until then use ./run.sh build" ;;
  set-up) set_up "$@" ;;  # for .ci/run: the packages above and those named
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
