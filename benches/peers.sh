#!/usr/bin/env bash
# Times the whole athlete's four weeks in our own engine, libRoadRunner and COPASI and prints one table; takes a
# quarter of an hour. Arguments go to peers.py: `--copasi-days 0` leaves COPASI out, `--help` tells all. MEMBERS,
# ROUNDS and RTOL say how many members our engine gets, how often it runs them, and at which tolerances; SIXTEEN=1
# times it with sixteen lanes, too.
set -euo pipefail
cd "$(dirname "$0")/.."

source tests/agreement/environment.sh
cargo build --release --quiet
target=$(realpath "${CARGO_TARGET_DIR:-target}")
cargo bench --quiet --bench peers -- --members "${MEMBERS:-32}" --rounds "${ROUNDS:-1}" \
    --rtol "${RTOL:-1e-6,1e-8,1e-9}" ${SIXTEEN:+--sixteen} --json "$target/peers.jsonl"
exec "$environment/bin/python" benches/peers.py --binary "$target/release/myoflux" --own "$target/peers.jsonl" "$@"
