"""Make requirements.lock from pyproject.toml, or check that it is in step with it.

    python tools/lock.py              write it: what is locked stays as it is where it fits (needs uv and the network)
    python tools/lock.py --upgrade    write it with the newest versions
    python tools/lock.py --check      compare only; needs neither

The lock is requirements-style: name, version, markers and hashes for every platform and Python the project supports,
and no address, so that `uv pip install` and plain `pip install --no-deps --require-hashes -r` both take it.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
HEADER = """\
# Every package of voicekit's one environment, with hashes. Written by `make lock` (tools/lock.py); do not edit.
# Install: `make setup`, or  pip install --no-deps --require-hashes -r requirements.lock
# Dependencies of pyproject.toml, sha256: {fingerprint}
"""


def wanted() -> tuple[list[str], str]:
    """The requirements that pyproject.toml states, and a fingerprint of all that shapes the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    stated = [*project["project"]["dependencies"], *(r for extra in extras.values() for r in extra)]
    shaping = [sorted(stated), project["project"]["requires-python"], project["tool"]["uv"]["override-dependencies"]]
    return stated, hashlib.sha256(json.dumps(shaping).encode()).hexdigest()


def write(upgrade: bool) -> None:
    _, fingerprint = wanted()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, LOCK.name)  # uv keeps the versions that it finds where it writes
        if LOCK.exists():
            made.write_text(LOCK.read_text())
        command = (
            "uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes "
            "--no-emit-index-url --no-annotate --no-header --quiet"
        )
        more = ["--output-file", str(made), *(["--upgrade"] if upgrade else [])]
        done = subprocess.run([*command.split(), *more], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        LOCK.write_text(HEADER.format(fingerprint=fingerprint) + made.read_text())


def faults() -> list[str]:
    """What is wrong with the lock; empty if nothing is."""
    text = LOCK.read_text()
    stated, fingerprint = wanted()
    found = []
    if fingerprint not in text:
        found.append("pyproject.toml changed since the lock was made: run `make lock`")
    if "://" in text:
        found.append("the lock holds an address")
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.M):
        pins.setdefault(canonicalize_name(name), []).append(version)
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]
    found += [f"no hash: {entry.splitlines()[0]}" for entry in entries if "--hash=sha256:" not in entry]
    for line in stated:
        requirement = Requirement(line)
        versions = pins.get(canonicalize_name(requirement.name), [])
        if not versions:
            found.append(f"not locked: {line}")
        found += [
            f"{requirement.name} {v} is locked, {line} is asked" for v in versions if v not in requirement.specifier
        ]
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        problems = faults()
        sys.exit("\n".join(problems) if problems else None)
    write(sys.argv[1:] == ["--upgrade"])
