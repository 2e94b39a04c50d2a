#!/usr/bin/env bash
# Begins a platform's folder: one that builds, passes the tests that hold for every platform, and is then changed piece
# by piece into the real thing. The template is the platform Example of the tests, so it is never out of date.
#
# usage: scripts/new-platform.sh NAME      NAME as people write it, e.g. QuickBooks; its key is quickbooks
set -euo pipefail
cd "$(dirname "$0")/.."

name="${1:-}"
if [[ ! "$name" =~ ^[A-Z][A-Za-z0-9]{1,30}$ ]]; then
    echo "NAME is the platform's name as people write it, letters and digits beginning with a capital, e.g. QuickBooks" >&2
    exit 64
fi
key=$(tr '[:upper:]' '[:lower:]' <<<"$name")
folder="Sources/Platforms/$name"
if [[ -e "$folder" ]] || find Sources/Platforms -maxdepth 1 -iname "$name" | grep -q .; then
    echo "$folder exists" >&2
    exit 1
fi

template="Tests/PlatformsTests/Example"
while IFS= read -r file; do
    target="$folder/$(sed "s/Example/$name/" <<<"${file#"$template"/}")"
    mkdir -p "$(dirname "$target")"
    # Addresses under example.com stay what they are.
    sed -e '/^@testable .*import Platforms$/,/^$/d' -e 's/example\.com/\x01/g' -e "s/Example/$name/g" -e "s/example/$key/g" \
        -e 's/\x01/example.com/g' "$file" >"$target"
done < <(find "$template" -type f | sort)

echo "made $folder:"
find "$folder" -type f | sort | sed 's/^/  /'
cat <<END

It is a platform like any other from now on. Next: docs/adding-a-platform.md, and
  make test FILTER='PlatformsTests|ViewsTests'
END
