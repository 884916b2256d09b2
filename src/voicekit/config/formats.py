"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["json", "srt", "vtt", "ass", "txt", "docx", "tsv", "rttm", "audacity"]
FORMATS: tuple[Format, ...] = get_args(Format)
USUAL_FORMATS: tuple[Format, ...] = ("json", "srt", "vtt", "txt", "tsv", "rttm", "audacity")
