# The Python environment with the other simulators, beside the build; sourced from the folder of the package.
export PYTHONUTF8=1
environment=target/agreement
if ! cmp -s tests/agreement/requirements.txt "$environment/requirements.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r tests/agreement/requirements.txt
    cp tests/agreement/requirements.txt "$environment/requirements.txt"
fi
