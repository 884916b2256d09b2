"""Verify: make a run again from what it says of itself, and say what held: bit for bit, or by how much not, and why.

Nothing is taken from the cache, and nothing is written. A take is rendered from its record; a transcript is made from
its recording with the options of run.json.
"""

from __future__ import annotations

import difflib
import itertools
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from voicekit.config.transcribe import TranscribeOptions
from voicekit.errors import SourceError, UsageError, VoicekitError, interrupted
from voicekit.provenance import made_with
from voicekit.runtime.device import choose_device
from voicekit.runtime.progress import Progress
from voicekit.storage.files import file_sha256, hash_file
from voicekit.takes.records import TakeRecord
from voicekit.takes.render import SOUND, TakeRequest, read_take, write_take
from voicekit.takes.run import find_run_folder, open_clone_run, read_manifest
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Transcript


@dataclass(frozen=True)
class Check:
    """What came of making one thing again.

    Attributes:
        name: A take's id, or the transcript's file.
        same: Bit for bit (a transcript: every word, time and speaker). None: it could not be made again.
        difference: How far apart, in words; empty where it is the same.
        why: What was otherwise when it was made: device, versions, weights, clip; empty where nothing is known.
    """

    name: str
    same: bool | None
    difference: str = ""
    why: tuple[str, ...] = ()


def verify(
    run: str | Path, takes: Sequence[str] = (), device: str = "auto", progress: Progress | None = None
) -> Iterator[Check]:
    """Make a run again, one thing after the other.

    Args:
        run: A run's folder, or one with `latest` in it.
        takes: Ids of takes, or of lines for their picks; all when empty.

    Raises:
        SourceError: there is no run, or it is damaged.
        UsageError: a take that it does not have; takes of a transcript.
    """
    folder = find_run_folder(Path(run))
    manifest = read_manifest(folder)
    progress = progress or Progress()
    if manifest.get("kind") == "transcript":
        if takes:
            raise UsageError(f"{folder} is a transcript and has no takes", "Leave out --take")
        return iter([_transcript(folder, manifest, device, progress)])
    found = open_clone_run(folder)
    wanted = [found.take(name) for name in takes] or [take for take in found.takes if take.file]
    checks = _takes(folder, wanted, device, progress)
    return itertools.chain(checks, _mix(folder)) if manifest.get("kind") == "dialogue" and not takes else checks


def _mix(folder: Path) -> Iterator[Check]:
    """Of a dialogue's mix, from the takes that are in the run."""
    from voicekit.dialogues.export import mix_again
    from voicekit.dialogues.mix import MIX

    with tempfile.TemporaryDirectory() as scratch:
        try:
            same = hash_file(mix_again(folder, Path(scratch))) == hash_file(folder / MIX)
            yield Check(MIX, same, "" if same else "other bytes, of the same takes")
        except (OSError, VoicekitError) as error:
            yield Check(MIX, None, _told(error))


def _takes(folder: Path, wanted: Sequence[TakeRecord], device: str, progress: Progress) -> Iterator[Check]:
    by_engine = sorted(wanted, key=lambda take: (take.engine, take.model or ""))
    with Synthesizer(progress, device) as speaker, tempfile.TemporaryDirectory() as scratch:
        for number, take in enumerate(by_engine, 1):
            try:
                yield _take(folder, take, speaker, Path(scratch))
            except Exception as error:
                if interrupted(error):
                    raise KeyboardInterrupt from error
                yield Check(take.id, None, _told(error))
            progress.stage_progress(number / len(by_engine))


def _take(folder: Path, take: TakeRecord, speaker: Synthesizer, scratch: Path) -> Check:
    if not take.file:
        raise SourceError(f"it has no sound: {take.error}", "")
    order = TakeRequest.of(take)
    why = tuple(_otherwise(take.made_with, speaker.made_with(order.voice, order.model, order.watermark)))
    made = speaker.synthesize(
        order.text, order.voice, order.params, order.seed, model=order.model, normalize=order.normalize,
        watermark=order.watermark,
    )  # fmt: skip
    write_take(made, scratch)
    old, new = read_take(folder / take.file), read_take(scratch / SOUND)
    return replace(compare_sounds(take.id, old.mono, new.mono), why=why)


def compare_sounds(name: str, old: np.ndarray[Any, Any], new: np.ndarray[Any, Any]) -> Check:
    """Of float32 [n] at one rate."""
    if len(old) == len(new) and np.array_equal(old, new):
        return Check(name, True)
    if len(old) != len(new):
        return Check(name, False, f"{len(new)} samples instead of {len(old)}")
    apart = (new - old).astype(np.float64)
    power, noise = float((old.astype(np.float64) ** 2).mean()), float((apart**2).mean())
    decibels = f"{10 * np.log10(noise / power):.0f} dB below the sound" if power > 0 else "of silence"
    changed = float((apart != 0).mean())
    return Check(name, False, f"{changed:.1%} of the samples differ, by {np.abs(apart).max():.2g} at most, {decibels}")


def _transcript(folder: Path, manifest: Mapping[str, Any], device: str, progress: Progress) -> Check:
    from voicekit.transcription.session import Session

    name = "transcript.json"
    why = tuple(_otherwise_transcript(manifest, device))
    try:
        old = Transcript.from_json((folder / name).read_bytes())
        source = manifest["source"].get("path") or manifest["source"]["url"]
        if (path := Path(source)).is_file() and file_sha256(path) != manifest["inputs"][0]["sha256"]:
            why = (*why, f"{path} is not what it was")
        known = {key: v for key, v in manifest["config"].items() if key in TranscribeOptions.model_fields}
        options: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list) else v for key, v in known.items() if v is not None
        }
        with Session(progress) as session:
            options |= {"device": device, "translate": ()}
            new = session.transcribe(source, fresh=True, **options)
    except (OSError, KeyError, TypeError, VoicekitError) as error:
        return Check(name, None, _told(error), why)
    return replace(compare_transcripts(old, new), why=why)


def compare_transcripts(old: Transcript, new: Transcript) -> Check:
    """Words, their times and their speakers."""
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
    told = [f"{changed} of {len(before)} words differ"] if changed else []
    told += [f"times by {moved:.2f} s at most"] if moved > 0 else []
    told += [f"{speakers} words have another speaker"] if speakers else []
    return Check(name, False, "; ".join(told) or "probabilities or turns differ")


def _otherwise(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then.get("device") != now.get("device"):
        yield f"device {then.get('device')}, now {now.get('device')}"
    model_then, model_now = then.get("model") or {}, now.get("model") or {}
    if model_then != model_now:
        yield f"weights {model_then.get('revision')}, now {model_now.get('revision')}"
    if then.get("clip") != now.get("clip"):
        yield "the clip is another"
    yield from _versions(then.get("versions", {}), now.get("versions", {}))


def _otherwise_transcript(then: Mapping[str, Any], device: str) -> Iterator[str]:
    if then.get("edited"):
        yield "it was corrected by hand"
    chosen = choose_device(device)
    old = then.get("device", {})
    if (old.get("kind"), old.get("name")) != (chosen.kind, chosen.name):
        yield f"device {old.get('name') or old.get('kind')}, now {chosen.name or chosen.kind}"
    now = made_with()
    yield from _versions(
        {**then.get("packages", {}), "ffmpeg": then.get("ffmpeg"), "python": then.get("python")},
        {**now["packages"], "ffmpeg": now["ffmpeg"], "python": now["python"]},
    )


def _versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(then) | set(now)):
        if then.get(name) != now.get(name):
            yield f"{name} {then.get(name, 'none')}, now {now.get(name, 'none')}"


def _told(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"run.json lacks {error}"
    return str(error) if isinstance(error, VoicekitError) else f"{type(error).__name__}: {error}"


def to_json(checks: Sequence[Check]) -> str:
    """Strict JSON: how many held, and each check."""
    held = sum(check.same is True for check in checks)
    return json.dumps({"held": held, "of": len(checks), "checks": [vars(check) for check in checks]}, indent=1)
