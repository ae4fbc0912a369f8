#!/usr/bin/env bash
# Fetches what the page's tests need from npm, as package-lock.json names it, into build/web: the
# emulator of a headset and TypeScript. Without npm or a registry those tests skip, and say why.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
web="$root/voice_avatar/web" work="$root/build/web"

if cmp -s "$web/package-lock.json" "$work/.fetched"; then
    exit 0
fi
if ! command -v npm > /dev/null; then
    echo "npm is not installed: the tests of VR and of the page's types will be skipped" >&2
    exit 0
fi
mkdir -p "$work"
cp "$web/package.json" "$web/package-lock.json" "$web/.npmrc" "$work/"
cd "$work"
echo "fetching the page's packages for its tests"
if npm ci --ignore-scripts --silent; then
    cp package-lock.json .fetched
else
    echo "npm could not fetch the page's packages: the tests of VR and of its types will be skipped" >&2
fi
