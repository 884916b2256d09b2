"""Translation, chosen and kept: which engine does a pair, its weights, the cache of sentences, and files in and out.

What `voicekit translate`, `voicekit transcribe --translate` and notebooks call; the work is `pipeline.translate`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voicekit.config.schema import build
from voicekit.config.translate import TranslateOptions
from voicekit.errors import UsageError
from voicekit.runtime.progress import Progress
from voicekit.transcription.session import default_session
from voicekit.translation.files import open_source, sound_once
from voicekit.tts.synthesizer import default_synthesizer
from voicekit.types import Take, Transcript

# --- notebooks --------------------------------------------------------------------------------------------------------


def translate(
    transcript: Transcript | str | Path,
    to: str,
    *,
    engine: str = "auto",
    audio: str | Path | None = None,
    progress: Progress | None = None,
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
    from voicekit.transcription.session import default_session

    progress = progress or Progress()
    recording = Path(audio) if audio else None
    if not isinstance(transcript, Transcript):
        source = open_source(transcript, audio=recording)
        transcript, recording = source.transcript, source.recording
    translator = default_session().translator(chosen, progress)
    made = translator.translate(transcript, chosen.to[0], sound_once(recording, progress))
    for text in made.told.warnings:
        progress.warning(text)
    return made.transcript


def transcribe(source: str | Path, **options: Any) -> Transcript:
    """Transcribe one recording with the default session, whose models stay loaded. See `Session.transcribe`."""
    return default_session().transcribe(source, **options)


def say(text: str, **options: Any) -> Take:
    """Speak a text with the default speaker, whose engines stay loaded. See `Speaker.say`."""
    if not isinstance(text, str):
        raise UsageError("the text is no text", "Give a string")
    return default_synthesizer().say(text, **options)
