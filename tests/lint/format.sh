#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every source file is as clang-format (14) makes it, starts with its SPDX line, and speaks of no
# place of the machine it was written on.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
if ! command -v clang-format >/dev/null; then
  echo "clang-format is missing"
  [ -z "${B2M_ALL_PEERS:-}" ] || exit 1  # ./run.sh test has installed it
  exit 77
fi
status=0
mapfile -t sources < <(git ls-files '*.cpp' '*.hpp')
clang-format --dry-run --Werror "${sources[@]}" || status=1
for f in $(git ls-files '*.cpp' '*.hpp' '*.sh' '*.py' '*.c'); do
  head -3 "$f" | grep -q 'SPDX-License-Identifier:' || { echo "$f: no SPDX line"; status=1; }
done
if git grep -nE '(^|[^a-z.])/(root|farm)/' -- '*.cpp' '*.hpp' '*.sh' '*.py' '*.md' '*.toml' ':!tests/lint/format.sh' ':!tests/kernel/clean_root.sh'; then status=1; fi
exit $status
