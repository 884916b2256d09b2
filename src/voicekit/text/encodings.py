"""Decode text of unknown encoding: UTF-8, UTF-16, or an older code page that is recognized by its language.

The candidates are scored by chardet. Between scripts, text must also look right: a Cyrillic, Chinese or Greek text is
not mostly ASCII letters, and a French one is.
"""

from __future__ import annotations

import codecs
import contextlib
from dataclasses import dataclass

import chardet

from voicekit.errors import SourceError, UsageError
from voicekit.text.languages import base_language

DAMAGED_UTF8 = "UTF-8 with bytes of another encoding"
"""Name of the encoding of text that is UTF-8 but for a few bytes."""

_BYTES = 1 << 16
"""Size of the beginning of a file that is scored."""

MIN_SHARE = 0.3
"""Share of letters outside ASCII from which a text can be in another script than Latin."""

MAX_SHARE = 0.45
"""Share of letters outside ASCII up to which a text can be in Latin script."""

CENTRAL_LEAD = 1.15
"""Factor by which the score of Windows-1250 must exceed that of Windows-1252, the default for Latin script."""

DOUBT = 0.8
"""Score of another script, relative to the best, from which the choice between them is left to the user."""


@dataclass(frozen=True)
class _Script:
    """A script and its encodings, as chardet names them in lower case; the first is the usual one."""

    name: str
    encodings: tuple[str, ...]
    languages: frozenset[str]


_WESTERN = _Script("Western", ("windows-1252", "iso-8859-1", "iso8859-15"), frozenset())
_CENTRAL = _Script(
    "Central European", ("windows-1250", "iso-8859-2", "iso8859-16"), frozenset("pl cs sk hu ro hr sl sq bs".split())
)
_SCRIPTS = (
    _WESTERN,
    _CENTRAL,
    _Script("Cyrillic", ("windows-1251", "koi8-r", "koi8-u", "iso-8859-5"), frozenset("ru uk bg sr mk be".split())),
    _Script("Greek", ("windows-1253", "iso-8859-7"), frozenset(["el"])),
    _Script("Hebrew", ("windows-1255", "iso-8859-8"), frozenset(["he", "yi"])),
    _Script("Arabic", ("windows-1256", "iso-8859-6"), frozenset("ar fa ur ps".split())),
    _Script("Thai", ("cp874", "tis-620"), frozenset(["th"])),
    _Script("Simplified Chinese", ("gb18030", "gb2312", "gbk"), frozenset(["zh"])),
    _Script("Traditional Chinese", ("big5", "big5-hkscs", "cp950"), frozenset(["zh", "yue"])),
    _Script("Japanese", ("cp932", "shift_jis", "euc-jp"), frozenset(["ja"])),
    _Script("Korean", ("cp949", "euc-kr"), frozenset(["ko"])),
)
_LATIN = (_WESTERN, _CENTRAL)


def decode_text(data: bytes, name: str, encoding: str | None = None, language: str | None = None) -> tuple[str, str]:
    """Decode the contents of a file.

    Args:
        data: Contents of the file.
        name: Its name, for errors.
        encoding: Encoding that the user gave; None to find it.
        language: BCP-47 tag of the text if known; narrows the candidates.

    Returns:
        The text without byte order mark, and the name of the encoding.

    Raises:
        UsageError: There is no such encoding.
        SourceError: The text is not in the given encoding, or it could be in several scripts; names the candidates.
    """
    if encoding:
        return _decode_as(data, name, encoding), encoding
    for mark, utf16 in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return _decode_as(data, name, utf16), utf16
    marked = data.startswith(codecs.BOM_UTF8)
    data = data.removeprefix(codecs.BOM_UTF8)
    with contextlib.suppress(UnicodeDecodeError):
        return data.decode("utf-8"), "utf-8"
    if (text := _damaged_utf8(data, marked)) is not None:
        return text, DAMAGED_UTF8
    chosen = _detect(data, name, language)
    return data.decode(chosen, errors="replace"), chosen


def _damaged_utf8(data: bytes, marked: bool) -> str | None:
    """Decode UTF-8 with a few bytes that are not, each read as Windows-1252; None if most bytes are not.

    Other encodings hardly ever have valid sequences of UTF-8. A byte order mark settles it.
    """
    text = data.decode("utf-8", errors="surrogateescape")
    wrong = sum(_is_escaped_byte(char) for char in text)
    if not marked and 2 * wrong > sum(not char.isascii() for char in text) - wrong:
        return None
    return "".join(
        bytes([ord(char) & 0xFF]).decode("cp1252", errors="replace") if _is_escaped_byte(char) else char
        for char in text
    )


def _is_escaped_byte(char: str) -> bool:
    """Whether `surrogateescape` made a character of a byte that it could not decode (PEP 383)."""
    return "\udc80" <= char <= "\udcff"


def _decode_as(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise UsageError(f"unknown encoding {encoding!r}", "Give utf-8, gb18030, big5, cp1251, cp1252 ...") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SourceError(f"{name}: line {line}: not {encoding}: {error.reason}", "Give another --encoding") from error


def _detect(data: bytes, name: str, language: str | None) -> str:
    """Return the encoding of text that is not UTF-8. Raises SourceError if two scripts are equally likely."""
    scores = _scores(data)
    base = base_language(language) if language else None
    if base:
        known = [script for script in _SCRIPTS if base in script.languages] or [_WESTERN]
        scores = (
            {script: score for script, score in scores.items() if script in known} or _readable(data, known) or scores
        )
    if not scores:
        return "cp1252"
    best = max(scores, key=lambda script: scores[script][0])
    if best in _LATIN and base is None:
        western, central = (scores.get(script, (0.0, "cp1252")) for script in _LATIN)
        best = _CENTRAL if central[0] > CENTRAL_LEAD * western[0] else _WESTERN
        return scores[best][1] if best in scores else "cp1252"
    rivals = [script for script in scores if scores[script][0] >= DOUBT * scores[best][0]]
    if len(rivals) > 1 and base is None:
        candidates = ", ".join(f"{scores[script][1]} ({script.name})" for script in rivals)
        raise SourceError(f"{name}: its encoding could be {candidates}", "Give --encoding")
    return scores[best][1]


def _readable(data: bytes, scripts: list[_Script]) -> dict[_Script, tuple[float, str]]:
    """Return those scripts in whose usual encoding all of the text can be read, with a score of 0."""
    found = {}
    for script in scripts:
        encoding = _SUPERSETS.get(script.encodings[0], script.encodings[0])
        with contextlib.suppress(UnicodeDecodeError):
            data.decode(encoding)
            found[script] = (0.0, encoding)
    return found


def _scores(data: bytes) -> dict[_Script, tuple[float, str]]:
    """Return the score and the best encoding of each script in which the text looks right."""
    scores: dict[_Script, tuple[float, str]] = {}
    for result in chardet.detect_all(data[:_BYTES]):
        found = str(result["encoding"]).lower()
        script = next((script for script in _SCRIPTS if found in script.encodings), None)
        if script is None or (script in scores and scores[script][0] >= result["confidence"]):
            continue
        encoding = _SUPERSETS.get(found, found)
        try:
            text = data.decode(encoding, errors="replace" if script is _WESTERN else "strict")
        except UnicodeDecodeError:
            continue
        letters = [char for char in text if char.isalpha()]
        share = sum(not char.isascii() for char in letters) / max(1, len(letters))
        if share <= MAX_SHARE if script in _LATIN else share >= MIN_SHARE:
            scores[script] = (float(result["confidence"]), encoding)
    return scores


_SUPERSETS = {
    "windows-1252": "cp1252", "iso-8859-1": "cp1252", "iso8859-15": "cp1252", "windows-1250": "cp1250",
    "windows-1251": "cp1251", "windows-1253": "cp1253", "windows-1255": "cp1255", "windows-1256": "cp1256",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949",
    "big5": "big5hkscs", "cp950": "big5hkscs", "big5-hkscs": "big5hkscs",
}  # fmt: skip
"""Encodings by chardet's name as Windows uses them, which have more characters."""
