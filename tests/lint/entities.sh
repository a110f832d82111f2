#!/bin/bash
# SPDX-License-Identifier: MIT
# discovery/entities.md is what the point table says; otherwise the file is old.
set -eu -o pipefail

program=${B2M_PROGRAM:-}
if [ ! -x "$program" ]; then
  echo "no program to ask (B2M_PROGRAM); skipped"
  exit 77
fi
if ! "$program" --entities | diff -u discovery/entities.md -; then
  echo "discovery/entities.md is old; mend: battery2mqtt --entities > discovery/entities.md"
  exit 1
fi
