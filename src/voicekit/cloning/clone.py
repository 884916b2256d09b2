"""Clone: a job from its file to a finished run. Takes are rendered, judged, tried again where none was good, chosen.

What is rendered and heard lies in the stage cache, so that a job which was killed goes on where it stopped; the run's
folder appears when it is whole. A line that cannot be said costs that line.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from voicekit.cloning.forecast import Speeds
from voicekit.cloning.job import JobSource, load_job
from voicekit.cloning.plan import JobPlan, LinePlan, plan_job
from voicekit.errors import EngineError, SourceError, VoicekitError
from voicekit.provenance import made_with, surroundings
from voicekit.quality.judge import Judge
from voicekit.quality.prosody import Profile
from voicekit.redact import without_secrets
from voicekit.runtime.progress import Progress, duration
from voicekit.storage.cache import StageCache
from voicekit.storage.files import digest, hash_file
from voicekit.storage.names import claim_name
from voicekit.storage.runs import RunFolder, find_run, latest_run
from voicekit.takes.records import SCHEMA as TAKES_SCHEMA
from voicekit.takes.records import LineRecord, TakeRecord, Takes, read_takes
from voicekit.takes.render import Renderer, TakeRequest, copy_into
from voicekit.takes.results import make_repairer, write_results, write_spec
from voicekit.takes.run import CloneRun, open_clone_run
from voicekit.takes.selection import judged, profiles
from voicekit.takes.tags import Tag, read_tags, write_tags
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Measures

VERSION = 1


def clone(
    job: JobSource,
    out: str | Path = "outputs",
    *,
    only: Sequence[str] = (),
    limit: int | None = None,
    changes: Sequence[str] = (),
    device: str = "auto",
    model: str = "auto",
    fresh: bool = False,
    progress: Progress | None = None,
) -> CloneRun:
    """Do a job: several takes of each line, the best of them kept.

    Args:
        job: A YAML file, a name in configs/clone, or what would stand in a file.
        out: Results land in OUT/NAME/RUN/.
        only: Ids of lines; all when empty.
        limit: So many lines, the first.
        changes: `key=value` before what the job says, such as takes=3 or pick.gates.max_wer=0.05.
        device: auto, cpu, cuda or cuda:1.
        model: Whisper model that the judge hears with.
        fresh: Use nothing from the cache.

    Raises:
        UsageError: what is wrong with the job, with its line.
        VoicekitError: nothing at all could be rendered, or not written.
    """
    read = load_job(job, changes)
    plan = plan_job(read, tuple(only), limit)
    source = str(read.file.resolve()) if read.file else ""
    progress = progress or Progress()
    home = claim_name(Path(out), str(plan.spec.name), source or f"job {plan.spec.name}")
    with Synthesizer(progress, device) as speaker, Judge(device, progress, model) as judge:
        renderer = Renderer(speaker, StageCache(fresh, made_with))
        key = plan_digest(plan, renderer, judge)
        progress.item_started(str(plan.spec.name))
        if not fresh and (folder := find_run(home, key)):
            progress.item_done(str(plan.spec.name), folder, again=True)
            return open_clone_run(folder)
        before = latest_run(home)
        with RunFolder(home, key) as run:
            work = _Work(plan, renderer, judge, run.folder, progress)
            manifest = work.do(_tags_before(before))
            manifest["job"] = {"file": without_secrets(source), "name": plan.spec.name}
            if manifest["failed"]:  # so that this one is not taken for done
                key = digest([key, manifest["failed"]])
            if not fresh and (folder := find_run(home, key)):  # another process did the same meanwhile
                progress.item_done(str(plan.spec.name), folder, again=True)
                return open_clone_run(folder)
            folder = run.commit({"kind": "clone", "plan": key, **manifest, **surroundings(judge.device)})
    progress.item_done(str(plan.spec.name), folder, again=False)
    return open_clone_run(folder)


def plan_digest(plan: JobPlan, renderer: Renderer, judge: Judge) -> str:
    """Of all that determines the files of a job's run. Raises ModelNotFound where a voice's model is not to be had."""
    return digest(
        {
            "version": VERSION,
            "lines": [[line.id, line.text, line.voice] for line in plan.lines],
            "takes": [[order.id, renderer.parts(order)] for line in plan.lines for order in plan.orders(line)],
            "seed": plan.spec.seed,
            "judge": judge.parts(),
            "options": plan.spec.model_dump(mode="json", include={"pick", "retry", "repair", "output"}),
        }
    )


def _tags_before(run: Path | None) -> dict[str, Tag]:
    """What people said of takes in the run before, by the SHA-256 of their sound."""
    if run is None:
        return {}
    try:
        tags = read_tags(run)
        tagged = [take for take in read_takes(run).takes if take.id in tags and take.file] if tags else []
        return {hash_file(run / str(take.file)): tags[take.id] for take in tagged}
    except (SourceError, OSError):
        return {}


@dataclass
class _Work:
    """One run being made: what is rendered so far, and where it goes."""

    plan: JobPlan
    renderer: Renderer
    judge: Judge
    folder: Path
    progress: Progress
    takes: dict[str, list[TakeRecord]] = field(default_factory=dict)
    references: dict[str, Measures | None] = field(default_factory=dict)
    done: int = 0
    wanted: int = 0
    cached: int = 0
    started: float = field(default_factory=time.monotonic)

    def do(self, said_before: Mapping[str, Tag]) -> dict[str, Any]:
        """Render, judge, try again, choose and write; returns the manifest's own part.

        Raises:
            EngineError: not one take could be rendered.
        """
        self.progress.stage_started("takes", 0.0)
        self._make([order for line in self.plan.lines for order in self.plan.orders(line)])
        self._try_again()
        if not any(take.file for take in self._all()):
            first = next(iter(self._all()))
            raise EngineError(f"not one take could be rendered: {first.error}", "See what it says, and run it again")
        self.progress.stage_done("takes", time.monotonic() - self.started, self.cached == self.done)
        Speeds().learn(self.renderer.timings, self.judge.device.kind)
        own = self._profiles()
        lines = tuple(LineRecord(line.id, line.text, line.voice) for line in self.plan.lines)
        takes = Takes(TAKES_SCHEMA, lines, tuple(judged(take, self.plan.spec.pick, own) for take in self._all()))
        sounds = {take.id: hash_file(self.folder / take.file) for take in takes.takes if take.file and said_before}
        tags = {name: said_before[sound] for name, sound in sounds.items() if sound in said_before}
        mend = make_repairer(lambda: self.judge, self.plan.spec.pick, own) if self.plan.spec.repair else None
        write_spec(self.folder, self.plan.spec)
        if tags:
            write_tags(self.folder, tags)
        takes = write_results(self.folder, self.plan.spec, takes, tags, mend)
        flagged = [line.id for line in takes.lines if line.flagged]
        for line in takes.lines:
            if line.flagged:
                self.progress.warning(f"{line.id}: {line.why}")
        return {
            "config": self.plan.spec.model_dump(mode="json", exclude={"lines"}),
            "counts": {"lines": len(lines), "takes": len(takes.takes), "cached": self.cached, "flagged": len(flagged)},
            "seeds": {"job": self.plan.spec.seed},
            "models": {"judge": self.judge.parts()["models"], "voices": _voice_models(takes)},
            "profiles": {voice: asdict(each) for voice, each in own.items()},
            "flagged": flagged,
            "failed": [take.id for take in takes.takes if take.error],
            "timings": {"seconds": round(time.monotonic() - self.started, 3)},
            "warnings": [f"{line.id}: {line.why}" for line in takes.lines if line.flagged],
        }

    def _all(self) -> list[TakeRecord]:
        return [take for line in self.plan.lines for take in self.takes.get(line.id, [])]

    def _make(self, orders: Sequence[TakeRequest]) -> None:
        """Render and judge, copy into the run, and keep the records in the order that was asked for."""
        self.wanted += len(orders)
        found: dict[str, TakeRecord] = {}

        def failed(order: TakeRequest, error: VoicekitError) -> None:
            found[order.id] = replace(order.record(), error=str(error))
            self.progress.item_failed(order.id, error)
            self._tell(None)

        for stored, measures in self.renderer.each(orders, self.judge, failed):
            order = stored.order
            file = f"takes/{order.id}.flac"
            copy_into(stored, self.folder, file)
            found[order.id] = replace(stored.record(file), measures=measures)
            if order.voice.voice.name not in self.references:
                self._hear_reference(order)
            self.cached += stored.cached
            self.renderer.release()
            self._tell(found[order.id])
        for order in orders:
            self.takes.setdefault(order.line, []).append(found[order.id])

    def _hear_reference(self, order: TakeRequest) -> None:
        name = order.voice.voice.name
        self.references[name] = None
        try:
            self.references[name] = self.renderer.measure_reference(order, self.judge)
        except VoicekitError as error:
            self.progress.warning(f"the reference of {name} was not judged: {error}")

    def _try_again(self) -> None:
        """Lines of which no take went through the gates get more, step by step, together."""
        ways = {line.id: self.plan.retries(line, len(self.takes[line.id])) for line in self.plan.lines}
        while failing := self._failing():
            steps = [next(ways[line.id], None) for line in failing]
            orders = [order for step in steps if step for order in step]
            if not orders:
                return
            lines = {order.line for order in orders}
            self.progress.note(f"no good take yet of {len(lines)} lines: {len(orders)} more")
            self._make(orders)

    def _failing(self) -> list[LinePlan]:
        own = self._profiles()
        gates = self.plan.spec.pick
        return [
            line
            for line in self.plan.lines
            if not any(judged(take, gates, own).passed for take in self.takes[line.id] if take.file)
        ]

    def _profiles(self) -> dict[str, Profile]:
        return profiles(self._all(), self.references)

    def _tell(self, take: TakeRecord | None) -> None:
        self.done += 1
        self.progress.stage_progress(self.done / self.wanted)
        if take:
            self.progress.note(f"[{self.done}/{self.wanted}{self._left()}] {told(take)}")

    def _left(self) -> str:
        """About how long yet, by the takes that had to be made."""
        made, left = self.done - self.cached, self.wanted - self.done
        if not made or not left:
            return ""
        return f", {duration((time.monotonic() - self.started) / made * left)} left"


def told(take: TakeRecord) -> str:
    """A take in a line, for people."""
    parts = [f"{take.id:<10} {take.voice:<14} {take.seconds:5.1f} s"]
    if heard := take.measures:
        parts += [f"WER {heard.wer:4.0%}"] if heard.wer is not None else []
        parts += [f"alike {heard.similarity:.2f}"] if heard.similarity is not None else []
        parts += [f"MOS {heard.mos:.2f}"] if heard.mos is not None else []
        parts += [", ".join(sorted({artifact.kind for artifact in heard.artifacts}))]
    return "  ".join(parts).rstrip()


def _voice_models(takes: Takes) -> list[dict[str, Any]]:
    """Each model that spoke, once."""
    found = {digest(take.made_with.get("model")): take.made_with.get("model") for take in takes.takes if take.made_with}
    return [model for model in found.values() if model]
