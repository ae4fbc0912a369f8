#!/usr/bin/env bash
# Builds three_vrm.mjs from what package-lock.json names: `make web`.
# It works in DIR (default build/web), so that node_modules never lies among the files that are served.
set -euo pipefail
web="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="${1:-$web/../../build/web}"

command -v npm >/dev/null || { echo "make web needs node and npm; running the server needs neither" >&2; exit 1; }
mkdir -p "$work"
cp "$web/package.json" "$web/package-lock.json" "$web/.npmrc" "$web/vendor/three_vrm.entry.mjs" "$work/"
cd "$work"
npm ci --ignore-scripts --silent
cp package-lock.json .fetched # see tests/web/install_packages.sh
version() { node -p "require('./node_modules/$1/package.json').version"; }
{
    echo "// three $(version three) (MIT, copyright three.js authors) and @pixiv/three-vrm $(version @pixiv/three-vrm)"
    echo "// (MIT, copyright pixiv Inc.), bundled by esbuild $(version esbuild); see NOTICE. Made by \`make web\`: do not edit."
    npx --no-install esbuild three_vrm.entry.mjs --bundle --minify --format=esm --target=es2022 \
        --legal-comments=none --charset=utf8
} > three_vrm.mjs.new
mv three_vrm.mjs.new "$web/vendor/three_vrm.mjs"
for one in three @pixiv/three-vrm; do
    echo "== $one"
    cat "node_modules/$one/LICENSE"
done > "$web/vendor/three_vrm.licenses.txt"
gzip -9 -c "$web/vendor/three_vrm.mjs" | wc -c | xargs -I{} echo "three_vrm.mjs: {} bytes packed"
