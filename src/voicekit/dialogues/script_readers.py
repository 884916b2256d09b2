"""Read scripts from text, YAML, Fountain, transcripts and subtitles.

Files are untrusted: their size is limited, they must be UTF-8, and errors name the place.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.presets import preset
from voicekit.config.schema import build
from voicekit.config.yaml_file import line_of, parse_yaml
from voicekit.dialogues.labels import find_label, is_name, to_name
from voicekit.dialogues.screenplay import is_screenplay, parse_screenplay
from voicekit.dialogues.script import Item, Line, Parenthetical, Script, SpokenText, Unspoken, check_script
from voicekit.dialogues.script_lexer import Place, ScriptError
from voicekit.dialogues.script_line import invalid_name, is_speakable, normalize_spaces
from voicekit.dialogues.script_text import Speech, parse_script, to_script
from voicekit.errors import UsageError
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.redact import one_line
from voicekit.storage.files import decode_utf8, read_limited
from voicekit.subtitles.read import read_subtitles
from voicekit.subtitles.source_cue import ReadOptions
from voicekit.text.words import join_words
from voicekit.types import Segment, Transcript

MAX_BYTES = 4 << 20
"""Size limit of a script file."""

SCRIPT_SUFFIXES = (".txt", ".md", ".yaml", ".yml", ".fountain", ".spmd", ".json", ".srt", ".vtt")

_BRACKETS = re.compile(r"\[([^\[\]]*)\]|\(([^()]*)\)")


def find_script(name: str) -> Path:
    """Find a script by its path, or by its name in configs/dialogue. Raises UsageError if there is none."""
    path = Path(name)
    return path if path.suffix.lower() in SCRIPT_SUFFIXES or path.exists() else preset("dialogue", name, ".txt")


def read_script(path: str | Path, encoding: str | None = None) -> Script:
    """Read a script; the suffix selects the format.

    Args:
        path: The file.
        encoding: Of subtitles (default: it is detected); other files are UTF-8.

    Raises:
        SourceError: The file cannot be read, is too large, or is not UTF-8.
        UsageError: An error in the script, with its place.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in (".srt", ".vtt"):
        transcript, notes = read_subtitles(path, ReadOptions(encoding))
        return script_from_transcript(transcript, str(path), notes)
    text = decode_utf8(read_limited(path, MAX_BYTES, "Give one conversation at a time"), str(path), column=True)
    if suffix == ".json":
        return script_from_transcript(read_transcript_json(text, str(path))[0], str(path))
    if suffix in (".yaml", ".yml"):
        return parse_yaml_script(text, str(path))
    if suffix in (".fountain", ".spmd") or is_screenplay(text):
        return parse_screenplay(text, str(path))
    return parse_script(text, str(path))


def parse_yaml_script(text: str, name: str) -> Script:
    """Parse a YAML script: the keys of a header, and `lines`, a list of `NAME: text` or `"# Topic"`.

    Raises:
        UsageError: An error in the script, with its line.
    """
    values = parse_yaml(text, name)
    entries = values.pop("lines", None)
    header = build(ScriptHeader, values, name)
    if not isinstance(entries, list):
        raise UsageError(f"{name}: lines is not a list", "Write `lines:`, and below it `- Alice: Hello there.`")
    speeches: list[Speech] = []
    topic: str | None = None
    for number, entry in enumerate(entries):
        at = (line_of(values, ("lines", number)) or 1, 1)
        if isinstance(entry, str) and entry.lstrip().startswith("#"):
            topic = normalize_spaces(entry.strip().lstrip("#"))
            continue
        if not (
            isinstance(entry, dict)
            and len(entry) == 1
            and all(isinstance(part, str) for part in [*entry, *entry.values()])
        ):
            raise _not_a_line(entry, name, at)
        written, words = next(iter(entry.items()))
        label = find_label(f"{written}:")
        if label is None or label.direction:
            raise invalid_name(written, name, at)
        rows = [(row, at[0] - 1, 0) for row in words.split("\n")]
        speeches.append(Speech(label.speaker, rows, at, topic))
        topic = None
    return to_script(speeches, header, name)


def _not_a_line(entry: Any, name: str, at: Place) -> ScriptError:
    remedy = "Write `- Alice: Hello there.`, in quotes if it has a colon"
    pair = next(iter(entry.items())) if isinstance(entry, dict) and len(entry) == 1 else (entry,)
    read = next((part for part in pair if part is None or isinstance(part, bool | int | float | datetime.date)), "")
    if read != "" and len(pair) == 2:
        kind = {bool: "true or false", type(None): "nothing"}.get(type(read), "a number or a date")
        return ScriptError(name, at, f"YAML reads a part of this line as {kind}: {read}", 'Put it in quotes: "no"')
    return ScriptError(name, at, "not a line of a script", remedy)


def script_from_transcript(transcript: Transcript, name: str, notes: Sequence[str] = ()) -> Script:
    """One line per segment, or more if its words have several speakers.

    Text in brackets, such as `[laughs]` and the `(V.O.)` of a name, becomes a parenthetical; times are ignored.

    Args:
        transcript: With speakers.
        name: Of the file, for messages.
        notes: What the reader of the file remarked.

    Raises:
        UsageError: A segment has no speaker, or nothing is spoken.
    """
    unspoken: list[Unspoken] = []
    known = {segment.speaker for segment in transcript.segments}
    known |= {word.speaker for segment in transcript.segments for word in segment.words}
    lines = tuple(_lines_from_segments(transcript.segments, known, name, unspoken))
    return check_script(Script(lines, notes=tuple(notes), unspoken=tuple(unspoken)), name)


def _lines_from_segments(
    segments: Iterable[Segment], known: Collection[str | None], name: str, unspoken: list[Unspoken]
) -> Iterator[Line]:
    for number, segment in enumerate(segments, 1):
        _check_dashes(segment, number, name)
        for labelled, said in _turns(segment):
            written, text = _speaker_in_text(labelled, said, known, f"{name}: segment {number}")
            written, direction = _split_extension(written, number)
            items = (*direction, *_split_brackets(text, number))
            if not any(isinstance(item, SpokenText) for item in items):
                unspoken.append(Unspoken("segments without words", text, number))
                continue
            if not written:
                remedy = "Name the speakers: `voicekit transcribe --speaker-names`, or `Alice: ...` in each cue"
                raise UsageError(f"{name}: segment {number} has no speaker", remedy)
            speaker = to_name(written)
            if not is_name(speaker):
                raise invalid_name(written, name, (number, 1))
            yield Line(speaker, items, at=(number, 1))


def _turns(segment: Segment) -> Iterator[tuple[str | None, str]]:
    """The speaker and the text of each run of words of one speaker."""
    runs = [(speaker, list(words)) for speaker, words in groupby(segment.words, key=lambda word: word.speaker)]
    speakers = {speaker for speaker, _ in runs if speaker}
    if len(speakers) < 2:
        yield segment.speaker, segment.text
        return
    last = segment.speaker
    for speaker, words in runs:
        last = speaker or last
        yield last, join_words(word.text for word in words)


def _speaker_in_text(
    speaker: str | None, text: str, known: Collection[str | None], where: str
) -> tuple[str | None, str]:
    """Find speakers that subtitles mark in the text: ">> ANA: Hi." and, if Ana speaks elsewhere, "[Ana] Hi."."""
    if (bracket := re.match(r"\[([^\[\]]+)\]\s*(?=\S)", text)) and bracket[1] in known:
        return bracket[1], text[bracket.end() :]
    chevrons = re.match(r">{2,3}\s*(?=\S)", text)
    if chevrons is None:
        return speaker, text
    rest = text[chevrons.end() :]
    if label := find_label(rest):
        return label.speaker, rest[label.end :]
    raise UsageError(f"{where}: >> marks another speaker, who has no name", "Write `>> ANA: ...`")


def _split_extension(written: str | None, number: int) -> tuple[str | None, tuple[Parenthetical, ...]]:
    """Split "ANA (V.O.)" into the name and a parenthetical."""
    match = re.fullmatch(r"(.*?\w.*?)\s*[(\[]([^()\[\]]*)[)\]]", written or "")
    return (match[1], (Parenthetical(match[2], (number, 1)),)) if match and match[2].strip() else (written, ())


def _check_dashes(segment: Segment, number: int, name: str) -> None:
    """Raise UsageError for a cue of two speakers, each after a dash, of whom only one is named."""
    rows = [row for row in (segment.cue or "").split("\n") if re.match(r"\s*(?:[^\s:]+:\s*)?[-–—‐]\s?\w", row)]
    if len(rows) > 1 and len({word.speaker for word in segment.words}) < 2:
        said = one_line(" ".join(rows))[:40]
        raise UsageError(
            f"{name}: segment {number}: two speakers, and not both are named: {said!r}",
            "Name both: `- Alice: ...` and `- Ben: ...`",
        )


def _split_brackets(text: str, number: int) -> Iterator[Item]:
    """Words and parentheticals of a segment, whose number, from 1, is their line."""
    position = 0
    for match in [*_BRACKETS.finditer(text), None]:
        words = " ".join(text[position : match.start() if match else None].split())
        if is_speakable(words):
            yield SpokenText(words, (number, 1))
        if match:
            if note := " ".join((match[1] or match[2] or "").split()):
                yield Parenthetical(note, (number, 1))
            position = match.end()
