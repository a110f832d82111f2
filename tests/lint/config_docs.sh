#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/configuration.md must be what the program prints about its own keys.
set -euo pipefail
cd "$(dirname "$0")/../.."

program="${B2M_PROGRAM:-}"
if [[ -z "$program" || ! -x "$program" ]]; then
  echo "config_docs: the program is not built (B2M_PROGRAM=$program): skipped"
  exit 77
fi
if ! diff -u docs/configuration.md <("$program" check --reference); then
  echo "config_docs: mend with: battery2mqtt check --reference > docs/configuration.md"
  exit 1
fi
