#!/usr/bin/env bash
# Builds three_vrm.mjs, and the decoders that only some files need, from what package-lock.json names: `make web`.
# It works in DIR (default build/web), so that node_modules never lies among the files that are served.
set -euo pipefail
web="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="${1:-$web/../../build/web}"

command -v npm >/dev/null || { echo "make web needs node and npm; running the server needs neither" >&2; exit 1; }
mkdir -p "$work"
cp "$web/package.json" "$web/package-lock.json" "$web/.npmrc" "$web"/vendor/*.entry.mjs "$work/"
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

# decoder NAME: what is only fetched for files that need it
decoder() {
    npx --no-install esbuild "$1_decoder.entry.mjs" --bundle --minify --format=esm --target=es2022 \
        --legal-comments=none --charset=utf8 --external:fs --external:path
}
cp node_modules/three/examples/jsm/libs/draco/gltf/draco_decoder.js draco_decoder.cjs
{
    echo "// meshoptimizer $(version meshoptimizer) (MIT, copyright Arseny Kapoulkine), bundled by esbuild $(version esbuild); see NOTICE."
    echo "// Made by \`make web\`: do not edit."
    decoder meshopt
} > meshopt_decoder.mjs.new
{
    echo "// Draco's decoder, as three $(version three) has it (Apache-2.0, copyright The Draco Authors), bundled by esbuild"
    echo "// $(version esbuild); see NOTICE. Made by \`make web\`: do not edit."
    decoder draco
} > draco_decoder.mjs.new
for one in meshopt draco; do mv "${one}_decoder.mjs.new" "$web/vendor/${one}_decoder.mjs"; done
{
    echo "== meshoptimizer"
    cat node_modules/meshoptimizer/LICENSE.md
    echo "== draco"
    echo "Copyright The Draco Authors."
    cat "$web/../../LICENSE"
} > "$web/vendor/decoders.licenses.txt"
for one in three_vrm meshopt_decoder draco_decoder; do
    gzip -9 -c "$web/vendor/$one.mjs" | wc -c | xargs -I{} echo "$one.mjs: {} bytes packed"
done
