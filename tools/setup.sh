#!/bin/sh
# Install voicekit into .venv:  tools/setup.sh full|core|auto
#   full  everything, from requirements.lock
#   core  what runs without PyTorch, from requirements-core.lock
#   auto  full with an NVIDIA driver, or if it is installed already; else core
# Installs only what is missing, and goes on where an interrupted run stopped. $PYTHON chooses the Python.
set -eu
cd "$(dirname "$0")/.."

wanted=$1
stamp=.venv/.installed
installed=$(cut -d' ' -f1 "$stamp" 2>/dev/null || true)

has_pip() { .venv/bin/python -c 'import pip' 2>/dev/null; }  # not if its creation was interrupted

python=.venv/bin/python
if ! has_pip; then
    python=${PYTHON:-}
    for candidate in python3 python3.12 python3.13 python3.11; do
        [ -n "$python" ] && break
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            python=$candidate
        fi
    done
    [ -n "$python" ] || {
        echo "voicekit needs Python 3.11, 3.12 or 3.13: install one, or set PYTHON=/path/to/it" >&2
        exit 1
    }
fi

if [ "$wanted" = auto ]; then
    wanted=core
    if [ "$installed" = full ] || "$python" -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2>/dev/null; then
        wanted=full
    fi
fi
lock=requirements.lock
[ "$wanted" = full ] || lock=requirements-core.lock
state="$wanted $(cat "$lock" pyproject.toml tools/setup.sh | cksum)"
[ "$(cat "$stamp" 2>/dev/null || true)" != "$state" ] || exit 0

echo "installing the $wanted set into .venv with $("$python" --version)"
started=$(date +%s)
has_pip || "$python" -m venv --clear .venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-300}
quiet=
[ -t 2 ] || quiet=--quiet  # a terminal shows uv's progress bars

# uv in the locked version, with its hashes; plain pip does the rest where uv cannot be installed.
awk '/^uv==/ {copy = 1} copy {print} copy && !/\\$/ {exit}' requirements.lock > .venv/uv.txt
if .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r .venv/uv.txt; then
    .venv/bin/uv pip install $quiet --python .venv/bin/python --no-deps --require-hashes -r "$lock"
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install $quiet --no-deps --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
fi
echo "$state" > "$stamp"
echo "installed $(du -sh .venv | cut -f1) in $(($(date +%s) - started)) s"
if [ "$wanted" = core ]; then
    echo "Left out, as this machine has no NVIDIA driver: PyTorch and CUDA, pyannote.audio, chatterbox-tts, test tools"
    echo "To add them: make setup"
fi
