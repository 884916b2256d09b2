"""Run a clone job: render, judge, retry, pick, write."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from voicekit.cloning.forecast import SpeedRecords
from voicekit.cloning.job import JobAccess, JobSource, load_job
from voicekit.cloning.plan import JobPlan, LinePlan, plan_job
from voicekit.errors import EngineError, SourceError, VoicekitError
from voicekit.provenance import run_environment, software_versions
from voicekit.quality.judge import Judge
from voicekit.quality.prosody import VoiceProfile
from voicekit.redact import redact_urls
from voicekit.runtime.progress import Progress, format_duration
from voicekit.storage.cache import StageCache
from voicekit.storage.files import digest, hash_file
from voicekit.storage.names import claim_name
from voicekit.storage.runs import RunFolder, find_run, latest_run
from voicekit.takes.records import SCHEMA as TAKES_SCHEMA
from voicekit.takes.records import LineRecord, TakeRecord, Takes, read_takes
from voicekit.takes.render import Renderer, TakeRequest
from voicekit.takes.repair import TakeRepairer
from voicekit.takes.results import write_results, write_spec
from voicekit.takes.run import CloneRun, open_clone_run
from voicekit.takes.selection import voice_profiles, with_verdict
from voicekit.takes.table import describe_take
from voicekit.takes.tags import Tag, read_tags, write_tags
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Measures

VERSION = 1
"""Part of the plan digest: raise it when the same job would give other files."""


def clone(
    job: JobSource,
    out: str | Path = "outputs",
    *,
    only: Sequence[str] = (),
    limit: int | None = None,
    overrides: Sequence[str] = (),
    access: JobAccess = JobAccess(),  # noqa: B008 - frozen
    device: str = "auto",
    model: str = "auto",
    fresh: bool = False,
    progress: Progress | None = None,
) -> CloneRun:
    """Run a job: render several takes of each line, judge them, and keep the best.

    An interrupted job continues where it stopped, because rendered and judged takes are cached. The run's folder
    appears once it is complete. A line that cannot be synthesized does not stop the others.

    Args:
        job: A YAML file, a name in configs/clone, or the content of such a file.
        out: Results are written to OUT/NAME/RUN/.
        only: Ids of lines to do (default: all).
        limit: Do the first N lines only.
        overrides: `key=value` pairs that override the job, such as takes=3 or pick.gates.max_wer=0.05.
        access: Values of `${NAME}` in the job, and what it may read outside its folder.
        device: auto, cpu, cuda or cuda:1.
        model: Whisper model of the judge.
        fresh: Ignore the cache.
        progress: Receives progress events.

    Raises:
        UsageError: The job is invalid; the message names the line.
        VoicekitError: Not a single take could be rendered, or the run cannot be written.
    """
    loaded = load_job(job, overrides, access)
    plan = plan_job(loaded, tuple(only), limit)
    name = str(plan.spec.name)
    source = str(loaded.file.resolve()) if loaded.file else ""
    progress = progress or Progress()
    home = claim_name(Path(out), name, source or f"job {name}")
    with Synthesizer(progress, device) as synthesizer, Judge(device, progress, model) as judge:
        renderer = Renderer(synthesizer, StageCache(fresh, software_versions))
        key = plan_digest(plan, renderer, judge)
        progress.item_started(name)
        if not fresh and (folder := find_run(home, key)):
            progress.item_done(name, folder, again=True)
            return open_clone_run(folder)
        previous_run = latest_run(home)
        with RunFolder(home, key) as run:
            manifest = _JobRunner(plan, renderer, judge, run.folder, progress).run(_read_tags_by_audio(previous_run))
            manifest["job"] = {"file": redact_urls(source), "name": plan.spec.name}
            if manifest["failed"]:  # gives an incomplete run another key, so that the job is tried again
                key = digest([key, manifest["failed"]])
            manifest = {"kind": "clone", "plan": key, **manifest, **run_environment(judge.device)}
            folder = run.commit(manifest, reuse=not fresh)
    progress.item_done(name, folder, again=False)
    return open_clone_run(folder)


def plan_digest(plan: JobPlan, renderer: Renderer, judge: Judge) -> str:
    """Digest of everything that determines the files of a run. Raises ModelNotFound if a model is missing."""
    return digest(
        {
            "version": VERSION,
            "lines": [[line.id, line.text, line.voice] for line in plan.lines],
            "takes": [
                [request.id, renderer.cache_parts(request)] for line in plan.lines for request in plan.requests(line)
            ],
            "seed": plan.spec.seed,
            "judge": judge.cache_parts(),
            "options": plan.spec.model_dump(mode="json", include={"pick", "retry", "repair", "output"}),
        }
    )


def _read_tags_by_audio(run: Path | None) -> dict[str, Tag]:
    """Tags of the previous run, by SHA-256 of the take's audio; they apply to identical takes of the new run."""
    if run is None:
        return {}
    try:
        tags = read_tags(run)
        tagged = [take for take in read_takes(run).takes if take.id in tags and take.file] if tags else []
        return {hash_file(run / str(take.file)): tags[take.id] for take in tagged}
    except (SourceError, OSError):
        return {}


@dataclass
class _JobRunner:
    """Renders and judges the takes of a job and writes them into the run's folder."""

    plan: JobPlan
    renderer: Renderer
    judge: Judge
    folder: Path
    progress: Progress
    takes: dict[str, list[TakeRecord]] = field(default_factory=dict)  # by line id
    references: dict[str, Measures | None] = field(default_factory=dict)  # of reference clips, by voice
    finished_count: int = 0
    requested_count: int = 0
    cached_count: int = 0
    started: float = field(default_factory=time.monotonic)

    def run(self, previous_tags: Mapping[str, Tag]) -> dict[str, Any]:
        """Do the job.

        Args:
            previous_tags: Tags of the previous run, by SHA-256 of the take's audio.

        Returns:
            The manifest's entries about the job.

        Raises:
            EngineError: Not a single take could be rendered.
        """
        self.progress.stage_started("takes", 0.0)
        self._make_takes([request for line in self.plan.lines for request in self.plan.requests(line)])
        self._retry_failing_lines()
        if not any(take.file for take in self._all_takes()):
            error = next(iter(self._all_takes())).error
            raise EngineError(f"not a single take could be rendered: {error}", "Fix the cause and run the job again")
        self.progress.stage_done("takes", time.monotonic() - self.started, self.cached_count == self.finished_count)
        SpeedRecords().learn(self.renderer.timings, self.judge.device.kind)
        profiles = self._profiles()
        takes = self._write(profiles, previous_tags)
        flagged = [line for line in takes.lines if line.flagged]
        warnings = [*self.plan.warnings, *(f"{line.id}: {line.why}" for line in flagged)]
        for warning in warnings:
            self.progress.warning(warning)
        spec = self.plan.spec
        return {
            "config": spec.model_dump(mode="json", exclude={"lines"}),
            "counts": {
                "lines": len(takes.lines),
                "takes": len(takes.takes),
                "cached": self.cached_count,
                "flagged": len(flagged),
            },
            "seeds": {"job": spec.seed},
            "models": {"judge": self.judge.cache_parts()["models"], "voices": _distinct_models(takes)},
            "profiles": {voice: asdict(profile) for voice, profile in profiles.items()},
            "flagged": [line.id for line in flagged],
            "failed": [take.id for take in takes.takes if take.error],
            "timings": {"seconds": round(time.monotonic() - self.started, 3)},
            "warnings": warnings,
        }

    def _write(self, profiles: Mapping[str, VoiceProfile], previous_tags: Mapping[str, Tag]) -> Takes:
        spec = self.plan.spec
        lines = tuple(LineRecord(line.id, line.text, line.voice) for line in self.plan.lines)
        takes = Takes(TAKES_SCHEMA, lines, tuple(with_verdict(take, spec.pick, profiles) for take in self._all_takes()))
        hashes = {take.id: hash_file(self.folder / take.file) for take in takes.takes if take.file and previous_tags}
        tags = {take_id: previous_tags[sha256] for take_id, sha256 in hashes.items() if sha256 in previous_tags}
        write_spec(self.folder, spec)
        if tags:
            write_tags(self.folder, tags)
        repairer = None
        if spec.repair:
            repairer = TakeRepairer(lambda: self.judge, spec.pick.gates, spec.pick.weights, profiles)
        return write_results(self.folder, spec, takes, tags, repairer)

    def _all_takes(self) -> list[TakeRecord]:
        return [take for line in self.plan.lines for take in self.takes.get(line.id, [])]

    def _make_takes(self, requests: Sequence[TakeRequest]) -> None:
        """Render, judge and copy takes into the run; record them in the order of `requests`."""
        self.requested_count += len(requests)
        records: dict[str, TakeRecord] = {}

        def on_error(request: TakeRequest, error: VoicekitError) -> None:
            records[request.id] = replace(request.to_record(), error=str(error))
            self.progress.item_failed(request.id, error)
            self._report_finished(None)

        for stored, measures in self.renderer.render_all(requests, self.judge, on_error):
            request = stored.request
            file = f"takes/{request.id}.flac"
            stored.copy_audio(self.folder, file)
            records[request.id] = replace(stored.to_record(file), measures=measures)
            if request.voice.voice.name not in self.references:
                self._measure_reference(request)
            self.cached_count += stored.cached
            self.renderer.release()
            self._report_finished(records[request.id])
        for request in requests:
            self.takes.setdefault(request.line, []).append(records[request.id])

    def _measure_reference(self, request: TakeRequest) -> None:
        voice = request.voice.voice.name
        self.references[voice] = None
        try:
            self.references[voice] = self.renderer.measure_reference(request, self.judge)
        except VoicekitError as error:
            self.progress.warning(f"the reference of {voice} could not be measured: {error}")

    def _retry_failing_lines(self) -> None:
        """Make further takes, step by step of the retry ramp, of all lines of which no take passes the gates."""
        steps = {line.id: self.plan.retries(line, len(self.takes[line.id])) for line in self.plan.lines}
        while failing := self._failing_lines():
            requests = [request for line in failing for request in next(steps[line.id], [])]
            if not requests:
                return
            count = len({request.line for request in requests})
            self.progress.note(f"no take of {count} lines passes the gates yet: making {len(requests)} more")
            self._make_takes(requests)

    def _failing_lines(self) -> list[LinePlan]:
        profiles = self._profiles()
        picking = self.plan.spec.pick
        return [
            line
            for line in self.plan.lines
            if not any(with_verdict(take, picking, profiles).passed for take in self.takes[line.id] if take.file)
        ]

    def _profiles(self) -> dict[str, VoiceProfile]:
        return voice_profiles(self._all_takes(), self.references)

    def _report_finished(self, take: TakeRecord | None) -> None:
        self.finished_count += 1
        self.progress.stage_progress(self.finished_count / self.requested_count)
        if take:
            self.progress.note(
                f"[{self.finished_count}/{self.requested_count}{self._time_left()}] {describe_take(take)}"
            )

    def _time_left(self) -> str:
        """Estimate from the takes that were not cached."""
        made, left = self.finished_count - self.cached_count, self.requested_count - self.finished_count
        if not made or not left:
            return ""
        return f", {format_duration((time.monotonic() - self.started) / made * left)} left"


def _distinct_models(takes: Takes) -> list[dict[str, Any]]:
    models = {
        digest(take.made_with.get("model")): take.made_with.get("model") for take in takes.takes if take.made_with
    }
    return [model for model in models.values() if model]
