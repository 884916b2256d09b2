"""--site-subtitles: the site's subtitles beside ours, and the WER between them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.server import Site
from voicekit.cli import run
from voicekit.evaluation.evaluate import evaluate
from voicekit.transcription.session import Session
from voicekit.types import Transcript

FAST = ("--diarizer", "none", "--language", "en", "--site-subtitles")


def page(site: Site, talk: Path, subtitles: str | None) -> str:
    site.add("/talk.wav", talk, "audio/wav")
    track = ""
    if subtitles is not None:
        site.text("/talk.vtt", f"WEBVTT\n\n00:00.100 --> 00:02.000\n{subtitles}\n", "text/vtt")
        track = '<track kind="subtitles" srclang="en" src="/talk.vtt">'
    return site.text("/page.html", f'<html><video><source src="/talk.wav">{track}</video></html>', "text/html")


def transcribe(url: str, out: Path, *more: str) -> Path:
    assert run(["transcribe", url, "-o", str(out), *FAST, *more]) == 0
    (latest,) = out.glob("*/latest")
    return latest


def test_the_comparison_is_written_and_printed(
    site: Site, talk: Path, tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latest = transcribe(page(site, talk, "Hello \u202eagain, <b>you</b>\u0007 two"), tmp_path)
    assert (latest / "site.en.srt").is_file()
    record = json.loads((latest / "run.json").read_text())["site_subtitles"]
    ours = Transcript.from_json((latest / "transcript.json").read_text())
    score = evaluate(ours, [latest / "site.en.srt"]).total["wer"]
    assert (record["file"], record["language"], record["automatic"]) == ("site.en.srt", "en", False)
    assert record["wer"] == pytest.approx(score.value, abs=1e-4)
    assert (record["errors"], record["words"]) == (score.errors, score.total)
    assert "\u0007" not in (latest / "site.en.srt").read_text()
    shown = capsys.readouterr()
    line = f"WER against the site's subtitles (en): {record['wer']:.1%} of {record['words']} words"
    assert (shown.out + shown.err).count(line) == 1
    requests = len(site.log)
    assert transcribe(site.url("/page.html"), tmp_path).resolve() == latest.resolve()  # the same run, without network
    assert len(site.log) == requests
    shown = capsys.readouterr()
    assert (shown.out + shown.err).count(line) == 1


@pytest.mark.parametrize("subtitles", [None, ""], ids=["no track", "no words"])
def test_missing_subtitles_are_one_warning(
    site: Site, talk: Path, tmp_path: Path, own_cache: Path, subtitles: str | None
) -> None:
    latest = transcribe(page(site, talk, subtitles), tmp_path)
    manifest = json.loads((latest / "run.json").read_text())
    assert "site_subtitles" not in manifest
    assert len([text for text in manifest["warnings"] if "subtitles" in text]) == 1
    assert not list(latest.glob("site.*"))


def test_a_file_has_no_site(talk: Path, tmp_path: Path) -> None:
    latest = transcribe(str(talk), tmp_path)
    assert any("is a file" in text for text in json.loads((latest / "run.json").read_text())["warnings"])


def test_a_failed_download_is_tried_again_by_the_next_run(
    site: Site, talk: Path, tmp_path: Path, own_cache: Path
) -> None:
    url = page(site, talk, "Hello again")
    site.statuses["/talk.vtt"] = 404
    first = transcribe(url, tmp_path).resolve()
    warnings = json.loads((first / "run.json").read_text())["warnings"]
    assert any("could not be compared" in text and "404" in text for text in warnings)
    del site.statuses["/talk.vtt"]
    second = transcribe(url, tmp_path).resolve()
    assert second != first
    assert (second / "site.en.srt").is_file()


def test_from_python(site: Site, talk: Path, tmp_path: Path, own_cache: Path) -> None:
    with Session() as session:
        session.transcribe(page(site, talk, "Hello"), out=tmp_path, site_subtitles=True, diarizer="none", language="en")
    assert list(tmp_path.glob("*/latest/site.en.srt"))
