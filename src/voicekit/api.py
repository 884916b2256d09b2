"""The functions for notebooks and scripts, on top of sessions whose models stay loaded between calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from voicekit.config.keywords import SayKeywords, TranscribeKeywords, TranslateKeywords
from voicekit.config.schema import build
from voicekit.config.translate import TranslateOptions
from voicekit.errors import UsageError
from voicekit.runtime.progress import Progress
from voicekit.transcription.session import default_session
from voicekit.translation.files import load_audio_once, open_source
from voicekit.tts.synthesizer import default_synthesizer
from voicekit.types import Take, Transcript


def transcribe(
    source: str | Path,
    *,
    out: str | Path | None = None,
    config: str | Path | None = None,
    cookies: str | Path | None = None,
    cookies_from_browser: str | None = None,
    allow_hosts: Sequence[str] = (),
    fresh: bool = False,
    **options: Unpack[TranscribeKeywords],
) -> Transcript:
    """Transcribe one recording. Models stay loaded in the default session.

    Args:
        source: Media file, URL, playlist or glob; only the first recording is used.
        out: Folder to also write a run to, as the command line does.
        config: YAML file of options.
        cookies: Netscape cookie file for the download.
        cookies_from_browser: Browser to read cookies from.
        allow_hosts: Hosts in a local network that the download may connect to.
        fresh: Whether to ignore the cache and download again.
        **options: The options of `voicekit transcribe`, such as speakers=2 or model="small".

    Raises:
        VoicekitError: The recording cannot be read or an option is invalid; see voicekit.errors.
    """
    return default_session().transcribe(
        source, out=out, config=config, cookies=cookies, cookies_from_browser=cookies_from_browser,
        allow_hosts=allow_hosts, fresh=fresh, **options,
    )  # fmt: skip


def translate(
    transcript: Transcript | str | Path,
    to: str,
    *,
    audio: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[TranslateKeywords],
) -> Transcript:
    """Translate a transcript. Models stay loaded in the default session.

    Args:
        transcript: A Transcript; or a transcript.json, .srt or .vtt file, or a run folder.
        to: BCP-47 tag of the target language: es, pt-BR, zh-Hant ...
        audio: The recording, for the engine whisper.
        progress: Receives progress and warnings.
        **options: The options of `voicekit translate`, such as engine="nllb"; `--from` is `source`.

    Raises:
        VoicekitError: No engine translates this pair, or an option is invalid; see voicekit.errors.
    """
    given = {name: value for name, value in options.items() if value is not None}
    chosen = build(TranslateOptions, {"to": to, **given}, "options")
    if len(chosen.to) != 1:
        raise UsageError(f"{to!r} is not one language", "Give one language, such as to='es'")
    progress = progress or Progress()
    recording = Path(audio) if audio else None
    if not isinstance(transcript, Transcript):
        source = open_source(transcript, audio=recording)
        transcript, recording = source.transcript, source.recording
    translator = default_session().translator(chosen, progress)
    translated = translator.translate(transcript, chosen.to[0], load_audio_once(recording, progress))
    for warning in translated.notes.warnings:
        progress.warning(warning)
    return translated.transcript


def say(text: str, **options: Unpack[SayKeywords]) -> Take:
    """Speak a text. Engines stay loaded in the default synthesizer.

    Args:
        text: The text as people write it; `[pause 0.7]` is a pause in seconds.
        **options: The options of `voicekit say`, such as voice="joe" or seed=7, and parameters of the engine, such
            as speed=0.9.

    Raises:
        VoicekitError: The voice does not exist or an option is invalid; see voicekit.errors.
    """
    if not isinstance(text, str):
        raise UsageError(f"the text is a {type(text).__name__}", "Give a string")
    return default_synthesizer().say(text, **options)
