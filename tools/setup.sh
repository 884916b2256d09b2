#!/bin/sh
# Build .venv from requirements.lock: with uv where it is found, with plain pip where not. $PYTHON chooses the Python.
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

if command -v uv >/dev/null 2>&1; then
    echo "building .venv with uv and $("$python" --version)"
    uv venv --quiet --allow-existing --python "$python" .venv
    UV_HTTP_TIMEOUT=300 uv pip install --quiet --python .venv/bin/python --no-deps --require-hashes -r requirements.lock
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    echo "building .venv with pip and $("$python" --version) (a few minutes; uv would be quicker)"
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi
cksum requirements.lock pyproject.toml > .venv/.built-from
