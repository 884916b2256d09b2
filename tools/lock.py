"""Write the two lock files from pyproject.toml, or check that they are in step with it.

    python tools/lock.py              write them: locked versions stay where they fit (needs uv and the network)
    python tools/lock.py --upgrade    write them with the newest versions
    python tools/lock.py --check      compare only; needs neither

requirements-core.lock has what runs without PyTorch, with the packaged weights; requirements.lock has everything. Both
have the same versions. They are requirements-style: name, version, markers and hashes for every platform and Python
that the project supports, and no address, so that both `uv pip install` and plain
`pip install --no-deps --require-hashes -r` take them.
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
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = {"full": ROOT / "requirements.lock", "core": ROOT / "requirements-core.lock"}
EXTRAS = {"full": ("all", "build", "dev"), "core": ("starter", "build")}
HEADER = """\
# {title}, with hashes. Written by `make lock` (tools/lock.py); do not edit.
# Install: `{command}`, or  pip install --no-deps --require-hashes -r {name}
# Dependencies of pyproject.toml, sha256: {fingerprint}
"""
TITLES = {
    "full": ("Every package of voicekit", "make setup"),
    "core": ("The packages that run without PyTorch", "make demo"),
}


def wanted(kind: str) -> tuple[list[str], str]:
    """Return the requirements of a lock in pyproject.toml, and a fingerprint of everything that shapes it."""
    project, lock = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"], lock_settings()
    stated = [*project["dependencies"], *lock["without-dependencies"][kind]]
    extras = list(EXTRAS[kind])
    while extras:
        for line in project["optional-dependencies"][extras.pop()]:
            if (requirement := Requirement(line)).name == project["name"]:
                extras += requirement.extras
            else:
                stated.append(line)
    shaping = [sorted(set(stated)), project["requires-python"], lock["overrides"]]
    return stated, hashlib.sha256(json.dumps(shaping).encode()).hexdigest()


def write(upgrade: bool) -> None:
    """Write both locks; the core lock takes the versions of the full one."""
    for kind, lock in LOCKS.items():
        texts = [
            compiled(["pyproject.toml", *(f"--extra={extra}" for extra in EXTRAS[kind])], kind, upgrade),
            compiled(["--no-deps", "-"], kind, upgrade, "\n".join(without_dependencies(kind))),
        ]
        title, command = TITLES[kind]
        header = HEADER.format(title=title, command=command, name=lock.name, fingerprint=wanted(kind)[1])
        lock.write_text(header + "".join(texts))


def without_dependencies(kind: str) -> list[str]:
    lines: list[str] = lock_settings()["without-dependencies"][kind]
    return lines


def lock_settings() -> dict[str, Any]:
    """Return the table [tool.voicekit.lock] of pyproject.toml."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["voicekit"]["lock"]
    return settings


def compiled(arguments: list[str], kind: str, upgrade: bool, requirements: str = "") -> str:
    """Return what `uv pip compile` makes of requirements: one version for all Pythons, as the tests run on one."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = Path(folder, "overrides.txt")
        overrides.write_text("\n".join(lock_settings()["overrides"]))
        made = Path(folder, "made.lock")  # uv keeps the versions that it finds where it writes
        if LOCKS[kind].exists():
            made.write_text(LOCKS[kind].read_text())
        if kind == "core":
            arguments = [*arguments, "--constraint", str(LOCKS["full"])]
        command = (
            "uv pip compile --universal --fork-strategy fewest --python-version 3.11 --generate-hashes "
            "--no-emit-index-url --no-annotate --no-header --quiet --output-file"
        )
        more = [str(made), "--override", str(overrides), *(["--upgrade"] if upgrade else []), *arguments]
        done = subprocess.run(
            [*command.split(), *more], cwd=ROOT, input=requirements, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
        return made.read_text()


def faults(kind: str) -> list[str]:
    """Return what is wrong with a lock; empty if nothing is."""
    name, text = LOCKS[kind].name, LOCKS[kind].read_text()
    stated, fingerprint = wanted(kind)
    found = []
    if fingerprint not in text:
        found.append("pyproject.toml changed since the lock was made: run `make lock`")
    if "://" in text:
        found.append("the lock holds an address")
    pins = versions(text)
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]
    found += [f"no hash: {entry.splitlines()[0]}" for entry in entries if "--hash=sha256:" not in entry]
    for line in stated:
        requirement = Requirement(line)
        locked = pins.get(canonicalize_name(requirement.name), set())
        if not locked:
            found.append(f"not locked: {line}")
        found += [
            f"{requirement.name} {v} is locked, {line} is asked" for v in locked if v not in requirement.specifier
        ]
    if kind == "core":
        full = versions(LOCKS["full"].read_text())
        found += [f"{package} differs from requirements.lock" for package in pins if pins[package] != full.get(package)]
    return [f"{name}: {problem}" for problem in found]


def versions(lock: str) -> dict[str, set[str]]:
    """Return the locked versions by package; markers may select one of several."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.M):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        problems = [problem for kind in LOCKS for problem in faults(kind)]
        sys.exit("\n".join(problems) if problems else None)
    write(sys.argv[1:] == ["--upgrade"])
