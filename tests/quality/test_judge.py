"""The judge of takes: each measure against what is known to be true, faults of known size, bad input, the command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.judge import FAULTS, Clean, caught, damaged, false_alarms, listened, packaged, pairs
from voicekit.audio.decode import decode
from voicekit.audio.encode import write_audio
from voicekit.audio.levels import resample
from voicekit.cli import run
from voicekit.config.quality import ARTIFACT_KINDS, ArtifactKind
from voicekit.engines.registry import load_engine
from voicekit.errors import SourceError, UsageError
from voicekit.models.resolve import resolve
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.dnsmos import rate_quality, select_windows
from voicekit.quality.gates import assess
from voicekit.quality.judge import Judge, measures_from_json, measures_to_json
from voicekit.takes.repair import repair, repair_and_verify
from voicekit.types import Audio, Measures

Judged = list[tuple[Clean, Measures]]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(device="cpu") as one:
        yield one


@pytest.fixture(scope="module")
def clean(judge: Judge) -> Judged:
    """Five takes of piper's voice, one of each of three of kokoro's, with their measures."""
    return list(listened(judge, packaged(joe=5, kokoro=1, voices=("jf_alpha", "jf_tebukuro", "jm_kumo"))))


def noisy(take: Clean, below: float) -> Audio:
    """With white noise, dB below the sound."""
    samples = take.audio.mono
    noise = np.random.default_rng(0).standard_normal(len(samples)) * np.sqrt((samples**2).mean()) * 10 ** (-below / 20)
    return Audio((samples + noise).astype(np.float32)[None, :], take.audio.rate)


# --- the measures -----------------------------------------------------------------------------------------------------


def test_clean_takes_pass_and_have_every_measure(clean: Judged) -> None:
    for take, measures in clean:
        found = assess(measures)
        assert found.passed, (take.name, found.reasons)
        assert found.score > 0.7
        assert None not in (measures.similarity, measures.mos, measures.pace, measures.pitch, measures.energy_range)
        assert measures.seconds == pytest.approx(take.audio.duration, abs=0.001)
    assert np.mean([measures.wer for _, measures in clean]) < 0.05


def test_a_voice_is_more_like_itself_than_like_others(judge: Judge, clean: Judged) -> None:
    _, own = clean[1]
    assert own.similarity is not None
    for take, measures in clean[5:]:
        assert measures.similarity is not None
        other = judge.measure(take.audio, "", "en", clean[0][0].reference).similarity
        assert other is not None
        assert other < min(own.similarity, measures.similarity) - 0.1, take.name


def test_pitch_tells_men_from_women(clean: Judged) -> None:
    pitches = {take.name.split()[0]: measures.pitch or 0 for take, measures in clean}
    assert max(pitches["joe"], pitches["jm_kumo"]) < 140 < 180 < min(pitches["jf_alpha"], pitches["jf_tebukuro"])


def test_dnsmos_falls_with_noise(judge: Judge, clean: Judged) -> None:
    take, measures = clean[0]
    found = [measures, *(judge.measure(noisy(take, below), take.text) for below in (25.0, 10.0))]
    overall = [one.mos or 0 for one in found]
    background = [one.mos_background or 0 for one in found]
    assert overall[0] > overall[1] > overall[2]
    assert background[0] > background[1] > background[2]


@pytest.mark.slow
def test_dnsmos_is_what_speechmos_says(clean: Judged) -> None:
    from speechmos import dnsmos

    network = load_engine("judge.dnsmos")(resolve("dnsmos", "judge"))
    names = ("ovrl_mos", "sig_mos", "bak_mos", "p808_mos")
    for take, _ in (clean[0], clean[5]):
        samples = np.clip(resample(take.audio, 16_000).mono, -1, 1)[: round(1.2 * 16_000)]
        for seconds, heard, off in ((1.2, 1, 1e-4), (9.1, 1, 1e-4), (11.1, 2, 1e-4), (12.1, 3, 1e-4), (20.1, 3, 0.05)):
            part = np.tile(samples, 17)[: round(seconds * 16_000)]
            theirs, ours = dnsmos.run(part, 16_000), rate_quality(network, part)
            assert ours is not None
            assert len(select_windows(part)) == heard
            found = [ours.overall, ours.signal, ours.background, ours.p808]
            assert found == pytest.approx([theirs[name] for name in names], abs=off)


def test_words_count_as_written_or_as_said(judge: Judge, clean: Judged) -> None:
    take, _ = clean[0]  # "... leaves at ten past eight."
    for text in (take.text, take.text.replace("ten", "10").replace("eight", "8"), f"**{take.text}** [pause 2]"):
        assert judge.measure(take.audio, text).wer == 0.0
    assert judge.measure(take.audio, "Something else altogether was meant here.").wer > 0.8  # type: ignore[operator]


def test_nothing_judged_before_changes_a_result(judge: Judge, clean: Judged) -> None:
    take, measures = clean[2]
    judge.measure(noisy(take, 5.0), "Another text.", "de", clean[7][0].reference)
    assert judge.measure(take.audio, take.text, "en", take.reference) == measures


def test_measures_survive_json_and_parts_are_json(judge: Judge, clean: Judged) -> None:
    _, measures = clean[0]
    assert measures_from_json(measures_to_json(measures)) == measures
    parts = json.loads(json.dumps(judge.cache_parts(), allow_nan=False))
    assert set(parts["models"]) == {"whisper", "campplus", "dnsmos"}
    assert parts["models"]["dnsmos"]["sha256"]["model_v8.onnx"].startswith("9246480c")
    assert parts["versions"]["praat-parselmouth"]
    with pytest.raises(ValueError, match="seconds"):
        measures_from_json('{"heard": "x"}')


# --- faults of known size ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ARTIFACT_KINDS)
def test_faults_are_found_and_preferred_against(judge: Judge, clean: Judged, kind: ArtifactKind) -> None:
    """The whole calibration is benchmarks/judge.py, its figures are in benchmarks/RESULTS.md."""
    assert false_alarms(clean, kind) == []
    fault = FAULTS[kind]
    if kind not in ("repetition", "unheard"):  # these need the words heard in the damaged take
        assert caught(clean, kind, fault.size) >= (0.7 if kind == "truncated" else 0.9)
    judged = list(pairs(judge, clean[::4], kind, fault.size))
    assert all(one.preferred for one in judged), [one.take for one in judged if not one.preferred]


def test_every_kind_has_a_fault_and_a_reason() -> None:
    assert tuple(KINDS) == ARTIFACT_KINDS == tuple(FAULTS)
    assert all(kind.description and kind.unit and kind.reason for kind in KINDS.values())


# --- repair -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "says"), [("click", "click"), ("tone", "notched"), ("tail", "cut off"), ("dc", "offset")]
)
def test_repair_mends_and_is_kept_only_where_nothing_falls(
    judge: Judge, clean: Judged, kind: ArtifactKind, says: str
) -> None:
    kept = 0
    for number in (0, 6):
        take, _ = clean[number]
        sound = damaged(take, kind, FAULTS[kind].size, number)
        before = judge.measure(sound, take.text, "en", take.reference)
        assert kind in {one.kind for one in before.artifacts}
        done = repair(sound, before)[1]
        assert any(says in one for one in done)

        def again(audio: Audio, take: Clean = take) -> Measures:
            return judge.measure(audio, take.text, "en", take.reference)

        found = repair_and_verify(sound, before, again, assess)
        if found.done:
            kept += 1
            assert kind not in {one.kind for one in found.measures.artifacts}
            assert found.after["score"] >= found.before["score"]
            assert found.verdict.score == found.after["score"]
        else:
            assert found.why_not
            assert found.audio is sound
    assert kept


def test_a_repair_that_makes_it_worse_is_not_kept(judge: Judge, clean: Judged) -> None:
    take, measures = clean[0]
    sound = damaged(take, "dc", 2.0, 0)
    before = judge.measure(sound, take.text)
    found = repair_and_verify(sound, before, lambda audio: replace(measures, mos=1.0, wer=0.5), assess)
    assert found.done == ()
    assert "fell" in found.why_not
    assert found.audio is sound
    assert repair_and_verify(take.audio, measures, lambda audio: measures, assess).after == {}  # nothing to mend


# --- bad input --------------------------------------------------------------------------------------------------------


def test_sound_of_every_kind_is_judged(judge: Judge, clean: Judged) -> None:
    take, _ = clean[0]
    rate = take.audio.rate
    samples = take.audio.samples
    silent = judge.measure(Audio(np.zeros((1, rate * 2), np.float32), rate), take.text)
    assert (silent.heard, silent.wer, silent.mos, silent.pitch, silent.similarity) == ("", 1.0, None, None, None)
    assert [one.kind for one in silent.artifacts] == ["silence"]
    assert not assess(silent).passed
    for length in (0, 1, rate // 50, rate // 10):
        short = judge.measure(Audio(samples[:, rate // 2 : rate // 2 + length], rate), take.text, "en", take.reference)
        assert short.wer is not None
        assert measures_to_json(short)
    low = judge.measure(resample(take.audio, 8000), take.text)
    assert low.wer is not None
    assert low.wer <= 0.2
    assert "tone" not in {one.kind for one in low.artifacts}
    stereo = judge.measure(Audio(np.concatenate([samples, samples]), rate), take.text)
    assert stereo.wer == 0.0
    broken = samples.copy()
    broken[0, 1000] = np.nan
    broken[0, 2000] = np.inf
    assert measures_to_json(judge.measure(Audio(broken, rate), take.text))
    untold = judge.measure(take.audio, "", "en")
    assert untold.wer is None
    assert untold.heard
    assert assess(untold).passed
    with pytest.raises(UsageError, match="does not know 'xx'"):
        judge.measure(take.audio, take.text, "xx")
    with pytest.raises(SourceError, match="cannot read"):
        judge.measure(take.audio, take.text, "en", Path("nowhere.wav"))


def test_noise_alone_fails(judge: Judge) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 48_000)).astype(np.float32)
    found = judge.measure(Audio(noise, 24_000), "Nobody says this.")
    assert not assess(found).passed
    assert (found.mos or 0) < 2.0


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command(
    tmp_path: Path, clean: Judged, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    take, _ = clean[0]
    assert take.reference is not None
    write_audio(take.audio, "good.flac")
    write_audio(take.reference, "ref.wav")
    write_audio(damaged(take, "tone", -30, 0), "tone.wav")
    Path("line.txt").write_text(take.text)
    common = ["--text", "@line.txt", "--reference", "ref.wav"]
    assert run(["judge", "good.flac", *common]) == 0
    out = capsys.readouterr().out
    assert "passed" in out
    assert re.search(r"WER +0\.0%", out)
    assert run(["judge", "good.flac", "tone.wav", "none.wav", *common, "--json", "--repair", "mended"]) == 1
    done = capsys.readouterr()
    assert "none.wav" in done.err
    good, tone = (json.loads(line) for line in done.out.splitlines())
    assert good["passed"]
    assert good["repair"]["done"] == []
    assert tone["passed"] == bool(tone["repair"]["done"])
    assert sorted(path.name for path in Path().glob("mended/*")) == (["tone.wav"] if tone["passed"] else [])
    assert decode(Path("tone.wav"))[0].duration == pytest.approx(take.audio.duration, abs=0.1)
    assert run(["judge", "good.flac", "--set", "min_mos=5"]) == 1
    assert "DNSMOS is" in capsys.readouterr().out
    for arguments, says in (
        (["--set", "max_were=1"], "Did you mean max_wer"), (["--set", "x"], "is not NAME=VALUE"),
        (["--set", "artifacts=hiss"], "artifacts"), (["-l", "xx"], "does not know"),
        (["--reference", "no.wav"], "no.wav"),
        (["tone.wav", "--repair", "."], "would overwrite the file that is read"),
    ):  # fmt: skip
        assert run(["judge", "good.flac", *arguments]) in (1, 2)
        assert says in capsys.readouterr().err
