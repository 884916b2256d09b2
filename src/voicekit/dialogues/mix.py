"""Mix: a finished dialogue, opened from its run's folder.

run.json  takes.json  takes/  mix.wav  stems/SPEAKER.wav  timeline.json  mix.srt  mix.vtt  mix.rttm  script.txt
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from voicekit.audio.encode import write_audio
from voicekit.dialogues.scores import DialogueScores
from voicekit.dialogues.timeline import Timeline
from voicekit.errors import SourceError
from voicekit.notebook import mix_html
from voicekit.storage.files import read_regular
from voicekit.types import Audio, Transcript

MIX, TIMELINE, SCRIPT, SCORES = "mix.wav", "timeline.json", "script.txt", "heard.json"
"""File names in the run's folder."""


@dataclass(frozen=True)
class Mix:
    """A finished dialogue.

    Attributes:
        folder: The run's folder.
        timeline: Who says what, when.
        scores: Scores of transcribing the mix; None if it was not judged.
        cached: Whether an earlier run was reused.
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
        """One file per speaker; they add up to the mix."""
        return {speaker: self.folder / file for speaker, file in self.timeline.stems.items()}

    @functools.cached_property
    def audio(self) -> Audio:
        """Stereo audio, loaded on first use."""
        samples, rate = soundfile.read(self.path, dtype="float32")
        return Audio(np.ascontiguousarray(samples.T), rate)

    @property
    def transcript(self) -> Transcript:
        """The exact transcript, from the timeline."""
        return self.timeline.transcript

    def save(self, path: str | Path) -> Path:
        """Write the audio in the format of the suffix: .wav .flac .mp3 .m4a .ogg; returns the path."""
        return write_audio(self.audio, path)

    def _repr_html_(self) -> str:
        return mix_html(self)


def open_mix(folder: Path, cached: bool = False) -> Mix:
    """Open the dialogue in a run's folder. Raises SourceError if there is none."""
    try:
        timeline = Timeline.from_json(read_regular(folder / TIMELINE))
        path = folder / SCORES
        scores = DialogueScores.from_json(read_regular(path)) if path.is_file() else None
    except (OSError, ValueError) as error:
        raise SourceError(f"no dialogue in {folder}: {error}", "Give the run folder of a dialogue") from error
    return Mix(folder, timeline, scores, cached)
