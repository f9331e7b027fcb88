#!/usr/bin/env bash
# pages.sh [quick]: the client library and the demo's pages, in Node and in a real browser, against the
# demo's own server. Installs what is missing. `quick` leaves out the minute over a bad road.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}

need_packages() { # DEBIAN_PACKAGE...
    local sudo
    sudo=$(command -v sudo || true)
    $sudo apt-get update -q && $sudo apt-get install -qy "$@"
}
command -v node >/dev/null && command -v npm >/dev/null || need_packages nodejs npm
command -v chromium >/dev/null || need_packages chromium
has_wasm() { [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ]; }
has_wasm || [ -x /usr/bin/wasm-ld-19 ] || need_packages rustc-web cargo-web rust-web-src lld-19

wanted=$(sha256sum tests/package-lock.json)
if [ "$(cat tests/node_modules/.installed 2>/dev/null || true)" != "$wanted" ]; then
    (cd tests && npm ci --no-audit --no-fund --loglevel=error)
    echo "$wanted" >tests/node_modules/.installed
fi

tests/node_modules/.bin/tsc -p client-demo/tsconfig.json
size=$(tests/node_modules/.bin/esbuild client-demo/sdk/tickwire.js --bundle --minify --format=esm | wc -c)
echo "the client library in one file, minified: $size bytes"
[ "$size" -lt 60000 ]
game/rules/wasm.sh
cargo build --release --bin game

export DEMO_BINARY=$target/release/game DEMO_PICTURES=$target/browser
export ARENA_RULES_WASM=$PWD/client-demo/rules.wasm
"$DEMO_BINARY" serve --listen 127.0.0.1:0 >"$target/pages.log" 2>&1 &
trap 'kill %1' EXIT
for _ in $(seq 100); do
    ! grep -q 'native clients' "$target/pages.log" || break
    sleep 0.1
done
DEMO_URL=$(sed -n 's/.*native clients *//p' "$target/pages.log")
export DEMO_URL
node --test tests/sdk/

node --test --test-concurrency=1 tests/browser/demo.test.mjs
[ "${1:-}" = quick ] || node --test tests/browser/motion.test.mjs
