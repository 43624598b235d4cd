#!/usr/bin/env bash
# The test that opens the report needs Chromium: install Debian's where that is possible.
# Elsewhere that test says that it is skipped.
set -euo pipefail
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
fi || echo "Chromium could not be installed; the test of the report in a browser is skipped."
