#!/usr/bin/env bash
# Compares every scenario with libRoadRunner and COPASI, in a Python environment that this script makes beside
# the build (target/agreement). Arguments go to check.py: `--subset` for a short part, `--help` for all.
set -euo pipefail
cd "$(dirname "$0")/../.."

source tests/agreement/environment.sh
cargo build --release --quiet
binary=${CARGO_TARGET_DIR:-target}/release/myoflux
exec "$environment/bin/python" tests/agreement/check.py --binary "$(realpath "$binary")" "$@"
