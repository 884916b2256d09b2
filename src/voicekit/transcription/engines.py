"""Load the engines of a plan from a pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicekit.engines.pool import EnginePool
from voicekit.engines.protocols import AsrModel, Diarizer, WindowEmbedder
from voicekit.engines.registry import load_engine
from voicekit.runtime.progress import Progress
from voicekit.transcription.plan import Plan


class TranscriptionEngines:
    """The models that transcribe and diarize. Each is loaded when it is first needed.

    Args:
        pool: Holds the loaded engines.
        progress: Notified when a model is being loaded.
    """

    def __init__(self, pool: EnginePool, progress: Progress) -> None:
        self.pool = pool
        self.progress = progress

    def asr(self, plan: Plan, compute_type: str) -> AsrModel:
        """Return the Whisper of a plan, with a compute type."""
        key = ("transcribe", plan.whisper.path, str(plan.device), compute_type)
        load = load_engine("transcribe.faster-whisper")
        model: AsrModel = self._get(key, "transcribe", lambda: load(plan.whisper, plan.device, compute_type))
        return model

    def diarizer(self, plan: Plan) -> Diarizer:
        """Return pyannote's pipeline, for plans that do not use speaker windows."""
        diarizer: Diarizer = self._get_with_voices("pyannote", "diarize", plan)
        return diarizer

    def window_embedder(self, plan: Plan) -> WindowEmbedder:
        """Return the starter diarizer's networks, for plans that use speaker windows."""
        embedder: WindowEmbedder = self._get_with_voices("starter", "voices", plan)
        return embedder

    def _get_with_voices(self, name: str, task: str, plan: Plan) -> Any:
        key = (name, *(weights.path for weights in plan.voices.values()), str(plan.device))
        load = load_engine(f"diarize.{name}")
        return self._get(key, task, lambda: load(plan.voices, str(plan.device)))

    def _get(self, key: tuple[Any, ...], task: str, load: Callable[[], Any]) -> Any:
        return self.pool.get(key, load, lambda: self.progress.loading(task))
