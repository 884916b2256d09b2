"""Recognize speaker names before the text of cues: "Ana: Yes."."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from voicekit.subtitles.source_cue import SourceCue
from voicekit.text.dashes import without_dashes
from voicekit.text.sentence_ends import is_abbreviation

MAX_LABEL_WORDS, MAX_LABEL_CHARACTERS = 4, 40
"""Longest speaker name: "And then he said to me: no" has none."""

MIN_SHARE_OF_CUES = 0.1
"""Two names that recur must label at least this share of the cues."""

_NO_NAMES = frozenset(
    "note notes always never remember warning caution attention tip hint example question answer reason result fact "
    "rule step part "
    "chapter episode scene source translation subtitles subtitle caption captions update edit today tomorrow "
    "nota aviso ejemplo pregunta respuesta atención recuerda hinweis achtung beispiel frage antwort merke wichtig "
    "remarque exemple réponse important ps p.s nb n.b ok so anyway now then also".split()
)
"""What stands before a colon and is no speaker, in lower case."""

_DIARIZER_LABEL = re.compile(r"SPEAKER_\d+", re.IGNORECASE)
_NO_SPEECH = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|[♪♫#*][^♪♫#*]*[♪♫#*]")  # [laughter], (sighs), ♪ la la ♪


def lines_without_dashes(cue: SourceCue) -> list[str]:
    """Return the lines without speaker dashes."""
    return without_dashes([line for _, line in cue.lines])


def has_labels(cues: Sequence[SourceCue]) -> bool:
    """Whether names before a colon are speakers. A colon alone does not make a speaker.

    True if the first line has a name, and a name recurs, or all names are in capitals, or every cue has one,
    or all are labels of a diarizer (SPEAKER_00). Also true if two names recur, on a tenth of the cues or more.
    """
    names = [
        split_label(line)[0]
        for cue in cues
        for line in lines_without_dashes(cue)[:2]
        if any(char.isalnum() for char in _NO_SPEECH.sub("", line))
    ]
    counts = Counter(name for name in names if name)
    recurring = [name for name, count in counts.items() if count > 1]
    if len(recurring) > 1 and counts.total() >= len(cues) * MIN_SHARE_OF_CUES:
        return True
    if not names or names[0] is None:
        return False
    on_every_cue = counts.total() > 1 and counts.total() >= len(cues)
    in_capitals = counts.total() > 1 and all(name.isupper() for name in counts)
    return bool(recurring) or on_every_cue or in_capitals or all(_DIARIZER_LABEL.fullmatch(name) for name in counts)


def split_label(line: str) -> tuple[str | None, str]:
    """Split "Ana: Yes." into (name, text); a line without a name gives (None, line)."""
    label, colon, text = line.partition(": ")
    label = label.strip()
    if colon and text.strip() and _could_be_name(label):
        in_brackets = label[0] + label[-1] in ("[]", "()")
        return (label[1:-1].strip() if in_brackets else label) or None, text.strip()
    return None, line


def _could_be_name(label: str) -> bool:
    return (
        0 < len(label) <= MAX_LABEL_CHARACTERS
        and len(label.split()) <= MAX_LABEL_WORDS
        and not label[0].islower()
        and any(char.isalpha() for char in label)
        and label.lower() not in _NO_NAMES
        and (label[0].isalnum() or label[0] in "[(")
        and all("." not in word or is_abbreviation(word) for word in label.rstrip(".").split())
    )
