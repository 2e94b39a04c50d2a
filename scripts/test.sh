#!/usr/bin/env bash
# Runs every test that was built, each module's in a process of its own, and says at the end which failed.
#
# Side by side they would starve one another on a small machine: tests that only compute hold on to the few threads,
# whole fleets take all of it, and then time limits pass that mean nothing.
set -uo pipefail
cd "$(dirname "$0")/.."
export PORTOLAN_LOCALSTRIPE_PYTHON="$PWD/.portolan/venv/bin/python3"

failed=()
issues=""
for folder in Tests/*Tests; do
    module=$(basename "$folder")
    echo "== $module"
    log=$(mktemp)
    if swift test --skip-build --filter "^$module\." >"$log" 2>&1; then
        grep -E 'Test run with' "$log" || { echo "no test ran in $module"; failed+=("$module"); }
    else
        # What passed is of no interest now.
        grep -vE '^(◇|✔)|^\[[0-9]+/[0-9]+\]' "$log"
        failed+=("$module")
        issues+=$(grep -E 'recorded an issue|Fatal error|error: ' "$log" | cut -c 1-2000)$'\n'
    fi
    rm -f "$log"
done

if ((${#failed[@]})); then
    # Once more at the end: who sees only the last lines wants to know this.
    printf '%s' "$issues"
    echo "failed: ${failed[*]}"
    exit 1
fi
echo "every test passed"
