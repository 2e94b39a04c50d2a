#!/usr/bin/env bash
# Installs what Portolan is built on and tested with, on Debian 12. Does nothing when all of it is there.
set -euo pipefail

packages=(
    libpq-dev libcurl4-openssl-dev libhiredis-dev libsimdjson-dev zlib1g-dev pkg-config
    postgresql-15 redis-server
)
# Only the tests need these.
if [[ "${1:-}" == "--tests" ]]; then
    packages+=(pgbouncer python3-venv openssl nghttp2-server)
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ "$status" == installed ]] || missing+=("$package")
done

if ((${#missing[@]})); then
    echo "installing: ${missing[*]}"
    as_root=()
    if ((EUID != 0)); then as_root=(sudo); fi
    # The servers that come with the packages are not wanted: Portolan starts private ones of its own.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod +x "$policy"
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
    fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

if ! command -v swift >/dev/null; then
    echo "Swift 6.1 or newer is needed: https://www.swift.org/install/linux/" >&2
    exit 1
fi

# Connectors are also tested against servers that are not ours, each in a private virtual environment.
if [[ "${1:-}" == "--tests" ]]; then
    root=$(cd "$(dirname "$0")/.." && pwd)

    # python_packages FOLDER LIST: a virtual environment with the packages of the list; done again when the list changed.
    python_packages() {
        local venv="$root/.portolan/$1" wanted="$root/Tests/Support/$2"
        if ! cmp -s "$wanted" "$venv/installed.txt"; then
            rm -rf "$venv"
            python3 -m venv "$venv"
            "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
            cp "$wanted" "$venv/installed.txt"
        fi
    }

    python_packages venv localstripe-requirements.txt
    # 600 MB and about a minute.
    python_packages venv-pretix pretix-requirements.txt
    # Its empty database takes more than a minute to make, so each server of a test starts from a copy.
    template="$root/.portolan/pretix-template"
    wanted="$root/Tests/Support/pretix-requirements.txt"
    if ! cmp -s "$wanted" "$template/installed.txt"; then
        "$root/.portolan/venv-pretix/bin/python3" "$root/Tests/Support/pretix_server.py" --template "$template"
        cp "$wanted" "$template/installed.txt"
    fi
fi
