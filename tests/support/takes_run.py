"""A run of takes for tests of pages: real speech of a packaged voice, with figures that a judge might give."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from voicekit.audio.encode import write_audio
from voicekit.seeds import derive_seed
from voicekit.storage.files import digest, utc_now, write_text
from voicekit.storage.runs import RunFolder
from voicekit.takes.records import FILE, LineRecord, TakeRecord, Takes
from voicekit.takes.tags import new_tag, write_tags
from voicekit.tts.synthesizer import default_synthesizer
from voicekit.types import Artifact, Audio, Measures, Word

SENTENCES = (Path(__file__).parents[2] / "benchmarks" / "sentences.txt").read_text().splitlines()


@functools.cache
def _spoken(text: str, speed: float) -> Audio:
    """Once for a text: other takes of it are this one, a little shifted."""
    return default_synthesizer().say(text, voice="joe", seed=0, speed=speed).audio


def takes_run(
    out: Path, name: str, lines: int = 4, takes: int = 2, *, speed: float = 1.0, better: float = 0.0, voices: int = 2
) -> Path:
    """Write a run as `voicekit clone` does; returns its folder.

    Args:
        better: How much more alike its takes are, and how much better they sound.
        voices: How many sentences are really spoken; the others have the sound of one of them.
    """
    records: list[TakeRecord] = []
    chosen: list[LineRecord] = []
    plan = digest([name, lines, takes, speed, better, voices])
    with RunFolder(out / name, plan) as run:
        for number in range(lines):
            line, text = f"{number + 1:03}", SENTENCES[number]
            some = [_take(run.folder, line, text, count + 1, speed, better, number % voices) for count in range(takes)]
            best = max(some, key=lambda take: take.score or 0)
            records += some
            flagged = not any(take.passed for take in some)
            chosen.append(
                LineRecord(line, text, "joe", best.id, f"the best score, {best.score:.2f}", flagged, best.file)
            )
        write_text(run.folder / FILE, Takes("voicekit.takes/1", tuple(chosen), tuple(records)).to_json())
        folder = run.commit(
            {
                "kind": "clone", "plan": plan, "created": utc_now(),
                "config": {"name": name, "seed": 7, "speed": speed},
                "models": {"voices": [{"name": "piper-joe", "revision": "1.0.0"}]}, "seeds": {"job": 7},
            }
        )  # fmt: skip
    if lines > 2 and takes > 1:
        tags = {"001-1": new_tag("good"), "002-1": new_tag("bad", "cracks on <b>two</b>"), "003-2": new_tag("weird")}
        write_tags(folder, tags)
    return folder


def _take(folder: Path, line: str, text: str, number: int, speed: float, better: float, spoken: int) -> TakeRecord:
    draw = np.random.default_rng(derive_seed(number, line, str(speed), str(better)))
    audio = _spoken(SENTENCES[spoken], speed)
    audio = Audio(np.pad(audio.samples, ((0, 0), (200 * number, 0))), audio.rate)
    wrong = draw.random() < 0.3
    faults = (Artifact("click", 0.4, 0.41, 21.0, 12.0, "dB above what is around it"),) if draw.random() < 0.25 else ()
    similarity, mos = (
        round(float(draw.normal(0.72 + better, 0.03)), 3),
        round(float(draw.normal(3.0 + 2 * better, 0.15)), 2),
    )
    wer = round(float(draw.uniform(0.1, 0.4)), 3) if wrong else 0.0
    words = tuple(Word(word, i * 0.2, i * 0.2 + 0.15, 0.9) for i, word in enumerate(text.split()))
    heard = text.lower() if not wrong else text.lower().replace("the", "a")
    file = f"takes/{line}-{number}.flac"
    write_audio(audio, folder / file)
    measures = Measures(
        audio.duration, heard, wer, words, similarity, mos, 3.4, 4.0, 3.6, round(float(draw.normal(200, 9)) * speed, 1),
        92.0, 6.4, 19.0, faults,
    )  # fmt: skip
    failed = wrong and bool(faults)
    return TakeRecord(
        f"{line}-{number}", line, number, text, "joe", "piper", "en", {"speed": speed, "noise_scale": 0.667},
        derive_seed(7, line, number) % 2**31, said=(text,), parts=((0.0, audio.duration),),
        seconds=round(audio.duration, 3), rate=audio.rate, file=file, key=digest([text, number, speed, better]),
        made_with={"model": {"name": "piper-joe", "revision": "1.0.0"}}, measures=measures, passed=not failed,
        reasons=("40 % of the words are wrong (at most 20 %)",) if failed else (),
        score=round(0.6 + 0.4 * (similarity - wer), 4),
        parts_of_score={"words": round(1 - wer, 3), "similarity": similarity},
    )  # fmt: skip
