"""Run: a script's dialogue made and kept, as `voicekit dialogue` does it.

    run.json  takes.json  takes/  mix.wav  stems/SPEAKER.wav  timeline.json  mix.srt  mix.vtt  mix.rttm  script.txt

Every take lies in the stage cache under all that determines its sound: what was killed goes on where it stopped, and an
edited line costs that line's take and the mix. A line that cannot be rendered is silence of its likely length; the run
is written all the same and says so, and the next one tries again.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from voicekit.audio import ffmpeg_path, input_limits, input_url, run_ffmpeg, write
from voicekit.config import ScriptHeader, build, subtitle_style
from voicekit.conversation import script as scripts
from voicekit.conversation.cast import Casting, Utterance, cast, read_cast
from voicekit.conversation.formats import ENDINGS, read_script
from voicekit.conversation.mix import CUT_FADE, QUIETER, TAIL, Desk, Event, Mixed, gain_of, mix, stretches
from voicekit.conversation.script import Script
from voicekit.conversation.timeline import SCHEMA, Timeline, chapters_as_metadata, entries
from voicekit.conversation.turns import Clip, Placed, distribution, place
from voicekit.data import Audio, Transcript
from voicekit.device import choose_device
from voicekit.engines import speech_engine
from voicekit.errors import (
    EngineError,
    MediaError,
    OutputError,
    SourceError,
    UsageError,
    VoicekitError,
    one_line,
)
from voicekit.manifest import made_with, package_versions, surroundings
from voicekit.pipeline.write import save
from voicekit.progress import Reporter
from voicekit.speech.join import FADE
from voicekit.speech.render import Order, Renderer, StoredTake, copy_into, read_take
from voicekit.speech.speaker import Speaker, default_speaker
from voicekit.speech.takes import FILE as TAKES
from voicekit.speech.takes import SCHEMA as TAKES_SCHEMA
from voicekit.speech.takes import LineRecord, TakeRecord, Takes, read_takes
from voicekit.workspace import (
    RunFolder,
    StageCache,
    cannot_write,
    claim_name,
    digest,
    find_run,
    point_latest,
    safe_name,
    write_text,
    writing,
)

if TYPE_CHECKING:
    from voicekit.conversation.heard import Heard
    from voicekit.judge.take import Judge
    from voicekit.session import Session

VERSION = 1
"""Of timing, mix and files: another one makes runs void."""

MIX, TIMELINE, SCRIPT, HEARD = "mix.wav", "timeline.json", "script.txt", "heard.json"

CHARACTERS_A_SECOND = 15.0
"""Of speech: how long a line that cannot be rendered would have been."""

HELD = 100
"""Takes that are held open in the cache at once."""

PACKAGES = ("kokoro-onnx", "numpy", "onnxruntime", "piper-tts", "pyloudnorm", "scipy", "soundfile", "soxr")


@dataclass(frozen=True)
class Mix:
    """A dialogue that was made.

    Attributes:
        folder: The run's.
        timeline: What is said in it when.
        heard: Its scores, where it was judged.
        cached: An earlier run had it all.
    """

    folder: Path
    timeline: Timeline
    heard: Heard | None = None
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
        from voicekit.notebook import mix_html

        return mix_html(self)


def dialogue(
    script: str | Path,
    cast: str | Path | dict[str, Any] | None = None,
    *,
    out: str | Path = "outputs",
    fresh: bool = False,
    speaker: Speaker | None = None,
    **options: Any,
) -> Mix:
    """Speak a conversation and mix it.

    Args:
        script: A file, or the text itself: `Alice: Hello there.` and so on, a line each.
        cast: A cast file, or what it would hold of it: `{"Alice": "joe", "Ben": {"voice": "jm_kumo", "pan": 0.3}}`.
        out: Folder for results.
        fresh: Use nothing from the cache.
        speaker: That renders; the default one, whose engines stay loaded.
        **options: As `voicekit dialogue --help` lists them, with underscores: timing="slow", seed=7 ...

    Raises:
        UsageError: a fault of the script or the cast, with its place.
        VoicekitError: see voicekit.errors. A line that cannot be rendered does not raise: see `Mix.timeline.failed`.
    """
    own: ScriptHeader | None = None
    if isinstance(cast, dict):
        own = build(ScriptHeader, {"cast": cast}, "cast")
    elif cast is not None:
        own = read_cast(Path(cast))
    chosen = casting_of(script, own, **options)
    used = speaker or default_speaker()
    source = Path(script) if is_file(script) else None
    return make(chosen, Path(out), used, StageCache(fresh, made_with), source=source)


def is_file(script: str | Path) -> bool:
    """Whether it names a file, and is not a script's text."""
    return isinstance(script, Path) or ("\n" not in script and script.lower().endswith(ENDINGS))


def casting_of(script: str | Path, file: ScriptHeader | None = None, **options: Any) -> Casting:
    """A script, file or text, read and cast. Raises as `dialogue`."""
    if not isinstance(script, str | Path):
        raise UsageError("the script is no text", "Give a string, or the path of a file")
    if is_file(script):
        return cast(read_script(script), str(script), file, **options)
    return cast(scripts.parse(str(script)), "dialogue", file, **options)


def make(
    casting: Casting,
    out: Path,
    speaker: Speaker,
    cache: StageCache,
    report: Reporter | None = None,
    session: Session | None = None,
    source: Path | None = None,
) -> Mix:
    """Render, mix and keep a dialogue below `out`; what an earlier run has of it is not made again.

    Args:
        session: That listens where `casting.options.judge` says so; a new one when left out.
        source: The script's file; None for a text.

    Raises:
        VoicekitError: all but a line that cannot be rendered.
    """
    report = report or Reporter()
    title = one_line(casting.script.header.title) or (source.stem if source else "dialogue")
    report.item_started(title)
    for note in casting.notes:
        report.note(note)
    renderer = Renderer(speaker, cache)
    plan = _plan(casting, renderer)
    home = claim_name(out, source.stem if source else title, f"dialogue:{source.resolve() if source else title}")
    if not cache.fresh and (folder := find_run(home, plan)):
        point_latest(folder)
        report.item_done(title, folder, again=True)
        return open_mix(folder, cached=True)
    with RunFolder(home, plan) as run:
        maker = _Maker(casting, title, run.folder, renderer, report)
        mix = maker.make(session)
        manifest = _manifest(maker, plan, source)
        folder = run.commit(manifest)
    if not mix.timeline.failed:
        report.item_done(title, folder, again=False)
    return replace(mix, folder=folder)


def open_mix(folder: Path, cached: bool = False) -> Mix:
    """The dialogue of a run's folder. Raises SourceError where it holds none."""
    try:
        timeline = Timeline.from_json((folder / TIMELINE).read_bytes())
        heard = _read_heard(folder / HEARD)
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder} holds no dialogue ({error})", "Give the folder of a dialogue's run") from error
    return Mix(folder, timeline, heard, cached)


def _read_heard(path: Path) -> Heard | None:
    if not path.is_file():
        return None
    from voicekit.conversation.heard import Heard

    return Heard.from_json(path.read_bytes())


def _plan(casting: Casting, renderer: Renderer) -> str:
    """Digest of all that determines the run."""
    return digest(
        {
            "version": VERSION,
            "script": scripts.format(casting.script),
            "options": casting.options.model_dump(mode="json", exclude={"device"}),
            "roles": {name: role.model_dump(mode="json") for name, role in casting.roles.items()},
            "takes": [[one.id, renderer.parts(one.order)] for one in casting.utterances],
        }
    )


class _Maker:
    """Makes one run in its folder."""

    def __init__(self, casting: Casting, title: str, folder: Path, renderer: Renderer, report: Reporter) -> None:
        self.casting = casting
        self.title = title
        self.folder = folder
        self.renderer = renderer
        self.report = report
        self.takes: dict[str, TakeRecord] = {}
        """By id, those that failed too."""
        self.picked: dict[str, TakeRecord] = {}
        """By utterance."""
        self.why: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.rendered: dict[str, Rendered] = {}
        """By utterance; silence for those that failed."""
        self.timings: dict[str, float] = {}
        self.cached = 0

    def make(self, session: Session | None) -> Mix:
        self._render()
        timeline = self._mixed()
        heard: Heard | None = None
        if self.casting.options.judge and len(self.errors) < len(self.casting.utterances):
            timeline, heard = self._judged(timeline, session)
        self._write(timeline, heard)
        return Mix(self.folder, timeline, heard)

    # --- takes

    def _render(self) -> None:
        utterances = {one.order.id: one for one in self.casting.utterances}
        started = time.monotonic()
        self.report.stage_started("takes", 0.0)

        def failed(order: Order, error: VoicekitError) -> None:
            one = utterances[order.id]
            self.errors[one.id] = str(error)
            self.takes[order.id] = replace(order.record(), error=str(error))
            self.rendered[one.id] = _silence(one)
            self.report.item_failed(f"line {one.line + 1} ({one.speaker})", error)

        for count, (stored, _) in enumerate(
            self.renderer.each([one.order for one in utterances.values()], None, failed)
        ):
            self._keep(utterances[stored.order.id], stored)
            self.cached += stored.cached
            self.report.stage_progress((count + 1) / len(utterances))
            if count % HELD == HELD - 1:
                self.renderer.release()
        self.renderer.release()
        if not self.picked:
            raise EngineError("no line could be rendered", f"The first error: {next(iter(self.errors.values()))}")
        self.timings["takes"] = time.monotonic() - started
        self.report.stage_done("takes", self.timings["takes"], self.cached == len(utterances))

    def _keep(self, one: Utterance, stored: StoredTake) -> None:
        """A take in the run's folder, and what timing and mix need to know of it."""
        file = f"takes/{stored.order.id}.flac"
        try:
            copy_into(stored, self.folder, file)
        except OSError as error:
            raise cannot_write(self.folder / file, error) from error
        record = stored.record(file)
        self.takes[record.id] = record
        self.picked[one.id] = record
        self.rendered[one.id] = rendered(self.folder / file, record.parts)

    # --- mix

    def _mixed(self) -> Timeline:
        started = time.monotonic()
        options = self.casting.options
        self.report.stage_started("mix", sum(one.clip.seconds for one in self.rendered.values()))
        placed, done = mix_takes(self.casting, self.rendered, self.folder, self.report.stage_progress)
        self.timings["mix"] = time.monotonic() - started
        self.report.stage_done("mix", self.timings["mix"], False)
        if done.loudness is not None and abs(done.loudness - options.loudness) > 0.5:
            self.report.warning(
                f"the mix is at {done.loudness:g} LUFS, not at {options.loudness:g}: more would squash its peaks"
            )
        return self._timeline(placed, done)

    def _timeline(self, placed: Sequence[Placed], done: Mixed) -> Timeline:
        takes = {id: record.id for id, record in self.picked.items()}
        return Timeline(
            SCHEMA, self.title, done.seconds, self.casting.options.rate, tuple(self.casting.roles),
            stem_names(self.casting.roles), done.loudness, done.true_peak, done.limited, distribution(placed),
            entries(self.casting, placed, takes, self.errors),
        )  # fmt: skip

    # --- judge

    def _judged(self, timeline: Timeline, session: Session | None) -> tuple[Timeline, Heard]:
        """The scores of the mix; and where there is a budget for it, lines taken again, mixed and scored anew."""
        from voicekit.conversation.heard import hear
        from voicekit.session import Session

        started = time.monotonic()
        with session or Session(self.report) as listener:
            heard, _ = hear(listener, self.folder / MIX, timeline, self.casting.options.device)
            if self.casting.options.retakes and self._retaken(heard):
                timeline = self._mixed()
                heard, _ = hear(listener, self.folder / MIX, timeline, self.casting.options.device)
        self.timings["judge"] = time.monotonic() - started
        return timeline, heard

    def _retaken(self, heard: Heard) -> bool:
        """Take the lines that were understood worst again, within the budget; whether a better take came of it.

        Only lines of engines that draw: the others would say it the same way again. A take is better when fewer of its
        words are wrong, heard by itself; among equals the first stays.
        """
        from voicekit.judge.take import Judge

        by_id = {one.id: one for one in self.casting.utterances}
        worst = [by_id[id] for id, share in heard.lines.items() if share > 0 and id in self.picked]
        worst = [one for one in worst if speech_engine(one.order.voice.voice.engine).draws]
        budget = self.casting.options.retakes
        better = False
        with Judge(self.casting.options.device, self.report) as judge:
            for number in range(2, 2 + budget):
                for one in worst:
                    if budget == 0:
                        return better
                    better = self._better(one, number, judge) or better
                    budget -= 1
        return better

    def _better(self, one: Utterance, number: int, judge: Judge) -> bool:
        """Another take of a line; whether it is kept."""
        before = self.picked[one.id]
        first = self.renderer.render(one.order if before.number == 1 else self.casting.retake(one, before.number))
        again = self.renderer.render(self.casting.retake(one, number))
        heard = [self.renderer.measure(stored, judge) for stored in (first, again)]
        wrong = [1.0 if measures.wer is None else measures.wer for measures in heard]
        kept = wrong[1] < wrong[0]
        ready = self.rendered[one.id]
        self.takes[before.id] = before = replace(before, measures=heard[0])
        self._keep(one, again)
        self.takes[again.order.id] = self.picked[one.id] = replace(self.picked[one.id], measures=heard[1])
        if not kept:
            self.picked[one.id], self.rendered[one.id] = before, ready
        said = f"{wrong[min(kept, 1)]:.0%} of its words were wrong, {wrong[1 - kept]:.0%} of the other's"
        self.why[one.id] = said
        self.report.note(
            f"line {one.line + 1} ({one.speaker}), take {number}: {wrong[0]:.0%} wrong, now {wrong[1]:.0%}"
        )
        self.renderer.release()
        return kept

    # --- files

    def _write(self, timeline: Timeline, heard: Heard | None) -> None:
        lines = tuple(self._line(one) for one in self.casting.utterances)
        order = {one.id: number for number, one in enumerate(self.casting.utterances)}
        takes = tuple(sorted(self.takes.values(), key=lambda take: (order[take.line], take.number)))
        write_text(self.folder / TAKES, Takes(TAKES_SCHEMA, lines, takes).to_json())
        write_text(self.folder / TIMELINE, timeline.to_json())
        write_text(self.folder / SCRIPT, scripts.format(self._script()))
        if heard is not None:
            write_text(self.folder / HEARD, heard.to_json())
        transcript, exact = timeline.transcript, subtitle_style("raw")
        for ending in ("srt", "vtt", "rttm"):
            save(transcript, self.folder / f"mix.{ending}", exact)
        for ending in self.casting.options.format:
            encode(self.folder / MIX, self.folder / f"mix.{ending}", timeline)

    def _script(self) -> Script:
        """The script with the cast and the options that it was made with."""
        options = self.casting.options.model_dump(exclude_defaults=True)
        cast = {name: role.model_dump(exclude_defaults=True) for name, role in self.casting.roles.items()}
        return replace(self.casting.script, header=ScriptHeader(title=self.title, cast=cast, **options))

    def _line(self, one: Utterance) -> LineRecord:
        record = self.picked.get(one.id)
        voice = one.order.voice.voice.name
        if record is None:
            return LineRecord(one.id, one.text, voice, None, self.errors[one.id], flagged=True)
        why = self.why.get(one.id, "the only take")
        return LineRecord(one.id, one.text, voice, record.id, why, False, record.file)


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


def _silence(one: Utterance) -> Rendered:
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
    desk = Desk(
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
    takes = {one.id: _silence(one) for one in casting.utterances}
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


def _manifest(maker: _Maker, plan: str, source: Path | None) -> dict[str, Any]:
    """run.json, before its outputs are listed. A run with lines missing is not taken for the plan's."""
    casting = maker.casting
    models = {digest(model): model for take in maker.takes.values() if (model := take.made_with.get("model"))}
    script = {"name": source.name, "sha256": digest(scripts.format(casting.script))} if source else None
    return {
        "kind": "dialogue",
        "plan": digest([plan, sorted(maker.errors)]) if maker.errors else plan,
        "source": {"kind": "script", "path": str(source)} if source else {"kind": "text"},
        "inputs": [script] if script else [],
        "config": casting.options.model_dump(mode="json"),
        "cast": {name: role.model_dump(mode="json", exclude_defaults=True) for name, role in casting.roles.items()},
        "models": list(models.values()),
        "seeds": {"dialogue": casting.options.seed},
        "timings": {name: round(seconds, 3) for name, seconds in maker.timings.items()},
        "takes": {"wanted": len(casting.utterances), "cached": maker.cached, "failed": len(maker.errors)},
        "warnings": [*casting.notes, *(f"{id}: {error}" for id, error in maker.errors.items())],
        **surroundings(choose_device(maker.renderer.speaker.device)),
        "packages": package_versions(PACKAGES),
    }
