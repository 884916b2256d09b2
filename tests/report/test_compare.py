"""Comparing: intervals hold the truth, noise is not called a win, verdicts say what was found."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from scipy import stats

import voicekit
from benchmarks import compare as simulated
from tests.support.takes_run import takes_run
from voicekit.audio.decode import decode
from voicekit.cli import run
from voicekit.errors import SourceError, UsageError
from voicekit.evaluation import significance
from voicekit.evaluation.significance import (
    MIN_UNITS,
    Difference,
    assess_preference,
    compare_values,
    first_is_a,
    pseudo_values,
    studentized_interval,
    wilson_interval,
)
from voicekit.report.compare import Comparison, Pair
from voicekit.report.listening_test import make_listening_test, paired_lines
from voicekit.report.load import load_run
from voicekit.report.verdicts import VERDICTS, difference_verdict, preference_verdict
from voicekit.types import Segment, Transcript, spread

# --- intervals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("simulation", "units"),
    [
        (simulated.even, 20),
        (simulated.heavy, 20),
        (simulated.paired, 20),
        (simulated.skewed, 50),
        (simulated.word_errors(0.5, 0.7), 20),
        (simulated.pooled_errors(0.5, 0.7), 50),
    ],
)
def test_intervals_hold_the_truth_in_93_to_97_of_100(simulation: simulated.Simulation, units: int) -> None:
    found = simulated.cover(simulation, units, 2000, simulated.truth(simulation), draws=1000)
    assert 0.93 <= found["voicekit"] <= 0.97
    assert found["intervals"] > 0.95


def test_the_ends_are_at_least_students() -> None:
    values = np.random.default_rng(0).normal(size=(25, 1))
    low, high = studentized_interval(values, seed=0)
    usual = stats.t.interval(0.95, 24, values.mean(), values.std(ddof=1) / 5)
    assert low[0] <= usual[0]
    assert high[0] >= usual[1]
    assert high[0] - low[0] < 1.2 * (usual[1] - usual[0])


def test_skewed_differences_reach_further_on_the_long_side() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, size=(30, 1))
    low, high = studentized_interval(values, seed=0)
    assert high[0] - values.mean() > 1.2 * (values.mean() - low[0])


def test_the_seed_decides_the_interval() -> None:
    a, b = np.random.default_rng(2).normal(size=(2, 40))
    assert compare_values("wer", a, b, "lines", seed=3) == compare_values("wer", a, b, "lines", seed=3)
    assert compare_values("wer", a, b, "lines", seed=3) != compare_values("wer", a, b, "lines", seed=4)


def test_pseudo_values_average_to_the_ratio() -> None:
    generator = np.random.default_rng(3)
    counts = generator.integers(1, 20, (30, 3, 2)).astype(float)
    ratios = counts[:, :, 0].sum(axis=0) / counts[:, :, 1].sum(axis=0)
    assert pseudo_values(counts).mean() == pytest.approx(ratios.mean())
    nothing = np.concatenate([counts, np.zeros((30, 1, 2))], axis=1)
    assert pseudo_values(nothing) == pytest.approx(pseudo_values(counts))


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_no_verdict_under_twenty_units() -> None:
    a = np.arange(MIN_UNITS - 1, dtype=float)
    found = compare_values("wer", a, a + 1 + a / 100, "lines")
    assert (found.outcome, found.low) == ("too_few_units", None)
    a = np.arange(MIN_UNITS, dtype=float)
    assert compare_values("wer", a, a + 1 + a / 100, "lines").outcome == "higher"


def test_equal_and_nearly_equal_systems_get_no_interval() -> None:
    a = np.zeros(30)
    assert compare_values("wer", a, a, "lines").outcome == "identical"
    b = a.copy()
    b[0] = 1.0
    found = compare_values("wer", a, b, "lines")
    assert (found.outcome, found.low, found.differ) == ("too_few_differences", None, 1)


def test_noise_is_not_called_a_win() -> None:
    """Of 100 pairs of equal systems in six measures, few get any verdict, though many differ at 95 % in one."""
    generator = np.random.default_rng(5)
    wins = looks = 0
    for _ in range(100):
        a, b = generator.normal(size=(2, 6, 30))
        found = [compare_values("m", a[i], b[i], "lines", comparisons=6) for i in range(6)]
        wins += any(each.outcome in ("lower", "higher") for each in found)
        looks += any(each.low is not None and not each.low <= 0 <= (each.high or 0) for each in found)
    assert wins <= 10
    assert looks >= 15


def test_one_of_many_is_only_perhaps() -> None:
    generator = np.random.default_rng(6)
    a = generator.normal(size=40)
    b = a + generator.normal(0.35, 1.0, size=40)
    alone, among = compare_values("m", a, b, "lines"), compare_values("m", a, b, "lines", comparisons=20)
    assert (alone.outcome, among.outcome) == ("higher", "uncertain")
    assert (alone.low, alone.high) == (among.low, among.high)


# --- votes ----------------------------------------------------------------------------------------------------------


def test_wilson_is_statsmodels() -> None:
    # statsmodels.stats.proportion.proportion_confint(15, 20, method="wilson")
    assert wilson_interval(15, 20) == pytest.approx((0.5312990, 0.8881384), abs=1e-6)
    low, high = wilson_interval(0, 20)
    assert (low, round(high, 4)) == (0.0, 0.1611)


def test_votes() -> None:
    assert assess_preference(0, 0).outcome == "too_few_units"
    assert assess_preference(0, 19).outcome == "too_few_units"
    assert assess_preference(4, 16).outcome == "higher"
    assert assess_preference(16, 4).outcome == "lower"
    assert assess_preference(8, 12, same=5).outcome == "no_difference"
    assert assess_preference(8, 12, same=5).share == 0.6


def test_the_blind_order_is_balanced_and_of_the_seed() -> None:
    lines = [f"line {i}" for i in range(31)]
    order = first_is_a(lines, 0)
    assert sum(order) in (15, 16)
    assert order == first_is_a(lines, 0)
    assert order != first_is_a(lines, 1)
    assert first_is_a(["same", "same"], 0) in ([True, False], [False, True])


def test_levels_reach_the_draws() -> None:
    """With the draws there are, the shared level of a dozen comparisons still has some beyond it."""
    assert significance.RESAMPLES * 0.05 / 12 / 2 >= 20


# --- runs -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    out = tmp_path_factory.mktemp("runs")
    return takes_run(out, "calm", 24), takes_run(out, "lively", 24, speed=1.2, better=0.06)


def outcomes(result: Comparison) -> dict[str, str]:
    return {each.measure: each.outcome for each in result.pairs[0].differences}


def test_takes_are_compared_line_by_line(runs: tuple[Path, Path]) -> None:
    result = voicekit.compare(*runs)
    assert result.kind == "takes"
    found = outcomes(result)
    assert found["similarity"] == found["mos"] == found["pace"] == "higher"
    assert found["pitch_range"] == "identical"
    assert {each.units for each in result.pairs[0].differences} == {24}
    said = {each.partition(":")[0]: each for each in result.pairs[0].verdicts}
    assert said["similarity"].startswith("similarity: B higher by 0.0")
    assert said["similarity"].endswith("24 lines), better")
    assert said["pace"].endswith("24 lines)")  # neither way is better
    assert ("takes speed", "1", "1.2") in [(c.what, c.a, c.b) for c in result.pairs[0].changed]
    json.loads(result.to_json())


def test_a_run_is_no_better_than_itself(runs: tuple[Path, Path]) -> None:
    result = voicekit.compare(runs[0], runs[0])
    assert set(outcomes(result).values()) == {"identical"}
    assert result.pairs[0].changed == ()


def test_few_lines_get_no_verdict(runs: tuple[Path, Path], tmp_path: Path) -> None:
    few = takes_run(tmp_path, "few", 5, speed=1.2)
    result = voicekit.compare(runs[0], few)
    assert set(outcomes(result).values()) == {"too_few_units"}
    assert "no verdict, 5 lines and at least 20 are needed" in result.pairs[0].verdicts[0]
    assert any("19 of 24 lines" in note for note in result.pairs[0].notes)


def test_more_runs_share_the_level(runs: tuple[Path, Path]) -> None:
    two, three = voicekit.compare(*runs), voicekit.compare(*runs, runs[1])
    assert list(three.runs) == ["A", "B", "C"]
    assert three.pairs[0].differences[0].comparisons == 2 * two.pairs[0].differences[0].comparisons


def test_what_cannot_be_compared(runs: tuple[Path, Path], sample_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be compared"):
        voicekit.compare(runs[0], sample_run)
    with pytest.raises(UsageError, match="compared against references"):
        voicekit.compare(sample_run, sample_run)
    with pytest.raises(SourceError, match="no such file"):
        voicekit.compare(runs[0], tmp_path / "nothing")
    other = takes_run(tmp_path, "other", 3)
    text = (other / "takes.json").read_text()
    (other / "takes.json").write_text(text.replace("The ", "A ").replace("She ", "He ").replace("There ", "Here "))
    with pytest.raises(SourceError, match="no line of"):
        voicekit.compare(runs[0], other)


def test_transcripts_are_compared_against_references(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Thirty utterances; B misses a word in every second one."""
    lines = [f"this is sentence number {i} of the talk" for i in range(30)]
    right, worse = tmp_path / "right.json", tmp_path / "worse.json"
    for path, drop in ((right, 0), (worse, 2)):
        segments = [
            Segment(i, 3.0 * i, 3.0 * i + 2, text, "Ana", "en", spread(text, 3.0 * i, 3.0 * i + 2, "Ana"))
            for i, text in enumerate(
                " ".join(line.split()[:-1] if drop and i % drop == 0 else line.split()) for i, line in enumerate(lines)
            )
        ]
        Transcript("voicekit.transcript/1", "en", 90.0, "talk.wav", ("Ana",), tuple(segments)).save(path)
    reference = tmp_path / "references"
    reference.mkdir()
    stm = "".join(f"talk 1 Ana {3 * i:.2f} {3 * i + 2:.2f} {line}\n" for i, line in enumerate(lines))
    (reference / "talk.stm").write_text(stm)
    result = voicekit.compare(right, worse, reference=reference)
    assert outcomes(result)["wer"] == "higher"
    wer = result.pairs[0].differences[0]
    assert wer.value == pytest.approx(15 / 240)
    assert (wer.units, wer.drawn) == (30, "utterances")
    assert "worse" in result.pairs[0].verdicts[0]
    assert outcomes(voicekit.compare(right, right, reference=reference)) == {
        "wer": "identical",
        "cpwer": "identical",
        "der": "too_few_units",
    }
    line = ["compare", str(right), str(worse), "-r", str(reference / "talk.stm"), "--metric", "wer", "--json"]
    assert run(line) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["measure"] for each in told["pairs"][0]["differences"]] == ["wer"]
    with pytest.raises(SourceError, match="no reference"):
        (reference / "talk.stm").rename(reference / "other.stm")
        voicekit.compare(right, worse, reference=reference)


def test_folders_of_runs_are_compared_by_recording(sample_run: Path, tmp_path: Path) -> None:
    """With twenty recordings and more, recordings are what is drawn."""
    for side in ("one", "two", "right"):
        (tmp_path / side).mkdir()
    for i in range(22):
        (tmp_path / "right" / f"talk{i}.txt").write_text("one two three four five\n")
        (tmp_path / "one" / f"talk{i}.txt").write_text(
            "one two three four five\n" if i % 3 else "one three four five\n"
        )
        (tmp_path / "two" / f"talk{i}.txt").write_text("one two three\n" if i % 5 else "one\n")
    result = voicekit.compare(tmp_path / "one", tmp_path / "two", reference=tmp_path / "right", metrics=("wer",))
    (found,) = result.pairs[0].differences
    assert (found.units, found.drawn, found.outcome) == (22, "recordings", "higher")


# --- the page and votes -----------------------------------------------------------------------------------------------


def test_the_blind_page_tells_nothing_by_its_names(runs: tuple[Path, Path], tmp_path: Path) -> None:
    place = tmp_path / "compare.html"
    assert run(["compare", *map(str, runs), "-o", str(place)]) == 0
    found = re.search(r'id="data">(.*?)</script>', place.read_text(), re.S)
    assert found
    data = json.loads(found[1])
    assert len(data["rows"]) == 24
    assert sum(row[4] for row in data["rows"]) == 12
    for _, _, first, second, _ in data["rows"]:
        assert re.fullmatch(r"compare_files/blind-\d{3}-1\.mp3", first)
        assert (tmp_path / first).is_file()
        assert (tmp_path / second).is_file()
    levels = [loudness(tmp_path / each) for row in data["rows"][:6] for each in row[2:4]]
    assert max(levels) - min(levels) < 1.0


def loudness(path: Path) -> float:
    import pyloudnorm

    audio, _ = decode(path, rate=24_000)
    return float(pyloudnorm.Meter(24_000).integrated_loudness(audio.samples.T.astype(np.float64)))


def votes(path: Path, runs: tuple[Path, Path], prefers: list[str], **more: object) -> Path:
    both = paired_lines(*map(load_run, runs))[0]
    rows = [{"line": one.line.id, "prefers": which, "first": "a"} for one, which in zip(both, prefers, strict=False)]
    told = {
        "schema": "voicekit.votes/1",
        "pair": make_listening_test(both, 0).digest,
        "a": "calm",
        "b": "lively",
        "seed": 0,
        "votes": rows,
    }
    path.write_text(json.dumps(told | more))
    return path


def test_votes_are_counted(runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = votes(tmp_path / "one.json", runs, ["b"] * 10 + ["a"] * 2 + ["same"])
    two = votes(tmp_path / "two.json", runs, ["b"] * 9)
    assert voicekit.compare(*runs, votes=[one]).preference == assess_preference(2, 10, 1)
    assert run(["compare", *map(str, runs), "--votes", str(one), "--votes", str(two)]) == 0
    assert "blind: B is preferred, B preferred in 19 of 21" in capsys.readouterr().out
    for wrong in (
        {"pair": "x"},
        {"votes": [{"line": "999", "prefers": "a", "first": "a"}]},
        {"seed": "x"},
        {"more": 1},
    ):
        with pytest.raises(SourceError):
            voicekit.compare(*runs, votes=[votes(tmp_path / "wrong.json", runs, ["a"], **wrong)])
    with pytest.raises(SourceError, match="other takes"):
        voicekit.compare(runs[1], runs[0], votes=[one])


def test_verdicts_in_words() -> None:
    known = Difference("wer", 0.05, 0.038, -0.012, -0.02, -0.003, 84, "utterances", 40, 3, "lower")
    assert difference_verdict("B", known) == "WER: B lower by 1.20 points (95 % CI 0.30 to 2.00; 84 utterances), better"
    assert difference_verdict("B", replace(known, outcome="uncertain")).startswith(
        "WER: no verdict, lower by 1.20 points"
    )
    none = replace(known, outcome="no_difference", low=-0.02, high=0.003)
    assert difference_verdict("B", none) == "WER: no difference shown (B − A −2.00 to 0.30 points; 84 utterances)"
    sparse = replace(known, outcome="too_few_differences", low=None, high=None, differ=2)
    assert difference_verdict("B", sparse) == "WER: no verdict, only 2 of 84 utterances differ"
    assert difference_verdict(
        "C", replace(known, measure="der", value=0.01, low=0.005, high=0.02, outcome="higher")
    ).endswith("worse")
    assert preference_verdict(assess_preference(0, 0, 3)) == "blind: no votes for either; 3 heard no difference"
    assert preference_verdict(assess_preference(3, 4)).startswith("blind: no verdict, B preferred in 4 of 7")
    assert preference_verdict(assess_preference(10, 11)).startswith("blind: no preference shown")


def test_json_has_the_words_of_its_schema() -> None:
    """Outcomes are written as voicekit.compare/1 has them, whatever they are called in Python."""
    written = {
        "lower": "lower", "higher": "higher", "uncertain": "perhaps", "no_difference": "none", "identical": "equal",
        "too_few_units": "few", "too_few_differences": "sparse",
    }  # fmt: skip
    assert set(get_args(significance.OutcomeName)) == set(written) == set(VERDICTS)
    known = Difference("wer", 0.05, 0.038, -0.012, -0.02, -0.003, 84, "utterances", 40, 3, "lower")
    for outcome, word in written.items():
        differences = (replace(known, outcome=outcome),)  # type: ignore[arg-type]
        pair = Pair("B", differences, (), (), ())
        told = json.loads(
            Comparison("voicekit.compare/1", "takes", {"A": "x", "B": "y"}, (pair,), assess_preference(0, 0)).to_json()
        )
        assert told["pairs"][0]["differences"][0]["outcome"] == word
        assert told["preference"]["outcome"] == "few"
    schema = Comparison.json_schema()["$defs"]["Difference"]["properties"]["outcome"]
    assert set(schema["enum"]) == set(written.values())
