"""Fonts: which of those on this machine can show a text. A character that none has is an error, never a box."""

from __future__ import annotations

import functools
import importlib.util
import os
import struct
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicekit.errors import UsageError

PREFERRED = ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial", "Helvetica", "Segoe UI")
"""Families taken first when none is asked for."""

_FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
}
_UNIX_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_SUFFIXES = (".ttf", ".otf", ".ttc")

# Script (first word of its characters' Unicode names) -> Debian's package of fonts that have it.
_PACKAGES = {
    "CJK": "fonts-noto-cjk", "HIRAGANA": "fonts-noto-cjk", "KATAKANA": "fonts-noto-cjk", "HANGUL": "fonts-noto-cjk",
    "BOPOMOFO": "fonts-noto-cjk", "IDEOGRAPHIC": "fonts-noto-cjk", "FULLWIDTH": "fonts-noto-cjk",
    "HALFWIDTH": "fonts-noto-cjk", "KATAKANA-HIRAGANA": "fonts-noto-cjk", "THAI": "fonts-thai-tlwg",
}  # fmt: skip
_FORMS = {"ja": "JP", "ko": "KR", "zh-Hant": "TC", "zh-TW": "TC", "zh-HK": "HK", "yue": "HK"}
"""By language, what the names of Noto's CJK families end with; SC for all others."""

_BOXES = ("Last Resort", "Adobe Blank", "Unicode BMP Fallback")
"""Families that have a box for every character."""

_BROKEN = (OSError, LookupError, ValueError, AttributeError, TypeError, AssertionError, struct.error)
"""What fontTools raises where a file is no sound font, beside its own."""

_OTHER_SCRIPTS, _SYMBOLS = "fonts-noto-core", "fonts-symbola"


@dataclass(frozen=True)
class Font:
    """A face of a font file; `number` is its place in a collection."""

    path: Path
    number: int
    family: str
    regular: bool

    @functools.cached_property
    def characters(self) -> frozenset[int]:
        """The code points it has a glyph for: none where its glyphs are pictures in colour, which are not drawn."""
        return frozenset(self._advances)

    @functools.cached_property
    def _advances(self) -> dict[int, float]:
        """Code point to its width, in units of the height that renderers take for the font's size."""
        from fontTools.ttLib import TTFont, TTLibError

        try:
            with TTFont(self.path, fontNumber=self.number, lazy=True) as font:
                coloured = "COLR" in font and font["COLR"].version > 0
                if coloured or not any(table in font for table in ("glyf", "CFF ", "CFF2")):
                    return {}
                high = font["OS/2"].usWinAscent + font["OS/2"].usWinDescent if "OS/2" in font else 0
                high = high or font["hhea"].ascent - font["hhea"].descent or font["head"].unitsPerEm
                widths = font["hmtx"].metrics
                return {code: widths.get(name, (0, 0))[0] / high for code, name in (font.getBestCmap() or {}).items()}
        except (TTLibError, *_BROKEN):
            return {}

    def advance(self, char: str) -> float:
        """The width of a character, 1 being the font's size; 0 where it has none."""
        return self._advances.get(ord(char), 0.0)

    def lacks(self, text: Iterable[str]) -> list[str]:
        """Characters it has no glyph for, in order."""
        return [char for char in dict.fromkeys(text) if needs_glyph(char) and ord(char) not in self.characters]


def needs_glyph(char: str) -> bool:
    """Whether a renderer draws it: not spaces, controls, joiners and variation selectors."""
    return not (
        char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")
        or 0xFE00 <= ord(char) <= 0xFE0F
    )  # fmt: skip


def folders() -> list[Path]:
    """Where fonts are: the system's folders, and matplotlib's, which brings DejaVu Sans."""
    found = [Path(name).expanduser() for name in _FOLDERS.get(sys.platform, _UNIX_FOLDERS)]
    spec = importlib.util.find_spec("matplotlib")
    found += [
        Path(place, "mpl-data", "fonts", "ttf") for place in (spec.submodule_search_locations or [] if spec else [])
    ]
    return [folder for folder in found if folder.is_dir()]


def installed(more: Path | None = None) -> tuple[Font, ...]:
    """Every upright face of the usual weight; those in `more` first. Files that are no fonts are left out."""
    places = [more] if more else []
    return tuple(font for folder in [*places, *folders()] for font in _in_folder(folder))


@functools.cache
def _in_folder(folder: Path) -> tuple[Font, ...]:
    paths = sorted(
        Path(root, name) for root, _, names in os.walk(folder) for name in names if name.lower().endswith(_SUFFIXES)
    )
    return tuple(font for path in paths for font in faces(path) if font.regular and not font.family.startswith(_BOXES))


def faces(path: Path) -> Iterator[Font]:
    """The faces of one file."""
    from fontTools.ttLib import TTFont, TTLibError

    number = 0
    while True:
        try:
            with TTFont(path, fontNumber=number, lazy=True) as font:
                names = font["name"]
                family = names.getBestFamilyName() or path.stem
                style = (names.getBestSubFamilyName() or "Regular").lower()
                yield Font(path, number, family, style in ("regular", "book", "roman", "normal", "medium"))
                count = getattr(font.reader, "numFonts", 1) if path.suffix.lower() == ".ttc" else 1
        except (TTLibError, *_BROKEN):
            return
        number += 1
        if number >= count:
            return


def choose(
    text: str, wanted: str | None = None, more: Path | None = None, language: str = "und"
) -> list[tuple[str, Font]]:
    """Runs of the text, each with a font that has all of its characters; they join to `text`.

    Args:
        text: As it will be drawn.
        wanted: A family or a font file; it takes all it has. One of PREFERRED when left out.
        more: A folder of fonts to look in, too.
        language: BCP-47; it decides between the Chinese, Japanese and Korean forms of a character.

    Raises:
        UsageError: no such font; or characters that no font here has, with a package that brings one.
    """
    fonts = _ranked(wanted, more, language)
    missing = [char for char in dict.fromkeys(text) if needs_glyph(char) and all(font.lacks(char) for font in fonts)]
    if missing:
        raise UsageError(*lacking(missing))
    runs: list[tuple[str, Font]] = []
    main = fonts[0]
    for char in text:
        neutral = not needs_glyph(char)
        now = runs[-1][1] if runs else main
        if (
            neutral
            or (unicodedata.category(char).startswith("M") and not now.lacks(char))
            or (now is main and not now.lacks(char))
        ):
            font = now
        elif not main.lacks(char):
            font = main
        elif not now.lacks(char):
            font = now
        else:
            font = next(font for font in fonts if not font.lacks(char))
        if runs and runs[-1][1] is font:
            runs[-1] = (runs[-1][0] + char, font)
        else:
            runs.append((char, font))
    return runs


def lacking(characters: Sequence[str]) -> tuple[str, str]:
    """(message, remedy) for characters that no font has."""
    some = " ".join(f"{char} (U+{ord(char):04X})" for char in characters[:5])
    packages = dict.fromkeys(_package(char) for char in characters)
    fault = f"no font here has {some}{' ...' if len(characters) > 5 else ''}"
    return fault, f"Install a font for it (Debian: apt install {' '.join(packages)}), or give --font FILE"


def _package(char: str) -> str:
    script = unicodedata.name(char, "").partition(" ")[0]
    if unicodedata.category(char) in ("So", "Sk", "Sm", "Co", "Cn"):
        return _PACKAGES.get(script, _SYMBOLS)
    return _PACKAGES.get(script, _OTHER_SCRIPTS)


def _ranked(wanted: str | None, more: Path | None, language: str) -> list[Font]:
    """The wanted font first, then the usual ones, then all others."""
    fonts = list(installed(more))
    if wanted:
        if Path(wanted).suffix.lower() in _SUFFIXES:
            own = list(faces(Path(wanted)))
            if not own:
                raise UsageError(f"{wanted} is no font that can be read", "Give a .ttf, .otf or .ttc file")
        else:
            own = [font for font in fonts if font.family.casefold() == wanted.casefold()]
            if not own:
                known = ", ".join(sorted({font.family for font in fonts})[:12])
                raise UsageError(f"no font of the family {wanted!r}", f"Give a font file, or one of {known} ...")
        return [own[0], *(font for font in fonts if font is not own[0])]
    if not fonts:
        raise UsageError("no fonts on this machine", "Install some (Debian: apt install fonts-noto-core)")

    forms = f" {_FORMS.get(language) or _FORMS.get(language.partition('-')[0], 'SC')}"

    def rank(font: Font) -> tuple[int, bool]:
        place = PREFERRED.index(font.family) if font.family in PREFERRED else len(PREFERRED)
        place += place == len(PREFERRED) and not font.family.startswith(PREFERRED[0])
        return place, not font.family.endswith(forms)

    return sorted(fonts, key=rank)
