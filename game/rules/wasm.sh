#!/bin/sh
# Builds the rules for browsers, as client-demo/rules.wasm; where that cannot be done the page's twin
# in JavaScript serves. The toolchain's own target is used if it is installed
# (`rustup target add wasm32-unknown-unknown`), else Debian's rustc-web, rust-web-src and lld-19.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out="$here/../../client-demo/rules.wasm"
target=wasm32-unknown-unknown
work="$here/../../target/rules-wasm"
if [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    cargo rustc --manifest-path "$here/Cargo.toml" --release --target "$target" --target-dir "$work" \
        --crate-type cdylib -- -C strip=symbols
elif [ -d /usr/lib/rustlib/src ] && [ -x /usr/bin/wasm-ld-19 ] && [ -x /usr/bin/cargo ]; then
    PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-19 \
        /usr/bin/cargo rustc -Z build-std=std,panic_abort --manifest-path "$here/Cargo.toml" --release \
        --target "$target" --target-dir "$work" --crate-type cdylib -- -C panic=abort -C opt-level=s -C strip=symbols
else
    echo "no compiler for $target here; the twin in JavaScript serves" >&2
    exit 3
fi
cp "$work/$target/release/arena_rules.wasm" "$out"
echo "client-demo/rules.wasm: $(wc -c < "$out") bytes"
