"""References of real recordings, and scores over them. meeteval, jiwer and pyannote.metrics do the counting."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from voicekit.data import Turn


def reference_words(stm: Path) -> list[tuple[str, str]]:
    """(speaker, words) a line of an STM file; noises in <> or [] and comments are left out."""
    out = []
    for line in stm.read_text(encoding="utf-8").splitlines():
        if line.startswith(";;") or not line.strip():
            continue
        fields = line.split(None, 5)
        text = fields[5] if len(fields) > 5 else ""
        text = re.sub(r"^<[^>]*>\s*", "", text)  # the label field, where there is one
        out.append((fields[2], re.sub(r"<[^>]*>|\[[^\]]*\]", " ", text)))
    return out


def reference_turns(rttm: Path) -> list[Turn]:
    turns = []
    for line in rttm.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if fields and fields[0] == "SPEAKER":
            turns.append(Turn(float(fields[3]), float(fields[3]) + float(fields[4]), fields[7]))
    return turns


def diarization_error(reference: Iterable[Turn], found: Iterable[Turn], duration: float) -> float:
    """DER over the whole recording: no collar, overlap scored."""
    return diarization_parts(reference, found, duration)["diarization error rate"]


def diarization_parts(reference: Iterable[Turn], found: Iterable[Turn], duration: float) -> dict[str, float]:
    """pyannote.metrics' components in seconds, and the rate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(turns: Iterable[Turn]) -> Annotation:
        out = Annotation(uri="x")
        for number, turn in enumerate(turns):
            out[Segment(turn.start, turn.end), number] = turn.speaker
        return out

    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    return dict(
        metric(annotation(reference), annotation(found), uem=Timeline([Segment(0, duration)], uri="x"), detailed=True)
    )


def by_speaker(lines: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """All words of each speaker, in order."""
    out: dict[str, list[str]] = defaultdict(list)
    for speaker, text in lines:
        out[speaker or "nobody"].append(text)
    return {speaker: " ".join(texts) for speaker, texts in out.items()}


def cp_word_errors(reference: dict[str, str], found: dict[str, str]) -> tuple[int, int]:
    """Errors and words of cpWER: speakers' words joined, best assignment of speakers (meeteval)."""
    from meeteval.wer.wer.cp import cp_word_error_rate

    result = cp_word_error_rate(reference, found or {"nobody": ""})
    return result.errors, result.length
