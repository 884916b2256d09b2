"""Find sentences that are not in the stated language, and name sentences in warnings."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from voicekit.redact import list_names
from voicekit.text.language_id import in_other_script, other_language, recognize_language
from voicekit.text.markup import TAG
from voicekit.text.sentences import Sentence

_TAG = re.compile(TAG)


def separate_foreign(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence], list[str]]:
    """Return the sentences in the language of their segments, those in another language or script, and warnings.

    If most of the text is in one other language, only a warning says so: the stated language may be the right one.
    """
    warnings: list[str] = []
    texts = [without_tags(sentence.text) for sentence in sentences]
    other_script = [in_other_script(text, s.language) for text, s in zip(texts, sentences, strict=True)]
    others = [
        None if script else other_language(text, s.language)
        for text, s, script in zip(texts, sentences, other_script, strict=True)
    ]
    most = statistics.mode(others) if others else None
    if most is not None:
        probability = recognize_language(" ".join(texts))[1]
        warnings.append(
            f"the text looks like {most} ({probability:.0%}), not {sentences[0].language}: is --from right?"
        )
        others = [None] * len(sentences)
    own: list[Sentence] = []
    foreign: list[Sentence] = []
    for sentence, script, other in zip(sentences, other_script, others, strict=True):
        (foreign if script or other else own).append(sentence)
    if foreign:
        languages = ", ".join(sorted({sentence.language for sentence in foreign}))
        warnings.append(f"{count_sentences(foreign)} not in {languages} left as they are: {list_places(foreign)}")
    return own, foreign, warnings


def without_tags(text: str) -> str:
    """Return a text on one line without tags."""
    return " ".join(_TAG.sub("", text).split())


def count_sentences(sentences: Sequence[Sentence]) -> str:
    """Return "1 sentence", "2 sentences" ..."""
    return f"{len(sentences)} sentence{'' if len(sentences) == 1 else 's'}"


def list_places(sentences: Sequence[Sentence]) -> str:
    """Return the first sentences with their times, for a message."""
    places = [f"{int(s.start) // 60}:{int(s.start) % 60:02} {without_tags(s.text)[:40]!r}" for s in sentences]
    return list_names(places, 3)
