"""Run: a script's dialogue made and kept, as `voicekit dialogue` does it.

    run.json  takes.json  takes/  mix.wav  stems/SPEAKER.wav  timeline.json  mix.srt  mix.vtt  mix.rttm  script.txt

Every take lies in the stage cache under all that determines its sound: what was killed goes on where it stopped, and an
edited line costs that line's take and the mix. A line that cannot be rendered is silence of its likely length; the run
is written all the same and says so, and the next one tries again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.subtitles import subtitle_style
from voicekit.dialogues.casting import Casting, Utterance
from voicekit.dialogues.export import Rendered, encode, mix_takes, rendered, silence_like, stem_names
from voicekit.dialogues.mix import MIX, SCORES, SCRIPT, TIMELINE, Mix
from voicekit.dialogues.mixer import Mixed
from voicekit.dialogues.script import Script
from voicekit.dialogues.script_format import format as format_script
from voicekit.dialogues.timeline import SCHEMA, Timeline, entries
from voicekit.dialogues.turn_taking import Placed, distribution
from voicekit.engines.registry import speech_engine
from voicekit.errors import EngineError, VoicekitError
from voicekit.formats.writers import save
from voicekit.provenance import package_versions, surroundings
from voicekit.runtime.device import choose_device
from voicekit.runtime.progress import Progress
from voicekit.storage.files import digest, write_text
from voicekit.storage.write_errors import cannot_write
from voicekit.takes.records import FILE as TAKES
from voicekit.takes.records import SCHEMA as TAKES_SCHEMA
from voicekit.takes.records import LineRecord, TakeRecord, Takes
from voicekit.takes.render import Renderer, StoredTake, TakeRequest, copy_into

if TYPE_CHECKING:
    from voicekit.dialogues.scores import DialogueScores
    from voicekit.quality.judge import Judge
    from voicekit.transcription.session import Session


HELD = 100
"""Takes that are held open in the cache at once."""

PACKAGES = ("kokoro-onnx", "numpy", "onnxruntime", "piper-tts", "pyloudnorm", "scipy", "soundfile", "soxr")


class DialogueBuilder:
    """Makes one run in its folder."""

    def __init__(self, casting: Casting, title: str, folder: Path, renderer: Renderer, progress: Progress) -> None:
        self.casting = casting
        self.title = title
        self.folder = folder
        self.renderer = renderer
        self.progress = progress
        self.takes: dict[str, TakeRecord] = {}
        """By id, those that failed too."""
        self.picked: dict[str, TakeRecord] = {}
        """By utterance."""
        self.why: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.rendered: dict[str, Rendered] = {}
        """By utterance; silence for those that failed."""
        self.timings: dict[str, float] = {}
        self.cached = 0

    def make(self, session: Session | None) -> Mix:
        self._render()
        timeline = self._mixed()
        scores: DialogueScores | None = None
        if self.casting.options.judge and len(self.errors) < len(self.casting.utterances):
            timeline, scores = self._judged(timeline, session)
        self._write(timeline, scores)
        return Mix(self.folder, timeline, scores)

    # --- takes

    def _render(self) -> None:
        utterances = {one.order.id: one for one in self.casting.utterances}
        started = time.monotonic()
        self.progress.stage_started("takes", 0.0)

        def failed(order: TakeRequest, error: VoicekitError) -> None:
            one = utterances[order.id]
            self.errors[one.id] = str(error)
            self.takes[order.id] = replace(order.record(), error=str(error))
            self.rendered[one.id] = silence_like(one)
            self.progress.item_failed(f"line {one.line + 1} ({one.speaker})", error)

        for count, (stored, _) in enumerate(
            self.renderer.each([one.order for one in utterances.values()], None, failed)
        ):
            self._keep(utterances[stored.order.id], stored)
            self.cached += stored.cached
            self.progress.stage_progress((count + 1) / len(utterances))
            if count % HELD == HELD - 1:
                self.renderer.release()
        self.renderer.release()
        if not self.picked:
            raise EngineError("no line could be rendered", f"The first error: {next(iter(self.errors.values()))}")
        self.timings["takes"] = time.monotonic() - started
        self.progress.stage_done("takes", self.timings["takes"], self.cached == len(utterances))

    def _keep(self, one: Utterance, stored: StoredTake) -> None:
        """A take in the run's folder, and what timing and mix need to know of it."""
        file = f"takes/{stored.order.id}.flac"
        try:
            copy_into(stored, self.folder, file)
        except OSError as error:
            raise cannot_write(self.folder / file, error) from error
        record = stored.record(file)
        self.takes[record.id] = record
        self.picked[one.id] = record
        self.rendered[one.id] = rendered(self.folder / file, record.parts)

    # --- mix

    def _mixed(self) -> Timeline:
        started = time.monotonic()
        options = self.casting.options
        self.progress.stage_started("mix", sum(one.clip.seconds for one in self.rendered.values()))
        placed, done = mix_takes(self.casting, self.rendered, self.folder, self.progress.stage_progress)
        self.timings["mix"] = time.monotonic() - started
        self.progress.stage_done("mix", self.timings["mix"], False)
        if done.loudness is not None and abs(done.loudness - options.loudness) > 0.5:
            self.progress.warning(
                f"the mix is at {done.loudness:g} LUFS, not at {options.loudness:g}: more would squash its peaks"
            )
        return self._timeline(placed, done)

    def _timeline(self, placed: Sequence[Placed], done: Mixed) -> Timeline:
        takes = {id: record.id for id, record in self.picked.items()}
        return Timeline(
            SCHEMA, self.title, done.seconds, self.casting.options.rate, tuple(self.casting.roles),
            stem_names(self.casting.roles), done.loudness, done.true_peak, done.limited, distribution(placed),
            entries(self.casting, placed, takes, self.errors),
        )  # fmt: skip

    # --- judge

    def _judged(self, timeline: Timeline, session: Session | None) -> tuple[Timeline, DialogueScores]:
        """The scores of the mix; and where there is a budget for it, lines taken again, mixed and scored anew."""
        from voicekit.dialogues.scores import score_dialogue
        from voicekit.transcription.session import Session

        started = time.monotonic()
        with session or Session(self.progress) as listener:
            scores, _ = score_dialogue(listener, self.folder / MIX, timeline, self.casting.options.device)
            if self.casting.options.retakes and self._retaken(scores):
                timeline = self._mixed()
                scores, _ = score_dialogue(listener, self.folder / MIX, timeline, self.casting.options.device)
        self.timings["judge"] = time.monotonic() - started
        return timeline, scores

    def _retaken(self, scores: DialogueScores) -> bool:
        """Take the lines that were understood worst again, within the budget; whether a better take came of it.

        Only lines of engines that draw: the others would say it the same way again. A take is better when fewer of its
        words are wrong, heard by itself; among equals the first stays.
        """
        from voicekit.quality.judge import Judge

        by_id = {one.id: one for one in self.casting.utterances}
        worst = [by_id[id] for id, share in scores.lines.items() if share > 0 and id in self.picked]
        worst = [one for one in worst if speech_engine(one.order.voice.voice.engine).uses_seed]
        budget = self.casting.options.retakes
        better = False
        with Judge(self.casting.options.device, self.progress) as judge:
            for number in range(2, 2 + budget):
                for one in worst:
                    if budget == 0:
                        return better
                    better = self._better(one, number, judge) or better
                    budget -= 1
        return better

    def _better(self, one: Utterance, number: int, judge: Judge) -> bool:
        """Another take of a line; whether it is kept."""
        before = self.picked[one.id]
        first = self.renderer.render(one.order if before.number == 1 else self.casting.retake(one, before.number))
        again = self.renderer.render(self.casting.retake(one, number))
        scores = [self.renderer.measure(stored, judge) for stored in (first, again)]
        wrong = [1.0 if measures.wer is None else measures.wer for measures in scores]
        kept = wrong[1] < wrong[0]
        ready = self.rendered[one.id]
        self.takes[before.id] = before = replace(before, measures=scores[0])
        self._keep(one, again)
        self.takes[again.order.id] = self.picked[one.id] = replace(self.picked[one.id], measures=scores[1])
        if not kept:
            self.picked[one.id], self.rendered[one.id] = before, ready
        said = f"{wrong[min(kept, 1)]:.0%} of its words were wrong, {wrong[1 - kept]:.0%} of the other's"
        self.why[one.id] = said
        self.progress.note(
            f"line {one.line + 1} ({one.speaker}), take {number}: {wrong[0]:.0%} wrong, now {wrong[1]:.0%}"
        )
        self.renderer.release()
        return kept

    # --- files

    def _write(self, timeline: Timeline, scores: DialogueScores | None) -> None:
        lines = tuple(self._line(one) for one in self.casting.utterances)
        order = {one.id: number for number, one in enumerate(self.casting.utterances)}
        takes = tuple(sorted(self.takes.values(), key=lambda take: (order[take.line], take.number)))
        write_text(self.folder / TAKES, Takes(TAKES_SCHEMA, lines, takes).to_json())
        write_text(self.folder / TIMELINE, timeline.to_json())
        write_text(self.folder / SCRIPT, format_script(self._script()))
        if scores is not None:
            write_text(self.folder / SCORES, scores.to_json())
        transcript, exact = timeline.transcript, subtitle_style("raw")
        for ending in ("srt", "vtt", "rttm"):
            save(transcript, self.folder / f"mix.{ending}", exact)
        for ending in self.casting.options.format:
            encode(self.folder / MIX, self.folder / f"mix.{ending}", timeline)

    def _script(self) -> Script:
        """The script with the cast and the options that it was made with."""
        options = self.casting.options.model_dump(exclude_defaults=True)
        cast = {name: role.model_dump(exclude_defaults=True) for name, role in self.casting.roles.items()}
        return replace(self.casting.script, header=ScriptHeader(title=self.title, cast=cast, **options))

    def _line(self, one: Utterance) -> LineRecord:
        record = self.picked.get(one.id)
        voice = one.order.voice.voice.name
        if record is None:
            return LineRecord(one.id, one.text, voice, None, self.errors[one.id], flagged=True)
        why = self.why.get(one.id, "the only take")
        return LineRecord(one.id, one.text, voice, record.id, why, False, record.file)


def dialogue_manifest(maker: DialogueBuilder, plan: str, source: Path | None) -> dict[str, Any]:
    """run.json, before its outputs are listed. A run with lines missing is not taken for the plan's."""
    casting = maker.casting
    models = {digest(model): model for take in maker.takes.values() if (model := take.made_with.get("model"))}
    script = {"name": source.name, "sha256": digest(format_script(casting.script))} if source else None
    return {
        "kind": "dialogue",
        "plan": digest([plan, sorted(maker.errors)]) if maker.errors else plan,
        "source": {"kind": "script", "path": str(source)} if source else {"kind": "text"},
        "inputs": [script] if script else [],
        "config": casting.options.model_dump(mode="json"),
        "cast": {name: role.model_dump(mode="json", exclude_defaults=True) for name, role in casting.roles.items()},
        "models": list(models.values()),
        "seeds": {"dialogue": casting.options.seed},
        "timings": {name: round(seconds, 3) for name, seconds in maker.timings.items()},
        "takes": {"wanted": len(casting.utterances), "cached": maker.cached, "failed": len(maker.errors)},
        "warnings": [*casting.notes, *(f"{id}: {error}" for id, error in maker.errors.items())],
        **surroundings(choose_device(maker.renderer.speaker.device)),
        "packages": package_versions(PACKAGES),
    }
