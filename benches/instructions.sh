#!/usr/bin/env bash
# Counts the instructions of one fixed ensemble with valgrind (Debian: valgrind), which a noisy machine does not change:
# to judge a later commit, run it there and here. Five minutes. Valgrind knows AVX2, so no 512-bit vectors are counted.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet
binary=${CARGO_TARGET_DIR:-target}/release/myoflux
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

count() {
    local name=$1 code=0
    shift
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file="$folder/log" "$binary" "$@" \
        > "$folder/said" 2>&1 || code=$?
    # 3: some members failed, which they do here; their reasons are results, too.
    if [ "$code" != 0 ] && [ "$code" != 3 ]; then
        cat "$folder/said" >&2
        exit 1
    fi
    printf '%-28s %s\n' "$name" "$(sed -n 's/.*I *refs: *//p' "$folder/log")"
}

count "read and compile" sweep benches/instructions.study.toml --dry-run
for lanes in 1 8; do
    count "16 members, --lanes $lanes" sweep benches/instructions.study.toml -j 1 --lanes $lanes -o "$folder/$lanes"
done
cmp "$folder/1/members.csv" "$folder/8/members.csv"
