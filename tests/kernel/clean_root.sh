#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs a command in a fresh, minimal Debian 12 that holds nothing but the checkout:
# does it build and test from what it says it needs?
#
#   tests/kernel/clean_root.sh [OPTION...] [COMMAND [ARG...]]     (default: ./run.sh test)
#
#   --user        as a fresh user with sudo, not as root
#   --git         the checkout as a clone with its history, not only the files of HEAD
#   --keep        keep the system and say where it is
#   --carry FILE  copy FILE of this machine into the system too (repeatable)
#   --help
#
# The command starts in the copy of HEAD (changes not committed are not in it), with
# standard input closed. The system has /proc, /sys, /dev with its own terminals, and
# the machine's network; of the machine's settings it gets apt's sources and proxy,
# npm's system-wide settings, its own certificates, and the variables that name
# proxies and certificates. Mounts and processes of the command live in namespaces
# of their own and end with it; the system is deleted.
#
# Needs root; gets mmdebstrap from Debian when it is missing. Exit status: COMMAND's
# own; 2 wrong command line; 125 the system could not be made.
# shellcheck disable=SC2317  # much is called through attend and the trap
set -eu -o pipefail
me=clean_root
suite=bookworm user=root keep=0 with_git=0 carry=() root='' running='' ended_by=TERM
repository=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")" && git rev-parse --show-toplevel 2>/dev/null) ||
  { echo "$me: not in a git checkout" >&2; exit 125; }
# Variables without which a machine behind a proxy or with a certificate of its own reaches nothing.
carried=(http_proxy https_proxy ftp_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR
  NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE GIT_SSL_CAINFO REQUESTS_CA_BUNDLE)

die() { echo "$me: $2" >&2; exit "$1"; }
say() { echo "$me: [$SECONDS s] $*" >&2; }
usage() { awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

while [ $# -gt 0 ]; do
  case $1 in
    --user) user=tester ;;
    --git) with_git=1 ;;
    --keep) keep=1 ;;
    --carry) [ $# -ge 2 ] || die 2 "--carry wants a file"; [ -r "$2" ] || die 2 "cannot read $2"; carry+=("$2"); shift ;;
    -h|--help) usage; exit 0 ;;
    --) shift; break ;;
    -*) die 2 "unknown option $1 (see --help)" ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || set -- ./run.sh test
[ "$(id -u)" = 0 ] || die 125 "needs root"

clean_up() {
  local status=$?
  if [ -n "$running" ]; then kill "-$ended_by" "$running" 2>/dev/null || true; wait "$running" 2>/dev/null || true; fi
  [ -n "$root" ] || return 0
  # The mounts were made in the command's own namespace; one seen here would be another's.
  if awk -v r="$root/" 'index($2, r) == 1 {found = 1} END {exit !found}' /proc/mounts; then
    echo "$me: something is still mounted below $root; not deleted" >&2
  elif [ "$keep" = 1 ]; then
    echo "$me: kept $root" >&2
  else
    rm -rf --one-file-system "$root"
  fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT; trap 'exit 143' TERM HUP

install_mmdebstrap() {
  command -v mmdebstrap >/dev/null && return
  say "installing mmdebstrap"
  apt-get -qq -o DPkg::Lock::Timeout=600 update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends mmdebstrap \
    </dev/null >/dev/null || die 125 "mmdebstrap could not be installed"
}

# This machine's Debian sources where it runs the same release, else the default mirror.
sources() {
  local file
  grep -q "^VERSION_CODENAME=$suite" /etc/os-release || return 0
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if grep -qsE "^(deb |Suites:.*)" "$file"; then echo "$file"; return; fi
  done
}

# Runs a command in the background and waits for it, so that a signal to this script ends it at once.
attend() {  # SIGNAL COMMAND...: the signal that ends the command
  local status=0
  ended_by=$1; shift
  "$@" </dev/null &
  running=$!
  wait "$running" || status=$?
  running=''
  return $status
}

make_system() {
  local options=() include='' line mirror
  while IFS= read -r line; do options+=(--aptopt="$line"); done \
    < <(apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https)::' || true)
  [ "$user" = root ] || include=sudo
  mirror=$(sources)
  say "making a minimal $suite in $root"
  attend TERM mmdebstrap --quiet --variant=minbase --format=directory ${include:+--include=$include} --dpkgopt=force-unsafe-io \
    "${options[@]}" "$suite" "$root" ${mirror:+"$mirror"} || die 125 "mmdebstrap failed"
  rm -f "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
}

copy_in() {  # FILE: to the same place inside
  [ -r "$1" ] || return 0
  mkdir -p "$root$(dirname -- "$1")"
  cp -L -- "$1" "$root$1"
}

carry_settings() {
  local file name
  for file in /etc/resolv.conf /etc/hosts /etc/npmrc /usr/local/share/ca-certificates/*.crt ${carry[@]+"${carry[@]}"}; do
    copy_in "$file"
  done
  for name in "${carried[@]}"; do
    [ ! -f "${!name-}" ] || copy_in "${!name}"
  done
}

add_user() {
  [ $user != root ] || return 0
  chroot "$root" useradd --create-home --shell /bin/bash "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
  echo "Defaults env_keep += \"${carried[*]}\"" >"$root/etc/sudoers.d/carried"
  chmod 440 "$root/etc/sudoers.d"/*
}

copy_checkout() {  # DIR
  [ -z "$(git -C "$repository" status --porcelain)" ] || say "note: changes that are not committed are left out"
  if [ $with_git = 1 ]; then
    git clone --quiet --no-hardlinks "file://$repository" "$root$1"
    git -C "$root$1" remote remove origin
  else
    mkdir -p "$root$1"
    git -C "$repository" archive HEAD | tar -x -C "$root$1"
  fi
  [ "$user" = root ] || chroot "$root" chown -R "$user:$user" "$1"
}

environment() {  # HOME: NAME=VALUE, each ended by a zero byte
  local name
  printf '%s\0' "HOME=$1" "USER=$user" "LOGNAME=$user" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    LANG=C.UTF-8 "TERM=${TERM:-dumb}"
  for name in "${carried[@]}"; do [ -z "${!name-}" ] || printf '%s\0' "$name=${!name}"; done
}

# Runs as the first process of new mount and process namespaces: when it ends, all ends.
# shellcheck disable=SC2016  # expands inside
inside='
  set -eu
  root=$1 user=$2 directory=$3; shift 3
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  for node in null zero full random urandom tty; do
    : >"$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"; ln -s /proc/self/fd "$root/dev/fd"
  ln -s fd/0 "$root/dev/stdin"; ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"
  as=; [ "$user" = root ] || as="runuser -u $user --"
  status=0
  chroot "$root" $as env -C "$directory" "$@" </dev/null || status=$?
  exit $status
'
run_command() {  # DIR COMMAND...
  local directory=$1 settings=() home=/root; shift
  [ "$user" = root ] || home=/home/$user
  mapfile -d '' -t settings < <(environment "$home")
  exec unshare --mount --pid --fork --kill-child /bin/bash -c "$inside" "$me" "$root" "$user" "$directory" \
    -i "${settings[@]}" "$@"
}

install_mmdebstrap
root=$(mktemp -d "${TMPDIR:-/tmp}/$me.XXXXXX")
chmod 755 "$root"
make_system
carry_settings
add_user
directory=/root/battery2mqtt; [ "$user" = root ] || directory=/home/$user/battery2mqtt
copy_checkout "$directory"
say "running in $directory as $user: $*"
status=0
# unshare holds other signals back; once it is gone, the kernel ends all that runs inside.
attend KILL run_command "$directory" "$@" || status=$?
say "ended with status $status"
exit $status
