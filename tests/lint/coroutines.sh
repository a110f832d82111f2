#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# g++ 12 destroys a braced aggregate temporary twice when its full expression holds a co_await:
# finds `co_await f(Type{...})` and `co_await f({...})`. Name it first, then move it in.
# It also mistakes what `cond ? co_await f() : x` holds: finds that too. Use if and else.
set -euo pipefail
cd "${1:-$(git rev-parse --show-toplevel)}"
pattern='co_await [^;]*[(,] *([A-Z][A-Za-z0-9_:]*)?\{[^}]'
probe='auto x = co_await adapter.execute(Order{plug, RelayOn{}});'
grep -qE "$pattern" <<<"$probe" || { echo "the pattern finds nothing any more"; exit 1; }
choice='[?]([^;"]*[ (])?co_await |[?][^;"]*: co_await '
probe='auto x = is_on ? co_await f() : y;'
grep -qE "$choice" <<<"$probe" || { echo "the second pattern finds nothing any more"; exit 1; }
if grep -rnE --include='*.hpp' --include='*.cpp' "$choice" gateway adapters tests; then
  echo "use if and else around the co_await" >&2
  exit 1
fi
if grep -rnE --include='*.hpp' --include='*.cpp' "$pattern" gateway adapters tests; then
  echo "name the aggregate before the co_await" >&2
  exit 1
fi
