#!/usr/bin/env bash
# install.sh DIR: the clients that the suite runs, into DIR such as target/clients; a second call finds them there.
set -euo pipefail
dir=${1:?usage: install.sh DIR}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

need_packages() { # DEBIAN_PACKAGE...
    local sudo
    sudo=$(command -v sudo || true)
    $sudo apt-get update -q && $sudo apt-get install -qy "$@"
}

command -v node >/dev/null && command -v npm >/dev/null || need_packages nodejs npm
command -v python3 >/dev/null || need_packages python3 python3-venv

wanted=$(cat "$here"/{package.json,package-lock.json,requirements.txt} | sha256sum)
[ "$(cat "$dir/installed" 2>/dev/null || true)" != "$wanted" ] || exit 0

rm -rf "$dir"
mkdir -p "$dir"
cp "$here"/{package.json,package-lock.json} "$dir"
(cd "$dir" && npm ci --no-audit --no-fund --loglevel=error)

# Debian's python3 comes without the venv module.
python3 -m venv "$dir/python" || { need_packages python3-venv && python3 -m venv --clear "$dir/python"; }
"$dir/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"

echo "$wanted" >"$dir/installed"
