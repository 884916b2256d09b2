"""Readers: what each format says, and that nothing but a SourceError comes out of a bad file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.strategies import transcripts
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import SourceError
from voicekit.formats.readers import READERS, Annotation, Utterance, annotation_from_transcript, read_annotation
from voicekit.formats.writers import RENDERERS
from voicekit.subtitles.layout import lay_out
from voicekit.text.words import join_words
from voicekit.transcript_check import MAX_SECONDS
from voicekit.types import Segment, Transcript, Turn, Word

Read = Callable[[str | bytes, str], Annotation]


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """What a file of this content and ending is read as."""

    def of(text: str | bytes, ending: str) -> Annotation:
        path = tmp_path / f"x{ending}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_annotation(path)

    return of


STM = """;; a comment
talk 1 Ana 3.0 4.0 <o,f0,female> well [laughter] yes
talk 1 Ben 0.5 2.0 Hello <noise> there
talk 1 inter_segment_gap 2.0 3.0 <o,,unknown> ignore_time_segment_in_scoring
talk 1 Ben 4.0 5.0 <noise>
"""


def test_stm(reading: Read) -> None:
    found = reading(STM, ".stm")
    assert found.utterances == (
        Utterance("Hello there", 0.5, 2.0, "Ben"),
        Utterance("well yes", 3.0, 4.0, "Ana"),
    )
    assert found.ignored == ((2.0, 3.0),)
    assert found.turns is None
    assert found.speaker_turns == (Turn(0.5, 2.0, "Ben"), Turn(3.0, 4.0, "Ana"))


@pytest.mark.parametrize("text", ["\ufeff" + STM, STM.replace("\n", "\r\n"), STM.replace("\n", "\r")])
def test_a_mark_and_other_line_ends_change_nothing(reading: Read, text: str) -> None:
    assert reading(text, ".stm") == reading(STM, ".STM".lower())


def test_rttm(reading: Read) -> None:
    found = reading(
        "SPKR-INFO t 1 <NA> <NA> <NA> unknown Ana <NA> <NA>\n"
        "SPEAKER t 1 2.5 1.5 <NA> <NA> Ana <NA> <NA>\n\n"
        "SPEAKER t 1 0 3 <NA> <NA> Ben <NA>\n"
        "NOSCORE t 1 5 1 <NA> <NA> <NA> <NA> <NA>\n",
        ".rttm",
    )
    assert found.turns == (Turn(0, 3, "Ben"), Turn(2.5, 4, "Ana"))
    assert found.ignored == ((5, 6),)
    assert found.utterances is None


@pytest.mark.parametrize(
    ("line", "turn"),
    [
        ("SPEAKER my talk 1 0.5 2.0 <NA> <NA> Ana <NA> <NA>", Turn(0.5, 2.5, "Ana")),
        ("SPEAKER talk 1 0.5 2.0 <NA> <NA> John Smith <NA> <NA>", Turn(0.5, 2.5, "John Smith")),
        ("SPEAKER my 1 talk 1 0.5 2.0 <NA> <NA> John Smith 0.9 <NA>", Turn(0.5, 2.5, "John Smith 0.9")),
        ("SPEAKER talk 1 0.5 2.0 <NA> <NA> Ana", Turn(0.5, 2.5, "Ana")),
    ],
)
def test_names_with_spaces_in_rttm(reading: Read, line: str, turn: Turn) -> None:
    """NeMo#8100, pyannote-core#41."""
    assert reading(line + "\n", ".rttm").turns == (turn,)


def test_alternatives_of_stm(reading: Read) -> None:
    found = reading("t 1 A 0 9 he { can not / cannot } go (uh) { @ / now }\n", ".stm")
    assert found.utterances == (Utterance("he can not go uh", 0.0, 9.0, "A"),)
    assert found.notes == ("alternatives (lines: 1): the first is scored, and optional words count",)


@pytest.mark.parametrize("ending", [".rttm", ".stm", ".ctm", ".txt", ".srt", ".vtt"])
def test_an_empty_file_is_an_empty_annotation(reading: Read, ending: str) -> None:
    found = reading("\ufeff \n\n", ending)
    assert (found.utterances, found.turns) == ((None, ()) if ending == ".rttm" else ((), None))


def test_ctm_is_cut_at_pauses(reading: Read) -> None:
    found = reading("t A 0.0 0.5 one 0.9\nt A 0.6 0.4 two\nt A 1.2 0.1 <noise>\nt A 2.0 0.5 three\n", ".ctm")
    assert [(u.text, u.start, u.end, u.speaker) for u in found.utterances or ()] == [
        ("one two", 0.0, 1.0, None),
        ("three", 2.0, 2.5, None),
    ]
    assert [word.text for word in found.words] == ["one", "two", "three"]


SRT = """1
00:00:01,000 --> 00:00:02,500
Ana: Hello
there

2
00:00:03,000 --> 00:00:04,000
Ben: <i>Yes,</i>

and no

3
0:00:05.000 --> 0:00:06.000
Ana: 42
4
00:00:07,000 --> 00:00:08,000
"""


def test_srt_with_speakers_a_blank_line_and_a_missing_one(reading: Read) -> None:
    assert reading(SRT, ".srt").utterances == (
        Utterance("Hello there", 1.0, 2.5, "Ana"),
        Utterance("Yes, and no", 3.0, 4.0, "Ben"),
        Utterance("42", 5.0, 6.0, "Ana"),
    )


def test_a_colon_alone_makes_no_speaker(reading: Read) -> None:
    found = reading(SRT.replace("Ben: ", "").replace("Ana: ", "Note: ", 1).replace("Ana: ", ""), ".srt").utterances
    assert found is not None
    assert {utterance.speaker for utterance in found} == {None}
    assert found[0].text == "Note: Hello there"


def test_vtt(reading: Read) -> None:
    found = reading(
        "WEBVTT - talk\nKind: captions\n\nNOTE\nnot --> words\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:02.000 align:start\n<v.loud Ana &amp; Co>Yes &lt;b&gt; <00:01.500><c>no</c></v>\n\n"
        "00:00:00.000 --> 00:00:01.000\nbefore\n",
        ".vtt",
    )
    assert found.utterances == (Utterance("before", 0.0, 1.0), Utterance("Yes <b> no", 1.0, 2.0, "Ana & Co"))


def test_txt(reading: Read) -> None:
    assert reading("one two\n\n Note: three \n", ".txt").utterances == (Utterance("one two"), Utterance("Note: three"))
    named = reading("Ana: one: two\nBen: three\n", ".txt").utterances
    assert named == (Utterance("one: two", speaker="Ana"), Utterance("three", speaker="Ben"))
    assert reading("He said: come\n", ".txt").utterances == (Utterance("He said: come"),)
    assert reading("SPEAKER_00: come\n", ".txt").utterances == (Utterance("come", speaker="SPEAKER_00"),)


def spoken(text: str, start: float, end: float, speaker: str | None) -> Segment:
    return Segment(0, start, end, text, speaker, "de", (Word(text, start, end, 1.0, speaker),))


def test_json_with_a_diarizer_without_one_and_of_silence() -> None:
    segment = spoken("ja", 1, 2, "Ana")
    t = Transcript("voicekit.transcript/1", "de", 5.0, "talk.mp4", ("Ana",), (segment,), (Turn(1, 2, "Ana"),))
    found = annotation_from_transcript(t)
    assert (found.utterances, found.turns) == ((Utterance("ja", 1, 2, "Ana", segment.words),), t.turns)
    assert (found.language, found.duration, found.source) == ("de", 5.0, "talk.mp4")
    plain = annotation_from_transcript(
        Transcript("voicekit.transcript/1", "de", 5.0, "x", (), (spoken("ja", 1, 2, None),))
    )
    assert (plain.turns, plain.speaker_turns, plain.has_speakers, plain.has_word_times) == (None, None, False, True)
    silence = annotation_from_transcript(Transcript("voicekit.transcript/1", "und", 5.0, "x", (), ()))
    assert (silence.turns, silence.language, silence.has_speakers, silence.has_word_times) == ((), None, True, True)


def test_what_is_not_scored_is_taken_out_by_the_middle_of_words() -> None:
    words = tuple(Word(text, start, start + 1, 1.0) for start, text in enumerate("abcd"))
    timed = Annotation("x", (Utterance("a b c d", 0, 4, "Ana", words), Utterance("e", 9, 10, "Ben")))
    assert timed.without_intervals([(1.2, 2.8)]).utterances == (
        Utterance("a d", 0, 4, "Ana", (words[0], words[3])),
        Utterance("e", 9, 10, "Ben"),
    )
    assert timed.without_intervals([(0, 20)]).utterances == ()
    untimed = Annotation("x", (Utterance("a"),))
    assert untimed.without_intervals([(0, 20)]) == untimed


@pytest.mark.parametrize(
    ("ending", "text", "says"),
    [
        (".stm", "t 1 A 0 1 x\nt 1 A 0\n", "line 2: not `file channel speaker"),
        (".stm", ";; c\nt 1 A nan 1 x\n", "line 2: 'nan' is not a time"),
        (".stm", "t 1 A 2 1 x\n", "line 1: ends at 1 s but begins at 2 s"),
        (".stm", ";; nothing\n", "only comments"),
        (".rttm", "SPEAKER t 1 0 1e308 <NA> <NA> A <NA>\n", "line 1: '1e308' is not a time"),
        (".rttm", "SPEAKER t 1 0 -1 <NA> <NA> A <NA>\n", "line 1: '-1' is not a time"),
        (".rttm", "SPEAKER t 1 0 1 <NA> <NA>\n", "line 1: fewer than 8 fields"),
        (".rttm", "\nHello there\n", "line 2: 'Hello' is not an RTTM type"),
        (".rttm", "SPEAKER a 1 0 1 <NA> <NA> A\nSPEAKER b 1 0 1 <NA> <NA> A\n", "is about 2 recordings (a, b"),
        (".ctm", "t 1 0 1 one\nt 1 * * <ALT>\n", "line 2: '*' is not a time"),
        (".ctm", f"t 1 {MAX_SECONDS} 1 one\n", "line 1: ends too late"),
        (".srt", "1\n00:00:01,000 --> 00:xx:02\nx\n", "line 2: not `00:00:01,000 -->"),
        (".srt", "hello\nthere\n", "line 1: no cue"),
        (".vtt", "1\n00:01.000 --> 00:02.000\nx\n", "line 1: does not begin with WEBVTT"),
        (".vtt", "WEBVTT\n\nNOTE a\nb\n\n00:01 --> 00:0x.000\nx\n", "line 6: not `00:01"),
        (".json", "[]", "x.json: not a transcript: JSON that holds a list"),
        (".json", '{"schema": ', "x.json: line 1: not JSON"),
        (".rttm", "SPEAKER t 1 0 1 x y Ana Bea <NA> y z\n", "line 1: more than 10 fields"),
        (".docx", "x", "unknown file type"),
    ],
)
def test_faults_name_the_file_and_the_line(reading: Read, ending: str, text: str | bytes, says: str) -> None:
    with pytest.raises(SourceError) as caught:
        reading(text, ending)
    assert says in caught.value.message
    assert f"x{ending}" in caught.value.message
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    for name in ("missing.stm", "missing.doc", "\0.txt", "x" * 300 + ".srt"):
        with pytest.raises(SourceError, match="cannot read"):
            read_annotation(tmp_path / name)
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(SourceError, match=r"folder\.txt: Is a directory"):
        read_annotation(tmp_path / "folder.txt")


def test_a_transcript_that_ends_before_it_begins() -> None:
    t = Transcript("voicekit.transcript/1", "de", 5.0, "talk.mp4", (), (spoken("ja", 2, 1, None),))
    with pytest.raises(SourceError, match=r"talk\.mp4: a segment from 2 to 1 s"):
        annotation_from_transcript(t)


@given(transcripts())
@settings(deadline=None, max_examples=60)
def test_voicekit_reads_what_it_writes(tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> None:
    folder = tmp_path_factory.mktemp("written")
    written = {}
    style = subtitle_style("standard", labels="always", dashes=False)
    for name in ("json", "vtt", "rttm", "srt"):
        path = folder / f"x.{name}"
        path.write_text(str(RENDERERS[name](transcript, style)), encoding="utf-8", newline="")
        if path.read_text(encoding="utf-8").strip():
            written[name] = read_annotation(path)
    assert written["json"].utterances == annotation_from_transcript(transcript).utterances
    assert written["json"].turns == annotation_from_transcript(transcript).turns
    laid = lay_out(transcript, style)
    assert [(u.text, u.speaker, u.start) for u in written["vtt"].utterances or ()] == [
        (join_words(line.text for line in cue.lines), cue.lines[0].speaker, cue.start) for cue in laid
    ]
    if "rttm" in written:
        turns = sorted(transcript.turns, key=lambda turn: turn.start)
        assert [(t.start, t.speaker) for t in written["rttm"].turns or ()] == [
            (turn.start, "_".join(turn.speaker.split())) for turn in turns
        ]
    texts = [join_words(line.text for line in cue.lines).replace("-->", "→") for cue in laid]
    shown = [cue.lines[0].label for cue in laid if cue.lines[0].label]
    told = len(shown) != 1  # one name, once, may be a word
    if texts and told and not any(char in text for text in texts for char in "<{:"):  # nor these from its own
        plain = [(u.text, u.speaker) for u in written["srt"].utterances or ()]
        tagless = [cue.lines[0].label.replace("<b>", "").strip() or None for cue in laid]
        assert plain == list(zip(texts, tagless, strict=True))


FIELDS = [
    *"t u 1 A Ana 0 1 2.5 1e9 -1 nan inf 1_0 ٣ SPEAKER NOSCORE LEXEME <NA> <o> [x] ;; ; --> 00:00:01,000".split(),
    *"1:2:3.4 99999:00:00,0 WEBVTT NOTE <v <v.a {\\an8} A: SPEAKER_00: &#x110000; &lt; {} null 🙂".split(),
    "ignore_time_segment_in_scoring", "00:00:01,000 --> 00:00:02,000", "<v\u00a0A>", "\u2028", "\x00", "\x85", "\x1c",
]  # fmt: skip
fields = st.one_of(st.sampled_from(FIELDS), st.text(max_size=5))
files = st.one_of(
    st.binary(max_size=200),
    st.lists(st.lists(fields, max_size=10).map(" ".join), max_size=8).map(
        lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")
    ),
    st.lists(st.lists(fields, max_size=10).map(" ".join), max_size=8).map(
        lambda lines: ("WEBVTT\n\n" + "\r\n".join(lines)).encode("utf-8", "replace")
    ),
)


@pytest.mark.parametrize("ending", READERS)
@given(data=files)
@settings(deadline=None, max_examples=150)
def test_nothing_but_a_source_error_escapes(tmp_path_factory: pytest.TempPathFactory, ending: str, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzz{ending}"
    path.write_bytes(data)
    found: Annotation | SourceError
    try:
        found = read_annotation(path)
    except SourceError as error:
        found = error
    if isinstance(found, SourceError):
        assert path.name in found.message
        return
    for utterance in found.utterances or ():
        assert utterance.text.strip()
        if utterance.start is not None and utterance.end is not None:
            assert 0 <= utterance.start <= utterance.end <= MAX_SECONDS
    for turn in found.turns or ():
        assert 0 <= turn.start <= turn.end <= MAX_SECONDS


def test_every_reference_at_hand_is_read(recordings: Path) -> None:
    with (recordings / "INDEX.tsv").open(encoding="utf-8") as file:
        names = {name for row in csv.DictReader(file, delimiter="\t") for name in row["reference"].split(";") if name}
    found = {name: read_annotation(recordings / name) for name in names}
    assert {Path(name).suffix for name in found} == {".txt", ".stm", ".rttm"}
    for name, each in found.items():
        assert each.turns if name.endswith(".rttm") else each.utterances, name
        assert each.has_speakers == name.endswith(".stm"), name
