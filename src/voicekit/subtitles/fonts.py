"""Find installed fonts that can draw a text. A character that no font has is an error, never an empty box."""

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
from voicekit.text.languages import UNKNOWN

PREFERRED = ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial", "Helvetica", "Segoe UI")
"""Families that are tried first by default."""

_FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
}
_UNIX_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_SUFFIXES = (".ttf", ".otf", ".ttc")

# Script (first word of the Unicode names of its characters) -> Debian package with fonts for it.
_PACKAGES = {
    "CJK": "fonts-noto-cjk", "HIRAGANA": "fonts-noto-cjk", "KATAKANA": "fonts-noto-cjk", "HANGUL": "fonts-noto-cjk",
    "BOPOMOFO": "fonts-noto-cjk", "IDEOGRAPHIC": "fonts-noto-cjk", "FULLWIDTH": "fonts-noto-cjk",
    "HALFWIDTH": "fonts-noto-cjk", "KATAKANA-HIRAGANA": "fonts-noto-cjk", "THAI": "fonts-thai-tlwg",
}  # fmt: skip
_CJK_FAMILY_SUFFIXES = {"ja": "JP", "ko": "KR", "zh-Hant": "TC", "zh-TW": "TC", "zh-HK": "HK", "yue": "HK"}
"""Suffix of the names of Noto's CJK families by language; SC for all others."""

_PLACEHOLDER_FONTS = ("Last Resort", "Adobe Blank", "Unicode BMP Fallback")
"""Families that draw a box for every character."""

_DAMAGED_FONT_ERRORS = (OSError, LookupError, ValueError, AttributeError, TypeError, AssertionError, struct.error)
"""What fontTools raises for a damaged font, besides its own errors."""

_OTHER_SCRIPTS_PACKAGE, _SYMBOLS_PACKAGE = "fonts-noto-core", "fonts-symbola"


@dataclass(frozen=True)
class Font:
    """A face of a font file. `number`: its index in a font collection."""

    path: Path
    number: int
    family: str
    regular: bool

    @functools.cached_property
    def characters(self) -> frozenset[int]:
        """Code points with a glyph; none for a font of colour pictures, which libass does not draw."""
        return frozenset(self._advances)

    @functools.cached_property
    def _advances(self) -> dict[int, float]:
        """Width by code point, relative to the height that renderers use as font size."""
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
        except (TTLibError, *_DAMAGED_FONT_ERRORS):
            return {}

    def advance(self, char: str) -> float:
        """Return the width of a character relative to the font size; 0 without a glyph."""
        return self._advances.get(ord(char), 0.0)

    def missing(self, text: Iterable[str]) -> list[str]:
        """Return the characters without a glyph, in order."""
        return [char for char in dict.fromkeys(text) if needs_glyph(char) and ord(char) not in self.characters]


def needs_glyph(char: str) -> bool:
    """Whether renderers draw a character: not spaces, controls, joiners and variation selectors."""
    return not (
        char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")
        or 0xFE00 <= ord(char) <= 0xFE0F
    )  # fmt: skip


def font_folders() -> list[Path]:
    """Return the folders with fonts: the system's, and that of matplotlib, which has DejaVu Sans."""
    folders = [Path(name).expanduser() for name in _FOLDERS.get(sys.platform, _UNIX_FOLDERS)]
    spec = importlib.util.find_spec("matplotlib")
    locations = (spec.submodule_search_locations or []) if spec else []
    folders += [Path(location, "mpl-data", "fonts", "ttf") for location in locations]
    return [folder for folder in folders if folder.is_dir()]


def installed_fonts(extra_folder: Path | None = None) -> tuple[Font, ...]:
    """Return every upright face of regular weight; those in `extra_folder` first. Damaged files are skipped."""
    folders = [*([extra_folder] if extra_folder else []), *font_folders()]
    return tuple(font for folder in folders for font in _in_folder(folder))


@functools.cache
def _in_folder(folder: Path) -> tuple[Font, ...]:
    paths = sorted(
        Path(root, name) for root, _, names in os.walk(folder) for name in names if name.lower().endswith(_SUFFIXES)
    )
    return tuple(
        font
        for path in paths
        for font in faces(path)
        if font.regular and not font.family.startswith(_PLACEHOLDER_FONTS)
    )


def faces(path: Path) -> Iterator[Font]:
    """Yield the faces of a font file; nothing if it is damaged."""
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
        except (TTLibError, *_DAMAGED_FONT_ERRORS):
            return
        number += 1
        if number >= count:
            return


def choose_fonts(
    text: str, preferred: str | None = None, extra_folder: Path | None = None, language: str = UNKNOWN
) -> list[tuple[str, Font]]:
    """Split a text into runs, each with a font that has all of its characters; the runs join to `text`.

    Args:
        text: Text to draw.
        preferred: Font family or font file, used for every character that it has; default: one of PREFERRED.
        extra_folder: Folder with more fonts.
        language: BCP-47 tag; decides between Chinese, Japanese and Korean forms of a character.

    Raises:
        UsageError: The font does not exist, or no font has a character (names a package that does).
    """
    fonts = _rank_fonts(preferred, extra_folder, language)
    undrawable = [c for c in dict.fromkeys(text) if needs_glyph(c) and all(font.missing(c) for font in fonts)]
    if undrawable:
        raise UsageError(*missing_glyphs_error(undrawable))
    runs: list[tuple[str, Font]] = []
    main = fonts[0]
    for char in text:
        current = runs[-1][1] if runs else main
        is_mark = unicodedata.category(char).startswith("M")
        if not needs_glyph(char) or (is_mark and not current.missing(char)):
            font = current  # a mark stays with its letter
        else:
            font = next(font for font in (main, current, *fonts) if not font.missing(char))
        if runs and runs[-1][1] is font:
            runs[-1] = (runs[-1][0] + char, font)
        else:
            runs.append((char, font))
    return runs


def missing_glyphs_error(characters: Sequence[str]) -> tuple[str, str]:
    """Return (message, remedy) for characters that no font has."""
    listed = " ".join(f"{char} (U+{ord(char):04X})" for char in characters[:5])
    packages = dict.fromkeys(_package(char) for char in characters)
    message = f"no installed font has {listed}{' ...' if len(characters) > 5 else ''}"
    return message, f"Install a font for it (Debian: apt install {' '.join(packages)}), or give --font FILE"


def _package(char: str) -> str:
    script = unicodedata.name(char, "").partition(" ")[0]
    if unicodedata.category(char) in ("So", "Sk", "Sm", "Co", "Cn"):
        return _PACKAGES.get(script, _SYMBOLS_PACKAGE)
    return _PACKAGES.get(script, _OTHER_SCRIPTS_PACKAGE)


def _rank_fonts(preferred: str | None, extra_folder: Path | None, language: str) -> list[Font]:
    """Return the preferred font first, then PREFERRED, then all others."""
    fonts = list(installed_fonts(extra_folder))
    if preferred:
        if Path(preferred).suffix.lower() in _SUFFIXES:
            matching = list(faces(Path(preferred)))
            if not matching:
                raise UsageError(f"{preferred} is not a readable font", "Give a .ttf, .otf or .ttc file")
        else:
            matching = [font for font in fonts if font.family.casefold() == preferred.casefold()]
            if not matching:
                known = ", ".join(sorted({font.family for font in fonts})[:12])
                raise UsageError(f"there is no font family {preferred!r}", f"Give a font file, or one of {known} ...")
        return [matching[0], *(font for font in fonts if font is not matching[0])]
    if not fonts:
        raise UsageError("there are no fonts on this machine", "Install some (Debian: apt install fonts-noto-core)")

    base = language.partition("-")[0]
    cjk_suffix = f" {_CJK_FAMILY_SUFFIXES.get(language) or _CJK_FAMILY_SUFFIXES.get(base, 'SC')}"

    def rank(font: Font) -> tuple[int, bool]:
        position = PREFERRED.index(font.family) if font.family in PREFERRED else len(PREFERRED)
        position += position == len(PREFERRED) and not font.family.startswith(PREFERRED[0])
        return position, not font.family.endswith(cjk_suffix)

    return sorted(fonts, key=rank)
