"""Verify a run: repeat it from its manifest without the cache, and compare the results bit for bit.

Takes are rendered from their records; a transcript is made from its recording with the options in run.json. Nothing is
written into the run.
"""

from __future__ import annotations

import difflib
import itertools
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from voicekit.config.presets import presets
from voicekit.config.schema import build
from voicekit.config.transcribe import TranscribeOptions
from voicekit.errors import SourceError, UsageError, VoicekitError
from voicekit.models.catalogue import find_model
from voicekit.provenance import software_versions
from voicekit.runtime.device import choose_device
from voicekit.runtime.failures import as_voicekit_error
from voicekit.runtime.progress import Progress
from voicekit.sources.expand import is_url
from voicekit.sources.ytdlp import DownloadOptions
from voicekit.storage.files import file_sha256, hash_file, read_regular
from voicekit.takes.records import TakeRecord
from voicekit.takes.render import AUDIO_FILE, TakeRequest, read_take_audio, synthesize_request, write_take
from voicekit.takes.run import find_run_folder, open_clone_run, read_manifest
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Transcript


@dataclass(frozen=True)
class Check:
    """Result of repeating one take, mix or transcript.

    Attributes:
        name: A take id, or a file name.
        same: Whether it is identical (a transcript: every word, time and speaker); None if it could not be repeated.
        difference: How it differs, in words; empty if identical.
        why: What has changed since: device, versions, weights, clip.
    """

    name: str
    same: bool | None
    difference: str = ""
    why: tuple[str, ...] = ()


def verify(
    run: str | Path, takes: Sequence[str] = (), device: str = "auto", progress: Progress | None = None,
    models: Collection[str] = (),
) -> Iterator[Check]:  # fmt: skip
    """Repeat a run, item by item.

    Args:
        run: A run's folder, or one with `latest` in it.
        takes: Take ids, or line ids for their picks (default: all takes).
        device: auto, cpu, cuda or cuda:1.
        progress: Receives progress events.
        models: Names and folders of models that the run may use although they are not in the catalogue. A run can come
            from anybody, and a model can be made to do harm.

    Raises:
        SourceError: There is no run, or it is damaged or leads outside its folder.
        UsageError: Unknown take, or takes of a transcript.
    """
    folder = find_run_folder(Path(run))
    manifest = read_manifest(folder)
    progress = progress or Progress()
    if manifest.get("kind") == "transcript":
        if takes:
            raise UsageError(f"{folder} is a transcript and has no takes", "Leave out --take")
        return iter([_verify_transcript(folder, manifest, device, progress, models)])
    clone_run = open_clone_run(folder)
    wanted = [clone_run.find_take(name) for name in takes] or [take for take in clone_run.takes if take.file]
    checks = _verify_takes(folder, wanted, device, progress, models)
    if manifest.get("kind") == "dialogue" and not takes:
        return itertools.chain(checks, _verify_mix(folder))
    return checks


def _verify_mix(folder: Path) -> Iterator[Check]:
    """Mix a dialogue again from the takes in its run."""
    from voicekit.dialogues.mix import MIX
    from voicekit.dialogues.mixdown import mix_again

    with tempfile.TemporaryDirectory() as scratch:
        try:
            same = hash_file(mix_again(folder, Path(scratch))) == hash_file(folder / MIX)
            yield Check(MIX, same, "" if same else "other bytes, of the same takes")
        except (OSError, VoicekitError) as error:
            yield Check(MIX, None, _describe_error(error, MIX))


def _check_model(name: str | None, models: Collection[str]) -> None:
    """Raise UsageError for a model that a run names, and that is neither in the catalogue nor among `models`."""
    if name not in (None, "auto") and name not in models and find_model(str(name)) is None:
        raise UsageError(
            f"the run names the model {name!r}, which is not in the catalogue", f"Give --model {name} if you trust it"
        )


def _verify_takes(
    folder: Path, takes: Sequence[TakeRecord], device: str, progress: Progress, models: Collection[str]
) -> Iterator[Check]:
    by_engine = sorted(takes, key=lambda take: (take.engine, take.model or ""))
    with Synthesizer(progress, device) as synthesizer, tempfile.TemporaryDirectory() as scratch:
        for number, take in enumerate(by_engine, 1):
            try:
                _check_model(take.model, models)
                yield _verify_take(folder, take, synthesizer, Path(scratch))
            except Exception as error:
                yield Check(take.id, None, _describe_error(error, take.id))
            progress.stage_progress(number / len(by_engine))


def _verify_take(folder: Path, take: TakeRecord, synthesizer: Synthesizer, scratch: Path) -> Check:
    if not take.file:
        raise SourceError(f"it has no audio: {take.error}", "")
    request = TakeRequest.from_record(take)
    made_with = synthesizer.made_with(request.voice, request.model, request.watermark)
    write_take(synthesize_request(synthesizer, request), scratch)
    old, new = read_take_audio(folder / take.file), read_take_audio(scratch / AUDIO_FILE)
    return replace(compare_audio(take.id, old.mono, new.mono), why=tuple(_changes(take.made_with, made_with)))


def compare_audio(name: str, old: np.ndarray[Any, Any], new: np.ndarray[Any, Any]) -> Check:
    """Compare float32 [n] at the same rate."""
    if len(old) == len(new) and np.array_equal(old, new):
        return Check(name, True)
    if len(old) != len(new):
        return Check(name, False, f"{len(new)} samples instead of {len(old)}")
    error = (new - old).astype(np.float64)
    power, error_power = float((old.astype(np.float64) ** 2).mean()), float((error**2).mean())
    decibels = f"{10 * np.log10(error_power / power):.0f} dB below the sound" if power > 0 else "of silence"
    changed = float((error != 0).mean())
    return Check(name, False, f"{changed:.1%} of the samples differ, by {np.abs(error).max():.2g} at most, {decibels}")


def _verify_transcript(
    folder: Path, manifest: Mapping[str, Any], device: str, progress: Progress, models: Collection[str]
) -> Check:
    from voicekit.transcription.session import Session

    name = "transcript.json"
    why: tuple[str, ...] = ()
    try:
        why = tuple(_transcript_changes(manifest, device))
        old = Transcript.from_json(read_regular(folder / name))
        options = _transcribe_options(manifest["config"], device, models)
        source = manifest["source"].get("path") or manifest["source"]["url"]
        if not is_url(source) and not Path(source).is_file():
            raise SourceError(f"the recording {source} is not there", "Restore the recording")
        if not is_url(source) and file_sha256(Path(source)) != manifest["inputs"][0]["sha256"]:
            raise SourceError(f"{source} is not the recording that was transcribed", "Restore the recording")
        with Session(progress) as session:
            download = DownloadOptions(fresh=True, from_file=True)
            outcome = next(iter(session.transcribe_all([str(source)], options, None, download)))
        if outcome.error is not None:
            raise outcome.error
        new = outcome.transcript
        if new is None:
            raise SourceError(f"{source} has no transcript", "Run the transcription again")
    except (OSError, LookupError, TypeError, AttributeError, ValueError) as error:
        return Check(name, None, _describe_error(error, name), why)
    return replace(compare_transcripts(old, new), why=why)


_OTHER_OPTIONS = frozenset(
    (
        "device",
        "format",
        "subtitles",
        "site_subtitles",
        "translate",
        "translate_engine",
        "translate_model",
        "base_url",
        "glossary",
    )
)
"""Options that do not change the transcript; some of them name files and servers."""


def _transcribe_options(config: Mapping[str, Any], device: str, models: Collection[str]) -> TranscribeOptions:
    """The options of a run that can come from anybody. Raises UsageError for a file or model that it must not name."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in config.items()
        if key in TranscribeOptions.model_fields and key not in _OTHER_OPTIONS and value is not None
    }
    for key in ("model", "diarizer_model"):
        _check_model(values.get(key), models)
    if (clean := values.get("clean", "light")) not in presets("clean"):
        raise UsageError(f"the run names the cleaning preset {clean!r}, a file", "Transcribe again with --clean")
    return build(TranscribeOptions, {**values, "device": device}, "run.json")


def compare_transcripts(old: Transcript, new: Transcript) -> Check:
    """Compare words, their times and their speakers."""
    name = "transcript.json"
    if (old.segments, old.turns) == (new.segments, new.turns):
        return Check(name, True)
    before, after = [word.text for word in old.words], [word.text for word in new.words]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    pairs = [
        (old.words[block.a + n], new.words[block.b + n])
        for block in matcher.get_matching_blocks()
        for n in range(block.size)
    ]
    changed = len(before) - len(pairs) + len(after) - len(pairs)
    moved = max((abs(a.start - b.start) for a, b in pairs), default=0.0)
    speakers = sum(a.speaker != b.speaker for a, b in pairs)
    differences = [f"{changed} of {len(before)} words differ"] if changed else []
    differences += [f"times by {moved:.2f} s at most"] if moved > 0 else []
    differences += [f"{speakers} words have another speaker"] if speakers else []
    return Check(name, False, "; ".join(differences) or "probabilities or turns differ")


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then.get("device") != now.get("device"):
        yield f"device {then.get('device')}, now {now.get('device')}"
    old_model, new_model = then.get("model") or {}, now.get("model") or {}
    if old_model != new_model:
        yield f"weights {old_model.get('revision')}, now {new_model.get('revision')}"
    if then.get("clip") != now.get("clip"):
        yield "the clip is another"
    yield from _versions(then.get("versions", {}), now.get("versions", {}))


def _transcript_changes(then: Mapping[str, Any], device: str) -> Iterator[str]:
    if then.get("edited"):
        yield "it was corrected by hand"
    chosen = choose_device(device)
    old = then.get("device", {})
    if (old.get("kind"), old.get("name")) != (chosen.kind, chosen.name):
        yield f"device {old.get('name') or old.get('kind')}, now {chosen.name or chosen.kind}"
    now = software_versions()
    yield from _versions(
        {**then.get("packages", {}), "ffmpeg": then.get("ffmpeg"), "python": then.get("python")},
        {**now["packages"], "ffmpeg": now["ffmpeg"], "python": now["python"]},
    )


def _versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(then) | set(now)):
        if then.get(name) != now.get(name):
            yield f"{name} {then.get(name, 'none')}, now {now.get(name, 'none')}"


def _describe_error(error: Exception, name: str) -> str:
    if isinstance(error, KeyError):
        return f"run.json lacks {error}"
    if isinstance(error, LookupError | TypeError | AttributeError) and not isinstance(error, VoicekitError):
        return f"run.json is not as voicekit writes it: {error}"
    return str(as_voicekit_error(error, name))


def to_json(checks: Sequence[Check]) -> str:
    """JSON of the number of identical results (`held`) and of all checks."""
    held = sum(check.same is True for check in checks)
    return json.dumps({"held": held, "of": len(checks), "checks": [vars(check) for check in checks]}, indent=1)
