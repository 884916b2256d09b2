"""Scripts as people, transcripts and word processors write them: who says what, and what nobody says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicekit.cli import run
from voicekit.dialogues.casting import cast_script
from voicekit.dialogues.screenplay import parse_screenplay
from voicekit.dialogues.script import Script
from voicekit.dialogues.script_format import format_script
from voicekit.dialogues.script_readers import read_script
from voicekit.dialogues.script_text import parse_script
from voicekit.errors import UsageError

LABELS = {
    "plain": "Ana: Hi.\nBen: Yes.",
    "no space": "Ana:Hi.\nBen:Yes.",
    "space before the colon": "Ana : Hi.\nBen : Yes.",
    "wide colon": "Ana：Hi.\nBen：Yes.",
    "bold with colon": "**Ana:** Hi.\n**Ben:** Yes.",
    "bold": "**Ana**: Hi.\n__Ben__: Yes.",
    "italic": "*Ana:* Hi.\n_Ben:_ Yes.",
    "list": "- Ana: Hi.\n* Ben: Yes.",
    "dashes": "–Ana: Hi.\n— Ben: Yes.",
    "numbered list": "1. Ana: Hi.\n2) Ben: Yes.",
    "numbers": "001 Ana: Hi.\n002 Ben: Yes.",
    "quotation marks": '"Ana": Hi.\n“Ben”: Yes.',
    "angle brackets": "<Ana>: Hi.\n<Ben>: Yes.",
    "plus and letters": "+ Ana: Hi.\na) Ben: Yes.",
    "line breaks of programs": "Ana: Hi.\\n\nBen: Yes.",
    "quoted": "> Ana: Hi.\n> **Ben:** Yes.",
    "brackets": "[Ana]: Hi.\n[Ben]: Yes.",
    "time before": "[00:01] Ana: Hi.\n[00:01:02.5] Ben: Yes.",
    "time in parentheses": "(0:01) Ana: Hi.\n(0:02) Ben: Yes.",
    "time without brackets": "00:01 Ana: Hi.\n00:02 - Ben: Yes.",
    "range of times": "[00:01.000 --> 00:02.500] Ana: Hi.\n[00:02.500 --> 00:03.000] Ben: Yes.",
    "time after": "Ana [00:01]: Hi.\nBen (00:02): Yes.",
    "time after the colon": "Ana: [00:01] Hi.\nBen: [00:02] Yes.",
    "direction": "Ana (softly): Hi.\nBen (angry) : Yes.",
    "name alone": "Ana:\nHi.\n\nBen:\nYes.",
    "name and time alone": "Ana  0:01\nHi.\n\nBen  0:02\nYes.",
    "two in a row": "Ana: Hi. Ben: Yes.\nBen: (nods)\n  Yes.",
    "two in a row, bold": "**Ana:** Hi. **Ben:** Yes.\nBen: Yes.",
    "two in a row with times": "Ana: Hi. [00:04] Ben: Yes.\nBen: Yes.",
    "two in a row, after a direction": "Ana: Hi. (laughs) Ben: Yes.\nBen: Yes.",
    "indented": "Ana: Hi.\n  Ben: Yes.\nBen: Yes.",
    "rules": "Ana: Hi.\n\n---\n\nBen: Yes.\n***",
    "directions in rows of their own": "[music]\nAna: Hi.\n*(They sit.)*\nBen: Yes.",
    "byte order mark and Windows": "\ufeffAna: Hi.\r\nBen: Yes.\r\n",
}


@pytest.mark.parametrize("name", LABELS)
def test_who_speaks(name: str) -> None:
    script = parse_script(LABELS[name])
    assert [(line.speaker, line.text) for line in script.lines][:2] == [("Ana", "Hi."), ("Ben", "Yes.")]
    assert {line.speaker for line in script.lines} == {"Ana", "Ben"}
    assert parse_script(format_script(script)) == script


@pytest.mark.parametrize("label", ["Speaker 1", "SPEAKER_00", "Dr. Who", "R2-D2", "O'Neil", "Zoë", "太郎", "1"])
def test_names(label: str) -> None:
    assert [line.speaker for line in parse_script(f"{label}: Hi.").lines] == [label]


def test_tags_of_speakers() -> None:
    script = parse_script("[S1] Hi. How are you? [S2] Fine. [S1] Good.")
    assert [(line.speaker, line.text) for line in script.lines] == [
        ("S1", "Hi. How are you?"), ("S2", "Fine."), ("S1", "Good."),
    ]  # fmt: skip


NOT_LABELS = {
    "10:30 we left": "no speaker in '10:30 we left'",
    "https://example.org": "no speaker in 'https://example.org'",
    "[laughs] Hi.": "no speaker in '[laughs] Hi.'",
    "(quietly) I know. (leaves)": "no speaker in '(quietly) I know. (leaves)'",
    "Ana: Ben: Hi.\nBen: Yes.": "Ana says nothing",
    "Ana: Hi. [laughs] Yes.": "unknown direction [laughs]",
}


@pytest.mark.parametrize(("text", "told"), NOT_LABELS.items())
def test_what_is_no_line_is_an_error(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=f"line 1, column .*{re.escape(told)}"):
        parse_script(text)


SPOKEN_COLONS = {
    "Ana: I told Ben: go home.\nBen: Yes.": ["I told Ben: go home.", "Yes."],
    "Ana: Hi. Carl: Yes.": ["Hi. Carl: Yes."],
    "Ana: Hi. Ben\\: Yes.\nBen: Yes.": ["Hi. Ben: Yes.", "Yes."],
    "Ana: One thing. Note: it is late.": ["One thing. Note: it is late."],
    "Ana: (to her. Ben: left) Hi.\nBen: Yes.": ["Hi.", "Yes."],
    "Ana: At 10:30. See http://a.de, ok: yes.": ["At 10:30. See http://a.de, ok: yes."],
}


@pytest.mark.parametrize(("text", "said"), SPOKEN_COLONS.items())
def test_colons_that_are_spoken(text: str, said: list[str]) -> None:
    script = parse_script(text)
    assert [line.text for line in script.lines] == said
    assert parse_script(format_script(script)) == script


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Ana: Hi. Ben: Yes.\nBen: No.", 'line 1, column 10: "Ben" speaks in a row of "Ana"'),
        ("Ana: Hi. Carl: Yes.", 'line 1, column 10: "Ana" says "Carl:"; begin a row with it if it is a speaker'),
        ("Ana: I told Ben: go.\nBen: No.", 'line 1, column 6: "Ana" says "I told Ben:"'),
        ("Ana: Hi.\nANA: Yes.", 'line 2: "ANA" and "Ana" are two speakers'),
        ("Ana: Hi.\n\u0410na: Yes.", 'line 2: "\u0410na" and "Ana" are two speakers'),
        ("### Host: Welcome.\nBen: Yes.", 'line 1: the heading "Host: Welcome." is not spoken; remove # if "Host"'),
        ("Alice: Hi.\nBen: Yes.\nAlice: Ok.\nAlise: No.", 'line 4: "Alise" and "Alice" are two speakers'),
    ],
)
def test_doubts_are_told(text: str, note: str) -> None:
    script = parse_script(text)
    assert any(told.startswith(note) for told in script.notes), script.notes
    assert set(script.notes) <= set(cast_script(script, "talk.txt").notes)


def test_names_that_look_the_same_are_one() -> None:
    assert parse_script("Caf\u00e9: Hi.\nCafe\u0301: Yes.").speakers == ("Caf\u00e9",)


def test_headings_with_colons_are_no_doubt() -> None:
    assert parse_script("# Part 1: The start\nBen: Yes.").notes == ()


def test_names_that_differ_are_no_doubt() -> None:
    script = parse_script("Speaker 1: Hi.\nSpeaker 2: Yes.\nSpeaker 1: Ok.\nBen: Ah.\nKen: Oh.\nKen: No.")
    assert script.notes == ()


SCREENPLAYS: dict[str, tuple[str, list[tuple[str, str]], dict[str, int]]] = {
    "two spaces go on": ("ANA\nHi.\n  \nYes.\n", [("ANA", "Hi. Yes.")], {}),
    "two spaces before a name": ("ANA\nHi.\n  \nBEN\nYes.\n", [("ANA", "Hi."), ("BEN", "Yes.")], {}),
    "rows of two spaces": ("ANA\nHi.\n  \n  \nYes.\n", [("ANA", "Hi. Yes.")], {}),
    "number sign": ("GROUPIE #1\nHi.\n\n@Citizen #2\nYes.\n", [("GROUPIE 1", "Hi."), ("Citizen 2", "Yes.")], {}),
    "extension in brackets": ("ANA [O.S.]\nHi.\n", [("ANA", "Hi.")], {}),
    "empty row ends": ("ANA\nHi.\n\nShe goes.\n", [("ANA", "Hi.")], {"action": 1}),
    "dual": ("ANA\nHi.\n\nBEN ^\nYes.\n", [("ANA", "Hi."), ("BEN", "Yes.")], {}),
    "dual, first": ("ANA ^\nHi.\n\nBEN (V.O.)^\nYes.\n", [("ANA", "Hi."), ("BEN", "Yes.")], {}),
    "dual, same": ("ANA\nHi.\n\nANA ^\nYes.\n", [("ANA", "Hi."), ("ANA", "Yes.")], {}),
    "directions around": ("ANA\n(quietly) Yes. (leaves)\n", [("ANA", "Yes.")], {"stage directions": 2}),
    "directions in rows": ("ANA\n(quietly)\nYes.\n(leaves)\n", [("ANA", "Yes.")], {"stage directions": 2}),
    "brackets": ("ANA\nYes. [sighs] No. [pause 0.5] So.\n", [("ANA", "Yes. No. So.")], {"stage directions": 1}),
    "boneyard": ("ANA\nHi.\n/* cut\n\nthis */\nYes.\n", [("ANA", "Hi. Yes.")], {"omitted text": 1}),
    "boneyard in a row": ("ANA\nHi /* cut */ there.\n", [("ANA", "Hi there.")], {"omitted text": 1}),
    "note in a row": ("ANA\nHi. [[really?]]\nYes.\n", [("ANA", "Hi. Yes.")], {"notes": 1}),
    "note row": ("ANA\nHi.\n[[really?]]\nYes.\n", [("ANA", "Hi. Yes.")], {"notes": 1}),
    "note before the name": ("[[a]]\nANA\nHi.\n", [("ANA", "Hi.")], {"notes": 1}),
    "extensions": ("ANA (V.O.) (CONT'D)\nHi.\n", [("ANA", "Hi.")], {}),
    "lower-case extension": ("ANA (on the radio)\nHi.\n", [("ANA", "Hi.")], {}),
    "forced name": ("@McAvoy\nHi.\n", [("McAvoy", "Hi.")], {}),
    "forced action": ("ANA\nHi.\n\n!BOOM\nThe wall falls.\n", [("ANA", "Hi.")], {"action": 2}),
    "capitals said": ("ANA\nWHAT?\nNO!\n", [("ANA", "WHAT? NO!")], {}),
    "transitions": ("FADE IN:\n\nANA\nHi.\n\nCUT TO:\n\n> FADE OUT.\n", [("ANA", "Hi.")], {"transitions": 3}),
    "transition over a row": ("FADE IN:\nA room.\n\nANA\nHi.\n", [("ANA", "Hi.")], {"transitions": 1, "action": 1}),
    "title page": ("Title: X\nAuthor: Y\n\nANA\nHi.\n", [("ANA", "Hi.")], {"title page": 2}),
    "lyrics": ("ANA\nHi.\n~La la\n", [("ANA", "Hi.")], {"lyrics": 1}),
    "synopsis, page break": ("= all\n\n===\n\nANA\nHi.\n", [("ANA", "Hi.")], {"synopses": 1, "page marks": 1}),
    "scene number": ("INT. ROOM - DAY #1-A#\n\nANA\nHi.\n", [("ANA", "Hi.")], {"headings": 1}),
    "only a direction": ("ANA\n(nods)\n\nBEN\nYes.\n", [("BEN", "Yes.")], {"speakers without words": 2}),
    "emphasis": ("ANA\n*Hi*, **Ben** _there_.\n", [("ANA", "Hi, Ben there.")], {}),
    "two-row action in a script without capitals": ("ANA\nHi.\n\n他走了\n门关上了\n", [("ANA", "Hi.")], {"action": 2}),
    "umlauts": ("GROßVATER ÄÖ\nHallo.\n", [("GROßVATER ÄÖ", "Hallo.")], {}),
    "form feed": ("\fANA\nHi.\n", [("ANA", "Hi.")], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SCREENPLAYS)
def test_what_a_fountain_screenplay_says(name: str, tmp_path: Path) -> None:
    text, said, unspoken = SCREENPLAYS[name]
    (tmp_path / "play.fountain").write_text(text)
    assert_says(read_script(tmp_path / "play.fountain"), said, unspoken)


INDENTED = """
                                THE KETTLE

FADE IN:

12   INT. KITCHEN - DAY                                              12

     Ana looks at the clock. BEN enters.

                         ANA
               (quietly)
          I don't know.
          (beat)
          Really.
     She turns.
                         BEN (O.S.)
          Where have you
          been?

          And what is this?
                                                             2.

CONTINUED:
                         ANA
          WHAT?!
                         (MORE)
                         ANA (CONT'D)
          Nothing.

                                              CUT TO:

EXT. GARDEN - NIGHT

                         BEN
          Bye.
"""
SAID = [
    ("ANA", "I don't know. Really."), ("BEN", "Where have you been? And what is this?"), ("ANA", "WHAT?!"),
    ("ANA", "Nothing."), ("BEN", "Bye."),
]  # fmt: skip


@pytest.mark.parametrize("suffix", [".txt", ".fountain"])
@pytest.mark.parametrize("spaces", [" ", "\t"])
@pytest.mark.parametrize("double", [False, True], ids=["single", "double-spaced"])
def test_what_an_indented_screenplay_says(suffix: str, spaces: str, double: bool, tmp_path: Path) -> None:
    text = re.sub(r"^( +)", lambda match: "\t" * (len(match[0]) // 5), INDENTED, flags=re.MULTILINE)
    text = INDENTED if spaces == " " else text
    path = tmp_path / f"play{suffix}"
    path.write_text(text.replace("\n", "\n\n") if double else text)
    script = read_script(path)
    assert [(line.speaker, line.text) for line in script.lines] == SAID
    assert [line.topic for line in script.lines if line.topic] == ["INT. KITCHEN - DAY", "EXT. GARDEN - NIGHT"]
    kinds = {each.kind for each in script.unspoken}
    assert kinds == {"action", "headings", "transitions", "page marks"}


def assert_says(script: Script, said: list[tuple[str, str]], unspoken: dict[str, int]) -> None:
    casting = cast_script(script, "play")
    assert [(line.speaker, line.text) for line in script.lines] == said
    counts: dict[str, int] = {}
    for each in casting.unspoken:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    assert counts == unspoken


ROWS = st.sampled_from(
    ["", "", "  ", "ANA", "BEN ^", "CARL (V.O.)", "hello there", "(quietly)", "(x) yes (y)", "INT. ROOM - DAY", "# A",
     "CUT TO:", "> MIDDLE <", "~sung", "= plan", "!LOUD", "[[note]]", "/* cut", "*/", "    indented", "     DAN", "12."]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@example(["ANA", "(quietly)", "", "ANA", "ANA"])
@given(st.lists(ROWS, max_size=14))
def test_every_word_is_said_or_listed(rows: list[str]) -> None:
    try:
        casting = cast_script(parse_screenplay("\n".join(rows), "play.fountain"), "play.fountain")
    except UsageError:
        return
    found = [line.text for line in casting.script.lines] + [each.text for each in casting.unspoken]
    words = " ".join([*found, *casting.script.speakers, "V.O.", "/*", "*/"]).split()
    assert set(" ".join(rows).split()) - {"^", "(V.O.)"} <= set(words)


def test_two_columns_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "play.fountain").write_text("ANA              BEN\nHi.              Yes.\n")
    with pytest.raises(UsageError, match="line 1, column 1: two speakers beside each other"):
        read_script(tmp_path / "play.fountain")


CUES = {
    "two names in a cue": ("Ana: Hi.\nBen: Yes.", "Ana: So.", ["Ana", "Ben", "Ana"]),
    "dashes and names": ("- Ana: Hi.\n- Ben: Yes.", "Ana: So.", ["Ana", "Ben", "Ana"]),
    "one name goes on": ("Ana: Hi.\nYes.", "Ben: So.", ["Ana", "Ben"]),
    "dashes and one name": ("Ana: - Hi.\n- Yes.", "Ben: So.", "segment 1: two speakers, and not both are named"),
    "parentheses after names": ("ANA (V.O.): Hi.", "ANA (softly): So.", ["ANA", "ANA"]),
    "name in brackets": ("Ana: Hi.\nBen: Yes.", "[Ben] So.", ["Ana", "Ben", "Ben"]),
    "chevrons": ("ANA: Hi.\nANA: Yes.", ">> CARL: So.", ["ANA", "CARL"]),
    "chevrons without a name": ("ANA: Hi.\nANA: Yes.", ">> So.", "segment 2: >> marks another speaker"),
    "no names": ("Hi.", "Yes.", "segment 1 has no speaker"),
}


@pytest.mark.parametrize("name", CUES)
def test_who_speaks_in_subtitles(name: str, tmp_path: Path) -> None:
    first, second, expected = CUES[name]
    path = tmp_path / "talk.srt"
    path.write_text(f"1\n00:00:01,000 --> 00:00:03,000\n{first}\n\n2\n00:00:04,000 --> 00:00:06,000\n{second}\n")
    if isinstance(expected, str):
        with pytest.raises(UsageError, match=expected):
            read_script(path)
    else:
        assert [line.speaker for line in read_script(path).lines] == expected


def test_two_speakers_in_an_entry_of_yaml(tmp_path: Path) -> None:
    path = tmp_path / "talk.yaml"
    path.write_text('lines:\n- "**Ana**": "Hi. Ben: Yes."\n- Ben: So.\n')
    assert [(line.speaker, line.text) for line in read_script(path).lines] == [
        ("Ana", "Hi."), ("Ben", "Yes."), ("Ben", "So."),
    ]  # fmt: skip


def test_the_lines_of_directions_in_subtitles(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nAna: Hi.\n\n2\n00:00:03,000 --> 00:00:04,000\nAna (V.O.): [sighs] Yes.\n"
    )
    directions = cast_script(read_script(path), "talk.srt").unspoken
    assert [(each.text, each.line) for each in directions] == [("(V.O.)", 2), ("(sighs)", 2)]


@pytest.mark.parametrize(("words", "read"), [("no", "true or false: False"), ("5", "a number"), ("", "nothing")])
def test_what_yaml_makes_of_words(words: str, read: str, tmp_path: Path) -> None:
    (tmp_path / "talk.yaml").write_text(f"lines:\n- Ana: Hi.\n- Ana: {words}\n")
    with pytest.raises(UsageError, match=f"line 3, column 1: YAML reads a part of this line as {read}"):
        read_script(tmp_path / "talk.yaml")


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_the_check_prints_who_says_what(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("Ana: I paid 5 €. Ben: Really?\n(They sit.)\nBen: (sighs) Well, {uh-huh} then.\nAna: Yes.")
    assert run(["dialogue", str(path), option]) == 0
    rows = [row.split() for row in capsys.readouterr().out.splitlines()]
    for row in ("1 Ana I paid 5 €.", "spoken: I paid five euros.", "1 Ben Really?", "3 Ben Well, then.",
                "3 Ana {uh-huh}"):  # fmt: skip
        assert row.split() in rows
    assert "not spoken: stage directions in line 2, 3, such as '(They sit.)'".split() in rows


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_the_plan_of_a_job_shows_what_is_spoken(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("voices: {a: {voice: jf_alpha}}\nlines:\n- I paid 5 €.\n- Hello there.\n")
    assert run(["clone", str(path), option]) == 0
    printed = capsys.readouterr().out
    assert printed.count("spoken:") == 1
    assert "spoken: I paid five euros." in printed
