"""voicekit: local audio and speech. Recordings become diarized transcripts.

    from voicekit import transcribe
    t = transcribe("talk.mp4", speakers=2)

Names are loaded when first used, so that `import voicekit` is quick and imports no model library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voicekit.conversation.run import Mix, dialogue
    from voicekit.data import Audio, Segment, Take, Transcript, Turn, Word
    from voicekit.errors import VoicekitError
    from voicekit.judge.evaluate import evaluate
    from voicekit.report.compare import compare
    from voicekit.report.write import write_report
    from voicekit.session import Session, default_session, transcribe
    from voicekit.speech.clone import clone
    from voicekit.speech.run import Run, open_run
    from voicekit.speech.speaker import Speaker, say
    from voicekit.translation import translate
    from voicekit.verification import verify

_HOMES = {
    "Audio": "data",
    "Mix": "conversation.run",
    "Segment": "data",
    "Session": "session",
    "Speaker": "speech.speaker",
    "Take": "data",
    "Run": "speech.run",
    "Transcript": "data",
    "Turn": "data",
    "VoicekitError": "errors",
    "Word": "data",
    "clone": "speech.clone",
    "compare": "report.compare",
    "default_session": "session",
    "dialogue": "conversation.run",
    "evaluate": "judge.evaluate",
    "open_run": "speech.run",
    "say": "speech.speaker",
    "transcribe": "session",
    "translate": "translation",
    "verify": "verification",
    "write_report": "report.write",
}

__all__ = [
    "Audio",
    "Mix",
    "Run",
    "Segment",
    "Session",
    "Speaker",
    "Take",
    "Transcript",
    "Turn",
    "VoicekitError",
    "Word",
    "clone",
    "compare",
    "default_session",
    "dialogue",
    "evaluate",
    "open_run",
    "say",
    "transcribe",
    "translate",
    "verify",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("voicekit")
    if name in _HOMES:
        return getattr(importlib.import_module(f"voicekit.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'voicekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
