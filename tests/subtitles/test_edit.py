"""Subtitles moved, joined, cut, and fitted to another edit."""

from __future__ import annotations

import random
import statistics
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import transcripts
from voicekit.cli import run
from voicekit.cli.subtitle_edit import parse_time
from voicekit.errors import UsageError
from voicekit.formats.subtitle_files import load_subtitles
from voicekit.subtitles import edit
from voicekit.subtitles.retime import retime
from voicekit.transcription.session import Session
from voicekit.types import Segment, Transcript, spread

SRT = "1\n00:00:01,000 --> 00:00:02,000\n<i>One</i> two three\n\n2\n00:00:04,000 --> 00:00:05,500\nfour five six\n\n"


def said(*cues: tuple[float, float, str], duration: float = 60.0) -> Transcript:
    segments = tuple(
        Segment(n, a, b, text, "A", "en", spread(text, a, b, "A"), cue=text) for n, (a, b, text) in enumerate(cues)
    )
    return Transcript("voicekit.transcript/1", "en", duration, "x", ("A",), segments)


def times(t: Transcript) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, s.text) for s in t.segments]


def test_shift_and_stretch() -> None:
    t = said((1, 2, "one"), (3, 4, "two"))
    assert times(edit.shift(t, 1.5)[0]) == [(2.5, 3.5, "one"), (4.5, 5.5, "two")]
    moved, notes = edit.shift(t, -2.5)
    assert times(moved) == [(0.5, 1.5, "two")]
    assert notes == ["1 cues would lie before the start: left out"]
    assert times(edit.shift(t, -1.5)[0])[0] == (0.0, 0.5, "one")
    assert edit.shift(t, -1.5)[1] == ["1 cues would start before 0: they start at 0"]
    assert times(edit.shift(t, -2)[0]) == [(1.0, 2.0, "two")]  # one that would end at 0 is gone
    empty = said((0, 0, "one"), (1, 1, "two"))
    assert times(edit.shift(empty, 0)[0]) == times(empty)
    assert times(edit.shift(t, 5, start=3)[0]) == [(1, 2, "one"), (8.0, 9.0, "two")]
    assert times(edit.shift(t, 5, end=3)[0]) == [(3, 4, "two"), (6.0, 7.0, "one")]
    with pytest.raises(UsageError, match="the range from 3 to 2 s is empty"):
        edit.shift(t, 1, start=3, end=2)
    stretched = edit.shift(t, 0, 25 / 23.976)[0]
    assert stretched.segments[1].start == pytest.approx(3 * 25 / 23.976, abs=1e-3)
    assert stretched.segments[1].words[0].start == stretched.segments[1].start


@given(transcripts(), st.floats(0, 100))
def test_shifted_there_and_back_is_the_same(transcript: Transcript, by: float) -> None:
    there, notes = edit.shift(transcript, by)
    back, _ = edit.shift(there, -by)
    assert notes == []
    assert [s.text for s in back.segments] == [s.text for s in transcript.segments]
    for one, two in zip(back.words, transcript.words, strict=True):
        assert one.start == pytest.approx(two.start, abs=0.002)


@given(transcripts(), st.integers(1, 9))
def test_split_then_joined_loses_no_word(transcript: Transcript, tenth: int) -> None:
    cut = transcript.duration * tenth / 10
    parts = edit.split(transcript, [cut])
    assert len(parts) == 2
    whole = edit.join(parts, [cut])
    assert sorted(w.text for w in whole.words) == sorted(w.text for w in transcript.words)
    assert all(0 <= s.start <= s.end for part in parts for s in part.segments)
    assert sum(len(p.segments) for p in edit.split(transcript, [cut], keep_times=True)) == len(transcript.segments)


def test_what_cannot_be() -> None:
    t = said((1, 2, "one"))
    for wrong in ([], [0.0], [60.0], [-1.0]):
        with pytest.raises(UsageError):
            edit.split(t, wrong)
    with pytest.raises(UsageError):
        edit.join([])
    with pytest.raises(UsageError):
        edit.join([t, t], [1, 2])
    with pytest.raises(UsageError):
        edit.shift(t, 0, 0)


def test_retime_follows_words_that_were_moved_cut_and_inserted() -> None:
    old = said(
        (0, 2, "the first scene has these words"), (3, 5, "a second scene that was thrown away"),
        (6, 8, "and then a third one ends it all"),
    )  # fmt: skip
    new = said((10, 12, "the first scene has these words"), (13, 14, "something wholly new"),
               (20, 22, "and then a third one ends it all"))  # fmt: skip
    found = retime(old, new)
    assert times(found.transcript) == [
        (10.0, 12.0, "the first scene has these words"), (20.0, 22.0, "and then a third one ends it all"),
    ]  # fmt: skip
    assert [s.text for s in found.lost] == ["a second scene that was thrown away"]
    assert found.transcript.segments[0].cue == "the first scene has these words"
    with pytest.raises(UsageError, match="of the words occur in the other edit"):
        retime(old, said((0, 2, "completely other things")))


def test_retime_keeps_what_the_recogniser_missed_between_what_it_heard() -> None:
    old = said((0, 2, "these are the first words here"), (2.5, 3, "Yeah."), (4, 6, "and these are the last words"))
    near = said((10, 12, "these are the first words here"), (14, 16, "and these are the last words"))
    assert times(retime(old, near).transcript)[1] == (12.5, 13.0, "Yeah.")
    far = said((10, 12, "these are the first words here"), (24, 26, "and these are the last words"))
    assert [s.text for s in retime(old, far).lost] == ["Yeah."]


def test_retime_of_a_clip_of_an_hour_of_overlaps_and_of_scripts_without_spaces() -> None:
    cues = [(3.0 * n, 3.0 * n + 2, f"these are some words and a{n} b{n} c{n}") for n in range(100)]
    clip = [(a - 120, b - 120, text) for a, b, text in cues[40:60]]
    assert times(retime(said(*cues, duration=300), said(*clip)).transcript) == clip
    both = said((0, 5, "one two three four five"), (3, 8, "six seven eight nine ten"))
    assert times(retime(both, both).transcript) == times(both)
    text = "今天天气很好我们去公园吧"
    heard = said(*((10 + 0.5 * n, 10.5 + 0.5 * n, char) for n, char in enumerate(text)))
    found = retime(said((0, 3, text[:6]), (3, 6, text[6:])), heard)
    assert times(found.transcript) == [(10.0, 13.0, text[:6]), (13.0, 16.0, text[6:])]
    assert found.matched == 1


@pytest.mark.parametrize("seed", range(3))
def test_retime_of_three_hours(seed: int) -> None:
    """30,000 words, one in eight misheard, a sixth cut out: what remains is found, what was cut is not."""
    chance = random.Random(seed)
    words = chance.choices([f"w{n}" for n in range(8000)], [1 / (n + 1) for n in range(8000)], k=30_000)
    cues = [(4.0 * n, 4.0 * n + 3.5, " ".join(words[10 * n : 10 * n + 10])) for n in range(3000)]
    misheard = [(a, b, " ".join(w if chance.random() > 0.125 else "eh" for w in t.split())) for a, b, t in cues]
    kept = misheard[:1000] + [(a - 2000, b - 2000, text) for a, b, text in misheard[1500:]]
    found = retime(said(*cues, duration=12_000), said(*kept, duration=10_000))
    assert [s.start for s in found.lost] == [4.0 * n for n in range(1000, 1500)]
    for cue in found.transcript:
        assert cue.start == pytest.approx(cue.id * 4.0, abs=0.25)


def test_retime_on_real_sound(recordings: Path, tmp_path: Path) -> None:
    """A minute cut out, five seconds of silence put in: cues are within a tenth of a second of where they must be."""
    media = recordings / "long" / "en_programme_dev.ogg"
    sound, rate = soundfile.read(media, dtype="float32", frames=150 * 16000)
    assert rate == 16000
    soundfile.write(tmp_path / "old.wav", sound, rate)
    new = np.concatenate([np.zeros(5 * rate, np.float32), sound[: 40 * rate], sound[100 * rate :]])
    soundfile.write(tmp_path / "new.wav", new, rate)
    with Session() as session:
        old, heard = (
            session.transcribe(tmp_path / name, diarizer="none", model="tiny.en") for name in ("old.wav", "new.wav")
        )
    found = retime(old, heard)
    before = {s.text: s for s in old.segments}
    errors = []
    for cue in found.transcript.segments:
        start = before[cue.text].start
        errors.append(abs(cue.start - (start + 5 if start < 40 else start - 55)))
    assert len(errors) >= 8
    assert statistics.median(errors) < 0.1
    assert max(errors) < 0.5
    assert all(s.end > 39 and s.start < 101 for s in found.lost)


def test_times_as_they_are_written() -> None:
    assert [parse_time(t) for t in ("1.5", "-2", "01:30", "00:01:30,500", "-00:00:01.25")] == [1.5, -2, 90, 90.5, -1.25]
    for wrong in ("", "x", "1:2:3:4", "--1"):
        with pytest.raises(UsageError):
            parse_time(wrong)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "talk.srt"
    file.write_text(SRT)
    assert run(["subtitle", "shift", str(file), "--by", "-0.5"]) == 0
    assert (tmp_path / "talk.shifted.srt").read_text().startswith("1\n00:00:00,500 --> 00:00:01,500\n<i>One</i> two")
    assert run(["subtitle", "split", str(file), "--at", "3"]) == 0
    assert [load_subtitles(tmp_path / f"talk.{n}.srt")[0].segments[0].start for n in (1, 2)] == [1.0, 1.0]
    parts = [str(tmp_path / "talk.1.srt"), str(tmp_path / "talk.2.srt")]
    assert run(["subtitle", "join", *parts, "--at", "3", "-o", str(tmp_path / "whole.srt")]) == 0
    assert (tmp_path / "whole.srt").read_text() == SRT
    assert run(["subtitle", "retime", str(file), "--transcript", str(tmp_path / "talk.shifted.srt")]) == 0
    assert (tmp_path / "talk.retimed.srt").read_text() == (tmp_path / "talk.shifted.srt").read_text()
    earlier = tmp_path / "earlier.srt"
    assert run(["subtitle", "shift", str(file), "--by", "-00:00:01,500", "--start", "3", "-o", str(earlier)]) == 0
    assert [s.start for s in load_subtitles(earlier)[0].segments] == [1.0, 2.5]
    assert run(["subtitle", "shift", str(file), "--from-fps", "25"]) == 2
    for rate in ("nan", "inf", "0", "-25"):
        assert run(["subtitle", "shift", str(file), "--from-fps", rate, "--to-fps", "25"]) == 2
    assert run(["subtitle", "retime", str(file)]) == 2
    assert file.read_text() == SRT
    assert "frame rate is missing" in capsys.readouterr().err
