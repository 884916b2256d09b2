"""Voices: those bundled with the engines, and the user's in refs/NAME/ (a voice.yaml and a reference clip)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from voicekit.audio.encode import FILE_FORMATS, write_audio
from voicekit.config.engines import VoiceFile
from voicekit.config.schema import build
from voicekit.config.yaml_file import load_yaml
from voicekit.engines.registry import speech_engine, speech_engines
from voicekit.errors import UsageError, VoicekitError
from voicekit.storage.files import write_text
from voicekit.storage.paths import is_inside
from voicekit.types import Audio, Voice

FILE = "voice.yaml"
CLIP = "clip.wav"
_NAME = re.compile(r"[\w][\w.-]{0,63}")


@dataclass(frozen=True)
class KnownVoice:
    """A voice and where it comes from.

    Attributes:
        voice: What the engine needs.
        config: Content of voice.yaml; None for a bundled voice or a bare clip.
        folder: refs/NAME; None for a bundled voice or a bare clip.
    """

    voice: Voice
    config: VoiceFile | None = None
    folder: Path | None = None


def voices_folder() -> Path:
    """The folder of the user's voices: $VOICEKIT_REFS, or refs/ in the current folder."""
    return Path(os.environ.get("VOICEKIT_REFS", "refs"))


def known_voices() -> Iterator[KnownVoice | VoicekitError]:
    """Yield the voices of refs/, then the bundled ones; an invalid voice.yaml is yielded as its error."""
    folder = voices_folder()
    for path in sorted(folder.glob(f"*/{FILE}")) if folder.is_dir() else []:
        try:
            yield load_voice(path.parent)
        except VoicekitError as error:
            yield error
    for engine in speech_engines().values():
        for speaker in engine.speakers:
            yield KnownVoice(Voice(speaker, engine.name, speaker, None, engine.languages[0]))


def load_voice(folder: Path) -> KnownVoice:
    """Load the voice of a folder. Raises UsageError if its voice.yaml or its clip is invalid."""
    path = folder / FILE
    config = build(VoiceFile, load_yaml(path), str(path))
    spec = speech_engine(config.engine)
    clip = folder / config.clip if config.clip else None
    if clip and not is_inside(clip, folder):
        raise UsageError(f"{path}: the clip {config.clip} lies outside its folder", "Put it beside voice.yaml")
    if clip and not clip.is_file():
        raise UsageError(f"{path}: the clip {config.clip} is missing", "Add it, or run `voicekit voice add` again")
    if clip and not spec.clones:
        raise UsageError(f"{path}: {spec.name} does not clone", f"Engines that do: {_cloning_engines()}")
    if config.speaker and config.speaker not in spec.speakers:
        raise UsageError(f"{path}: {spec.name} has no speaker {config.speaker!r}", f"It has {', '.join(spec.speakers)}")
    return KnownVoice(Voice(folder.name, config.engine, config.speaker, clip, config.language), config, folder)


def hidden_voice(known: KnownVoice) -> str | None:
    """A warning if a voice of refs/ has the name of a bundled one, which it hides."""
    if known.folder is None:
        return None
    name = known.folder.name
    hidden = _engines_with(name)
    return f"{known.folder} is used; it hides the voice {name} of {', '.join(hidden)}" if hidden else None


def _engines_with(speaker: str) -> list[str]:
    """Names of the engines that bring a voice of this name."""
    return [engine.name for engine in speech_engines().values() if speaker in engine.speakers]


def first_voice(engine: str | None = None) -> str:
    """The default voice of an engine. Raises UsageError for an engine without bundled voices."""
    spec = speech_engine(engine) if engine else next(iter(speech_engines().values()))
    if not spec.speakers:
        raise UsageError(
            f"{spec.name} has no bundled voices and needs a reference clip", "Give --voice CLIP, or a voice of refs/"
        )
    return spec.speakers[0]


def find_voice(name: str, engine: str | None = None, language: str | None = None) -> KnownVoice:
    """Resolve a voice.

    Args:
        name: A name in refs/ (`ana`), a bundled voice (`jf_alpha`), or the path of an audio file to clone.
        engine: Engine to use (default: the voice's; for a clip, the first engine that clones).
        language: BCP-47 (default: the voice's).

    Raises:
        UsageError: Unknown voice, or a voice that the engine cannot use.
    """
    if engine:
        speech_engine(engine)  # raises for an unknown engine
    known = _find_by_name(name, engine)
    spec = speech_engine(known.voice.engine)
    wanted = language or known.voice.language
    base = wanted.partition("-")[0]
    if wanted not in spec.languages and base not in spec.languages:
        raise UsageError(f"{spec.name} does not speak {wanted}", f"It speaks {', '.join(spec.languages)}")
    return replace(known, voice=replace(known.voice, language=wanted if wanted in spec.languages else base))


def _find_by_name(name: str, engine: str | None) -> KnownVoice:
    folder = voices_folder() / name
    if _NAME.fullmatch(name) and (folder / FILE).is_file():
        known = load_voice(folder)
        if engine in (None, known.voice.engine):
            return known
        if known.voice.clip and speech_engine(engine or "").clones:
            return replace(known, voice=replace(known.voice, engine=engine or "", speaker=None))
        raise UsageError(f"voice {name} belongs to {known.voice.engine}", f"Leave out --engine {engine}")
    if Path(name).suffix.lower() in FILE_FORMATS or os.sep in name:
        if not Path(name).is_file():
            raise UsageError(f"no clip {name}", "Check the name")
        spec = speech_engine(engine) if engine else next((e for e in speech_engines().values() if e.clones), None)
        if spec is None or not spec.clones:
            raise UsageError(
                f"{engine or 'no installed engine'} does not clone", f"Engines that do: {_cloning_engines() or 'none'}"
            )
        return KnownVoice(Voice(Path(name).stem, spec.name, None, Path(name), spec.languages[0]))
    for spec in speech_engines().values():
        if name in spec.speakers and engine in (None, spec.name):
            return KnownVoice(Voice(name, spec.name, name, None, spec.languages[0]))
    names = [known.voice.name for known in known_voices() if isinstance(known, KnownVoice)]
    raise UsageError(f"no voice {name!r}{f' of {engine}' if engine else ''}", f"Known: {', '.join(names)}; or a clip")


def _cloning_engines() -> str:
    return ", ".join(engine.name for engine in speech_engines().values() if engine.clones)


def store_voice(name: str, config: VoiceFile, clip: Audio | None = None) -> KnownVoice:
    """Store a voice in refs/NAME/.

    Raises:
        UsageError: The name is taken, also by a bundled voice, or invalid, or a clip comes without consent.
        OutputError: The folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"invalid voice name {name!r}", "Use letters, digits, dots, dashes")
    folder = voices_folder() / name
    if hidden := _engines_with(name):
        raise UsageError(f"{hidden[0]} has a voice {name}", "Choose another name")
    if folder.exists():
        raise UsageError(f"voice {name} exists already", f"Choose another name, or remove {folder}")
    if clip is not None and not config.consent:
        raise UsageError(
            f"no consent is recorded for cloning {name}",
            'Give --consent "who, when, for what"; it is kept in voice.yaml',
        )
    values: dict[str, Any] = config.model_dump(exclude_none=True, exclude_defaults=False)
    if clip is not None:
        write_audio(clip, folder / CLIP)
        values["clip"] = CLIP
    stored = build(VoiceFile, values, FILE)
    text = yaml.safe_dump(stored.model_dump(exclude_none=True, mode="json"), allow_unicode=True, sort_keys=False)
    write_text(folder / FILE, text)
    return load_voice(folder)
