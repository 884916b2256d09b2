"""Place the rendered takes of a dialogue on a timeline, mix them into mix.wav and stems, and encode the mix."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from voicekit.audio.encode import transcode
from voicekit.audio.levels import FADE
from voicekit.dialogues.casting import Casting, Utterance, cast_script
from voicekit.dialogues.mix import MIX, SCRIPT
from voicekit.dialogues.mixer import (
    BACKCHANNEL_GAIN,
    CUT_FADE,
    TAIL,
    MixEvent,
    MixResult,
    MixSettings,
    find_phrases,
    leveling_gain,
    mix,
)
from voicekit.dialogues.script_readers import read_script
from voicekit.dialogues.timeline import Timeline, chapters_as_metadata
from voicekit.dialogues.turn_taking import Clip, PlacedUtterance, place_utterances
from voicekit.engines.protocols import ProgressCallback
from voicekit.errors import OutputError
from voicekit.storage.files import write_text
from voicekit.storage.paths import distinct_names
from voicekit.storage.write_errors import cannot_write
from voicekit.takes.records import read_takes
from voicekit.takes.render import read_take_audio

CHARACTERS_PER_SECOND = 15.0
"""Pace of speech, to estimate how long a line that failed would have been."""

MIN_PART_PAUSE = 0.1
"""Seconds between two parts of a take from which the pause may be lengthened."""

ENCODER_QUALITY: dict[str, tuple[str, ...]] = {"flac": (), "mp3": ("-q:a", "2"), "m4a": ("-b:a", "160k")}
"""ffmpeg options by suffix of the formats that a mix can be encoded to."""


@dataclass(frozen=True)
class RenderedClip:
    """An utterance as turn-taking and mixer need it.

    Attributes:
        clip: Its timing.
        path: Its audio; None for the silence of an utterance that failed.
        gain: dB that bring it to the common speech level.
    """

    clip: Clip
    path: Path | None = None
    gain: float = 0.0


def load_clip(path: Path, parts: Sequence[tuple[float, float]] = ()) -> RenderedClip:
    """Analyse the audio of a take. `parts`: (start, end) in seconds of its sentences."""
    audio = read_take_audio(path)
    breaks = tuple((a[1] + b[0]) / 2 for a, b in itertools.pairwise(parts) if b[0] - a[1] > MIN_PART_PAUSE)
    return RenderedClip(Clip(audio.duration, find_phrases(audio), breaks), path, leveling_gain(audio))


def silent_clip(utterance: Utterance) -> RenderedClip:
    """Silence of the estimated length of an utterance."""
    seconds = max(0.5, len(utterance.text) / CHARACTERS_PER_SECOND)
    return RenderedClip(Clip(seconds, ((0.0, seconds),)))


def mix_takes(
    casting: Casting,
    clips: Mapping[str, RenderedClip],
    folder: Path,
    progress: ProgressCallback = lambda share: None,
) -> tuple[tuple[PlacedUtterance, ...], MixResult]:
    """Place and mix a dialogue, and write mix and stems.

    Args:
        casting: The dialogue.
        clips: By utterance id.
        folder: Where to write.
        progress: Called with the share done, 0 to 1.

    Raises:
        OutputError: A file cannot be written.
    """
    placed = place_utterances(casting, {id: rendered.clip for id, rendered in clips.items()})
    options, roles = casting.options, casting.roles
    settings = MixSettings(
        options.rate, {name: role.pan for name, role in roles.items()}, options.room,
        max(each.end for each in placed) + TAIL, options.loudness, options.true_peak,
    )  # fmt: skip
    events = [event for each in placed for event in _mix_events(each, clips[each.utterance.id], casting)]
    stems = {name: folder / file for name, file in stem_names(roles).items()}
    try:
        return placed, mix(events, settings, folder / MIX, stems, progress)
    except (OSError, soundfile.LibsndfileError) as error:
        raise _write_error(folder / MIX, error) from error


def _mix_events(placed: PlacedUtterance, rendered: RenderedClip, casting: Casting) -> Iterable[MixEvent]:
    if rendered.path is None:
        return
    utterance = placed.utterance
    gain = rendered.gain + casting.roles[utterance.speaker].level + (BACKCHANNEL_GAIN if utterance.inside else 0.0)
    for piece in placed.pieces:
        fade = CUT_FADE if placed.cut and piece == placed.pieces[-1] else FADE
        yield MixEvent(rendered.path, utterance.speaker, piece.start, piece.end, piece.at, gain, fade)


def mix_again(folder: Path, target: Path) -> Path:
    """Mix the takes of a run again, into another folder; returns the mix. Raises SourceError if the run is damaged."""
    casting = cast_script(read_script(folder / SCRIPT), SCRIPT)
    takes = read_takes(folder)
    by_id = {take.id: take for take in takes.takes}
    clips = {utterance.id: silent_clip(utterance) for utterance in casting.utterances}
    for line in takes.lines:
        if line.picked and line.file:
            clips[line.id] = load_clip(folder / line.file, by_id[line.picked].parts)
    mix_takes(casting, clips, target)
    return target / MIX


def stem_names(speakers: Iterable[str]) -> dict[str, str]:
    """One file per speaker in the run's folder."""
    return {speaker: f"stems/{name}.wav" for speaker, name in distinct_names(speakers).items()}


def _write_error(path: Path, error: Exception) -> OutputError:
    if isinstance(error, OSError) and error.errno:
        return cannot_write(path, error)
    return OutputError(f"cannot write {path}: {error}", "Free some space, or choose another folder with -o")


def encode_mix(source: Path, path: Path, timeline: Timeline) -> None:
    """Encode a mix to another format, with title and chapters. Raises as `audio.encode.transcode`."""
    metadata = path.with_name(".chapters")
    write_text(metadata, chapters_as_metadata(timeline))
    try:
        transcode(source, path, ENCODER_QUALITY[path.suffix.removeprefix(".")], metadata)
    finally:
        metadata.unlink(missing_ok=True)
