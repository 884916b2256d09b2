"""Translation, chosen and kept: which engine does a pair, its weights, the cache of sentences, and files in and out.

What `voicekit translate`, `voicekit transcribe --translate` and notebooks call; the work is `pipeline.translate`'s.
"""

from __future__ import annotations

import functools

from voicekit.recording import Recording, clean_recording
from voicekit.runtime.progress import Progress
from voicekit.stages import Stages
from voicekit.storage.files import digest
from voicekit.transcription.plan import Plan
from voicekit.translation.translator import Sound, Translated, Translator
from voicekit.types import Transcript


def translate_stage(
    translator: Translator, recording: Recording, plan: Plan, transcript: Transcript, target: str, stages: Stages
) -> Translated:
    """A translation as a stage of a recording's run: kept in the cache, and recorded with its engines."""

    def sound() -> Sound:
        found = clean_recording(recording, plan.preset, Stages(stages.cache, Progress()))
        return Sound(found.key, found.audio)

    def make() -> tuple[Translated, list[str]]:
        return translator.translate(transcript, target, functools.cache(sound)), []

    made = stages.result(
        f"translate-{target}",
        transcript.duration,
        {"transcript": digest(transcript.to_json()), "target": target, "translation": plan.translation},
        Translated,
        make,
    )
    stages.records[-1] |= {"engines": made.engines, "sentences": made.told.sentences}
    return made
