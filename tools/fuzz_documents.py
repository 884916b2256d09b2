"""Cases for the readers of documents: runs, jobs, dialogue scripts, edits, transcripts of other programs, cells."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from voicekit.cloning.job import load_job
from voicekit.cloning.plan import plan_job
from voicekit.dialogues.script_readers import read_script
from voicekit.errors import VoicekitError
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.report.apply_corrections import read_edits
from voicekit.report.load import load_run
from voicekit.report.report import write_report
from voicekit.takes.run import open_clone_run
from voicekit.text.controls import without_controls
from voicekit.text.spreadsheet_cells import protect_cell, unprotect_cell

TAKE = {
    "id": "001-1", "line": "001", "number": 1, "text": "Hello.", "voice": "joe", "engine": "piper", "language": "en",
    "params": {}, "seed": 7, "file": "takes/001-1.flac", "seconds": 1.0, "parts": [[0.0, 1.0]],
}  # fmt: skip
TAKES = {
    "schema": "voicekit.takes/1",
    "lines": [{"id": "001", "text": "Hello.", "voice": "joe", "picked": "001-1", "file": "picked/001.wav"}],
    "takes": [TAKE],
}
MANIFEST = {"schema": "voicekit.run/1", "kind": "clone", "outputs": [{"path": "takes.json", "sha256": "0" * 64}]}
WHISPER = {
    "language": "en",
    "segments": [
        {"start": 0.0, "end": 1.0, "text": " Hello.", "words": [{"word": " Hello.", "start": 0.0, "end": 1.0}]}
    ],
}
EDITS = {
    "schema": "voicekit.edits/1", "transcript": "0", "words": [{"segment": 0, "word": 0, "was": "a", "text": "b"}],
    "segments": [{"segment": 0, "speaker": "A"}], "names": {"A": "B"},
}  # fmt: skip
JOB_PIECES = (
    "voices: [joe]\n", "voices:\n  joe: {}\n", "lines: [Hello.]\n", "lines:\n- text: Hi\n  voice: all\n", "takes: 2\n",
    "sweep: {speed: [1.0, 1.1]}\n", "sweep: [{seed: 1}]\n", "lines_from: /etc/passwd\n", "lines_from: ../x.txt\n",
    "seed: 7\n", "output: {names: '{number}'}\n", "retry: {budget: 1}\n", "name: ../x\n", "${HOME}", "voice: all\n",
    "pick: {gates: {max_wer: 0.1}}\n", ": ", "- ", "[", "]", "{", "}", "!!int ", "\x00", "9" * 400, "\u202e", "<x>",
)  # fmt: skip
SCRIPT_PIECES = (
    "Ana: Hello.\n", "Ben: Yes.\n", "---\n", "voices: {Ana: joe}\n", "[pause 1]", "{mm-hm}", "{Ben: yes}", "(angrily)",
    "# topic\n", "INT. HOUSE - DAY\n", "@ANA\n", "ANA\n", ":", "[", "]", "{", "}", "(", ")", "**", "_", ">>", "--",
    "\n\n", "[S1]", "12:30", "\u202e", "\x1b[31m", "&amp;", "<b>", "9" * 300, "中文: 你好\n", "\t", "\\",
)  # fmt: skip

CELL_PIECES = ("=", "'", "-", "@", "\t", "\u202e", "\u202c", "\u2069", "\x9b", "a")


def run_folder(folder: Path, takes: bytes, manifest: bytes) -> Path:
    """A folder with these files."""
    folder.mkdir(exist_ok=True)
    (folder / "takes.json").write_bytes(takes)
    (folder / "run.json").write_bytes(manifest)
    return folder


def document_readers(
    scratch: Callable[[], Path],
    documents: Callable[[Any], st.SearchStrategy[bytes]],
    pieces: Callable[[tuple[str, ...]], st.SearchStrategy[str]],
) -> dict[str, tuple[Callable[[Any], None], st.SearchStrategy[Any]]]:
    """Return readers and their cases.

    Args:
        scratch: Returns a folder for files.
        documents: JSON documents like a given one.
        pieces: Texts made from given pieces.
    """

    def read_run(case: tuple[bytes, bytes]) -> None:
        """A run as `take list` and `report` open it, and its page."""
        folder = run_folder(scratch() / "run", *case)
        with contextlib.suppress(VoicekitError):
            open_clone_run(folder)
        load_run(folder)
        with contextlib.suppress(VoicekitError):
            write_report(folder)

    def read_job(text: str) -> None:
        path = scratch() / "job.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        plan_job(load_job(path))

    def read_dialogue(text: str) -> None:
        path = scratch() / "talk.txt"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        read_script(path)

    def read_edits_file(text: bytes) -> None:
        path = scratch() / "edits.json"
        path.write_bytes(text)
        read_edits(path)

    def read_cells(text: str) -> None:
        assert unprotect_cell(protect_cell(text)) == text
        assert without_controls(without_controls(text)) == without_controls(text)

    return {
        "run": (read_run, st.tuples(documents(TAKES), documents(MANIFEST))),
        "job": (read_job, pieces(JOB_PIECES)),
        "script": (read_dialogue, pieces(SCRIPT_PIECES)),
        "whisper json": (
            lambda text: read_transcript_json(text.decode("utf-8", "replace"), "talk.json") and None,
            documents(WHISPER),
        ),
        "edits": (read_edits_file, documents(EDITS)),
        "cells": (read_cells, st.text(max_size=30) | pieces(CELL_PIECES)),
    }
