"""WER, DER and cpWER over recordings with references, beside a peer with the same weights.

    make bench        or        python -m benchmarks.accuracy [GROUP...]

Recordings: pyannote's sample, and every row of INDEX.tsv in ../shared/fixtures (or $VOICEKIT_FIXTURES) that has a
reference. WER after Whisper's normaliser (for Chinese and Japanese by character); DER without collar, overlap scored.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import jiwer
from rich.console import Console
from rich.table import Table
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from benchmarks.peer import Peer
from benchmarks.recordings import recordings_folder, sample_recording
from benchmarks.scoring import by_speaker, cp_word_errors, diarization_parts, reference_turns, reference_words
from voicekit import Session
from voicekit.models import resolve

ENGLISH = EnglishTextNormalizer()
WORDS = BasicTextNormalizer()
LETTERS = BasicTextNormalizer(split_letters=True)


@dataclass(frozen=True)
class Case:
    group: str
    media: Path
    language: str
    text: Path | None
    stm: Path | None
    rttm: Path | None


def cases() -> list[Case]:
    sample = sample_recording()
    found = [Case("sample", sample, "en", None, sample.with_suffix(".stm"), sample.with_suffix(".rttm"))]
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
            by_kind = {path.suffix: path for path in references}
            found.append(
                Case(
                    row["group"], folder / row["path"], row["language"],
                    by_kind.get(".txt"), by_kind.get(".stm"), by_kind.get(".rttm"),
                )
            )  # fmt: skip
    return found


def normal(text: str, language: str) -> str:
    if language == "en":
        return str(ENGLISH(text))
    return str(LETTERS(text) if language in ("zh", "ja") else WORDS(text))


class Score:
    """Errors and totals of one system over one group."""

    def __init__(self) -> None:
        self.sums: dict[str, list[float]] = {"wer": [0, 0], "der": [0, 0], "cp": [0, 0]}

    def add(self, name: str, errors: float, total: float) -> None:
        self.sums[name][0] += errors
        self.sums[name][1] += total

    def __getitem__(self, name: str) -> str:
        errors, total = self.sums[name]
        return f"{100 * errors / total:.2f}" if total else ""


def score(
    case: Case, score: Score, lines: list[tuple[str | None, str]], text: str, turns: object, length: float
) -> None:
    """Add one recording's errors. `lines`: (speaker, words); `turns`: the diarizer's."""
    if case.text:
        reference = case.text.read_text(encoding="utf-8")
    else:
        reference = " ".join(words for _, words in reference_words(case.stm)) if case.stm else ""
    if normal(reference, case.language):
        out = jiwer.process_words(normal(reference, case.language), normal(text, case.language))
        score.add("wer", out.substitutions + out.deletions + out.insertions, len(out.references[0]))
    if case.rttm:
        parts = diarization_parts(reference_turns(case.rttm), turns, length)  # type: ignore[arg-type]
        wrong = parts["missed detection"] + parts["false alarm"] + parts["confusion"]
        score.add("der", wrong, parts["total"])
    if case.rttm and case.stm:
        said = {s: normal(t, case.language) for s, t in by_speaker(reference_words(case.stm)).items()}
        heard = {s: normal(t, case.language) for s, t in by_speaker(lines).items()}
        score.add("cp", *cp_word_errors(said, heard))


def main(groups: list[str]) -> None:
    chosen = [case for case in cases() if not groups or case.group in groups]
    ours: dict[str, Score] = {}
    theirs: dict[str, Score] = {}
    peer = Peer(resolve("base", "transcribe").path)
    with Session() as session:
        for number, case in enumerate(chosen, 1):
            print(f"\r{number}/{len(chosen)} {case.media.name:<40}", end="", file=sys.stderr, flush=True)
            diarizer = "pyannote" if case.rttm else "none"
            t = session.transcribe(case.media, diarizer=diarizer, diarizer_model="starter", model="base")
            other = peer.run(case.media, None, bool(case.rttm))
            lines: list[tuple[str | None, str]] = [(w.speaker, w.text) for w in t.words]
            for group in (case.group, "all"):
                score(case, ours.setdefault(group, Score()), lines, t.text, t.turns, t.duration)
                score(case, theirs.setdefault(group, Score()), other.lines, other.text, other.turns, t.duration)
    table = Table(title="\n%, voicekit / senko + faster-whisper; same Whisper base weights")
    for column in ("group", "recordings", "WER", "DER", "cpWER"):
        table.add_column(column, justify="left" if column == "group" else "right")
    for group in ours:
        count = len(chosen) if group == "all" else sum(case.group == group for case in chosen)
        cells = [" / ".join(filter(None, (ours[group][k], theirs[group][k]))) for k in ("wer", "der", "cp")]
        table.add_row(group, str(count), *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
