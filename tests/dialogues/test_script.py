"""Dialogues without a voice: the grammar, casting, timing, and mixing of sounds that are known."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from voicekit.config.dialogue import DialogueOptions, Role, ScriptHeader
from voicekit.dialogues.casting import Casting, cast_script, read_cast
from voicekit.dialogues.labels import is_name
from voicekit.dialogues.limiter import LoudnessMeter, integrated_loudness
from voicekit.dialogues.mixdown import stem_names
from voicekit.dialogues.mixer import MixEvent, MixSettings, find_phrases, mix
from voicekit.dialogues.room import room_impulse_response
from voicekit.dialogues.screenplay import parse_screenplay
from voicekit.dialogues.script import (
    Backchannel,
    Line,
    Parenthetical,
    Pause,
    Script,
    SpokenText,
)
from voicekit.dialogues.script_format import format_script
from voicekit.dialogues.script_lexer import MAX_LINE
from voicekit.dialogues.script_line import is_speakable
from voicekit.dialogues.script_readers import parse_yaml_script, read_script, script_from_transcript
from voicekit.dialogues.script_text import parse_script
from voicekit.dialogues.timeline import SCHEMA, Timeline, chapters_as_metadata, gap_statistics, timeline_entries
from voicekit.dialogues.turn_taking import (
    PUBLISHED,
    TIMING_PRESETS,
    Clip,
    PlacedUtterance,
    place_utterances,
    sample_gap,
)
from voicekit.engines.tts.espeak import respell_interjections
from voicekit.errors import SourceError, UsageError
from voicekit.seeds import RandomStreams
from voicekit.types import Audio, Segment, Transcript, Word

# --- grammar ----------------------------------------------------------------------------------------------------------

EXAMPLE = """---
title: Breakfast
cast: {Alice: jf_alpha, Ben: {voice: joe, pan: 0.3}}
timing: slow
---
# The table
// nobody hears this
Alice: Hello there. [pause 0.5] (calm) How are you?
  What goes on is indented. {mm-hm}
(They sit down.)
Ben: [over] Fine, I was only --
"""

words = st.text(min_size=1, max_size=30).map(lambda text: " ".join(text.split()))
said = words.filter(is_speakable)
names = st.text(
    st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=12
).map(lambda text: " ".join(text.split())).filter(is_name)  # fmt: skip
seconds = st.integers(0, 60_000).map(lambda number: number / 1000)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    items: list[SpokenText | Pause | Parenthetical | Backchannel] = []
    for _ in range(draw(st.integers(1, 4))):
        before = items[-1] if items else None
        kinds = [Parenthetical, Backchannel]
        if any(isinstance(item, SpokenText) for item in items) and not isinstance(before, Pause):
            kinds.append(Pause)
        if not isinstance(before, SpokenText):
            kinds.append(SpokenText)
        kind = draw(st.sampled_from(kinds))
        if kind is SpokenText:
            items.append(SpokenText(draw(said)))
        elif kind is Pause:
            items.append(Pause(draw(seconds)))
        elif kind is Parenthetical:
            items.append(Parenthetical(draw(words.filter(bool))))
        else:
            speaker = draw(st.none() | names)
            text = draw(said if speaker else said.filter(lambda text: ":" not in text))
            items.append(Backchannel(text, speaker))
    if not any(isinstance(item, SpokenText) for item in items):
        items.append(SpokenText(draw(said)))
    gap = draw(st.none() | seconds | seconds.filter(bool).map(lambda number: -number))
    topic = draw(st.none() | words.map(lambda text: text.lstrip("# ")))
    return Line(draw(names), tuple(items), gap, gap is None and draw(st.booleans()), draw(st.booleans()), topic)


roles = st.builds(
    Role, voice=st.none() | said, pan=st.floats(-1, 1), level=st.floats(-30, 12), seed=st.none() | st.integers(0, 9),
    params=st.dictionaries(st.sampled_from(("speed", "noise_scale")), st.floats(0.5, 2), max_size=2),
)  # fmt: skip
headers = st.just(ScriptHeader()) | st.builds(
    ScriptHeader, title=words, cast=st.dictionaries(names, roles, max_size=3), seed=st.integers(0, 99),
    timing=st.sampled_from(("tight", "natural", "slow")), fillers=st.floats(0, 1),
)  # fmt: skip
scripts = st.builds(Script, st.lists(lines(), min_size=1, max_size=5).map(tuple), headers)


@settings(max_examples=300, deadline=None)
@given(scripts)
def test_a_script_survives_being_written(script: Script) -> None:
    assert parse_script(format_script(script)) == script


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text("AB: []{}()#-/\\\n apuseovr01.", max_size=80))
def test_whatever_is_typed_is_a_script_or_a_fault_with_its_place(text: str) -> None:
    try:
        script = parse_script(text, "talk.txt")
    except UsageError as error:
        told = str(error)
        assert "\n" not in told
        assert re.search(r"line \d+, column \d+:|has no lines|line \d+|not a mapping", told), told
    else:
        assert parse_script(format_script(script)) == script


def test_what_a_writer_types() -> None:
    script = parse_script(EXAMPLE)
    assert script.header.title == "Breakfast"
    assert script.header.options == {"timing": "slow"}
    assert script.header.cast["Alice"].voice == "jf_alpha"
    alice, ben = script.lines
    assert alice.items == (
        SpokenText("Hello there."), Pause(0.5), Parenthetical("calm"),
        SpokenText("How are you? What goes on is indented."), Backchannel("mm-hm"),
    )  # fmt: skip
    assert (alice.topic, ben.topic) == ("The table", None)
    assert (ben.over, ben.cut, ben.text) == (True, True, "Fine, I was only")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no lines"),
        ("Alice: hi\nBen: ho [foo] x", "line 2, column 9: unknown direction [foo]"),
        ("Alice: hi [pause", "line 1, column 11: [ is not closed"),
        ("Alice: hi [pause]", "line 1, column 11: [pause] without a length"),
        ("Alice: hi ] there", "line 1, column 11: ] without an opening bracket"),
        ("hello", "line 1, column 1: no speaker in 'hello'"),
        ("  hello: ", "line 1, column 3: hello says nothing"),
        ("Alice:\n  (waves)", "line 1, column 1: Alice says nothing"),
        ("Alice: hi [over]", "line 1, column 11: [over] is not at the line's start"),
        ("Alice: [over] [pause 1] hi", "line 1, column 15: the line's start is given twice"),
        ("Alice: hi\n  and [pause 61] so", "line 2, column 7: 61 s"),
        ("Alice: hi {}", "line 1, column 11: {} says nothing"),
        ("Alice: hi (a [b])", "line 1, column 14: [ inside ("),
        ("# only this", "line 1, column 1: nobody speaks after this heading"),
        ("---\ncast: {A: joe}\nA: hi", "line 1, column 1: the header is not closed"),
        ("---\ncast: {A: {voce: joe}}\n---\nA: hi", "line 2: unknown key 'cast.A.voce'"),
        ("---\ntimming: slow\n---\nA: hi", "line 2: unknown key 'timming'. Did you mean timing?"),
        ("Alice: " + "word " * 10_000, "line 1, column 1: Alice says 50002 characters at once"),
        ("Alice: " + "w" * (MAX_LINE + 1), f"line 1, column 1: Alice says {MAX_LINE + 1} characters at once"),
        ("\n".join(f"N{n}: hi" for n in range(33)), "line 33, column 1: 33 speakers"),
    ],
)  # fmt: skip
def test_faults_name_line_and_column(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_script(text, "talk.txt")
    assert f"talk.txt: {told}" in str(caught.value) or f"talk.txt {told}" in str(caught.value)


def test_other_formats_become_the_same_script(tmp_path: Path) -> None:
    plain = parse_script("# A walk\nANNA: (calm) Hello, Ben. [pause 0.5] How are you?\nBEN: [over] Fine.")
    fountain = parse_screenplay(
        "Title: A walk\n\n.A walk\n\nThey walk. [[a note: none]]\n\nANNA (V.O.)\n(calm)\nHello, *Ben*. [pause 0.5]\n"
        "How are you?\n\nBEN ^\nFine.\n\nCUT TO:\n",
        "walk.fountain",
    )
    assert fountain.lines == plain.lines
    yaml = parse_yaml_script(
        'title: A walk\nlines:\n- "# A walk"\n- ANNA: "(calm) Hello, Ben. [pause 0.5] How are you?"\n'
        "- BEN: '[over] Fine.'\n",
        "walk.yaml",
    )
    assert yaml.lines == plain.lines
    segments = (
        Segment(0, 0.0, 1.0, "Hello, Ben. [laughs]", "ANNA", "en", (Word("Hello,", 0.0, 1.0, 1.0),)),
        Segment(1, 1.0, 2.0, "[music]", None, "en", ()),
        Segment(2, 2.0, 3.0, "Fine (again)", "BEN", "en", ()),
    )
    transcript = Transcript("voicekit.transcript/1", "en", 3.0, "walk.wav", ("ANNA", "BEN"), segments)
    path = tmp_path / "walk.json"
    path.write_text(transcript.to_json())
    heard = read_script(path)
    assert [(line.speaker, line.text) for line in heard.lines] == [("ANNA", "Hello, Ben."), ("BEN", "Fine")]
    assert heard.lines[0].items[1] == Parenthetical("laughs")
    cues = ("ANNA: Hello, Ben. [laughs]", "How are you?", "BEN: Fine.", "ANNA: Good.")
    times = ((f"00:00:0{n},000", f"00:00:0{n},900") for n in range(9))
    rows = (f"{n}\n{a} --> {b}\n{cue}\n" for n, (cue, (a, b)) in enumerate(zip(cues, times, strict=False), 1))
    (tmp_path / "walk.srt").write_text("\n".join(rows))
    assert [line.speaker for line in read_script(tmp_path / "walk.srt").lines] == ["ANNA", "ANNA", "BEN", "ANNA"]


def test_faults_of_other_formats(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"y: line 3, column 1: unknown direction \[x\]"):
        parse_yaml_script("lines:\n- A: hi\n- A: '[x] a'\n", "y")
    with pytest.raises(UsageError, match="y: line 2, column 1: not a line of a script"):
        parse_yaml_script("lines:\n- A\n", "y")
    with pytest.raises(UsageError, match=r"f: line 2, column 1: \[ is not closed"):
        parse_screenplay("ANNA\n[x hello\n", "f")
    nobody = Transcript("voicekit.transcript/1", "en", 1.0, "a", (), (Segment(0, 0, 1, "Hi", None, "en", ()),))
    with pytest.raises(UsageError, match="t: segment 1 has no speaker"):
        script_from_transcript(nobody, "t")
    latin = tmp_path / "latin.txt"
    latin.write_bytes("A: hi\nB: Gr\xfc\xdfe".encode("latin-1"))
    with pytest.raises(SourceError, match="line 2, column 6: not UTF-8"):
        read_script(latin)
    with pytest.raises(SourceError, match="no such file"):
        read_script(tmp_path / "none.txt")
    huge = tmp_path / "huge.txt"
    huge.write_bytes(b"A: hi\n" * 1_000_000)
    with pytest.raises(SourceError, match="over 4 MiB"):
        read_script(huge)


# --- cast -------------------------------------------------------------------------------------------------------------


def casting(text: str, **options: object) -> Casting:
    return cast_script(parse_script(text), "talk.txt", **options)


def test_everybody_gets_a_voice_and_directions_hold_to_the_end_of_the_line() -> None:
    found = casting("A: One. (calm) Two. (she laughs) Three. [pause 0.3] (speed=1.2) Four.\nB: Five.\nC: Six.")
    assert [role.voice for role in found.roles.values()] == ["jf_alpha", "jm_kumo", "joe"]
    first, second, third, *_ = found.utterances
    assert [one.text for one in found.turn_parts(0)] == ["One.", "Two. Three.", "Four."]
    assert [one.request.preset for one in (first, second, third)] == [None, "calm", None]
    assert [one.request.params.model_dump()["speed"] for one in (first, second, third)] == [1.0, 0.92, 1.2]
    assert [one.pause for one in (first, second, third)] == [None, None, 0.3]


def test_a_seed_is_of_what_is_said_and_not_of_where() -> None:
    before = casting("A: One.\nB: Two.\nA: One.\nB: Three.")
    after = casting("B: Three.\nA: Zero.\nA: One.\nB: Two.\nA: One.")
    seeds = [{(one.key, one.request.seed) for one in each.utterances} for each in (before, after)]
    assert seeds[0] <= seeds[1]
    assert len({one.request.seed for one in before.utterances}) == 4
    other = casting("A: One.\nB: Two.\nA: One.\nB: Three.", seed=1)
    assert not {one.request.seed for one in other.utterances} & {one.request.seed for one in before.utterances}


def test_backchannels_are_said_by_who_speaks_next_or_is_named() -> None:
    found = casting("A: I went there {mm-hm} and back. {C: no}\nB: Yes.\nC: Well.")
    assert [(one.speaker, one.text, one.inside) for one in found.backchannels(0)] == [
        ("B", "mm-hm", ("001", pytest.approx(12 / 22))), ("C", "no", ("001", 1.0)),
    ]  # fmt: skip


def test_fillers_are_drawn_only_where_asked_for() -> None:
    text = "\n".join(f"{'AB'[n % 2]}: this is line number {n}" for n in range(40))
    assert all(one.text == one.key[1] for one in casting(text).utterances)
    some = casting(text, fillers=0.5)
    filled = [one for one in some.utterances if one.text != one.key[1]]
    assert 8 <= len(filled) <= 32
    assert all(one.text.endswith(one.key[1]) for one in filled)
    assert [one.text for one in casting(text, fillers=0.5).utterances] == [one.text for one in some.utterances]


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("A: hi", {"cast": ScriptHeader(cast={"Ann": Role(voice="joe")})}, "'Ann', who says nothing"),
        ("A: hi", {"cast": ScriptHeader(cast={"A": Role(voice="nobody")})}, "A: no voice 'nobody'"),
        ("A: hi", {"cast": ScriptHeader(cast={"A": Role(voice="joe", params={"exaggeration": 1})})}, "exaggeration"),
        ("A: hi (speed=fast) there", {}, "line 1, column 7: 'fast' is not a number"),
        ("A: hi (sped=1) there", {}, "line 1, column 7: kokoro's parameters: unknown key 'sped'"),
        ("A: [over] hi", {}, "line 1, column 1: [over] in the first line"),
        ("A: hi\nA: [over] hi", {}, "line 2, column 1: A cannot talk over themselves"),
        ("A: hi {mm}", {}, "line 1, column 7: nobody else is there"),
        ("A: hi {A: mm}\nB: x", {}, "line 1, column 7: A cannot answer themselves"),
        ("\n".join(f"N{n}: hi" for n in range(7)), {}, "no bundled voice is left for N6"),
        ("A: hi", {"timing": "quick"}, "timing"),
    ],
)  # fmt: skip
def test_what_cannot_be_cast(text: str, options: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        casting(text, **options)
    assert told in str(caught.value)


def test_a_slip_in_a_direction_is_told() -> None:
    assert casting("A: (clam) hi").notes == (
        "line 1, column 4: (clam) is taken for a stage direction; did you mean (calm)?",
    )


def test_a_cast_file_wins_over_the_header_and_options_over_both(tmp_path: Path) -> None:
    path = tmp_path / "cast.yaml"
    path.write_text("cast:\n  A: joe\ntiming: tight\nseed: 3\n")
    found = cast_script(
        parse_script("---\ncast: {A: jf_alpha, B: jm_kumo}\ntiming: slow\nroom: none\n---\nA: hi\nB: ho"), "t",
        read_cast(path), seed=4,
    )  # fmt: skip
    assert (found.roles["A"].voice, found.roles["B"].voice) == ("joe", "jm_kumo")
    assert (found.options.timing, found.options.room, found.options.seed) == ("tight", "none", 4)
    path.write_text("cast:\n  A: joe\n  B: {voice: joe, pann: 1}\n")
    with pytest.raises(UsageError, match=r"line 3: unknown key 'cast.B.pann'. Did you mean pan\?"):
        read_cast(path)


# --- turns ------------------------------------------------------------------------------------------------------------


def clips(found: Casting) -> dict[str, Clip]:
    """Of a length that the text decides, with silence at both ends."""
    return {one.id: _clip(len(one.text) / 15) for one in found.utterances}


def _clip(seconds: float) -> Clip:
    return Clip(seconds + 0.08, ((0.04, seconds + 0.04),))


TALK = "\n".join(
    f"{'ABC'[n % 3]}: this is what is said in line {n}{'?' if n % 4 == 0 else '.'} {'really ' * (n % 7)}"
    for n in range(400)
)


def placed(text: str, **options: object) -> tuple[PlacedUtterance, ...]:
    found = casting(text, **options)
    return place_utterances(found, clips(found))


def test_what_is_drawn_is_as_in_conversations() -> None:
    found = gap_statistics(placed(TALK))
    assert found is not None
    assert found.changes == 399
    assert PUBLISHED["overlaps"][0] <= found.overlaps <= PUBLISHED["overlaps"][1]
    assert PUBLISHED["median"][0] - 0.02 <= found.quartiles[1] <= PUBLISHED["median"][1] + 0.02
    assert PUBLISHED["mode"][0] <= found.mode <= PUBLISHED["mode"][1]
    tight, slow = (gap_statistics(placed(TALK, timing=timing)) for timing in ("tight", "slow"))
    assert tight
    assert slow
    assert tight.quartiles < found.quartiles < slow.quartiles
    gaps = {
        kind: float(
            np.median([sample_gap(kind, TIMING_PRESETS["natural"], RandomStreams(0, (n,))) for n in range(500)])
        )
        for kind in ("cut", "answer", "topic", "same", "over")
    }
    assert gaps["over"] < gaps["cut"] < 0 < gaps["answer"] < gaps["same"] < gaps["topic"]


def test_an_edit_moves_only_the_gaps_beside_it() -> None:
    one = placed(TALK)
    two = placed(TALK.replace("line 201.", "line two hundred and one, and more."))
    gaps = [{each.utterance.line: each.gap for each in some} for some in (one, two)]
    assert sorted(line for line in gaps[0] if gaps[0][line] != gaps[1][line]) in ([201, 202], [201], [202])
    rows = TALK.split("\n")
    three = placed("\n".join([*rows[:100], *rows[101:]]))
    after = {each.utterance.key: each.gap for each in three}
    moved = [
        each.utterance.line for each in one if each.utterance.key in after and after[each.utterance.key] != each.gap
    ]
    assert set(moved) <= {101}
    assert [each.start for each in placed(TALK)] == [each.start for each in one]
    assert [each.gap for each in placed(TALK, seed=1)] != [each.gap for each in one]


def test_exact_values_win() -> None:
    found = placed(
        "A: hello there my friend\nB: [pause 1.25] hello\nA: [over 0.2] what is it [pause 2]\nB: nothing at all"
    )
    assert [(one.kind, one.gap) for one in found] == [
        ("first", None), ("exact", 1.25), ("exact", -0.2), ("exact", 2.0),
    ]  # fmt: skip
    for before, after in itertools.pairwise(found):
        assert after.start - before.end == pytest.approx(after.gap)


def test_nobody_speaks_twice_at_once_and_nothing_begins_before_the_first_sample() -> None:
    text = (
        TALK + "\nA: one two three [pause 0.2] four {C: yes} five {C: yes} six --\nB: [over] no no\nC: {A: ah} well --"
    )
    found = placed(text, timing="tight")
    assert min(piece.at for one in found for piece in one.pieces) >= 0
    for name in "ABC":
        mine = [one for one in found if one.utterance.speaker == name]
        assert all(before.end < after.start for before, after in itertools.pairwise(mine))
    cut = [one for one in found if one.cut]
    assert [one.utterance.text for one in cut] == ["four five six", "well"]
    assert cut[0].pieces[-1].end < clips(casting(text))[cut[0].utterance.id].seconds


def test_breaths_lengthen_long_turns_at_sentence_ends_only() -> None:
    found = casting("A: one. two. three. four.\nB: five.")
    long = Clip(20.0, ((0.0, 4.9), (5.1, 9.9), (10.1, 14.9), (15.1, 20.0)), (5.0, 10.0, 15.0))
    one, _ = place_utterances(found, {"001": long, "002": _clip(1.0)})
    assert [(piece.start, piece.end) for piece in one.pieces] == [(0.0, 10.0), (10.0, 20.0)]
    breath = one.pieces[1].at - 10.0
    assert 0.05 < breath < 1.5
    assert one.speech[2] == (pytest.approx(10.1 + breath), pytest.approx(14.9 + breath))
    short, _ = place_utterances(found, {"001": Clip(4.0, ((0.0, 1.9), (2.1, 4.0)), (2.0,)), "002": _clip(1.0)})
    assert len(short.pieces) == 1


def test_backchannels_come_at_the_end_of_a_phrase() -> None:
    found = casting("A: one two three {mm-hm} four five six\nB: seven.")
    host = Clip(4.0, ((0.0, 1.7), (1.9, 4.0)))
    made = {
        one.utterance.id: one for one in place_utterances(found, {"001": host, "001.x1": _clip(0.3), "002": _clip(1.0)})
    }
    assert -0.3 < made["001.x1"].start - 1.7 < 0.5


# --- mix --------------------------------------------------------------------------------------------------------------


def tone(folder: Path, name: str, seconds: float, hertz: float, level: float, rate: int = 24_000) -> Path:
    """A sine that begins and ends in its middle, where a join without a fade would click."""
    time = np.arange(round(seconds * rate)) / rate
    path = folder / f"{name}.flac"
    soundfile.write(path, level * np.cos(2 * np.pi * hertz * time), rate, "PCM_24")
    return path


@pytest.fixture
def events(tmp_path: Path) -> list[MixEvent]:
    low, high = tone(tmp_path, "low", 12.0, 220, 0.3), tone(tmp_path, "high", 9.0, 1000, 0.5, 22_050)
    return [
        MixEvent(low, "Ana", 0.0, 12.0, 0.1),
        MixEvent(low, "Ana", 2.0, 6.0, 14.0, 6.0),
        MixEvent(high, "Ben", 0.5, 8.5, 9.7, -3.0),
        MixEvent(high, "Ben", 0.5, 3.0, 21.0, 11.0),
    ]


def desk(**other: object) -> MixSettings:
    return MixSettings(**{"rate": 24_000, "pans": {"Ana": -0.6, "Ben": 1.0}, "room": "small", "length": 25.0,
                   "loudness": -16.0, "true_peak": -1.0, **other})  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize("rate", [24_000, 48_000])
@pytest.mark.parametrize("target", [-23.0, -12.0])
def test_stems_add_up_to_a_mix_at_its_loudness(
    tmp_path: Path, events: list[MixEvent], rate: int, target: float
) -> None:
    stems = {name: tmp_path / f"{name}.wav" for name in ("Ana", "Ben")}
    done = mix(events, desk(rate=rate, loudness=target), tmp_path / "mix.wav", stems)
    whole, found = soundfile.read(tmp_path / "mix.wav")
    parts = [soundfile.read(path)[0] for path in stems.values()]
    assert found == rate
    assert {part.shape for part in parts} == {whole.shape} == {(25 * rate, 2)}
    assert np.abs(sum(parts) - whole).max() <= 2 / 32_768
    assert pyloudnorm.Meter(rate).integrated_loudness(whole) == pytest.approx(target, abs=0.1)
    assert done.loudness == pytest.approx(target, abs=0.1)
    from scipy.signal import resample_poly

    peak = 20 * np.log10(np.abs(resample_poly(whole, 8, 1, axis=0)).max())
    assert peak <= -1.0
    assert done.true_peak == pytest.approx(peak, abs=0.1)
    assert np.abs(parts[1][:, 0]).max() < 0.3 * np.abs(parts[1][:, 1]).max()  # what is left of it is the room


def test_no_click_at_a_join(tmp_path: Path, events: list[MixEvent]) -> None:
    mix(events, desk(room="none"), tmp_path / "mix.wav", {name: tmp_path / f"{name}.wav" for name in ("Ana", "Ben")})
    stem = soundfile.read(tmp_path / "Ana.wav")[0][:, 0]
    within = np.abs(np.diff(stem[24_000 * 15 : 24_000 * 17], 2)).max()
    for at in (0.1, 12.1, 14.0, 18.0):
        around = stem[max(0, round((at - 0.02) * 24_000)) : round((at + 0.02) * 24_000)]
        assert np.abs(np.diff(around, 2)).max() < 3 * within


def test_chunks_leave_no_trace(tmp_path: Path, events: list[MixEvent], monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = []
    for chunk in (10.0, 3.7):
        monkeypatch.setattr("voicekit.dialogues.mixer.CHUNK", chunk)
        mix(events, desk(), tmp_path / "mix.wav", {name: tmp_path / f"{name}.wav" for name in ("Ana", "Ben")})
        sounds.append(soundfile.read(tmp_path / "mix.wav", dtype="int16")[0].astype(int))
    assert np.abs(sounds[0] - sounds[1]).max() <= 1


def test_loudness_is_that_of_pyloudnorm() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 24_000 * 20)).astype(np.float32)
    noise *= np.where(np.arange(24_000 * 20) < 24_000 * 8, 0.1, 0.001).astype(np.float32)
    meter = LoudnessMeter(24_000)
    for start in range(0, noise.shape[1], 240_000):
        meter.add(noise[:, start : start + 240_000])
    energies, peaks = meter.finish()
    expected = pyloudnorm.Meter(24_000).integrated_loudness(noise.T.astype(np.float64))
    assert integrated_loudness(energies, 24_000) == pytest.approx(expected, abs=1e-4)
    assert len(peaks) == len(energies)
    assert peaks.max() >= np.abs(noise).max()


def test_silence_is_mixed_as_silence(tmp_path: Path) -> None:
    done = mix([], desk(length=2.0), tmp_path / "mix.wav", {"Ana": tmp_path / "a.wav", "Ben": tmp_path / "b.wav"})
    assert (done.loudness, done.true_peak, done.limited) == (None, None, 0.0)
    assert not soundfile.read(tmp_path / "mix.wav")[0].any()


def test_a_room_dies_away_and_leaves_the_direct_sound_alone() -> None:
    echo = room_impulse_response("small", 24_000)
    assert echo is not None
    assert np.abs(echo[:, :96]).max() == 0
    level = 10 * np.log10((echo.reshape(2, -1, 600) ** 2).mean(axis=(0, 2)))
    assert level[-1] < level[1] - 40
    assert room_impulse_response("none", 24_000) is None


def test_speech_is_found_in_a_take() -> None:
    rate = 24_000
    sound = np.zeros(3 * rate, np.float32)
    for start, end in ((0.5, 1.2), (1.25, 1.6), (2.0, 2.5)):
        time = np.arange(round((end - start) * rate))
        sound[round(start * rate) : round(end * rate)] = 0.3 * np.sin(time * 0.1)
    found = find_phrases(Audio(sound[None, :], rate))
    assert np.array(found) == pytest.approx(np.array([(0.5, 1.6), (2.0, 2.5)]), abs=0.006)


# --- timeline ---------------------------------------------------------------------------------------------------------


def timeline(text: str) -> Timeline:
    found = casting(text)
    made = place_utterances(found, clips(found))
    rows = timeline_entries(found, made, {one.id: f"{one.id}-1" for one in found.utterances}, {})
    return Timeline(
        SCHEMA, "A; talk", 60.0, 24_000, tuple(found.roles), {}, -16.0, -1.1, 0.0, gap_statistics(made), rows
    )


def test_the_timeline_is_json_and_back_and_names_what_is_wrong() -> None:
    made = timeline("# One\nA: hello {mm-hm} there\n# Two = 2\nB: hello")
    assert Timeline.from_json(made.to_json()) == made
    with pytest.raises(SourceError, match="not a voicekit"):
        Timeline.from_json("{}")
    assert [title for _, title in made.chapters] == ["One", "Two = 2"]
    assert made.chapters[0][0] == 0.0
    told = chapters_as_metadata(made)
    assert "title=A\\; talk" in told
    assert "title=Two \\= 2" in told


def test_pauses_in_a_turn_end_it_in_the_rttm() -> None:
    found = casting("A: one. two.\nB: three.")
    made = place_utterances(found, {"001": Clip(3.0, ((0.0, 1.0), (1.1, 1.5), (2.0, 3.0))), "002": _clip(1.0)})
    rows = timeline_entries(found, made, {}, {})
    spoken = Timeline(SCHEMA, "t", 9.0, 24_000, ("A", "B"), {}, None, None, 0.0, None, rows).spoken
    assert [(turn.start, turn.end) for turn in spoken if turn.speaker == "A"] == [(0.0, 1.5), (2.0, 3.0)]


def test_stems_have_names_of_their_own() -> None:
    found = stem_names(["Ana", "ana", "../../etc/passwd", "A/B", "A B", "...", "latest"])
    assert len({name.casefold() for name in found.values()}) == 7
    assert all(re.fullmatch(r"stems/[^/\\]+\.wav", name) for name in found.values())
    assert found["Ana"] == "stems/Ana.wav"


def test_defaults_are_in_one_place() -> None:
    assert ScriptHeader().model_dump(include=set(DialogueOptions.model_fields)) == DialogueOptions().model_dump()


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("mm-hm", "umhum"), ("Mm-hmm. Go on.", "umhum. Go on."), ("mhm", "umhum"), ("m-hm", "umhum"), ("Hm?", "hmm?"),
        ("mmm, cake", "hmm, cake"), ("mm-mm", "um-um"), ("5 mm", "5 mm"), ("5 mm hum", "5 mm hum"),
        ("HM ship", "HM ship"),
        ("a hymn", "a hymn"), ("uh-huh", "uh-huh"), ("MM", "MM"), ("a 3 m hum", "a 3 m hum"),
    ],
)  # fmt: skip
def test_hums_are_hummed_and_not_spelled(text: str, sound: str) -> None:
    assert respell_interjections(text) == sound


def test_comments_without_an_end_take_linear_time() -> None:
    for opening in ("/*", "[["):
        with pytest.raises(UsageError, match="nobody speaks"):
            parse_screenplay(opening * 1_000_000, "f")


def test_retakes_without_the_judge_are_refused(tmp_path: Path) -> None:
    """Whether they have an effect is known only when header, cast and command line are merged."""
    from voicekit.cli import run

    (tmp_path / "talk.txt").write_text("---\nretakes: 2\n---\nAna: Hello.\n", encoding="utf-8")
    assert run(["dialogue", str(tmp_path / "talk.txt"), "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
