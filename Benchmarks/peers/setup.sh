#!/usr/bin/env bash
# Makes the virtual environment with the peer queues. Does nothing when it is up to date.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv="$root/.portolan/peers-venv"
wanted="$here/requirements.txt"

cmp -s "$wanted" "$venv/installed.txt" && exit 0

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    as_root=()
    if ((EUID != 0)); then as_root=(sudo); fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends python3-venv
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or newer is needed" >&2
    exit 1
fi

echo "installing the peer queues in $venv" >&2
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
cp "$wanted" "$venv/installed.txt"
