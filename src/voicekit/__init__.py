"""voicekit: transcribe, diarize, subtitle, translate and synthesize speech on your own machine.

    from voicekit import say, transcribe
    transcript = transcribe("talk.mp4", speakers=2)
    take = say("Hello there.", voice="joe", seed=7)

Names are loaded when first used, so that `import voicekit` is quick and imports no model library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voicekit.api import say, transcribe, translate
    from voicekit.cloning.clone import clone
    from voicekit.cloning.job import JobAccess
    from voicekit.dialogues.dialogue import dialogue
    from voicekit.dialogues.mix import Mix
    from voicekit.errors import VoicekitError
    from voicekit.evaluation.evaluate import evaluate
    from voicekit.report.compare import compare
    from voicekit.report.report import write_report
    from voicekit.runtime.progress import Progress
    from voicekit.takes.run import CloneRun, open_clone_run
    from voicekit.transcription.session import Session, default_session
    from voicekit.tts.synthesizer import Synthesizer
    from voicekit.types import Audio, Segment, Take, Transcript, Turn, Word
    from voicekit.verification import verify

_HOMES = {
    "Audio": "types",
    "Mix": "dialogues.mix",
    "Progress": "runtime.progress",
    "Segment": "types",
    "Session": "transcription.session",
    "Synthesizer": "tts.synthesizer",
    "Take": "types",
    "CloneRun": "takes.run",
    "Transcript": "types",
    "Turn": "types",
    "VoicekitError": "errors",
    "Word": "types",
    "clone": "cloning.clone",
    "JobAccess": "cloning.job",
    "compare": "report.compare",
    "default_session": "transcription.session",
    "dialogue": "dialogues.dialogue",
    "evaluate": "evaluation.evaluate",
    "open_clone_run": "takes.run",
    "say": "api",
    "transcribe": "api",
    "translate": "api",
    "verify": "verification",
    "write_report": "report.report",
}

__all__ = [
    "Audio",
    "CloneRun",
    "JobAccess",
    "Mix",
    "Progress",
    "Segment",
    "Session",
    "Synthesizer",
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
    "open_clone_run",
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
