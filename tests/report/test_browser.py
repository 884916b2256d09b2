"""Pages in a real browser: `pytest -m browser`. Debian's Chromium, or $VOICEKIT_CHROMIUM.

Every page is watched: whatever it asks for must be beside it, or in it.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.server import Site
from tests.support.takes_run import SENTENCES, takes_run
from voicekit.audio.encode import write_audio
from voicekit.cli import run
from voicekit.report.gallery_page import write_gallery
from voicekit.report.load import load_run
from voicekit.report.report import write_report
from voicekit.types import Audio, Segment, Transcript, Turn, Word

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("VOICEKIT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

HOURS = 3


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("no chromium; set VOICEKIT_CHROMIUM to one")
    flags = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield found
        found.close()


class Watched:
    """A page, and what it asked for and complained of."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def open(self, place: Path, fragment: str = "") -> Page:
        self.page.goto(place.resolve().as_uri() + fragment)
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.faults == []
        assert [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    found = Watched(browser)
    yield found
    found.close()


def copied(run: Path, home: Path) -> Path:
    """A run of a transcript in a home of its own, with its page."""
    shutil.copytree(run.resolve(), home / run.resolve().name)
    (home / "latest").symlink_to(run.resolve().name)
    write_report(home)
    return home / "latest"


@pytest.fixture(scope="module")
def talk(sample_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(sample_run, tmp_path_factory.mktemp("talk") / "sample")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    out = tmp_path_factory.mktemp("runs")
    both = takes_run(out, "calm", 22), takes_run(out, "lively", 22, speed=1.2, better=0.06)
    for each in both:
        write_report(each)
    return both


@pytest.fixture(scope="module")
def compared(runs: tuple[Path, Path]) -> Path:
    place = runs[0].parents[1] / "compare.html"
    assert run(["compare", *map(str, runs), "-o", str(place)]) == 0
    return place


@pytest.fixture(scope="module")
def gallery(runs: tuple[Path, Path]) -> Path:
    return write_gallery(runs, runs[0].parents[1] / "gallery.html").page


def seconds(page: Page) -> float:
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def playing(page: Page) -> None:
    page.wait_for_function(
        "() => { const a = document.getElementById('audio'); return !a.paused && a.currentTime > 0; }"
    )


# --- transcripts ----------------------------------------------------------------------------------------------------


def test_a_click_on_a_word_plays_from_it(watched: Watched, talk: Path) -> None:
    page = watched.open(talk / "report.html")
    word = next(word for word in load_run(talk).transcript.words if word.text == "Chicago.")
    page.locator(".w", has_text="Chicago.").first.click()
    playing(page)
    assert abs(seconds(page) - word.start) < 0.6
    page.wait_for_function("() => document.querySelector('.w.now')")
    page.keyboard.press("Space")
    assert page.evaluate("document.getElementById('audio').paused")
    page.locator("#play", has_text="Play").wait_for()
    assert any(url.endswith("audio.mp3") for url in watched.asked)


def test_the_waveform_and_the_slider_seek(watched: Watched, talk: Path) -> None:
    page = watched.open(talk / "report.html")
    box = page.locator("#canvas").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 20)
    page.wait_for_function("() => Math.abs(document.getElementById('audio').currentTime - 22.5) < 0.2")
    page.locator("#seek").focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => document.getElementById('audio').currentTime === 0")


def test_words_are_found_and_filtered(watched: Watched, talk: Path) -> None:
    page = watched.open(talk / "report.html")
    count = page.locator(".seg").count()
    page.keyboard.press("/")
    page.keyboard.type("chicago")
    assert 0 < page.locator(".seg:not(.gone)").count() < count
    page.locator("#find").fill("")
    page.locator("#who").select_option("1")
    assert 0 < page.locator(".seg:not(.gone)").count() < count
    page.locator("#who").select_option("")
    page.locator("#only").check()
    page.locator("#below").evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input')); }")
    page.locator("#speaker-below").evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input')); }")
    assert page.locator("#none").is_visible()
    page.locator("#below").evaluate("e => { e.value = 100; e.dispatchEvent(new Event('input')); }")
    assert page.locator("#review li").count() > 40
    page.locator("#review button").first.click()
    playing(page)


def test_the_keyboard_reaches_everything(watched: Watched, talk: Path) -> None:
    page = watched.open(talk / "report.html")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"theme", "play", "speed", "follow", "seek", "find", "who", "only", "segments", "below", "review"} <= reached
    page.locator("#segments").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".w.at").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator(".w.at").inner_text() != "" != first
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    playing(page)
    page.keyboard.press("n")
    assert "doubt" in (page.locator(".w.at").get_attribute("class") or "") or page.locator(".w.at.whose").count()


def test_corrections_go_back_into_the_transcript(watched: Watched, sample_run: Path, tmp_path: Path) -> None:
    talk = copied(sample_run, tmp_path / "sample")
    page = watched.open(talk / "report.html")
    before = load_run(talk).transcript
    page.locator(".w", has_text="Diane").dblclick()
    page.locator("#edit-text").fill('Dee "Dee" <Anne>')
    page.locator("#edit-speaker").fill("Zoë")
    page.keyboard.press("Enter")
    page.locator("#segments").focus()
    page.locator(".w", has_text="Texas").click()
    page.keyboard.press("c")
    page.locator("#lanes button").first.click()
    page.locator("#rename-text").fill("Sheila")
    page.keyboard.press("Enter")
    assert page.locator("#edits").inner_text() == "3"
    assert page.locator(".seg h3", has_text="Sheila").count()
    page.reload()  # what was not saved is still there
    assert page.locator("#edits").inner_text() == "3"
    with page.expect_download() as waiting:
        page.locator("#save").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "sample.edits.json"
    assert run(["transcript", "apply", str(talk), str(path)]) == 0
    after = load_run(talk.parent).transcript
    assert after.speakers[0] == "Sheila"
    assert "Zoë" in after.speakers
    assert 'Dee "Dee" <Anne>' in after.text
    assert next(word for word in after.words if word.text == "Texas").probability == 1.0
    assert len(after.words) == len(before.words) + 2
    assert run(["transcript", "apply", str(talk), str(path)]) == 1  # latest is another transcript now


def test_hostile_texts_stay_texts(watched: Watched, tmp_path: Path) -> None:
    text = "</script><script>document.title='broken'</script> <img src=x onerror=\"document.title='broken'\"> שלום"
    words = tuple(Word(part, i * 0.5, i * 0.5 + 0.4, 0.2, "A'\"<b>") for i, part in enumerate(text.split()))
    segment = Segment(0, 0.0, 4.0, text, "A'\"<b>", "he", words)
    hostile = Transcript("voicekit.transcript/1", "he", 4.0, "<script>x", ("A'\"<b>",), (segment,))
    page = watched.open(write_report(hostile.save(tmp_path / "x.json")).page)
    page.locator(".w").first.wait_for()
    assert page.locator(".seg p").first.inner_text() == text
    assert page.title() == "<script>x"
    assert page.locator(".seg h3").inner_text() == "A'\"<b>"
    assert page.locator("img").count() == 0


def test_the_policy_stops_every_request(watched: Watched, talk: Path, sample: Path) -> None:
    """Whatever a script would ask for, were there one that is not the page's own: nothing comes to a server."""
    site = Site()
    url = site.add("/x", sample, "audio/wav")
    page = watched.open(talk / "report.html")
    asking = """([kind, url]) => new Promise((answer) => {
        if (kind === "fetch") fetch(url).then(() => answer("sent"), () => answer("stopped"));
        const made = document.createElement(kind);
        made.onload = () => answer("sent");
        made.onerror = () => answer("stopped");
        made.src = url;
        if (kind === "script") document.head.append(made);
    })"""
    for kind in ("fetch", "img", "audio", "script"):
        assert page.evaluate(asking, [kind, url]) == "stopped"
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    assert all("Content Security Policy" in fault for fault in watched.faults)
    assert len(watched.faults) >= 5
    site.stop()
    assert site.log == []
    watched.faults.clear()
    watched.asked.clear()


def test_missing_sound_is_told(watched: Watched, talk: Path, tmp_path: Path) -> None:
    page = watched.open(shutil.copy(talk / "report.html", tmp_path / "alone.html"))
    page.locator("#no-sound").wait_for()
    assert "report_files/audio.mp3" in page.locator("#no-sound").inner_text()
    watched.faults.clear()  # that the file is not there


def test_an_embedded_page_plays_alone(watched: Watched, talk: Path, tmp_path: Path) -> None:
    assert run(["report", str(talk), "-o", str(tmp_path / "one.html"), "--embed"]) == 0
    page = watched.open(tmp_path / "one.html")
    page.locator(".w").nth(20).click()
    playing(page)
    assert seconds(page) > 5
    assert [url for url in watched.asked if url.startswith("file:")] == [(tmp_path / "one.html").as_uri()]


def test_light_and_dark(browser: Browser, talk: Path) -> None:
    for scheme in ("light", "dark"):
        found = Watched(browser, color_scheme=scheme)
        page = found.open(talk / "report.html")

        def brightness(page: Page = page) -> int:
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            return sum(int(part) for part in colour.strip("rgb()").split(","))

        before = brightness()
        assert (before > 380) == (scheme == "light")
        page.locator("#theme").click()
        assert (brightness() > 380) == (scheme == "dark")
        page.reload()
        assert (brightness() > 380) == (scheme == "dark")
        found.close()


def long_transcript() -> Transcript:
    """Three hours: 30,000 words in 3,600 segments of four speakers."""
    speakers = ("Ana", "Ben", "Cleo", "Dan")
    segments, draw = [], np.random.default_rng(0)
    for number in range(HOURS * 1200):
        start, speaker = 3.0 * number, speakers[int(draw.integers(4))]
        text = SENTENCES[number % len(SENTENCES)]
        each = 2.8 / len(text.split())
        words = tuple(
            Word(word, round(start + i * each, 3), round(start + (i + 1) * each, 3), round(float(draw.beta(9, 1)), 3),
                 speaker, round(float(draw.beta(4, 1)), 3))
            for i, word in enumerate(text.split())
        )  # fmt: skip
        segments.append(Segment(number, start, start + 2.8, text, speaker, "en", words))
    turns = tuple(Turn(s.start, s.end, s.speaker or "") for s in segments)
    return Transcript("voicekit.transcript/1", "en", HOURS * 3600.0, "long.wav", speakers, tuple(segments), turns)


@pytest.mark.slow
def test_three_hours_open_at_once(browser: Browser, tmp_path: Path) -> None:
    """Prints how long; asserts only that it works."""
    transcript = long_transcript()
    noise = np.random.default_rng(0).normal(0, 0.05, (1, 16_000 * 60)).astype(np.float32)
    write_audio(Audio(np.tile(noise, HOURS * 60), 16_000), tmp_path / "long.wav")
    place = write_report(transcript.save(tmp_path / "long.json")).page
    (tmp_path / "long.wav").unlink()
    took = []
    for _ in range(5):
        found = Watched(browser)
        started = time.monotonic()
        page = found.open(place)
        page.locator(".w").first.wait_for()
        took.append(time.monotonic() - started)
        page.locator(".w").nth(5).click()
        playing(page)
        page.keyboard.press("End")
        page.wait_for_function("() => document.querySelectorAll('.w').length < 20000")
        page.locator("#seek").evaluate("e => { e.value = 10000; e.dispatchEvent(new Event('input')); }")
        page.wait_for_function("() => document.querySelector('.w.now')?.closest('.seg').dataset.n == 3333")
        found.close()
    size = place.stat().st_size / 1e6
    print(f"\n{HOURS} h, {len(transcript.words)} words, page {size:.1f} MB: first words after {sorted(took)[2]:.2f} s"
          f" (median of 5; {min(took):.2f} to {max(took):.2f})")  # fmt: skip


# --- takes ----------------------------------------------------------------------------------------------------------


def test_takes_play_one_at_a_time(watched: Watched, runs: tuple[Path, Path]) -> None:
    page = watched.open(runs[0] / "report.html")
    page.locator(".take .play").nth(0).click()
    playing(page)
    page.locator(".take .play").nth(1).click()
    playing(page)
    assert page.locator(".take.current").count() == 1
    assert page.locator(".take.current h3").inner_text() == "Take 2"
    assert page.locator("audio").count() == 1
    box = page.locator(".take.current .picture").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
    assert seconds(page) > 0.8


def test_settings_are_one_click_away(watched: Watched, runs: tuple[Path, Path]) -> None:
    page = watched.open(runs[0] / "report.html")
    take = page.locator(".take").first
    assert not take.locator("dl").is_visible()
    take.locator("summary").click()
    assert take.locator("dl").is_visible()
    assert "noise scale" in take.locator("dl").inner_text()


def test_takes_are_filtered_and_shaded(watched: Watched, runs: tuple[Path, Path]) -> None:
    page = watched.open(runs[0] / "report.html")
    assert page.locator(".heat tr").count() == 22
    assert page.locator(".heat button").count() == 44
    colours = page.evaluate(
        "[...document.querySelectorAll('.heat button')].map(e => getComputedStyle(e).backgroundColor)"
    )
    assert len(set(colours)) > 5
    page.locator("#measure").select_option("pace")
    assert page.locator(".heat button[data-shade]").count() == 0
    page.locator("#tag").select_option("bad")
    assert page.locator(".take:not(.gone)").count() == 1
    assert page.locator("#told").inner_text() == "1 of 22 lines"
    page.locator("#tag").select_option("")
    page.locator("#picks").check()
    assert page.locator(".take:not(.gone)").count() == 22
    page.locator("#find").fill("window")
    assert page.locator(".line:not(.gone)").count() == 1
    page.locator(".heat button").nth(10).click()
    assert page.locator(".line:not(.gone)").count() == 1  # what was looked for stays
    page.locator("#find").fill("")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    playing(page)
    page.keyboard.press("s")
    assert page.locator(".take.current details[open]").count() == 1


# --- comparing ------------------------------------------------------------------------------------------------------


def test_votes_are_blind_kept_and_exported(
    watched: Watched, compared: Path, runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = watched.open(compared)
    page.locator("#tab-blind").click()
    assert page.locator("#vote-1").is_disabled()
    shown = page.locator("#blind").inner_text()
    assert "calm" not in shown
    assert "lively" not in shown
    rows = page.evaluate("data.rows")
    for number, row in enumerate(rows):
        page.keyboard.press("1")
        playing(page)
        page.keyboard.press("2")
        page.wait_for_function("() => !document.getElementById('vote-1').disabled")
        if number == 3:
            page.reload()  # votes are kept
            page.locator("#tab-blind").click()
            assert "Line 4" in page.locator("#number").inner_text()
            page.keyboard.press("1")
            playing(page)
            page.keyboard.press("2")
            page.wait_for_function("() => !document.getElementById('vote-1').disabled")
        b_first = not row[4]
        page.keyboard.press("ArrowLeft" if b_first else "ArrowRight")
    assert page.locator("#verdict").inner_text().startswith("B is preferred: B is preferred in 22 of 22")
    with page.expect_download() as waiting:
        page.locator("#save").click()
    path = tmp_path / "votes.json"
    waiting.value.save_as(path)
    votes = json.loads(path.read_text())
    assert {vote["prefers"] for vote in votes["votes"]} == {"b"}
    assert run(["compare", *map(str, runs), "--votes", str(path)]) == 0
    assert "B is preferred, B preferred in 22 of 22" in capsys.readouterr().out


def test_few_votes_are_no_verdict(watched: Watched, compared: Path) -> None:
    page = watched.open(compared, "#blind")
    for key in ("ArrowDown", "ArrowLeft"):
        for side in ("1", "2"):
            page.keyboard.press(side)
            playing(page)
            page.wait_for_function(f"() => document.getElementById('play-{side}').classList.contains('heard')")
        page.keyboard.press(key)
    page.locator("#end").click()
    assert page.locator("#verdict").inner_text().startswith("No verdict")


def test_a_gallery_plays_and_steps(watched: Watched, gallery: Path) -> None:
    page = watched.open(gallery)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.locator(".take.current .play").click()
    playing(page)
    page.locator("nav a").last.click()
    assert page.url.endswith("#clean")


# --- for everybody --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["transcript", "takes", "compare", "blind", "gallery"])
def test_wcag(
    browser: Browser, scheme: str, name: str, talk: Path, runs: tuple[Path, Path], compared: Path, gallery: Path
) -> None:
    """axe-core finds nothing against WCAG 2.2 A and AA, and nothing is wider than a phone."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    places = {
        "transcript": talk / "report.html",
        "takes": runs[0] / "report.html",
        "compare": compared,
        "blind": compared,
    }
    found = Watched(browser, color_scheme=scheme)
    page = found.open(places.get(name, gallery), "#blind" if name == "blind" else "")
    page.wait_for_timeout(300)
    for details in page.locator("details").all()[:6]:
        details.evaluate("e => { e.open = true; }")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    told = axe.run(page, options={"runOnly": {"type": "tag", "values": tags}}).response
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in told["violations"]] == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found.close()


def test_no_words_at_all(watched: Watched, tmp_path: Path) -> None:
    nothing = replace(long_transcript(), segments=(), turns=(), speakers=())
    page = watched.open(write_report(nothing.save(tmp_path / "x.json")).page)
    page.keyboard.press("n")
    assert page.locator("#count").inner_text() == "nothing"
