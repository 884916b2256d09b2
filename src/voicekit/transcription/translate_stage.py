"""Translation as a stage of a recording's run."""

from __future__ import annotations

import functools

from voicekit.recording import Recording, clean_recording
from voicekit.runtime.progress import Progress
from voicekit.stages import Stages
from voicekit.storage.files import digest
from voicekit.transcription.plan import Plan
from voicekit.translation.translator import Translated, Translator
from voicekit.types import Transcript


def translate_stage(
    translator: Translator, recording: Recording, plan: Plan, transcript: Transcript, target: str, stages: Stages
) -> Translated:
    """Translate a transcript to one language; the result is cached and recorded like any stage's."""
    audio = functools.cache(lambda: clean_recording(recording, plan.preset, Stages(stages.cache, Progress())))
    translated = stages.result(
        f"translate-{target}",
        transcript.duration,
        {"transcript": digest(transcript.to_json()), "target": target, "translation": plan.translation},
        Translated,
        lambda: (translator.translate(transcript, target, audio), []),
    )
    stages.records[-1] |= {"engines": translated.engines, "sentences": translated.notes.sentences}
    return translated
