"""Voices: engines' own, and those of refs/NAME/ with clips and voice.yaml."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from voicekit.audio.encode import FILE_FORMATS, write
from voicekit.config.engines import VoiceFile
from voicekit.config.schema import build
from voicekit.config.yaml_file import load_yaml
from voicekit.engines.registry import speech_engine, speech_engines
from voicekit.errors import UsageError, VoicekitError
from voicekit.storage.files import write_text
from voicekit.types import Audio, Voice

FILE = "voice.yaml"
CLIP = "clip.wav"
_NAME = re.compile(r"[\w][\w.-]{0,63}")


@dataclass(frozen=True)
class KnownVoice:
    """A voice and what is known of it. `about`: its voice.yaml, None for an engine's own."""

    voice: Voice
    about: VoiceFile | None = None
    folder: Path | None = None


def refs() -> Path:
    """Where voices are kept: $VOICEKIT_REFS, or refs/ here."""
    return Path(os.environ.get("VOICEKIT_REFS", "refs"))


def known_voices() -> Iterator[KnownVoice | VoicekitError]:
    """Those of refs/, then the engines' own; a folder whose voice.yaml is wrong comes as its error."""
    folder = refs()
    for path in sorted(folder.glob(f"*/{FILE}")) if folder.is_dir() else []:
        try:
            yield load(path.parent)
        except VoicekitError as error:
            yield error
    for engine in speech_engines().values():
        for speaker in engine.speakers:
            yield KnownVoice(Voice(speaker, engine.name, speaker, None, engine.languages[0]))


def load(folder: Path) -> KnownVoice:
    """The voice of a folder. Raises UsageError where its voice.yaml or its clip is wrong."""
    path = folder / FILE
    about = build(VoiceFile, load_yaml(path), str(path))
    spec = speech_engine(about.engine)
    clip = folder / about.clip if about.clip else None
    if clip and not clip.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{path}: the clip {about.clip} lies outside its folder", "Put it beside voice.yaml")
    if clip and not clip.is_file():
        raise UsageError(f"{path}: there is no clip {about.clip}", "Add it, or run `voicekit voice add` again")
    if clip and not spec.clones:
        raise UsageError(f"{path}: {spec.name} does not clone", f"Engines that do: {_cloners()}")
    if about.speaker and about.speaker not in spec.speakers:
        raise UsageError(f"{path}: {spec.name} has no speaker {about.speaker!r}", f"It has {', '.join(spec.speakers)}")
    return KnownVoice(Voice(folder.name, about.engine, about.speaker, clip, about.language), about, folder)


def first_voice(engine: str | None = None) -> str:
    """The voice that speaks when none is named. Raises UsageError where the engine has none of its own."""
    spec = speech_engine(engine) if engine else next(iter(speech_engines().values()))
    if not spec.speakers:
        raise UsageError(f"{spec.name} speaks like a clip, and none is given", "Give --voice CLIP, or a voice of refs/")
    return spec.speakers[0]


def find(name: str, engine: str | None = None, language: str | None = None) -> KnownVoice:
    """A voice by its name in refs/, by an engine's own name for it, or a clip.

    Args:
        name: `ana`, `jf_alpha`, or the path of a sound file.
        engine: That is to speak; where a name or clip leaves it open, the first that can.
        language: BCP-47, instead of the voice's own.

    Raises:
        UsageError: no such voice, or one that the engine cannot speak with.
    """
    if engine:
        speech_engine(engine)  # raises, where there is none
    found = _find(name, engine)
    voice = found.voice
    spec = speech_engine(voice.engine)
    wanted = language or voice.language
    if wanted not in spec.languages and wanted.partition("-")[0] not in spec.languages:
        raise UsageError(f"{spec.name} does not speak {wanted}", f"It speaks {', '.join(spec.languages)}")
    spoken = wanted if wanted in spec.languages else wanted.partition("-")[0]
    return KnownVoice(Voice(voice.name, voice.engine, voice.speaker, voice.clip, spoken), found.about, found.folder)


def _find(name: str, engine: str | None) -> KnownVoice:
    folder = refs() / name
    if _NAME.fullmatch(name) and (folder / FILE).is_file():
        found = load(folder)
        if engine in (None, found.voice.engine):
            return found
        if found.voice.clip and speech_engine(engine or "").clones:
            own = found.voice
            return KnownVoice(Voice(own.name, engine or own.engine, None, own.clip, own.language), found.about, folder)
        raise UsageError(f"voice {name} is one of {found.voice.engine}", f"Leave out --engine {engine}")
    if Path(name).suffix.lower() in FILE_FORMATS or os.sep in name:
        if not Path(name).is_file():
            raise UsageError(f"no clip {name}", "Check the name")
        spec = speech_engine(engine) if engine else next((e for e in speech_engines().values() if e.clones), None)
        if spec is None or not spec.clones:
            raise UsageError(f"{engine or 'no engine here'} does not clone", f"Engines that do: {_cloners() or 'none'}")
        return KnownVoice(Voice(Path(name).stem, spec.name, None, Path(name), spec.languages[0]))
    for spec in speech_engines().values():
        if name in spec.speakers and engine in (None, spec.name):
            return KnownVoice(Voice(name, spec.name, name, None, spec.languages[0]))
    known = [one.voice.name for one in known_voices() if isinstance(one, KnownVoice)]
    raise UsageError(f"no voice {name!r}{f' of {engine}' if engine else ''}", f"Known: {', '.join(known)}; or a clip")


def _cloners() -> str:
    return ", ".join(engine.name for engine in speech_engines().values() if engine.clones)


def add(name: str, about: VoiceFile, clip: Audio | None = None) -> KnownVoice:
    """Keep a voice in refs/NAME/.

    Raises:
        UsageError: the name is taken or cannot be a folder's, or a recording without consent.
        OutputError: it cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a voice", "Use letters, digits, dots, dashes")
    folder = refs() / name
    if folder.exists():
        raise UsageError(f"there is a voice {name} already", f"Take another name, or remove {folder}")
    if clip is not None and not about.consent:
        raise UsageError(
            f"nobody has said that the person agrees to {name} being cloned",
            'Give --consent "who, when, for what"; it is kept in voice.yaml',
        )
    values: dict[str, Any] = about.model_dump(exclude_none=True, exclude_defaults=False)
    if clip is not None:
        write(clip, folder / CLIP)
        values["clip"] = CLIP
    kept = build(VoiceFile, values, FILE)
    text = yaml.safe_dump(kept.model_dump(exclude_none=True, mode="json"), allow_unicode=True, sort_keys=False)
    write_text(folder / FILE, text)
    return load(folder)
