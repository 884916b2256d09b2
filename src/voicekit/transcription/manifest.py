"""The manifest (run.json) of a transcription run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicekit.provenance import run_environment
from voicekit.redact import redact_urls

if TYPE_CHECKING:
    from voicekit.recording import Recording
    from voicekit.transcription.pipeline import TranscriptionResult
    from voicekit.transcription.plan import Plan
    from voicekit.transcription.site_subtitles import SiteComparison


def transcript_manifest(
    recording: Recording, plan: Plan, result: TranscriptionResult, seconds: float, site: SiteComparison | None = None
) -> dict[str, Any]:
    """Return the manifest without its list of outputs.

    Args:
        recording: What was transcribed.
        plan: How.
        result: Of the pipeline.
        seconds: Time that the transcription took.
        site: Comparison with the site's subtitles, if there is one.
    """
    duration = result.transcript.duration
    config = plan.options.model_dump(mode="json")
    return {
        "kind": "transcript",
        "plan": plan.digest(recording),
        "source": recording.about,
        "inputs": [
            {
                "name": redact_urls(recording.path.name),
                "identity": recording.identity,
                "sha256": recording.sha256,
            }
        ],
        "config": {k: redact_urls(v) if isinstance(v, str) else v for k, v in config.items()},
        "clean": plan.preset.model_dump(mode="json"),
        "subtitles": plan.style.model_dump(mode="json"),
        "chosen": {"batch_size": plan.batch_size, "compute_type": plan.compute_type, "device": str(plan.device)},
        "models": [{**weights.record(), "origin": weights.origin} for weights in plan.weights],
        "seeds": {"whisper": 0},  # used only for clips that fail twice (engines/asr/repair.py)
        "stages": result.stages,
        "timings": {
            "seconds": round(seconds, 3),
            "duration": duration,
            "times_real_time": round(duration / seconds, 2),
        },
        "warnings": result.warnings,
        "dropped": [vars(dropped) for dropped in result.dropped],
        "unrecognized": [vars(speech) for speech in result.transcript.unrecognized],
        **({"site_subtitles": site.record()} if site else {}),
        **run_environment(plan.device),
    }
