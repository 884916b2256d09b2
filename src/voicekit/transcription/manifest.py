"""run.json: with what a result was made, so that it can be traced and made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicekit.provenance import surroundings
from voicekit.redact import without_secrets

if TYPE_CHECKING:
    from voicekit.recording import Recording
    from voicekit.transcription.pipeline import TranscriptionResult
    from voicekit.transcription.plan import Plan


def describe(recording: Recording, plan: Plan, heard: TranscriptionResult, seconds: float) -> dict[str, Any]:
    """The manifest of a transcript's run, before its outputs are listed."""
    duration = heard.transcript.duration
    config = plan.options.model_dump(mode="json")
    return {
        "kind": "transcript",
        "plan": plan.digest(recording),
        "source": recording.about,
        "inputs": [
            {"name": without_secrets(recording.path.name), "identity": recording.identity, "sha256": recording.sha256}
        ],
        "config": {k: without_secrets(v) if isinstance(v, str) else v for k, v in config.items()},
        "clean": plan.preset.model_dump(mode="json"),
        "subtitles": plan.style.model_dump(mode="json"),
        "chosen": {"batch_size": plan.batch_size, "compute_type": plan.compute_type, "device": str(plan.device)},
        "models": [{**weights.record(), "origin": weights.origin} for weights in plan.weights],
        "seeds": {"whisper": 0},  # only clips that fail twice are drawn (engines/faster_whisper.py)
        "stages": heard.stages,
        "timings": {
            "seconds": round(seconds, 3),
            "duration": duration,
            "times_real_time": round(duration / seconds, 2),
        },
        "warnings": heard.warnings,
        "dropped": [vars(what) for what in heard.dropped],
        **surroundings(plan.device),
    }
