"""The import graph follows docs/architecture.md: packages import only packages below them, and files form no cycle."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "voicekit"

# Convenience methods whose code lives in a higher package. No other import may point upward.
ALLOWED_UPWARD = {("types", "formats.writers"), ("types", "audio.encode")}

MAX_LINES = 400
MAX_FUNCTION_LINES = 60


def modules() -> dict[str, ast.Module]:
    """Every module by its name below `voicekit`; the package itself is `""`."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found[name.removesuffix("__init__").removesuffix(".")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imports(name: str) -> set[str]:
    """Modules of voicekit that a module imports anywhere: at its top, in a function, or for types only."""
    found = set()
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "voicekit":
            base = node.module.removeprefix("voicekit").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                found.add(inner if inner in MODULES else base)
        elif isinstance(node, ast.Import):
            found |= {
                a.name.removeprefix("voicekit").removeprefix(".") for a in node.names if a.name.startswith("voicekit")
            }
    return found - {name}


GRAPH = {name: {to for to in imports(name) if (name, to) not in ALLOWED_UPWARD} for name in MODULES}


def levels() -> dict[str, int]:
    """Level of each top-level package or module, from the table in docs/architecture.md; 1 is the lowest."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", text, re.M)
    return {name: int(level) for level, names in rows for name in re.findall(r"`(\w+)/?`", names)}


def package(name: str) -> str:
    return name.partition(".")[0]


def test_every_package_has_a_level() -> None:
    assert {package(name) for name in MODULES if name} - {"__main__"} == set(levels())


@pytest.mark.parametrize("name", sorted(GRAPH))
def test_packages_import_only_what_is_below_them(name: str) -> None:
    level = levels()
    upward = {
        to
        for to in GRAPH[name]
        if name not in ("", "__main__")
        and to
        and package(to) != package(name)
        and level[package(to)] >= level[package(name)]
    }
    assert not upward


def test_files_form_no_cycle() -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise AssertionError(" -> ".join([*path[path.index(name) :], name]))
        if name in done:
            return
        for to in sorted(GRAPH[name]):
            if to in GRAPH:
                visit(to, (*path, name))
        done.add(name)

    for name in GRAPH:
        visit(name, ())


@pytest.mark.parametrize("upward", sorted(ALLOWED_UPWARD))
def test_allowed_upward_imports_exist(upward: tuple[str, str]) -> None:
    assert upward[1] in imports(upward[0])


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_files_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{lines} lines"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_functions_are_short(name: str) -> None:
    """At most 60 lines, the docstring not counted."""
    too_long = []
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node):
                lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
            if lines > MAX_FUNCTION_LINES:
                too_long.append(f"{node.name}: {lines} lines")
    assert not too_long
