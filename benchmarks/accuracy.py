"""WER, DER and cpWER over recordings with references, beside a peer with the same weights.

    make bench        or        python -m benchmarks.accuracy [GROUP...]

Recordings: pyannote's sample, and every row of INDEX.tsv in ../shared/fixtures (or $VOICEKIT_FIXTURES) that has a
reference. WER after Whisper's normaliser (for Chinese and Japanese by character); DER without collar, overlap scored.
"""

from __future__ import annotations

import csv
import itertools
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.peer import Peer, PeerResult
from benchmarks.recordings import recordings_folder, sample_recording
from voicekit.config.evaluate import Metric
from voicekit.evaluation.evaluate import evaluate
from voicekit.formats.readers import Annotation, Utterance
from voicekit.models.resolve import resolve
from voicekit.transcription.session import Session
from voicekit.types import Transcript

METRICS: tuple[Metric, ...] = ("wer", "der", "cpwer")


@dataclass(frozen=True)
class Case:
    group: str
    media: Path
    language: str
    references: list[Path]

    @property
    def has_turns(self) -> bool:
        return any(path.suffix == ".rttm" for path in self.references)


def cases() -> list[Case]:
    sample = sample_recording()
    found = [Case("sample", sample, "en", [sample.with_suffix(".stm"), sample.with_suffix(".rttm")])]
    folder = recordings_folder()
    if not (folder / "INDEX.tsv").exists():
        print(f"no recordings in {folder}: the sample only")
        return found
    with (folder / "INDEX.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            parts = row["reference"].split(";")
            references = [folder / part for part in parts if part and not part.endswith(".en.txt")]
            if not references or "pyannote_sample" in row["path"]:
                continue
            found.append(Case(row["group"], folder / row["path"], row["language"], references))
    return found


class Score:
    """Errors and totals of one system over one group."""

    def __init__(self) -> None:
        self.errors: dict[str, float] = defaultdict(float)
        self.totals: dict[str, float] = defaultdict(float)

    def add(self, case: Case, hypothesis: Transcript | Annotation) -> None:
        """Add one recording's."""
        result = evaluate(hypothesis, case.references, language=case.language, metrics=METRICS)
        for name, score in result.total.items():
            self.errors[name] += score.errors or 0.0
            self.totals[name] += score.total

    def __getitem__(self, name: str) -> str:
        return f"{100 * self.errors[name] / self.totals[name]:.2f}" if self.totals[name] else ""


def heard_by_peer(result: PeerResult, length: float, diarized: bool) -> Annotation:
    """An utterance for each run of words by one speaker."""
    runs = itertools.groupby(result.lines, key=lambda line: line[0])
    utterances = [Utterance("".join(word for _, word in some), speaker=speaker) for speaker, some in runs]
    return Annotation("peer", tuple(utterances), turns=tuple(result.turns) if diarized else None, duration=length)


def main(groups: list[str]) -> None:
    chosen = [case for case in cases() if not groups or case.group in groups]
    ours: dict[str, Score] = {}
    theirs: dict[str, Score] = defaultdict(Score)
    peer = Peer(resolve("base", "transcribe").path)
    with Session() as session:
        for number, case in enumerate(chosen, 1):
            print(f"\r{number}/{len(chosen)} {case.media.name:<40}", end="", file=sys.stderr, flush=True)
            diarize = {"diarizer_model": "starter"} if case.has_turns else {"diarizer": "none"}
            t = session.transcribe(case.media, model="base", **diarize)
            other = heard_by_peer(peer.run(case.media, None, case.has_turns), t.duration, case.has_turns)
            for group in (case.group, "all"):
                ours.setdefault(group, Score()).add(case, t)
                theirs[group].add(case, other)
    table = Table(title="\n%, voicekit / pyannote + faster-whisper; same Whisper base weights")
    for column in ("group", "recordings", "WER", "DER", "cpWER"):
        table.add_column(column, justify="left" if column == "group" else "right")
    for group in ours:
        count = len(chosen) if group == "all" else sum(case.group == group for case in chosen)
        cells = [" / ".join(filter(None, (ours[group][k], theirs[group][k]))) for k in METRICS]
        table.add_row(group, str(count), *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
