"""tools/setup.sh: which set it installs, and when. pip and uv are stand-ins that record what they were asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PYTHON = f"""#!/bin/sh
case "$*" in
    *"pip install"*) exit 0 ;;
    *) exec {sys.executable} "$@" ;;
esac
"""

UV = """#!/bin/sh
echo "$*" >> uv.log
[ ! -e broken ]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a virtual environment."""
    for name in ("pyproject.toml", "requirements.lock", "requirements-core.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", tmp_path / "tools" / "setup.sh")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name, text in (("python", PYTHON), ("uv", UV)):
        (tmp_path / ".venv" / "bin" / name).write_text(text)
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    return tmp_path


def setup(checkout: Path, wanted: str, **environment: str) -> tuple[int, str, list[str]]:
    """Exit status, output, and the lock files that were installed."""
    log = checkout / "uv.log"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        ["sh", "tools/setup.sh", wanted],
        cwd=checkout, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = log.read_text().splitlines() if log.exists() else []
    return done.returncode, done.stdout, [line.rpartition(" -r ")[2] for line in lines if " -r " in line]


def without_driver() -> bool:
    command = [sys.executable, "-c", "import ctypes; ctypes.CDLL('libcuda.so.1')"]
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


@pytest.mark.skipif(not without_driver(), reason="this machine has an NVIDIA driver")
def test_without_a_driver_the_core_set_is_installed_once(checkout: Path) -> None:
    status, output, locks = setup(checkout, "auto")
    assert (status, locks) == (0, ["requirements-core.lock"])
    assert "PyTorch and CUDA" in output
    assert "make setup" in output
    assert setup(checkout, "auto") == (0, "", [])
    assert setup(checkout, "full")[2] == ["requirements.lock"]
    assert setup(checkout, "auto") == (0, "", [])  # the full set has everything of the core set


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler to build a driver with")
def test_with_a_driver_the_full_set_is_installed(checkout: Path) -> None:
    source = checkout / "driver.c"
    source.write_text("int cuInit(unsigned flags) { return 0; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(checkout / "libcuda.so.1"), str(source)], check=True)
    status, output, locks = setup(checkout, "auto", LD_LIBRARY_PATH=str(checkout))
    assert (status, locks) == (0, ["requirements.lock"])
    assert "make setup" not in output


def test_an_interrupted_virtual_environment_is_made_again(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    (checkout / ".venv" / "bin").mkdir(parents=True)
    without_pip = checkout / ".venv" / "bin" / "python"
    without_pip.write_text("#!/bin/sh\nexit 1\n")
    without_pip.chmod(0o755)
    setup(checkout, "core", PYTHON=sys.executable, PIP_NO_INDEX="1")  # then fails, as pip has no index
    command = [str(checkout / ".venv" / "bin" / "python"), "-c", "import pip"]
    assert subprocess.run(command, check=False).returncode == 0


def test_an_interrupted_installation_goes_on(checkout: Path) -> None:
    (checkout / "broken").touch()
    assert setup(checkout, "core")[0] != 0
    (checkout / "broken").unlink()
    assert setup(checkout, "core")[::2] == (0, ["requirements-core.lock"])


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements-core.lock"])
def test_a_change_is_installed(checkout: Path, name: str) -> None:
    setup(checkout, "core")
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    assert setup(checkout, "core")[::2] == (0, ["requirements-core.lock"])
    assert setup(checkout, "core")[::2] == (0, [])


def test_a_change_of_the_full_set_keeps_it(checkout: Path) -> None:
    setup(checkout, "full")
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert setup(checkout, "auto")[::2] == (0, ["requirements.lock"])
