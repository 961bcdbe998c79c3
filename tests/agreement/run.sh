#!/usr/bin/env bash
# Compares every scenario with libRoadRunner and COPASI, in a Python environment that this script makes beside
# the build (target/agreement). Arguments go to check.py: `--subset` for a short part, `--help` for all.
set -euo pipefail
cd "$(dirname "$0")/../.."

export PYTHONUTF8=1
environment=target/agreement
if ! cmp -s tests/agreement/requirements.txt "$environment/requirements.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r tests/agreement/requirements.txt
    cp tests/agreement/requirements.txt "$environment/requirements.txt"
fi
cargo build --release --quiet
binary=${CARGO_TARGET_DIR:-target}/release/myoflux
exec "$environment/bin/python" tests/agreement/check.py --binary "$(realpath "$binary")" "$@"
