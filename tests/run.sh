#!/usr/bin/env bash
# All that must hold. Installs what a fresh machine with rustup lacks; stops at the first failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

step() { printf '\n== %s\n' "$*"; }

need_tool() { # NAME VERSION
    cargo "$1" --version >/dev/null 2>&1 || cargo install --locked "cargo-$1@$2"
}

need_command() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || { $(command -v sudo) apt-get update -q && $(command -v sudo) apt-get install -qy "$2"; }
}

step 'tools'
need_command git git
need_command c++ g++ # the fuzzer's own library is C++
need_tool deny 0.20.2
need_tool fuzz 0.13.2
has_nightly=yes
cargo +nightly --version >/dev/null 2>&1 || has_nightly=no
if [ $has_nightly = no ] && [ -n "${CI:-}" ]; then
    echo 'the fuzz corpus needs a nightly toolchain: rustup toolchain install nightly' >&2
    exit 1
fi

step 'format'
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step 'clippy'
cargo clippy --workspace --all-targets -- -D warnings

step 'tests'
cargo test --workspace 2>&1 | tee "$scratch/tests"

step 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

pure_build() { cargo check -p tickwire --lib --no-default-features; }

step 'the core builds without the shell'
pure_build

# A check that cannot fail shows nothing: in a copy of the sources the core reaches for the shell.
mkdir "$scratch/copy"
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --create --null --files-from - | tar --extract --directory "$scratch/copy"

refuses() { # LINE
    step "and not with a planted \`$1\`"
    cp src/sim/mod.rs "$scratch/copy/src/sim/mod.rs"
    echo "$1" >>"$scratch/copy/src/sim/mod.rs"
    if (cd "$scratch/copy" && pure_build) >"$scratch/planted" 2>&1; then
        echo "the core builds with \`$1\`" >&2
        return 1
    fi
    if ! grep -qF "$1" "$scratch/planted"; then
        cat "$scratch/planted" >&2
        echo "the build failed for another reason than \`$1\`" >&2
        return 1
    fi
    grep -m 1 '^error' "$scratch/planted"
}
refuses 'use tokio as _;'
refuses 'use crate::cli as _;'

step 'real clients'
tests/clients/install.sh "$CARGO_TARGET_DIR/clients"
cargo build --release --example contract
CLIENTS_DIR="$CARGO_TARGET_DIR/clients" tests/clients/run.sh "$CARGO_TARGET_DIR/release/examples/contract"

step 'client library and pages'
tests/pages.sh

step 'licences, bans, sources'
deny=(cargo deny --config .ci/deny.toml)
"${deny[@]}" check licenses bans sources

step 'advisories'
if timeout 90 "${deny[@]}" fetch db >"$scratch/fetch" 2>&1; then
    "${deny[@]}" check --disable-fetch advisories
else
    echo 'left out: the network does not give the advisory database'
fi

step 'fuzz targets over their corpus'
if [ $has_nightly = no ]; then
    echo 'left out: no nightly toolchain (rustup toolchain install nightly)'
else
    cd fuzz
    export ASAN_OPTIONS=quarantine_size_mb=8
    for target in $(cargo +nightly fuzz list); do
        if ! cargo +nightly fuzz run --target-dir target "$target" "corpus/$target" -- \
            -runs=0 -rss_limit_mb=512 -malloc_limit_mb=64 -timeout=10 >"$scratch/fuzz" 2>&1; then
            cat "$scratch/fuzz" >&2
            exit 1
        fi
        echo "$target: $(find "corpus/$target" -type f | wc -l) inputs"
    done
    cd ..
fi

step 'done'
grep '^test result' "$scratch/tests"
echo 'all checks passed'
