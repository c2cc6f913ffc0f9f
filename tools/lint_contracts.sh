#!/bin/sh
# Lints every contract that is shipped with the public tool for the standard, in an environment of its own.
# It checks against the ODCS JSON schema that is in the package; with the package at hand it needs no network.
set -eu
cd "$(dirname "$0")/.."
exec uv tool run --from "datacontract-cli==1.2.8" sh -c '
  failed=0
  for file in "$@"; do
    if datacontract lint "$file" >/tmp/lint.$$ 2>&1; then echo "passed  $file"; else cat /tmp/lint.$$; failed=1; fi
  done
  rm -f /tmp/lint.$$
  exit $failed' lint src/khue/domains/*/contracts/*.yaml
