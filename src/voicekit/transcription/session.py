"""A session: models are loaded once, used for many recordings and freed together."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

from voicekit import models
from voicekit.config.clean import clean_preset
from voicekit.config.keywords import TranscribeKeywords
from voicekit.config.subtitles import subtitle_style
from voicekit.config.transcribe import TranscribeOptions, transcribe_options
from voicekit.config.translate import TranslateOptions
from voicekit.engines.pool import EnginePool
from voicekit.engines.registry import is_installed, require_packages
from voicekit.engines.select import check_language, select_compute_type, select_whisper
from voicekit.errors import ModelNotFound, UsageError, VoicekitError
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.provenance import software_versions
from voicekit.recording import Recording
from voicekit.redact import one_line
from voicekit.runtime.device import Device, choose_device, why_no_gpu
from voicekit.runtime.failures import as_voicekit_error
from voicekit.runtime.memory import is_out_of_memory
from voicekit.runtime.progress import Progress
from voicekit.sources.recordings import SourceItem, open_recordings
from voicekit.sources.ytdlp import DownloadOptions
from voicekit.stages import Stages
from voicekit.storage.cache import StageCache
from voicekit.storage.runs import point_latest
from voicekit.transcription.engines import TranscriptionEngines
from voicekit.transcription.manifest import transcript_manifest
from voicekit.transcription.pipeline import TranscriptionResult, run_pipeline
from voicekit.transcription.plan import Plan
from voicekit.transcription.runs import earlier_run, read_comparison, read_run, write_run
from voicekit.transcription.site_subtitles import SiteComparison, describe_comparison, try_comparison
from voicekit.transcription.translate_stage import translate_stage
from voicekit.translation.translator import Translator
from voicekit.types import Transcript


@functools.cache
def default_session() -> Session:
    """Return the session that `voicekit.transcribe` uses; `default_session().close()` frees its models."""
    return Session()


@dataclass(frozen=True)
class Outcome:
    """The result of one recording: a transcript, or an error.

    Attributes:
        name: Title of the recording.
        transcript: None if transcribing failed.
        folder: The run's folder; None if no run was written.
        error: Why transcribing or a translation failed.
        seconds: Time that it took.
        cached: Whether everything came from the cache.
    """

    name: str
    transcript: Transcript | None = None
    folder: Path | None = None
    error: VoicekitError | None = None
    seconds: float = 0.0
    cached: bool = False


@dataclass
class _Translations:
    """The translations of one recording that succeeded, their warnings, and the error of the last that failed."""

    transcripts: list[Transcript] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: VoicekitError | None = None


class Session:
    """Transcribes recordings and keeps the models loaded.

        with Session() as session:
            transcript = session.transcribe("talk.mp4", speakers=2)

    Leaving the block, or `close`, frees the models and the GPU's memory.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress or Progress()
        self.pool = EnginePool()
        self.engines = TranscriptionEngines(self.pool, self.progress)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free every loaded model. The session can be used again."""
        self.pool.close()

    def transcribe(
        self,
        source: str | Path,
        *,
        out: str | Path | None = None,
        config: str | Path | None = None,
        cookies: str | Path | None = None,
        cookies_from_browser: str | None = None,
        allow_hosts: Sequence[str] = (),
        fresh: bool = False,
        **options: Unpack[TranscribeKeywords],
    ) -> Transcript:
        """Transcribe one recording.

        Args:
            source: Media file or URL; of a playlist or glob, the first recording is used.
            out: Folder in which to write a run, as the command line does (default: none is written).
            config: YAML file of options.
            cookies: Netscape cookie file for the download.
            cookies_from_browser: Browser to take cookies from.
            allow_hosts: Hosts in a local network that the download may connect to.
            fresh: Ignore the cache.
            **options: Options of `voicekit transcribe` with underscores: speakers=2, model="small" ...

        Raises:
            VoicekitError: See voicekit.errors.
        """
        checked = transcribe_options(Path(config) if config else None, **options)
        download = DownloadOptions(
            Path(cookies) if cookies else None, cookies_from_browser, fresh, allowed_hosts=tuple(allow_hosts)
        )
        if os.path.isdir(source):  # unlike Path.is_dir, it accepts URLs of any length
            raise UsageError(f"{source} is a folder", "Give one recording, or use Session.transcribe_all")
        for outcome in self.transcribe_all([str(source)], checked, Path(out) if out else None, download):
            if outcome.error is not None:
                raise outcome.error
            if outcome.transcript is not None:
                return outcome.transcript
        raise UsageError(f"{source} holds no recording", "Give one recording, or use Session.transcribe_all")

    def transcribe_all(
        self,
        sources: Iterable[str],
        options: TranscribeOptions,
        out: Path | None,
        download: DownloadOptions = DownloadOptions(),  # noqa: B008 - frozen
    ) -> Iterator[Outcome]:
        """Transcribe many recordings and yield each outcome as soon as it is known.

        A recording that fails yields an outcome with its error; the others continue.

        Args:
            sources: Files, folders, globs, URLs, playlists.
            options: For all of them.
            out: Folder in which to write runs; None writes none.
            download: Cookies, and whether to ignore the cache.

        Raises:
            UsageError: No recording can satisfy the options (unknown model, device, preset).
        """
        plan = self.plan(options)
        cache = StageCache(download.fresh, software_versions)
        for item in open_recordings(sources, download, self.progress):
            yield self._transcribe_item(item, plan, out, cache, download)

    def plan(self, options: TranscribeOptions) -> Plan:
        """Choose device, weights and batch size for options, and check that the models exist."""
        device = choose_device(options.device)
        if options.device == "auto" and device.kind == "cpu" and (reason := why_no_gpu()):
            self.progress.note(reason)
        preset = clean_preset(options.clean)
        return Plan(
            options=options,
            device=device,
            whisper=check_language(select_whisper(options.model, device, self.progress.note), options.whisper_language),
            voices=self._diarizer_weights(options, device),
            batch_size=options.batch_size or (16 if device.kind == "cuda" else 8),
            compute_type=select_compute_type(options.compute_type, device),
            preset=preset,
            style=subtitle_style(options.subtitles),
            translation=self.translator(options.translation).cache_parts() if options.translation else None,
        )

    def translator(
        self, options: TranslateOptions, progress: Progress | None = None, fresh: bool = False
    ) -> Translator:
        """Return a translator that shares this session's models. Raises UsageError or SourceError for its options."""
        return Translator(options, progress or self.progress, fresh, self.pool)

    def _diarizer_weights(self, options: TranscribeOptions, device: Device) -> dict[str, Weights]:
        if options.diarizer == "none":
            return {}
        model = options.diarizer_model
        if model == "auto":
            model = "community-1" if self._has_community_model() else "starter"
            if model == "starter" and device.kind == "cuda":
                self.progress.note(
                    "community-1 separates speakers better: accept its terms on the hub, set HF_TOKEN, then "
                    "`voicekit models pull recommended`"
                )
        if model == "starter":
            return {
                "segmentation-3.0": resolve("segmentation-3.0", "segment", progress=self.progress.note),
                "campplus": resolve("campplus", "embed", progress=self.progress.note),
            }
        require_packages("diarize.pyannote")
        if model != "community-1" and not Path(model).expanduser().is_dir():
            raise UsageError(f"unknown diarizer model {model!r}", "Use auto, starter, community-1, or a folder")
        return {"community-1": resolve(model, "diarize", progress=self.progress.note)}

    def _has_community_model(self) -> bool:
        """Whether community-1 and pyannote.audio are installed, or it can be downloaded with the user's token."""
        if not is_installed("diarize.pyannote"):
            return False
        model = models.find_model("community-1")
        assert model is not None
        if models.find_local(model):
            return True
        if models.offline() or not models.hub_token():
            return False
        try:
            resolve("community-1", "diarize", progress=self.progress.note)
        except ModelNotFound as error:
            self.progress.warning(f"using the starter diarizer: {error}")
            return False
        return True

    def _transcribe_item(
        self, item: SourceItem, plan: Plan, out: Path | None, cache: StageCache, download: DownloadOptions
    ) -> Outcome:
        try:
            if item.error:
                raise item.error
            assert item.recording is not None
            return self._transcribe(item.recording, plan, out, cache, download, item.started)
        except Exception as error:
            failure = as_voicekit_error(error, item.name, "Use --batch-size 1, or a smaller --model")
            if is_out_of_memory(error):
                self.close()  # the loaded models would leave too little memory for the next recording too
            self.progress.item_failed(item.name, failure)
            return Outcome(item.name, error=failure)

    def _transcribe(
        self,
        recording: Recording,
        plan: Plan,
        out: Path | None,
        cache: StageCache,
        download: DownloadOptions,
        started: float,
    ) -> Outcome:
        recording = replace(recording, track=plan.options.audio_track)
        name = one_line(recording.title)
        if out is not None and not cache.fresh and (folder := earlier_run(recording, plan, out)):
            point_latest(folder)
            if site_record := read_comparison(folder):
                self.progress.note(describe_comparison(site_record))
            self.progress.item_done(name, folder, again=True)
            if (transcript := read_run(folder)) is None:
                transcript = run_pipeline(recording, plan, self.engines, Stages(cache, Progress())).transcript
            return Outcome(name, transcript, folder, seconds=time.monotonic() - started, cached=True)
        stages = Stages(cache, self.progress)
        result = run_pipeline(recording, plan, self.engines, stages)
        translations = self._translate(recording, plan, result, stages)
        site, warning, try_again = self._compare_with_site(recording, plan, result.transcript, download)
        folder = None
        seconds = time.monotonic() - started
        if out is not None:
            if translations.error:  # written as a plan without translation, so that the next run tries again
                plan = replace(plan, translation=None)
            if try_again:  # the same for the site's subtitles
                plan = replace(plan, options=plan.options.model_copy(update={"site_subtitles": False}))
            result = replace(result, warnings=[*result.warnings, *translations.warnings, *filter(None, [warning])])
            manifest = transcript_manifest(recording, plan, result, seconds, site)
            folder = write_run(
                recording, plan, out, manifest, result.transcript, translations.transcripts, site, not cache.fresh
            )
        if translations.error:
            self.progress.item_failed(name, translations.error)
        else:
            self.progress.item_done(name, folder, again=False)
        cached = all(stage["cached"] for stage in result.stages)
        return Outcome(name, result.transcript, folder, translations.error, seconds, cached)

    def _compare_with_site(
        self, recording: Recording, plan: Plan, transcript: Transcript, download: DownloadOptions
    ) -> tuple[SiteComparison | None, str, bool]:
        """Compare with the site's subtitles on request; returns as `try_comparison`, and reports the result."""
        if not plan.options.site_subtitles:
            return None, "", False
        site, warning, try_again = try_comparison(recording, transcript, download)
        if site:
            self.progress.note(describe_comparison(site.record()))
        if warning:
            self.progress.warning(warning)
        return site, warning, try_again

    def _translate(
        self, recording: Recording, plan: Plan, result: TranscriptionResult, stages: Stages
    ) -> _Translations:
        """Translate to each target language, each as a stage of its own."""
        options = plan.options.translation
        translations = _Translations()
        if options is None:
            return translations
        translator = self.translator(options, fresh=stages.cache.fresh)
        for target in options.to:
            try:
                translated = translate_stage(translator, recording, plan, result.transcript, target, stages)
            except VoicekitError as error:
                translations.error = error
                continue
            translations.transcripts.append(translated.transcript)
            for text in translated.notes.warnings:
                self.progress.warning(f"{target}: {text}")
                translations.warnings.append(f"{target}: {text}")
        return translations
