"""Controls, direction marks and formulas in texts that come from others: on the terminal, in text files, in tables."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.takes_run import takes_run
from voicekit.cli import run
from voicekit.cli.console import new_console
from voicekit.cloning.lines import read_lines
from voicekit.config.formats import FORMATS
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.formats.writers import RENDERERS, save
from voicekit.subtitles.read import parse
from voicekit.takes.records import Takes
from voicekit.takes.table import write_scores
from voicekit.text.controls import close_directions, without_controls
from voicekit.text.spreadsheet_cells import protect_cell, unprotect_cell
from voicekit.types import Segment, Transcript, Word

ESCAPE = "\x1b]0;owned\x07\x9b31m\u202e"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
HIDDEN = re.compile(CONTROLS.pattern[:-1] + "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def hidden_in(printed: str) -> list[str]:
    return HIDDEN.findall(printed)


# --- the terminal -----------------------------------------------------------------------------------------------------


@pytest.fixture
def colourful_run(tmp_path: Path) -> Path:
    """A run whose ids, voices, kinds, notes and texts hold controls."""
    folder = takes_run(tmp_path / "out", "hostile", lines=2, takes=2)
    takes = json.loads((folder / "takes.json").read_text())
    for take in takes["takes"]:
        take["voice"] += ESCAPE
        take["text"] += ESCAPE
        take["reasons"] = [f"weak{ESCAPE}"]
        take["passed"] = False
    for line in takes["lines"]:
        line["why"] += ESCAPE
    (folder / "takes.json").write_text(json.dumps(takes, ensure_ascii=False))
    return folder


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["tag", "001-2", "good", f"x{ESCAPE}"]])
def test_takes_are_shown_and_not_obeyed(
    colourful_run: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(["take", arguments[0], str(colourful_run), *arguments[1:]]) in (0, 1)
    printed = capsys.readouterr()
    assert printed.out
    assert not hidden_in(printed.out + printed.err)


def test_names_and_errors_are_shown_and_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = tmp_path / f"talk{ESCAPE}.srt"
    name.write_text(f"1\n00:00:01,000 --> 00:00:02,000\nHello{ESCAPE}\n")
    for command in (["subtitle", "check"], ["subtitle", "shift", "--by", "1"], ["report"], ["judge"], ["watermark"]):
        run([*command, str(name)])
    printed = capsys.readouterr()
    assert "talk" in printed.out + printed.err
    assert not hidden_in(printed.out + printed.err)


def test_tables_keep_their_own_colours() -> None:
    file = io.StringIO()
    console = new_console(file=file, force_terminal=True, color_system="truecolor", width=80)
    console.print(f"[red]note{ESCAPE}[/]", highlight=False)
    # The colours are the console's own; rich itself drops the bell.
    assert file.getvalue() == "\x1b[31mnote" + r"\u001b]0;owned\u009b31m\u202e" + "\x1b[0m\n"


def test_hidden_characters_of_json_output_can_be_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = takes_run(tmp_path / "out", "run", lines=1, takes=1)
    takes = json.loads((folder / "takes.json").read_text())
    takes["takes"][0]["text"] = "שלום\u200f\u202a!\u009b"
    (folder / "takes.json").write_text(json.dumps(takes))
    assert run(["take", "list", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["text"] == "שלום\u200f\u202a!\u009b"


# --- text files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x1b[31mb\x07", "a[31mb"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("form\ffeed\x85next", "form feed next"),
        ("don\x92t \x93go\x94", "don’t “go”"),  # Windows-1252 that was read as Latin-1
        ("\x9b31m\x81", "›31m"),
        ("\u202eabc", "\u202eabc\u202c"),
        ("\u2067abc\u202edef", "\u2067abc\u202edef\u202c\u2069"),
        ("\u202babc\u202c", "\u202babc\u202c"),
        ("abc\u202c\u2069", "abc"),
        ("\u2067a\u202eb\u2069c", "\u2067a\u202eb\u202c\u2069c"),
        ("\u202eone\ntwo", "\u202eone\u202c\ntwo"),
        ("שלום\u200f! עולם\u200e", "שלום\u200f! עולם\u200e"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ل\u200dا\u061c", "ل\u200dا\u061c"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_controls_go_and_directions_end(text: str, kept: str) -> None:
    assert without_controls(text) == kept
    assert without_controls(kept) == kept


@given(st.text(alphabet="ab \u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\n", max_size=30))
def test_directions_are_balanced_in_every_line(text: str) -> None:
    plain = without_controls(text)
    for line in plain.split("\n"):
        expected: list[str] = []
        for char in line:
            if char in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068":
                expected.append("\u202c" if char < "\u2066" else "\u2069")
            elif char in "\u202c\u2069":
                assert expected.pop() == char
        assert not expected
    assert re.sub("[\u202a-\u202e\u2066-\u2069]", "", plain) == re.sub("[\u202a-\u202e\u2066-\u2069]", "", text)


def test_a_direction_may_reach_over_words() -> None:
    assert close_directions(["\u202bאחת", "שתיים", "שלוש\u202c"]) == ["\u202bאחת", "שתיים", "שלוש\u202c"]
    assert close_directions(["\u202bאחת", "שתיים"]) == ["\u202bאחת", "שתיים\u202c"]


def hostile_transcript() -> Transcript:
    words = (Word(f"Hello{ESCAPE}", 0.0, 1.0, 0.9), Word("there\x00", 1.0, 2.0, 0.9))
    text = " ".join(word.text for word in words)
    segment = Segment(0, 0.0, 2.0, text, f"Ana{ESCAPE}", "en", words)
    return Transcript("voicekit.transcript/1", "en", 2.0, f"talk{ESCAPE}", (f"Ana{ESCAPE}",), (segment,))


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "docx"])
def test_no_format_holds_controls(tmp_path: Path, kind: str) -> None:
    path = tmp_path / (f"talk.{kind}" if kind != "audacity" else "talk.labels.txt")
    save(hostile_transcript(), path)
    assert not CONTROLS.findall(path.read_text())
    if kind == "json":
        assert not hidden_in(path.read_text())
    else:
        assert path.read_text() == without_controls(path.read_text())


def test_subtitles_and_json_of_others_are_cleaned_when_read(tmp_path: Path) -> None:
    srt = f"1\n00:00:01,000 --> 00:00:02,000\nAna{ESCAPE}: Hello\u202e\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"
    read, _ = parse(srt, "talk.srt")
    saved = tmp_path / "talk.json"
    saved.write_text(json.dumps(json.loads(hostile_transcript().to_json()), ensure_ascii=False))
    for transcript in (read, read_transcript_json(saved.read_text(), "talk.json")[0]):
        assert not CONTROLS.findall(transcript.text)
        for segment in transcript.segments:
            assert without_controls(segment.text) == segment.text
            assert "".join(word.text for word in segment.words) == segment.text.replace(" ", "")


def test_written_json_holds_no_hidden_character_and_loses_none() -> None:
    transcript = hostile_transcript()
    written = RENDERERS["json"](transcript, None)  # type: ignore[arg-type]
    assert isinstance(written, str)
    assert not hidden_in(written)
    assert Transcript.from_json(written) == transcript


# --- tables -----------------------------------------------------------------------------------------------------------

FORMULAS = ["=1+1", "+1", "-2+3", "- Hello, said she", "@SUM(A1)", "\t=1", "'=1", "''-x", "-", "＝1+1"]
TEXTS = ["Hello", "'tis fine", "it's", "", "3", "'"]


@pytest.mark.parametrize("text", FORMULAS + TEXTS)
def test_a_cell_comes_back_as_it_was(text: str) -> None:
    cell = protect_cell(text)
    assert unprotect_cell(cell) == text
    assert (cell != text) == (text in FORMULAS)
    assert not re.match(r"[=+\-@\t]", cell)


def test_scores_hold_no_formula_and_their_numbers_stay_numbers(tmp_path: Path) -> None:
    folder = takes_run(tmp_path / "out", "run", lines=2, takes=1)
    takes = Takes.from_json((folder / "takes.json").read_text())
    changed = [
        replace(take, text="- Hello, said she", voice="=HYPERLINK(1)", preset="@x", params={"cfg": -0.5})
        for take in takes.takes
    ]
    write_scores(folder, replace(takes, takes=tuple(changed)), {})
    table = pandas.read_csv(folder / "scores.csv")
    assert list(table["param.cfg"]) == [-0.5, -0.5]
    assert set(table["text"]) == {"'- Hello, said she"}
    assert set(table["voice"]) == {"'=HYPERLINK(1)"}
    with (folder / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = folder / "lines.csv"
    with lines.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "voice"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    read = read_lines(lines, set())
    assert [line.text for line in read] == ["- Hello, said she"] * 2
    assert [line.voice for line in read] == ["=HYPERLINK(1)"] * 2


def test_a_table_of_segments_holds_no_formula(tmp_path: Path) -> None:
    segment = Segment(0, 0.0, 2.0, "=cmd|'/c calc'!A0", "@Ana", "en", (Word("=cmd|'/c calc'!A0", 0.0, 2.0, 0.9),))
    save(Transcript("voicekit.transcript/1", "en", 2.0, "talk", ("@Ana",), (segment,)), tmp_path / "talk.tsv")
    assert (tmp_path / "talk.tsv").read_text().splitlines()[1] == "0\t2000\t'@Ana\t'=cmd|'/c calc'!A0"


def test_commands_print_through_one_function() -> None:
    found = subprocess.run(
        ["grep", "-rnE", r"(^|[^.\w])(print|Console)\(", "src/voicekit/cli", "--include=*.py"],
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    lines = [line for line in found.stdout.splitlines() if not re.search(r"cli/(terminal|console)\.py", line)]
    assert not lines, sys.platform
