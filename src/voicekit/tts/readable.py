"""Whether a voice can read a text: asked before a job begins, and again before each text is spoken."""

from __future__ import annotations

import unicodedata

from voicekit.engines.registry import speech_engines
from voicekit.errors import UsageError
from voicekit.text.language_id import words_in_other_script
from voicekit.text.plain_text import PAUSE
from voicekit.text.speakable import to_parts
from voicekit.tts.voices import KnownVoice


def check_readable(text: str, known: KnownVoice, normalize: bool = True) -> None:
    """Raise UsageError if a text has no words, or words in a script that the language of the voice does not use."""
    voice = known.voice
    words = words_in_other_script(text, voice.language)
    if words:
        script = unicodedata.name(words[0][0], "unknown").split()[0].capitalize()
        raise UsageError(
            f"the voice {voice.name} ({voice.language}) cannot read {words[0][:20]!r} ({script} letters)",
            f"Voices that can: {', '.join(_voices_for(words[0])) or 'none is installed'}",
        )
    if any(char.isalnum() for char in text):
        to_parts(text, voice.language, normalize=False)  # fast, and it finds pauses that are too long
    else:
        to_parts(text, voice.language, normalize)


def spoken_if_different(text: str, known: KnownVoice, normalize: bool = True) -> str | None:
    """The text that is spoken if it has other words than the written one: numbers written out, markup removed."""
    spoken = " ".join(part.text for part in to_parts(text, known.voice.language, normalize))
    return None if _words(spoken) == _words(PAUSE.sub(" ", text)) else spoken


def _words(text: str) -> list[str]:
    text = text.replace("’", "'").casefold()
    return "".join(char if char.isalnum() or char == "'" else " " for char in text).split()


def _voices_for(word: str) -> list[str]:
    """Engines, and their own voices, with a language that uses the script of a word."""
    found = []
    for engine in speech_engines().values():
        languages = [language for language in engine.languages if not words_in_other_script(word, language)]
        if languages and engine.clones:
            found.append(f"{engine.name} in {', '.join(languages)}")
        elif engine.languages[0] in languages:
            found.append(f"{engine.name} ({', '.join(engine.speakers[:3])})" if engine.speakers else engine.name)
    return found
