"""Load YAML mappings safely, and remember the line of every value so that errors can name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from voicekit.errors import UsageError
from voicekit.storage.files import read_regular

MAX_CHARACTERS = 1 << 20
"""Longest YAML text that is parsed. A config file of 1 MiB is a mistake or an attack."""

MAX_PIECES = 150_000
"""Most commas, colons, brackets and line ends of such a text: each value takes a tenth of a millisecond."""

Location = tuple[str | int, ...]
"""Keys and list indices that lead to a value."""


class LocatedDict(dict[str, Any]):
    """A mapping loaded from YAML that knows the line of each of its values."""

    lines: dict[Location, int]


def line_of(values: Any, location: Location) -> int | None:
    """Return the line, counted from 1, of the value at `location` or of its nearest parent.

    Parts of the location that the file does not have (pydantic adds the names of union members) are skipped.
    None if `values` was not loaded from a file.
    """
    lines: dict[Location, int] = getattr(values, "lines", {})
    if not lines:
        return None
    known: Location = ()
    for part in location:
        if (*known, part) in lines:
            known = (*known, part)
    return lines.get(known)


def load_yaml(path: Path) -> LocatedDict:
    """Load a mapping from a YAML file without executing anything.

    Raises:
        UsageError: The file is unreadable, is not YAML (with the line), or is not a mapping.
    """
    try:
        text = read_regular(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", "Check the name and that it is UTF-8") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str, lines_before: int = 0) -> LocatedDict:
    """Parse a mapping.

    Args:
        text: YAML text.
        where: Name of the file, for errors.
        lines_before: Lines of the file that precede `text`.

    Raises:
        UsageError: The text is too long, is not YAML (with the line), or is not a mapping.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"{where} is {len(text)} characters long", "A config file has at most a million")
    if (pieces := sum(map(text.count, ",:\n[{"))) > MAX_PIECES:
        raise UsageError(f"{where} has {pieces} lines and commas", f"A config file has at most {MAX_PIECES}")
    try:
        loader = _StrictLoader(text)
        node = loader.get_single_node()
        value = loader.construct_document(node) if node else None
        lines = {location: line + lines_before for location, line in _lines(node, ())}
    # A tag such as !!timestamp can raise any of these.
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise UsageError(f"{where}: {error}", "Correct the YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1 + lines_before}:" if mark else ""
        problem = str(getattr(error, "problem", None) or error)
        remedy = "Indent with spaces, not with tabs" if r"'\t'" in problem else "Correct the YAML"
        raise UsageError(f"{where}:{line} {problem}", remedy) from None
    if not isinstance(value, dict):
        raise UsageError(f"{where} is not a mapping of keys to values", "Write lines such as `language: en`")
    located = LocatedDict(value)
    located.lines = lines
    return located


def _lines(node: Any, location: Location) -> Iterator[tuple[Location, int]]:
    """Yield the line of each value below a YAML node: that of its key, or its own in a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*location, key.value), key.start_mark.line + 1
            yield from _lines(value, (*location, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*location, index), value.start_mark.line + 1
            yield from _lines(value, (*location, index))


_OCTAL = re.compile(r"[-+]?0[0-7_]+")


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that rejects aliases (they can expand exponentially) and duplicate keys (one would be lost)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not supported", event.start_mark)
        return super().compose_node(parent, index)

    def construct_yaml_int(self, node: Any) -> int:
        """Refuse numbers that are not what they look like: octal 010 is 8, and 12:30 is 750."""
        if node.value.count(":") > 5:
            problem = f"{node.value[:20]}... is no number"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        value = super().construct_yaml_int(node)
        if ":" in node.value or _OCTAL.fullmatch(node.value):
            problem = f"YAML reads {node.value} as the number {value}: put text in quotes, and leave out leading zeros"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return int(value)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key.value!r}", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_yaml_int)
