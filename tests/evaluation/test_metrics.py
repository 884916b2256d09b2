"""Scores: by hand, against the libraries' own, and what must hold for any input."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.strategies import transcripts
from voicekit.evaluation import bootstrap
from voicekit.evaluation.der import diarization_errors, stretches
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.normalization import normalizer
from voicekit.evaluation.score import Sample, compute_score, pool_samples
from voicekit.evaluation.wer import (
    character_errors,
    cp_errors,
    speaker_errors,
    tokens,
    word_errors,
    word_times,
)
from voicekit.formats.readers import Annotation, Utterance
from voicekit.types import Transcript, Turn, Word

PLAIN = normalizer("en", normalize=False)


def said(*texts: str) -> list[Utterance]:
    """`A: x y` is spoken by A, `x y` by nobody."""
    pairs = [text.rpartition(": ") for text in texts]
    return [Utterance(text, speaker=name or None) for name, _, text in pairs]


def timed(*rows: tuple[str, float, float]) -> list[Utterance]:
    words = tuple(Word(*row, probability=1.0) for row in rows)
    return [Utterance(" ".join(word.text for word in words), words=words)]


# --- words ----------------------------------------------------------------------------------------------------------


def test_word_errors_belong_to_the_utterance_they_are_aligned_with() -> None:
    found = word_errors(said("a b c", "d e", "f"), said("a x c d", "new e new"), PLAIN)
    assert found.tolist() == [[1, 0, 0, 3], [0, 0, 1, 2], [1, 0, 0, 1]]


def test_word_errors_without_words_on_one_side() -> None:
    assert word_errors(said("a b", "c"), [], PLAIN).tolist() == [[0, 2, 0, 2], [0, 1, 0, 1]]
    assert word_errors([], said("a b"), PLAIN).tolist() == [[0, 0, 2, 0]]
    assert word_errors(said("a"), said("new", "a"), PLAIN).tolist() == [[0, 0, 1, 1]]


def test_character_errors() -> None:
    # "ab c" against "abd": c is deleted or replaced, the space deleted or replaced by d: two errors of four.
    found = character_errors(said("ab", "c"), said("abd"), PLAIN, spaced=True)
    assert found[:, :3].sum() == 2
    assert found[:, 3].tolist() == [3, 1]  # the space counts with the word before it
    assert character_errors(said("ab", "c"), said("abd"), PLAIN, spaced=False).tolist() == [[0, 0, 0, 2], [1, 0, 0, 1]]


def test_where_lines_break_changes_nothing() -> None:
    """`twenty five` is 25 for the normaliser even where a line ends between them."""
    normal = normalizer("en")
    one = tokens(("I have twenty", "five, don't I?"), normal)
    assert one.words == tokens(("I have twenty five, don't I?",), normal).words == ("i", "have", "25", "do", "not", "i")
    assert one.origins.tolist() == [0, 0, 0, 1, 1, 1]
    assert word_errors(said("I have twenty", "five."), said("i have 25"), normal)[:, :3].sum() == 0


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Mr. Brown's colour, um, $20!", "mister brown is color $20"),
        ("de", "Schöne Grüße (lacht), Ä!", "schöne grüße ä"),
        ("zh-Hant", "今天, 好。", "今 天 好"),
        ("th", "ที่นี่", "ที่ นี่"),
        ("hi", "हिन्दी है", "हिन्दी है"),
        ("xx", "A b", "a b"),
        ("ar", "كَتَبَ الوَلَدُ رســالة", "كتب الولد رسالة"),
        ("ar", "٢٠ كتاب", "20 كتاب"),
        ("he", "שָׁלוֹם עוֹלָם\u200f", "שלום עולם"),
        ("tr", "İSTANBUL IŞIK", "istanbul ışık"),
        ("hi", "हिन्दी २०", "हिन्दी 20"),
        ("fa", "می\u200cروم", "میروم"),
        ("th", "น้ำ", "น้ำ"),
        ("lo", "ນ້ຳ", "ນ້ຳ"),
        ("km", "ខ្ញុំស្រឡាញ់", "ខ្ញុំ ស្រ ឡា ញ់"),
        ("ja", "２０２４年", "2 0 2 4 年"),
        ("de", "Stra\u00adße ＡＢ２", "straße ab2"),
        ("en", "co\u00adlour", "color"),
    ],
)
def test_normalizers(language: str, text: str, words: str) -> None:
    assert " ".join(normalizer(language)(text).split()) == words


def test_without_normalizer_words_are_as_written_but_unspaced_scripts_are_still_letters() -> None:
    assert normalizer("de", normalize=False)("Ja,  SO!") == "Ja,  SO!"
    assert normalizer("zh", normalize=False)("今天 好。") == "今 天 好 。"


def test_cp_assigns_speakers_and_keeps_the_surplus_as_insertions() -> None:
    reference = said("A: a b", "B: c d", "A: e")
    assert cp_errors(reference, said("X: c d", "Y: a b e"), PLAIN)[:, :3].sum() == 0
    found = cp_errors(reference, said("X: a b e", "Y: c", "Z: d"), PLAIN)
    assert found.tolist() == [[0, 0, 0, 2], [0, 1, 1, 2], [0, 0, 0, 1]]  # d is missing from Y, and Z's d is too much
    assert cp_errors(reference, [], PLAIN)[:, 1].sum() == 5
    assert cp_errors([], said("X: a b"), PLAIN).tolist() == [[0, 0, 2, 0]]


lines = st.lists(
    st.tuples(st.sampled_from("ABC"), st.lists(st.sampled_from("abcd"), min_size=1, max_size=4)), max_size=6
)


def spoken(rows: Sequence[tuple[str, list[str]]]) -> list[Utterance]:
    return [Utterance(" ".join(words), speaker=speaker) for speaker, words in rows]


@given(lines, lines)
@settings(deadline=None)
def test_cp_and_word_errors_are_the_fewest(one: list, other: list) -> None:
    """Every assignment of speakers is tried, and jiwer counts the words."""
    import jiwer

    reference, hypothesis = spoken(one), spoken(other)

    def by_speaker(some: list[Utterance]) -> list[str]:
        names = dict.fromkeys(u.speaker or "" for u in some)
        texts = [" ".join(u.text for u in some if u.speaker == name) for name in names]
        return [*texts, *[""] * (3 - len(texts))]

    def count(ours: str, theirs: str) -> int:
        return len(theirs.split()) if not ours else round(jiwer.wer(ours, theirs) * len(ours.split()))

    ours, theirs = by_speaker(reference), by_speaker(hypothesis)
    fewest = min(sum(map(count, ours, order)) for order in itertools.permutations(theirs))
    found = cp_errors(reference, hypothesis, PLAIN)
    assert (found[:, :3].sum(), found[:, 3].sum()) == (fewest, len(" ".join(ours).split()))
    words = jiwer.process_words(" ".join(u.text for u in reference), " ".join(u.text for u in hypothesis))
    assert word_errors(reference, hypothesis, PLAIN).sum(axis=0).tolist() == [
        words.substitutions, words.deletions, words.insertions, len(words.references[0]),
    ]  # fmt: skip


def test_speaker_errors() -> None:
    # a b | c d e: X said a b, Y c d, X e (heard as x): X is A, Y is B, so e is wrong: 1 of 5.
    found = speaker_errors(said("A: a b", "B: c d e"), said("X: a b", "Y: c d", "X: x"), PLAIN)
    assert found.tolist() == [[0, 2], [1, 3]]
    # Inserted and deleted words have no partner; a word without a speaker is wrong.
    found = speaker_errors(said("A: a b c", "B: d"), said("X: a new b", "d"), PLAIN)
    assert found.sum(axis=0).tolist() == [1, 3]
    # A surplus speaker is matched with nobody.
    assert speaker_errors(said("A: a b c"), said("X: a b", "Y: c"), PLAIN).tolist() == [[1, 3]]


def test_word_times() -> None:
    reference = [*timed(("One", 0.0, 0.5), ("two", 1.0, 1.5)), *timed(("three", 2.0, 2.5), ("four", 3.0, 3.5))]
    hypothesis = timed(
        ("one,", 0.25, 0.5), ("too", 1.0, 1.5), ("uh", 1.6, 1.7), ("three", 1.5, 3.5), ("four", 3.0, 3.25)
    )
    found = word_times(reference, hypothesis, normalizer("en"))
    assert [some.tolist() for some in found] == [[[0.25, 0.0]], [[0.5, 1.0], [0.0, 0.25]]]


# --- turns ----------------------------------------------------------------------------------------------------------

A10_B10 = (Turn(0, 10, "A"), Turn(10, 20, "B"))


def rates(reference: Sequence[Turn], hypothesis: Sequence[Turn], duration: float, **more) -> tuple[float, float]:
    """DER and JER."""
    errors, jaccard = diarization_errors(tuple(reference), tuple(hypothesis), duration, **more)
    sums = jaccard.sum(axis=0)
    return errors[:, :3].sum() / errors[:, 3].sum(), float(np.mean(sums[:, 0] / sums[:, 1]))


def test_der_and_jer() -> None:
    found = (Turn(0, 12, "x"), Turn(12, 20, "y"))
    assert rates(A10_B10, found, 20) == (pytest.approx(2 / 20), pytest.approx((2 / 12 + 2 / 10) / 2))
    errors, _ = diarization_errors(A10_B10, (Turn(2, 10, "x"), Turn(20, 23, "x")), 24)
    assert errors.sum(axis=0).tolist() == pytest.approx([12, 3, 0, 20])
    assert errors[:, 0].tolist() == pytest.approx([2, 0, 4.4, 4.8, 0.8])
    assert rates(A10_B10, (), 20) == (1, 1)


def test_errors_are_in_the_stretch_where_they_happen() -> None:
    assert stretches(20) == [(0, 5), (5, 10), (10, 15), (15, 20)]
    errors, jaccard = diarization_errors(A10_B10, (Turn(0, 12, "x"), Turn(12, 20, "y")), 20)
    assert errors.tolist() == [[0, 0, 0, 5], [0, 0, 0, 5], [0, 0, 2, 5], [0, 0, 0, 5]]
    assert jaccard.tolist() == [[[0, 5], [0, 0]], [[0, 5], [0, 0]], [[2, 2], [2, 5]], [[0, 0], [0, 5]]]


def test_collar_overlap_and_what_is_ignored() -> None:
    found = (Turn(0, 12, "x"), Turn(12, 20, "y"))
    errors, _ = diarization_errors(A10_B10, found, 20, collar=0.5)  # 0-0.5, 9.5-10.5 and 19.5-20 are left out
    assert errors.sum(axis=0).tolist() == pytest.approx([0, 0, 1.5, 18])
    errors, _ = diarization_errors(A10_B10, found, 20, ignored=((11, 15),))
    assert errors.sum(axis=0).tolist() == pytest.approx([0, 0, 1, 16])
    twice = (*A10_B10, Turn(3, 7, "A"), Turn(10, 20, "B"))
    assert diarization_errors(twice, found, 20)[0].tolist() == diarization_errors(A10_B10, found, 20)[0].tolist()
    both = (Turn(0, 10, "A"), Turn(8, 20, "B"))
    assert diarization_errors(both, (), 20)[0].sum(axis=0).tolist() == pytest.approx([22, 0, 0, 22])
    assert diarization_errors(both, (), 20, skip_overlap=True)[0].sum(axis=0).tolist() == pytest.approx([18, 0, 0, 18])


@pytest.mark.parametrize(
    ("duration", "count", "length"),
    [(0, 1, 0), (3, 1, 3), (30, 6, 5), (120, 10, 12), (3600, 120, 30), (90_000, 1000, 90)],
)
def test_blocks(duration: float, count: int, length: float) -> None:
    found = stretches(duration)
    assert len(found) == count
    assert all(end - start == pytest.approx(length) for start, end in found)
    assert (found[0][0], found[-1][1]) == (0, duration)


some_turns = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 90), st.sampled_from("ABC")).map(
        lambda row: Turn(row[0] / 10, (row[0] + row[1]) / 10, row[2])
    ),
    min_size=1,
    max_size=8,
).map(tuple)


@given(some_turns, some_turns, st.sampled_from([0.0, 0.25]), st.booleans())
@settings(deadline=None, max_examples=60)
def test_stretches_add_up_to_the_librarys_figures(reference, hypothesis, collar: float, skip_overlap: bool) -> None:
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(turns: Sequence[Turn]) -> Annotation:
        out = Annotation()
        for number, turn in enumerate(turns):
            out[Segment(turn.start, turn.end), number] = turn.speaker
        return out

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        details = DiarizationErrorRate(collar=2 * collar, skip_overlap=skip_overlap)(
            annotation(reference).support(),
            annotation(hypothesis).support(),
            uem=Timeline([Segment(0, 40)]),
            detailed=True,
        )
    errors, _ = diarization_errors(reference, hypothesis, 40.0, collar=collar, skip_overlap=skip_overlap)
    missed, made_up, confused, total = errors.sum(axis=0)
    # Equally good mappings may differ in what is confusion and what is missed and made up, not in the sum.
    assert total == pytest.approx(details["total"], abs=1e-4)
    wrong = details["missed detection"] + details["false alarm"] + details["confusion"]
    assert missed + made_up + confused == pytest.approx(wrong, abs=1e-4)


def test_jer_is_the_librarys() -> None:
    """Without ties in the mapping, which leave JER open."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import JaccardErrorRate

    generator = np.random.default_rng(1)
    for _ in range(20):
        sides = []
        for names in ("ABC", "xyzw"):
            starts, lengths = generator.uniform(0, 90, 14), generator.uniform(0.5, 9, 14)
            sides.append(
                tuple(
                    Turn(float(s), float(s + n), names[i % len(names)])
                    for i, (s, n) in enumerate(zip(starts, lengths, strict=True))
                )
            )
        annotations = [Annotation(), Annotation()]
        for out, turns in zip(annotations, sides, strict=True):
            for number, turn in enumerate(turns):
                out[Segment(turn.start, turn.end), number] = turn.speaker
        expected = JaccardErrorRate()(*(a.support() for a in annotations), uem=Timeline([Segment(0, 100)]))
        assert rates(*sides, 100)[1] == pytest.approx(expected, abs=1e-4)


# --- intervals ------------------------------------------------------------------------------------------------------


def test_draws_are_of_as_many_units_and_the_same_each_time() -> None:
    rows = np.concatenate(list(bootstrap.resamples(7, seed=3, count=300)))
    assert rows.shape == (300, 7)
    assert (rows.sum(axis=1) == 7).all()
    assert (rows == np.concatenate(list(bootstrap.resamples(7, seed=3, count=300)))).all()
    assert (rows != np.concatenate(list(bootstrap.resamples(7, seed=4, count=300)))).any()
    assert abs(rows.mean(axis=0) - 1).max() < 0.2


def test_statistics_of_draws_are_those_of_what_is_drawn() -> None:
    generator = np.random.default_rng(0)
    parts = generator.uniform(0, 5, (6, 2, 2))
    parts[:3, 1] = 0  # the second speaker speaks in the last three units only
    values = [generator.normal(size=n) for n in (3, 0, 1, 4, 2, 5)]
    ratio, median = bootstrap.ratio(parts), bootstrap.median(values)
    for row in next(bootstrap.resamples(6, seed=0)):
        drawn = np.repeat(np.arange(6), row)
        sums = parts[drawn].sum(axis=0)
        expected = np.mean([errors / total for errors, total in sums if total])
        assert ratio(row[None])[0] == pytest.approx(expected)
        pool = np.concatenate([values[i] for i in drawn])
        assert median(row[None])[0] == pytest.approx(np.median(pool) if len(pool) else math.nan, nan_ok=True)
    assert bootstrap.value(median, 6) == pytest.approx(np.median(np.concatenate(values)))
    assert math.isnan(bootstrap.value(bootstrap.median([]), 0))
    assert math.isnan(bootstrap.ratio(np.zeros((3, 1, 2)))(np.ones((1, 3), dtype=np.int64))[0])


def test_no_interval_from_few_units_or_without_spread() -> None:
    counts = np.array([[[1.0, 10.0]], [[2.0, 10.0]], [[0.0, 10.0]], [[4.0, 10.0]]])
    assert bootstrap.interval(bootstrap.ratio(counts), 4, seed=0) is None
    more = np.concatenate([counts, counts])
    low, high = bootstrap.interval(bootstrap.ratio(more), 8, seed=0) or (1, 0)
    assert 0 <= low < 7 / 40 < high <= 0.4
    assert bootstrap.interval(bootstrap.ratio(more), 8, seed=0) == (low, high)
    assert bootstrap.interval(bootstrap.ratio(more * [0, 1]), 8, seed=0) is None


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Utterances of skewed lengths and error rates, true rate 0.12; in 200 trials 95 % is 190, give or take."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        words = generator.geometric(1 / 8, 40)
        errors = generator.binomial(words, generator.beta(1.2, 8.8, 40))
        counts = np.stack([errors, words], axis=1).astype(float)[:, None, :]
        found = bootstrap.interval(bootstrap.ratio(counts), 40, seed=0)
        held += found is not None and found[0] <= 0.12 <= found[1]
    assert 178 <= held <= 199


def test_a_score_of_several_recordings() -> None:
    one = Sample("words", "utterances", np.array([[[1.0, 10.0]], [[0.0, 5.0]]]), details={"deletions": 1.0})
    other = Sample("words", "utterances", np.array([[[2.0, 5.0]]]), details={"deletions": 2.0})
    pooled = pool_samples([one, other])
    assert (pooled.units, pooled.drawn, pooled.sums, pooled.details) == (3, "utterances", (3, 20), {"deletions": 3})
    many = pool_samples([one, other] * 3)
    assert (many.units, many.drawn, many.sums) == (6, "recordings", (9, 60))
    score = compute_score(many, seed=0)
    assert score is not None
    assert score.value == score.errors / score.total == 0.15  # type: ignore[operator]
    assert score.low is not None
    assert score.low < 0.15 < (score.high or 0)
    # JER: each speaker counts once, however the recordings are pooled.
    two = Sample("speakers", "stretches", np.array([[[1.0, 2.0], [0.0, 1.0]]]), averaged=True)
    lone = Sample("speakers", "stretches", np.array([[[6.0, 6.0]], [[0.0, 2.0]]]), averaged=True)
    few, lots = (
        compute_score(pool_samples([two, lone]), 0),
        compute_score(pool_samples([two, two, lone, lone, lone]), 0),
    )
    assert few is not None
    assert lots is not None
    assert (few.value, few.total) == (pytest.approx((0.5 + 0 + 0.75) / 3), 3)
    assert (lots.value, lots.total) == (pytest.approx((2 * 0.5 + 3 * 0.75) / 7), 7)


# --- what must hold -------------------------------------------------------------------------------------------------


def renamed(transcript: Transcript, names: dict[str | None, str | None]) -> Transcript:
    return replace(
        transcript,
        segments=tuple(replace(s, speaker=names.get(s.speaker, s.speaker)) for s in transcript.segments),
        turns=tuple(replace(t, speaker=names[t.speaker] or "") for t in transcript.turns),
        speakers=tuple(names[name] or "" for name in transcript.speakers),
    )


@given(transcripts())
@settings(deadline=None, max_examples=40)
def test_no_errors_against_itself(transcript: Transcript) -> None:
    assume(normalizer("en")(transcript.text).strip() or transcript.turns)
    found = evaluate(transcript, transcript)
    for name, score in found.total.items():
        assert score.value == pytest.approx(0, abs=1e-6), name
    if transcript.turns:
        assert {"der", "jer"} <= set(found.total)


@given(transcripts(), transcripts(), st.permutations(["SPEAKER_00", "SPEAKER_01", "Ana <b>", "Björn & Co"]))
@settings(deadline=None, max_examples=40)
def test_names_of_speakers_do_not_matter(one: Transcript, other: Transcript, names: list[str]) -> None:
    assume(normalizer("en")(one.text).strip())
    swapped = dict(zip(sorted(names), names, strict=True))
    before, after = evaluate(other, one), evaluate(renamed(other, {**swapped, None: None}), one)
    assert after.total == before.total


@given(transcripts(), transcripts())
@settings(deadline=None, max_examples=40)
def test_any_two_transcripts_give_figures_that_json_can_hold(one: Transcript, other: Transcript) -> None:
    assume(normalizer("en")(one.text).strip())
    found = evaluate(other, one)
    assert "NaN" not in found.to_json()
    for score in found.total.values():
        assert score.value >= 0
        assert score.total > 0
        if score.low is not None and score.high is not None:
            assert score.low < score.high
    for name in ("wder", "jer"):
        assert name not in found.total or found.total[name].value <= 1 + 1e-9


def test_cp_of_a_crowd() -> None:
    """The best of 40! assignments, at once."""
    crowd = Annotation("x", tuple(Utterance(f"hello from {i}", speaker=f"s{i}") for i in range(40)))
    mixed = Annotation("y", tuple(Utterance(f"hello from {i}", speaker=f"t{39 - i}") for i in range(1, 40)))
    assert evaluate(mixed, crowd).total["cpwer"].errors == 3
