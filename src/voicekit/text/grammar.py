"""Write out numbers, dates, money, units and abbreviations with the grammars of NeMo text processing.

NeMo (https://github.com/NVIDIA/NeMo-text-processing, Apache-2.0) compiles its grammars with pynini, which takes minutes
and 700 MB. `tools/build_grammars.py` stores the compiled ones in `grammars/`, and kaldifst runs them here in two steps
(Zhang et al. 2021, https://arxiv.org/abs/2104.05055): the first finds what each token is, `date { month: "may" day:
"five" }`, the second puts the fields in the order in which they are spoken.
"""

from __future__ import annotations

import functools
import itertools
import lzma
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LANGUAGES = ("en", "de", "es", "fr", "pt")

_FOLDER = Path(__file__).with_name("grammars")
_MAX_ORDERS = 2000
"""Orders of the fields of a token that are tried."""

_FIELD = re.compile(r'\s*(?:([A-Za-z_]+)\s*(?::\s*"((?:[^"]|"(?! ))*)"|:\s*true()|\{())|\})')

Fields = list[tuple[str, "str | bool | Fields"]]
"""Names and values: a text, a flag, or further fields."""


class _Grammars(NamedTuple):
    tag: Any
    verbalize: Any
    finish: Any | None


def write_out_with_grammar(text: str, language: str) -> str | None:
    """Write out a sentence.

    Args:
        text: One sentence, with single spaces.
        language: One of LANGUAGES.

    Returns:
        The spoken form; None if the grammar does not accept the text.
    """
    grammars = _grammars(language)
    tagged = _rewrite(grammars.tag, text)
    tokens = _parse(tagged) if tagged else None
    if tokens is None:
        return None
    words = []
    for token in tokens:
        orders = itertools.islice(_orders([token]), _MAX_ORDERS)
        spoken = (_rewrite(grammars.verbalize, _format(order)) for order in orders)
        word = next((word for word in spoken if word is not None), None)
        if word is None:
            return None
        words.append(word)
    written_out = re.sub(" +", " ", " ".join(words)).strip()
    finished = _rewrite(grammars.finish, written_out) if grammars.finish else None
    return finished or written_out


@functools.cache
def _grammars(language: str) -> _Grammars:
    return _Grammars(*(_load(f"{language}.{name}.fst.xz") for name in ("tag", "verbalize", "finish")))


def _load(name: str) -> Any:
    import kaldifst

    path = _FOLDER / name
    if not path.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "grammar.fst")
        file.write_bytes(lzma.decompress(path.read_bytes()))
        fst = kaldifst.StdVectorFst.read(str(file))
    if ".tag." in name:  # faster; the order of arcs decides between forms of equal weight, which verbalizers have
        kaldifst.arcsort(fst, sort_type="ilabel")
    return fst


def _rewrite(fst: Any, text: str) -> str | None:
    """Return the best output of a transducer of bytes; None if it does not accept the text."""
    import kaldifst

    lattice = kaldifst.compose(kaldifst.make_linear_acceptor(list(text.encode())), fst)
    best = kaldifst.shortest_path(lattice)
    if not best.num_states:
        return None
    _, _, output, _ = kaldifst.get_linear_symbol_sequence(best)
    return bytes(label for label in output if label).decode(errors="replace")


def _parse(tagged: str) -> Fields | None:
    """Parse `tokens { date { month: "may" day: "five" } }`; None if it is malformed."""
    tokens: Fields = []
    open_fields = [tokens]
    position = 0
    while match := _FIELD.match(tagged, position):
        position = match.end()
        name, value, flag, opening = match.groups()
        if name is None:
            if len(open_fields) == 1:
                return None
            open_fields.pop()
        elif opening is not None:
            inner: Fields = []
            open_fields[-1].append((name, inner))
            open_fields.append(inner)
        else:
            open_fields[-1].append((name, True if flag is not None else value))
    return tokens if len(open_fields) == 1 and not tagged[position:].strip() else None


def _orders(fields: Fields) -> Iterator[Fields]:
    """Yield the fields in every order, unless they ask to keep theirs."""
    fixed = any(name == "preserve_order" for name, _ in fields)
    for order in [fields] if fixed else itertools.permutations(fields):
        inner = [list(_orders(value)) if isinstance(value, list) else [value] for _, value in order]
        for values in itertools.product(*inner):
            yield [(name, value) for (name, _), value in zip(order, values, strict=True)]


def _format(fields: Fields) -> str:
    formatted = []
    for name, value in fields:
        if isinstance(value, list):
            formatted.append(f"{name} {{ {_format(value)} }}")
        else:
            formatted.append(f"{name}: true" if value is True else f'{name}: "{value}"')
    return " ".join(formatted)
