"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from voicekit.errors import UsageError


class Located(dict[str, Any]):
    """A mapping that knows in which line of its file each of its values stands, by their place in it."""

    lines: dict[tuple[str | int, ...], int]


def line_of(values: Any, place: tuple[str | int, ...]) -> int | None:
    """The line, from 1, of what stands at `place`, or of what holds it; None where `values` is from no file.

    Parts of the place that the file does not have, as pydantic's names of alternatives, are passed over.
    """
    lines: dict[tuple[str | int, ...], int] = getattr(values, "lines", {})
    if not lines:
        return None
    at: tuple[str | int, ...] = ()
    for part in place:
        if (*at, part) in lines:
            at = (*at, part)
    return lines.get(at)


def load_yaml(path: Path) -> Located:
    """A mapping from a YAML file, loaded without executing anything.

    Raises:
        UsageError: unreadable, not YAML (with the line), or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", "Check the name and that it is UTF-8") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str, before: int = 0) -> Located:
    """A mapping from YAML. `where`: the file, as errors name it; `before`: how many of its lines stand before `text`.

    Raises:
        UsageError: too long, not YAML (with the line), or not a mapping.
    """
    if len(text) > 1 << 20:
        raise UsageError(f"{where} is {len(text)} characters long", "A config file has at most a million")
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        value = loader.construct_document(node) if node else None
        lines = {place: line + before for place, line in _lines(node, ())}
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:  # of a tag
        raise UsageError(f"{where}: {error}", "Mend the YAML") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1 + before}:" if mark else ""
        problem = str(getattr(error, "problem", None) or error)
        remedy = "Indent with spaces, not with tabs" if r"'\t'" in problem else "Mend the YAML"
        raise UsageError(f"{where}:{line} {problem}", remedy) from None
    if not isinstance(value, dict):
        raise UsageError(f"{where} is not a mapping of keys to values", "Write lines such as `language: en`")
    found = Located(value)
    found.lines = lines
    return found


def _lines(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Where each value of a YAML node stands: the line of its key, or its own in a list."""
    pairs = enumerate(node.value) if isinstance(node, yaml.SequenceNode) else ()
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _lines(value, (*place, key.value))
    for number, value in pairs:
        yield (*place, number), value.start_mark.line + 1
        yield from _lines(value, (*place, number))


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader that refuses aliases (they can explode) and duplicate keys (one of them would be lost)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not used here", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
