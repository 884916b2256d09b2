"""Which speaker a word has: words with a wrong one, and how well their `speaker_confidence` tells them from the others.

    make bench        or        python -m benchmarks.attribution

Over the recordings with turns, and the conversation of close synthetic voices. A word is wrong where somebody else
speaks through more of it than the speaker it was given; words that lie in no turn of the reference are left out.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from benchmarks import dialogue
from benchmarks.accuracy import Case, cases
from voicekit.formats.readers import read_annotation
from voicekit.transcription.session import Session
from voicekit.types import Transcript, Turn

TARGET = 0.75


def common(one: tuple[float, float], turns: Sequence[Turn]) -> float:
    """Seconds of a span that turns of one speaker cover; they do not overlap each other."""
    return sum(max(0.0, min(one[1], turn.end) - max(one[0], turn.start)) for turn in turns)


def by_speaker(turns: Sequence[Turn]) -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn.speaker, []).append(turn)
    return found


def judged(heard: Transcript, truth: Sequence[Turn]) -> list[tuple[bool, float]]:
    """Of each word in a turn of the reference: whether its speaker is right, and its confidence."""
    theirs, ours = by_speaker(truth), by_speaker(heard.turns)
    shared = np.array([[sum(common((t.start, t.end), own) for t in some) for own in theirs.values()]
                       for some in ours.values()])  # fmt: skip
    names, known = list(ours), list(theirs)
    who = {names[a]: known[b] for a, b in zip(*linear_sum_assignment(-shared), strict=True)}
    found = []
    for word in heard.words:
        seconds = {name: common((word.start, word.end), some) for name, some in theirs.items()}
        if word.speaker is not None and word.speaker_confidence is not None and max(seconds.values()) > 0:
            own = seconds.get(who.get(word.speaker, ""), 0.0)
            found.append((own >= max(seconds.values()), word.speaker_confidence))
    return found


def auc(rows: Sequence[tuple[bool, float]]) -> float | None:
    """Probability that a right word has more confidence than a wrong one (ties count half); None without both."""
    right = np.array([ok for ok, _ in rows])
    ranks = rankdata([confidence for _, confidence in rows])
    good, bad = int(right.sum()), int((~right).sum())
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * bad)) if good and bad else None


def main() -> None:
    table = Table(title="\nSpeakers of words; same models for all")
    for column in ("recording", "words", "wrong", "AUC of speaker_confidence"):
        table.add_column(column, justify="left" if column == "recording" else "right")

    def row(name: str, some: Sequence[tuple[bool, float]]) -> None:
        figure = auc(some)
        table.add_row(
            name, str(len(some)), str(sum(not ok for ok, _ in some)), "" if figure is None else f"{figure:.3f}"
        )

    everything: list[tuple[bool, float]] = []
    with tempfile.TemporaryDirectory() as folder, Session() as session:
        made = dialogue.write(Path(folder))
        close = Case("close voices", made, "en", [made.with_suffix(".rttm")])
        for case in [*(case for case in cases() if case.has_turns), close]:
            print(f"\r{case.media.name:<40}", end="", file=sys.stderr, flush=True)
            truth = read_annotation(next(path for path in case.references if path.suffix == ".rttm")).turns or ()
            rows = judged(session.transcribe(case.media, diarizer_model="starter", model="base"), truth)
            row(f"{case.group}: {case.media.stem}", rows)
            if case is close:
                row(f"all recordings (target {TARGET})", everything)
            everything += rows
        row("and the close voices", everything)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
