"""Run: a script's dialogue made and kept, as `voicekit dialogue` does it.

    run.json  takes.json  takes/  mix.wav  stems/SPEAKER.wav  timeline.json  mix.srt  mix.vtt  mix.rttm  script.txt

Every take lies in the stage cache under all that determines its sound: what was killed goes on where it stopped, and an
edited line costs that line's take and the mix. A line that cannot be rendered is silence of its likely length; the run
is written all the same and says so, and the next one tries again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from voicekit.audio.ffmpeg import ffmpeg_path, input_limits, input_url, run_ffmpeg
from voicekit.audio.levels import FADE
from voicekit.dialogues.casting import Casting, Utterance, cast
from voicekit.dialogues.mix import MIX, SCRIPT
from voicekit.dialogues.mixer import CUT_FADE, QUIETER, TAIL, Event, Mixed, MixSettings, gain_of, mix, stretches
from voicekit.dialogues.script_readers import read_script
from voicekit.dialogues.timeline import Timeline, chapters_as_metadata
from voicekit.dialogues.turn_taking import Clip, Placed, place
from voicekit.errors import MediaError, OutputError
from voicekit.storage.files import digest, write_text, writing
from voicekit.storage.paths import safe_name
from voicekit.storage.write_errors import cannot_write
from voicekit.takes.records import read_takes
from voicekit.takes.render import read_take


@dataclass(frozen=True)
class Rendered:
    """An utterance as timing and mix need it. `path` of its sound, None for silence; `level` in dB, what evens it."""

    clip: Clip
    path: Path | None = None
    level: float = 0.0


def rendered(path: Path, parts: Sequence[tuple[float, float]] = ()) -> Rendered:
    """A take. `parts`: (start, end) of its sentences."""
    sound = read_take(path)
    breaks = tuple((a[1] + b[0]) / 2 for a, b in itertools.pairwise(parts) if b[0] - a[1] > 0.1)
    return Rendered(Clip(sound.duration, stretches(sound), breaks), path, gain_of(sound))


def silence_like(one: Utterance) -> Rendered:
    """Of a line that cannot be rendered."""
    seconds = max(0.5, len(one.text) / CHARACTERS_A_SECOND)
    return Rendered(Clip(seconds, ((0.0, seconds),)))


def mix_takes(
    casting: Casting,
    takes: Mapping[str, Rendered],
    folder: Path,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[tuple[Placed, ...], Mixed]:
    """Place the takes of a dialogue and mix them; mix and stems are written into a folder.

    Raises:
        OutputError: they cannot be written.
    """
    placed = place(casting, {id: one.clip for id, one in takes.items()})
    options, roles = casting.options, casting.roles
    desk = MixSettings(
        options.rate, {name: role.pan for name, role in roles.items()}, options.room,
        max(one.end for one in placed) + TAIL, options.loudness, options.true_peak,
    )  # fmt: skip
    events = [
        Event(
            path, said.speaker, piece.start, piece.end, piece.at,
            takes[said.id].level + roles[said.speaker].level + (QUIETER if said.inside else 0.0),
            CUT_FADE if one.cut and piece == one.pieces[-1] else FADE,
        )
        for one in placed
        if (path := takes[(said := one.utterance).id].path)
        for piece in one.pieces
    ]  # fmt: skip
    stems = {name: folder / file for name, file in stem_names(roles).items()}
    try:
        return placed, mix(events, desk, folder / MIX, stems, progress)
    except (OSError, soundfile.LibsndfileError) as error:
        raise _not_written(folder / MIX, error) from error


def mix_again(folder: Path, into: Path) -> Path:
    """The mix of a run made again of its takes and its script, into another folder; returns the file.

    Raises:
        SourceError: the run is damaged.
    """
    casting = cast(read_script(folder / SCRIPT), SCRIPT)
    found = read_takes(folder)
    by_id = {take.id: take for take in found.takes}
    takes = {one.id: silence_like(one) for one in casting.utterances}
    for line in found.lines:
        if line.picked and line.file:
            takes[line.id] = rendered(folder / line.file, by_id[line.picked].parts)
    mix_takes(casting, takes, into)
    return into / MIX


def stem_names(speakers: Any) -> dict[str, str]:
    """A file for each speaker in the run's folder: no two alike, not even where capitals do not count."""
    names: dict[str, str] = {}
    for speaker in speakers:
        safe = safe_name(speaker)
        if any(f"stems/{safe}.wav".casefold() == name.casefold() for name in names.values()):
            safe = f"{safe}-{digest(speaker)[:8]}"
        names[speaker] = f"stems/{safe}.wav"
    return names


def _not_written(path: Path, error: Exception) -> OutputError:
    if isinstance(error, OSError) and error.errno:
        return cannot_write(path, error)
    return OutputError(f"cannot write {path}: {error}", "Free some space, or choose another folder with -o")


CODECS = {
    "flac": ("flac", ["-c:a", "flac"]),
    "mp3": ("mp3", ["-c:a", "libmp3lame", "-q:a", "2"]),
    "m4a": ("ipod", ["-c:a", "aac", "-b:a", "160k"]),
}
"""By ending: ffmpeg's container, and its codec with the bit rate."""


def encode(source: Path, path: Path, timeline: Timeline) -> None:
    """Write a mix in another format, with title and chapters where it has those.

    Raises:
        OutputError: it cannot be written.
        MediaError: ffmpeg failed.
    """
    container, codec = CODECS[path.suffix.removeprefix(".")]
    limits = [part for name, value in input_limits().items() for part in (f"-{name}", value)]
    about = path.with_name(".chapters")
    write_text(about, chapters_as_metadata(timeline))
    try:
        with writing(path) as temporary:
            command = [
                ffmpeg_path(), "-hide_banner", "-nostdin", "-loglevel", "error", *limits, "-i", input_url(source),
                "-protocol_whitelist", "file", "-f", "ffmetadata", "-i", input_url(about),
                "-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", *codec, "-f", container, "-bitexact", "-y",
                input_url(temporary),
            ]  # fmt: skip
            status, _, log = run_ffmpeg(command)
            if status:
                lines = log.splitlines()
                raise MediaError(f"{path.name} could not be written ({lines[-1] if lines else 'ffmpeg failed'})", "")
    finally:
        about.unlink(missing_ok=True)


CHARACTERS_A_SECOND = 15.0
"""Of speech: how long a line that cannot be rendered would have been."""
