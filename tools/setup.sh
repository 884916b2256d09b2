#!/bin/sh
# Build .venv from requirements.lock with uv, which is installed into .venv first. $PYTHON chooses the Python.
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3 python3.12 python3.13 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
fi
[ -n "$python" ] || { echo "voicekit needs Python 3.11, 3.12 or 3.13: install one, or set PYTHON=/path/to/it" >&2; exit 1; }

echo "building .venv with $("$python" --version) (a few minutes)"
[ -x .venv/bin/python ] || "$python" -m venv .venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-300}

# uv in the locked version, with its hashes; plain pip does the rest where uv cannot be installed.
awk '/^uv==/ {copy = 1} copy {print} copy && !/\\$/ {exit}' requirements.lock > .venv/uv.txt
if .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r .venv/uv.txt; then
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --require-hashes -r requirements.lock
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
fi
cksum requirements.lock pyproject.toml > .venv/.built-from
