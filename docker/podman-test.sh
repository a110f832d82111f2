#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the image with podman, from a base image made of Debian packages (no
# registry), and tries it: version, configuration check, and a gateway that says
# "online" on a private mosquitto with the shipped rights, and "offline" at the end.
#
#   docker/podman-test.sh [--keep] [--timeout SECONDS] [CONTEXT]
#
# CONTEXT is the checkout (default: the one that this script is in). --keep leaves
# the image battery2mqtt:test. Runs as root; installs podman from Debian when it is
# missing. Exit status: 0 passed; 1 failed; 2 wrong command line; 77 SKIPPED, with
# the reason, where podman cannot build or run anything.
set -u -o pipefail
here=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
context=$(dirname -- "$here")
mkbase=$here/../tests/kernel/vm/mkbase
base=docker.io/library/debian:bookworm-slim
image=battery2mqtt:test container=battery2mqtt-test-$$
keep=0 limit=3600 passed=0 failed=0 broker='' port='' work=''
password=$(od -An -tx1 -N8 /dev/urandom | tr -d ' ')

usage() { awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }
skip() { echo "SKIPPED: $*"; exit 77; }
say() { echo "[$SECONDS s] $*"; }
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=1 ;;
    --timeout) [ $# -ge 2 ] || { usage >&2; exit 2; }; limit=$2; shift ;;
    -h|--help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) context=$(readlink -e -- "$1") || { echo "no folder $1" >&2; exit 2; } ;;
  esac
  shift
done

# shellcheck disable=SC2317  # called by the trap
clean_up() {
  if [ -n "${CONTAINERS_CONF-}" ]; then
    podman rm -f -v "$container" >/dev/null 2>&1
    [ "$keep" = 1 ] || podman rmi -f "$image" >/dev/null 2>&1
  fi
  if [ -n "$broker" ]; then kill "$broker" 2>/dev/null; wait "$broker" 2>/dev/null; fi
  [ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT; trap 'exit 143' TERM HUP
work=$(mktemp -d) || exit 1

# ------------------------------------------- can podman do anything here? ---
prepare_podman() {
  local conf
  [ "$(id -u)" = 0 ] || skip "podman is tried as root only"
  "$mkbase" --setup >"$work/log" 2>&1 </dev/null || skip "no podman: $(tail -n 1 "$work/log")"
  if ! command -v mosquitto || ! command -v mosquitto_sub; then install_mosquitto; fi >/dev/null
  "$mkbase" "$base" >"$work/log" 2>"$work/errors" || skip "no base image: $(tail -n 1 "$work/errors")"
  conf=$(tail -n 1 "$work/log"); eval "$conf"
  podman run --rm --network host --pull=never "$base" true 2>"$work/errors" ||
    skip "podman runs no container here: $(tail -n 1 "$work/errors")"
}
install_mosquitto() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends \
    mosquitto mosquitto-clients >"$work/log" 2>&1 </dev/null || skip "no mosquitto: $(tail -n 1 "$work/log")"
}

# ------------------------------------------------------------------ checks ---
check() {  # NAME COMMAND...
  local name=$1; shift
  if "$@" >"$work/output" 2>&1; then
    echo "ok $name"; passed=$((passed + 1))
  else
    echo "FAIL $name"; tail -n 20 "$work/output" | while IFS= read -r line; do echo "    $line"; done
    failed=$((failed + 1)); return 1
  fi
}
# shellcheck disable=SC2317  # the functions from here on are called through check
run() { podman run --network host --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  -v "$work/etc:/etc/battery2mqtt:ro" -e MQTT_PASSWORD="$password" "$@"; }
# shellcheck disable=SC2317
in_image() { run --rm "$@"; }
# shellcheck disable=SC2317
build() {
  timeout "$limit" podman build --format docker --pull=never --network host --build-arg "BASE=$base" \
    --build-arg "COMMIT=$(git -C "$context" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)" \
    --build-arg "JOBS=${JOBS-}" -f "$context/docker/Dockerfile" -t "$image" "$context" </dev/null
}
# shellcheck disable=SC2317
says_version() { [ -n "$(in_image "$image" --version)" ]; }
# shellcheck disable=SC2317
is_not_root() { [ "$(in_image --entrypoint id "$image" -u)" = 900 ]; }
# shellcheck disable=SC2317
has_all_libraries() {
  local list
  list=$(in_image --entrypoint ldd "$image" /usr/bin/battery2mqtt) && echo "$list" && [[ $list != *"not found"* ]]
}
# shellcheck disable=SC2317
has_no_compiler() { ! in_image --entrypoint /bin/sh "$image" -c 'command -v g++ || command -v cmake'; }
# shellcheck disable=SC2317
has_profiles() { [ -n "$(in_image --entrypoint ls "$image" /usr/share/battery2mqtt/profiles)" ]; }
# shellcheck disable=SC2317
refuses_a_mistake() {
  local status
  in_image "$image" check -c /etc/battery2mqtt/mistake.toml; status=$?
  [ $status = 78 ] || { echo "status $status instead of 78"; return 1; }
}
# shellcheck disable=SC2317
starts() { run -d --name "$container" "$image"; }
# shellcheck disable=SC2317
state_is() {  # STATE SECONDS: retained on the broker, within a time
  local seen end=$((SECONDS + $2))
  while [ $SECONDS -lt $end ]; do
    seen=$(mosquitto_sub -h 127.0.0.1 -p "$port" -u viewer -P "$password" --retained-only -C 1 -W 2 \
      -t battery2mqtt/bridge/state 2>/dev/null)
    [ "$seen" != "$1" ] || return 0
    sleep 0.2
  done
  echo "seen: '$seen'"; podman logs "$container"; return 1
}
# shellcheck disable=SC2317
is_healthy() { podman healthcheck run "$container"; }
# shellcheck disable=SC2317
stops_in_time() {
  local start=$SECONDS status
  podman stop -t 15 "$container" || return
  status=$(podman wait "$container")
  echo "after $((SECONDS - start)) s, status $status"
  [ $((SECONDS - start)) -le 8 ] && [ "$status" = 0 ]
}

# The shipped broker configuration, with this machine's paths and a free port.
start_broker() {
  local user
  : >"$work/passwd"; chmod 600 "$work/passwd"
  for user in battery2mqtt homeassistant viewer; do mosquitto_passwd -b "$work/passwd" "$user" "$password" || return; done
  mkdir -p "$work/data"; cp "$here/mosquitto.acl" "$work/acl"; chmod 600 "$work/acl"
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    port=$((20000 + RANDOM % 20000))
    sed -e "s|^listener 1883|listener $port 127.0.0.1|" -e "s|^persistence_location .*|persistence_location $work/data/|" \
      -e "s|/mosquitto/config/passwd|$work/passwd|" -e "s|/mosquitto/config/mosquitto.acl|$work/acl|" \
      "$here/mosquitto.conf" >"$work/mosquitto.conf"
    echo "user root" >>"$work/mosquitto.conf"
    mosquitto -c "$work/mosquitto.conf" >"$work/broker.log" 2>&1 & broker=$!
    sleep 0.5
    kill -0 "$broker" 2>/dev/null && return
  done
  cat "$work/broker.log"; return 1
}
write_configuration() {
  mkdir -p "$work/etc"
  cat >"$work/etc/battery2mqtt.toml" <<TOML
[gateway]
id = "battery2mqtt"
[mqtt]
url = "mqtt://127.0.0.1:$port"
username = "battery2mqtt"
password = { env = "MQTT_PASSWORD" }
TOML
  sed 's/^id = /no_such_key = /' "$work/etc/battery2mqtt.toml" >"$work/etc/mistake.toml"
  chmod -R a+rX "$work" && chmod 600 "$work/passwd"
}

prepare_podman
say "podman $(podman --version | awk '{print $3}') works here"
check "mosquitto takes the shipped configuration" start_broker || exit 1
write_configuration
check "the image builds" build || exit 1
say "image size: $(podman image inspect -f '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}')," \
  "of which the base: $(podman image inspect -f '{{.Size}}' "$base" | awk '{printf "%.0f MB", $1 / 1e6}')"
check "it says its version" says_version
check "it runs as its own user" is_not_root
check "it has all its libraries" has_all_libraries
check "it has no compiler" has_no_compiler
check "it has the profiles" has_profiles
check "a good configuration is accepted" in_image "$image" check -c /etc/battery2mqtt/battery2mqtt.toml
check "a mistake in the configuration ends with 78" refuses_a_mistake
if check "the gateway starts" starts; then
  check "it is online, retained" state_is online 20
  check "the health check passes" is_healthy
  check "it stops in time" stops_in_time
  check "it is offline, retained" state_is offline 5
fi
say "$passed passed, $failed failed"
[ "$failed" = 0 ]
