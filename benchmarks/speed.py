"""Time and accuracy of each listening stage beside peers with the same weights, in one run, in turns.

    python -m benchmarks.speed [ROUNDS]

Diarization: pyannote's own pipeline (`benchmarks/stock_pyannote.py`), over every recording with turns. Words:
faster-whisper, sequential and batched, beam 5 with word times, on the twelve-minute programme. Whole: `voicekit
transcribe` with an empty cache against pyannote and faster-whisper joined by a script (`benchmarks/peer.py`), a new
process each. Times are medians of the rounds.
"""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.accuracy import Case, cases
from benchmarks.stock_pyannote import StockPyannote
from voicekit.audio.clean import clean
from voicekit.config.clean import clean_preset
from voicekit.diarization.clustering import cluster
from voicekit.engines.registry import load_engine
from voicekit.evaluation.evaluate import evaluate
from voicekit.formats.readers import Annotation, Utterance
from voicekit.models.resolve import resolve
from voicekit.runtime.device import choose_device
from voicekit.types import Audio, Turn

SCRIPT = """
import sys
from pathlib import Path
from benchmarks.peer import Peer
from voicekit.models import resolve
result = Peer(resolve("base", "transcribe").path).run(Path(sys.argv[1]), None, True)
Path(sys.argv[2]).write_text("".join(f"{speaker}: {word}\\n" for speaker, word in result.lines))
"""


def in_turns(systems: dict[str, Callable[[], Any]], rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Median seconds, and the last result, of each."""
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    results: dict[str, Any] = {}
    for _ in range(rounds):
        for name, system in systems.items():
            started = time.perf_counter()
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                results[name] = system()
            seconds[name].append(time.perf_counter() - started)
            print(f"{name}: {seconds[name][-1]:.1f} s", file=sys.stderr, flush=True)
    return {name: statistics.median(times) for name, times in seconds.items()}, results


def show(title: str, rows: list[tuple[str, float, str]], duration: float) -> None:
    first = rows[0][1]
    table = Table(title=f"\n{title}")
    for column in ("system", "seconds", "times real time", "time / ours", "errors"):
        table.add_column(column, justify="left" if column == "system" else "right")
    for name, seconds, errors in rows:
        table.add_row(name, f"{seconds:.1f}", f"{duration / seconds:.1f}", f"{seconds / first:.2f}", errors)
    Console(width=100).print(table)


def diarization(rounds: int) -> None:
    chosen = [case for case in cases() if case.has_turns]
    sounds = [clean(case.media, clean_preset("light"))[0] for case in chosen]
    weights = {"segmentation-3.0": resolve("segmentation-3.0", "segment"), "campplus": resolve("campplus", "embed")}
    starter = load_engine("diarize.starter")(weights, "cpu")
    campplus = next(path for path in sorted(weights["campplus"].path.iterdir()) if path.suffix == ".pt")
    stock = StockPyannote(weights["segmentation-3.0"].path / "pytorch_model.bin", campplus)

    def ours(sound: Audio) -> list[Turn]:
        voices, _ = starter.embed_windows(sound, lambda share: None)
        return list(cluster(voices, None, None, None, lambda share: None)[0].turns)

    systems: dict[str, Callable[[Audio], list[Turn]]] = {
        "voicekit": ours,
        "pyannote": stock.turns,
    }
    for system in systems.values():
        system(sounds[0])  # first calls prepare what later ones use
    run = {name: lambda system=system: [system(sound) for sound in sounds] for name, system in systems.items()}
    seconds, found = in_turns(run, rounds)
    duration = sum(sound.duration for sound in sounds)
    rows = []
    for name in systems:
        wrong = total = 0.0
        for case, sound, turns in zip(chosen, sounds, found[name], strict=True):
            heard = Annotation("turns", turns=tuple(turns), duration=sound.duration)
            score = evaluate(heard, case.references, metrics=("der",)).total["der"]
            wrong, total = wrong + (score.errors or 0.0), total + score.total
        rows.append((name, seconds[name], f"DER {100 * wrong / total:.2f} %"))
    show(f"Diarization, {len(chosen)} recordings, {duration:.0f} s", rows, duration)


def words(rounds: int, case: Case) -> None:
    sound = clean(case.media, clean_preset("light"))[0]
    weights = resolve("base", "transcribe")
    ours = load_engine("transcribe.faster-whisper")(weights, choose_device("cpu"), "int8")
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(str(weights.path), device="cpu", compute_type="int8")
    batched = BatchedInferencePipeline(model)
    options = {"beam_size": 5, "word_timestamps": True}

    def text(segments: Any) -> str:
        return " ".join(segment.text for segment in segments)

    systems = {
        "voicekit": lambda: text(
            ours.transcribe(
                sound, language=None, hotwords=None, prompt=None, beam_size=5, batch_size=8,
                progress=lambda share: None,
            )[0].segments
        ),
        "faster-whisper, batched 8": lambda: text(batched.transcribe(sound.mono, batch_size=8, **options)[0]),
        "faster-whisper, sequential": lambda: text(model.transcribe(sound.mono, **options)[0]),
    }  # fmt: skip
    seconds, found = in_turns(systems, rounds)
    rows = []
    for name in systems:
        heard = Annotation("words", (Utterance(found[name]),), duration=sound.duration)
        score = evaluate(heard, case.references, language=case.language, metrics=("wer",)).total["wer"]
        rows.append((name, seconds[name], f"WER {100 * score.value:.2f} %"))
    show(f"Words with times, Whisper base int8, {sound.duration:.0f} s", rows, sound.duration)


def whole(rounds: int, case: Case) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        number = iter(range(1000))

        def run(*command: str) -> None:
            environment = {**os.environ, "VOICEKIT_CACHE": str(folder / f"cache{next(number)}")}
            subprocess.run([sys.executable, *command], env=environment, check=True, capture_output=True)

        options = ["-o", str(folder / "out"), "-q", "--model", "base", "--diarizer-model", "starter", "--fresh"]
        systems = {
            "voicekit transcribe": lambda: run("-m", "voicekit", "transcribe", str(case.media), *options),
            "pyannote + faster-whisper": lambda: run("-c", SCRIPT, str(case.media), str(folder / "peer.txt")),
        }
        seconds, _ = in_turns(systems, rounds)
    duration = clean(case.media, clean_preset("off"))[0].duration
    show(f"Whole command, {duration:.0f} s", [(name, seconds[name], "") for name in systems], duration)


def main(rounds: int) -> None:
    diarization(rounds)
    long = [case for case in cases() if case.media.stem == "en_programme_dev"] or cases()[:1]
    words(rounds, long[0])
    whole(rounds, long[0])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
