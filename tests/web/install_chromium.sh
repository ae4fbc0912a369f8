#!/usr/bin/env bash
# Installs Debian's Chromium, 113 MB, where it is absent. Without apt-get or root the tests skip, and say why.
set -euo pipefail

if command -v chromium > /dev/null || command -v chromium-browser > /dev/null; then
    exit 0
fi
if ! command -v apt-get > /dev/null || ((EUID != 0)); then
    echo "make test-web needs Chromium; install it with: sudo apt-get install --no-install-recommends chromium" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing chromium"
if ! apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends chromium > /dev/null 2>&1; then
    apt-get -qq update
    apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends chromium > /dev/null
fi
