"""Run: a script's dialogue made and kept, as `voicekit dialogue` does it.

    run.json  takes.json  takes/  mix.wav  stems/SPEAKER.wav  timeline.json  mix.srt  mix.vtt  mix.rttm  script.txt

Every take lies in the stage cache under all that determines its sound: what was killed goes on where it stopped, and an
edited line costs that line's take and the mix. A line that cannot be rendered is silence of its likely length; the run
is written all the same and says so, and the next one tries again.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from voicekit.audio.encode import write
from voicekit.dialogues.scores import DialogueScores
from voicekit.dialogues.timeline import Timeline
from voicekit.errors import SourceError
from voicekit.notebook import mix_html
from voicekit.types import Audio, Transcript

MIX, TIMELINE, SCRIPT, SCORES = "mix.wav", "timeline.json", "script.txt", "heard.json"


@dataclass(frozen=True)
class Mix:
    """A dialogue that was made.

    Attributes:
        folder: The run's.
        timeline: What is said in it when.
        scores: Its scores, where it was judged.
        cached: An earlier run had it all.
    """

    folder: Path
    timeline: Timeline
    scores: DialogueScores | None = None
    cached: bool = False

    @property
    def path(self) -> Path:
        return self.folder / MIX

    @property
    def stems(self) -> dict[str, Path]:
        """A file a speaker; together they are the mix."""
        return {speaker: self.folder / file for speaker, file in self.timeline.stems.items()}

    @functools.cached_property
    def audio(self) -> Audio:
        """Stereo; read when asked for."""
        samples, rate = soundfile.read(self.path, dtype="float32")
        return Audio(np.ascontiguousarray(samples.T), rate)

    @property
    def transcript(self) -> Transcript:
        """What is said in it, exactly."""
        return self.timeline.transcript

    def save(self, path: str | Path) -> Path:
        """Write the sound in the format that the name ends with: .wav .flac .mp3 .m4a .ogg; returns the path."""
        return write(self.audio, path)

    def _repr_html_(self) -> str:
        return mix_html(self)


def open_mix(folder: Path, cached: bool = False) -> Mix:
    """The dialogue of a run's folder. Raises SourceError where it holds none."""
    try:
        timeline = Timeline.from_json((folder / TIMELINE).read_bytes())
        scores = _read_scores(folder / SCORES)
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder} holds no dialogue ({error})", "Give the folder of a dialogue's run") from error
    return Mix(folder, timeline, scores, cached)


def _read_scores(path: Path) -> DialogueScores | None:
    if not path.is_file():
        return None
    return DialogueScores.from_json(path.read_bytes())
