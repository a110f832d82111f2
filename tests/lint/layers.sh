#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fails when a file includes what its rank may not; docs/architecture.md, "Who may include whom".
# `layers.sh --selftest` proves that it can fail.
set -euo pipefail
root=${1:-$(git rev-parse --show-toplevel)}
selftest() {
  local d; d=$(mktemp -d); trap 'rm -rf "$d"' RETURN
  mkdir -p "$d/gateway/model" "$d/adapters/x" "$d/adapters/y"
  echo '#include "gateway/mqtt/link.hpp"' >"$d/gateway/model/a.hpp"
  echo '#include "adapters/y/y.hpp"' >"$d/adapters/x/adapter.cpp"
  echo '#include <boost/asio.hpp>' >"$d/gateway/model/b.cpp"
  local n; n=$("$0" "$d" | grep -c '^layer breach') || true
  [ "$n" = 3 ] || { echo "selftest: expected 3 breaches, found $n"; return 1; }
}
if [ "${1:-}" = --selftest ]; then selftest; exit; fi
[ -n "${1:-}" ] || "$0" --selftest
cd "$root"

rank() {  # of a path from the root
  case $1 in
    gateway/main.cpp) echo 6 ;;
    gateway/app/*) echo 6 ;;
    adapters/registry.cpp) echo 5 ;;
    adapters/adapter.hpp) echo 3 ;;
    adapters/*/*) echo 4 ;;
    gateway/mqtt/* | gateway/web/* | gateway/store/* | config/*) echo 3 ;;
    gateway/rules/* | gateway/sim/* | discovery/*) echo 2 ;;
    gateway/model/* | gateway/io/*) echo 1 ;;
    gateway/*) echo 0 ;;
    *) echo 9 ;;
  esac
}
status=0
breach() { echo "layer breach: $1 includes $2 ($3)"; status=1; }

while IFS=: read -r file include; do
  own=$(rank "$file")
  case $include in
    \"*)
      path=${include#\"}; path=${path%\"}
      [ "$(rank "$path")" -le "$own" ] || breach "$file" "$path" "rank $(rank "$path") from rank $own"
      if [ "$own" = 4 ] && [ "$(rank "$path")" = 4 ]; then
        [ "$(cut -d/ -f2 <<<"$file")" = "$(cut -d/ -f2 <<<"$path")" ] || breach "$file" "$path" "another adapter"
      fi ;;
    \<boost/asio*)
      case $file in
        gateway/model/* | gateway/rules/* | gateway/sim/* | discovery/* | gateway/result.hpp | gateway/log.*)
          breach "$file" "$include" "no Asio below rank 3 but in io" ;;
        gateway/io/nothrow.hpp) ;;  # for io's own .cpp files
        gateway/io/*.hpp)
          case $include in *asio/awaitable.hpp* | *asio/any_io_executor.hpp*) ;; *) breach "$file" "$include" "io headers stay light" ;; esac ;;
      esac ;;
    \<mqtt/* | \<MQTT*)
      case $file in gateway/mqtt/paho_*) ;; *) breach "$file" "$include" "only the Paho files know Paho" ;; esac ;;
    \<toml*)
      [ "$file" = config/toml_reader.cpp ] || breach "$file" "$include" "only config/toml_reader.cpp knows toml11" ;;
    \<spdlog/*)
      [ "$file" = gateway/log.cpp ] || breach "$file" "$include" "only log.cpp knows spdlog" ;;
    \<nlohmann/json.hpp\>)
      case $file in *.hpp | gateway/model/* | gateway/rules/* | gateway/io/*) breach "$file" "$include" "json.hpp only in .cpp files that make or read JSON" ;; esac ;;
    \<linux/* | \<libsocketcan.h\> | \<sys/socket.h\> | \<sys/ioctl.h\> | \<asm/*)
      # The diagnosis asks a broker's TLS what is wrong with it, blocking, on a thread of its own.
      case $file in gateway/io/*.cpp | gateway/app/*.cpp | gateway/mqtt/tls_diagnosis.cpp | gateway/mqtt/paho_socket.cpp) ;; *) breach "$file" "$include" "the OS is io's" ;; esac ;;
  esac
done < <(grep -rnoE --include='*.hpp' --include='*.cpp' '^#include +("[^"]+"|<[^>]+>)' gateway adapters discovery config 2>/dev/null |
         sed -E 's/^([^:]+):[0-9]+:#include +/\1:/')
exit $status
