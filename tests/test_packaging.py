"""The wheel: what is needed beside the code is in it, and works from there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import ROOT


def test_a_wheel_carries_the_presets_and_licences(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(ROOT)]
    subprocess.run([*command, "-w", str(tmp_path)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert "voicekit/configs/clean/light.yaml" in names
    assert {f"voicekit/report/templates/base.{ending}" for ending in ("html", "css", "js")} <= set(names)
    assert "voicekit/py.typed" in names
    assert {f"voicekit/text/grammars/{language}.tag.fst.xz" for language in ("en", "de", "es", "fr", "pt")} <= set(
        names
    )
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
    code = "import voicekit.config.clean as c; print(c.__file__); print(c.clean_preset('light').steps[0].filter)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {[str(tmp_path / 'site'), *sys.path]!r}; {code}"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.splitlines() == [str(tmp_path / "site" / "voicekit" / "config" / "clean.py"), "highpass"]
