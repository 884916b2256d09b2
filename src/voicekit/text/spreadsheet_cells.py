"""Texts in CSV and TSV files that spreadsheets must not take for formulas.

Spreadsheets run a cell that begins with = + - @ or a tab. Such a text gets an apostrophe before it, which spreadsheets
do not show (https://owasp.org/www-community/attacks/CSV_Injection). Numbers stay as they are.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_PROTECTED = re.compile(r"'+[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def protect_cell(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet could run, or that looks protected already."""
    return f"'{text}" if _FORMULA.match(text) else text


def unprotect_cell(text: str) -> str:
    """Remove the apostrophe of `protect_cell`."""
    return text[1:] if _PROTECTED.match(text) else text
