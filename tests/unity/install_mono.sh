#!/usr/bin/env bash
# Installs the C# compiler and runtime of Debian and Ubuntu, 26 MB, where they are absent.
set -euo pipefail

if command -v mcs > /dev/null && command -v mono > /dev/null; then
    exit 0
fi
packages=(mono-mcs mono-runtime libmono-system-core4.0-cil libmono-system-net-http4.0-cil)
if ! command -v apt-get > /dev/null; then
    echo "make test-unity needs mono (mcs and mono), and this system has no apt-get to install it." >&2
    exit 1
fi
if ((EUID != 0)); then
    echo "make test-unity needs mono, and only root can install it. Run:" >&2
    echo "    sudo apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${packages[*]}"
if ! apt-get -qq install -y --no-install-recommends "${packages[@]}" > /dev/null 2>&1; then
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends "${packages[@]}" > /dev/null
fi
