"""Fuzz what reads untrusted input: nothing but a VoicekitError may come out of it.

    python -m tools.fuzz SECONDS [SEED]

The seconds are shared out evenly; a line for each reader says how many cases it had. A reader that fails prints its
smallest case, one that hangs prints where, and the exit status is not 0.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tools.fuzz_documents import document_readers
from voicekit.audio.decode import decode, probe
from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.config.clean import CleanPreset
from voicekit.config.schema import build
from voicekit.config.subtitles import subtitle_style
from voicekit.config.transcribe import TranscribeOptions
from voicekit.config.yaml_file import load_yaml
from voicekit.errors import SourceError, VoicekitError
from voicekit.formats.writers import to_srt
from voicekit.redact import one_line, redact_urls
from voicekit.sources import download
from voicekit.sources.expand import expand_all
from voicekit.sources.playlist import playlist_entries, unmark_entry
from voicekit.sources.youtube import youtube_hint
from voicekit.storage.cache import StageCache, cache_items
from voicekit.storage.files import file_sha256
from voicekit.storage.names import find_claimed_name
from voicekit.storage.paths import cache_dir, safe_name
from voicekit.storage.runs import find_run
from voicekit.subtitles import read as subtitles
from voicekit.subtitles.layout import lay_out
from voicekit.types import Segment, Transcript, Turn, Word

HANGS_AFTER = 120.0
"""Seconds for one case. Most take a millisecond, those with ffmpeg a tenth of a second."""

# --- cases ----------------------------------------------------------------------------------------------------------

texts = st.text(max_size=20) | st.text(st.characters(), max_size=8)  # the latter with lone surrogates
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts,
    st.sampled_from(["", ".", "..", "/", "\0", "latest", "-", "NaN", "file:///etc/passwd", "http://[", "//x", "../x"]),
)  # fmt: skip
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))

TRANSCRIPT = Transcript(
    "voicekit.transcript/1", "en", 3.0, "talk.mp4", ("A",),
    (Segment(0, 0.0, 1.0, "Hello there.", "A", "en", (Word("Hello", 0.0, 0.5, 0.9, "A", 1.0),)),),
    (Turn(0.0, 1.0, "A"),),
)  # fmt: skip
YAML = "language: en\nspeakers: 2\nformat: [srt]\ndescription: x\nsteps:\n- filter: highpass\n  options: {f: 100}\n"
YAML_PIECES = (
    "!!int ", "!!float ", "!!bool ", "!!null ", "!!timestamp ", "!!binary ", "!!set ", "!!omap ", "!!pairs ", "!!seq ",
    "!!map ", "!!python/name:os.system ", "&a ", "*a", "<<: ", "? ", ": ", "- ", "{", "}", "[", "]", ", ", "|\n",
    ">-\n", "#", "'", '"', "\\x", "\t", "\n", "\n  ", "---\n", "...\n", "%YAML 1.1\n", "0x", "0o8", "1:60:60", "-.inf",
    ".nan", "9" * 5000, "2026-02-30", "0001-01-01T00:00:00+23:59", "\ufeff", "\x85", "\0", "language", "en", "speakers",
    "2", "=",
)  # fmt: skip
SOURCE_PIECES = (
    "http://", "https://", "HTTP://", "file://", "://", "~nobody-of-this-name", "/", "//", "..", ".", "*", "**", "?",
    "[", "]", "[!", "\0", "\n", "a.wav", "dir", "loop", "%00", "#", "@", ":", "127.0.0.1", "[::1", "é", "\ud800",
    "x" * 300, "/dev/null", "/proc/self/mem", "-", " ",
)  # fmt: skip
SRT = (
    b"1\n00:00:01,000 --> 00:00:02,500\n<i>Ana: Hello</i> there.\n\n2\n00:00:03,000 --> 00:00:04,000\n- Ben: Yes.\n- "
    b"Ana: \xe4\xbb\x8a\xe5\xa4\xa9\n\n3\n01.5 --> -00:00:05,000\ncaf\xe9\n\nmore\n"
)
VTT = (
    b"WEBVTT\nLanguage: de\n\nNOTE x\n\na\n00:01.000 --> 00:02.000 line:0\n"
    b"<v Ana>One <00:01.500><c>two</c> &amp; 3</v>\n"
)
CUE_PIECES = (
    "WEBVTT", "\n", "\n\n", "1\n", "00:00:01,000", " --> ", "-->", "\u2013>", "00:00:02,000", "-", ":", ",", ".",
    "9" * 30, "\u0663", "\xb2", "<v A>", "</v>", "<00:01.000>", "{\\an8}", "<i>", "&lt;", "Ana: ", "- ", "\u4eca",
    "\u0e2a", "x" * 90, "\ufeff", "\0", "\x85", "\u2028", "NOTE", "STYLE", "Language: zh",
)  # fmt: skip
URL_PIECES = ("http://a.b/c", "?", "&", "=", "#", ";", "token", "key", "v", "%", "%6", "@", "//", " ", "\n", "é", "[")
INFO_KEYS = (
    "title", "id", "extractor_key", "uploader", "channel", "upload_date", "chapters", "webpage_url", "url", "entries",
    "ie_key", "original_url", "_type",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes in which pieces were changed, cut out, doubled or exchanged."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(0, len(data) - 1)) | st.integers(0, min(len(data), 400)))
        length = draw(st.sampled_from([1, 2, 4, 8, 100, 5000]))
        piece = data[at : at + length]
        how = draw(st.sampled_from(["bytes", "extreme", "cut", "end", "double", "zero", "swap"]))
        if how == "bytes":
            data[at : at + min(length, 8)] = draw(st.binary(min_size=1, max_size=8))
        elif how == "extreme":
            data[at : at + 4] = draw(
                st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"])
            )
        elif how == "cut":
            del data[at : at + length]
        elif how == "end":
            del data[at:]
        elif how == "double":
            data[at:at] = piece
        elif how == "zero":
            data[at : at + length] = bytes(len(piece))
        else:
            data[at : at + length] = piece[::-1]
    return bytes(data)


@functools.cache
def media() -> tuple[tuple[str, bytes], ...]:
    """Small files in many formats: half a second of a tone."""
    kinds = {
        "wav": (), "float.wav": ("-c:a", "pcm_f32le"), "mp3": (), "m4a": (), "flac": (), "opus": (), "ogg": (),
        "mkv": (), "webm": (), "avi": (), "ts": (), "aiff": (), "au": (), "caf": (), "wma": (), "w64": (), "tta": (),
        "ac3": (), "mp4": ("-movflags", "frag_keyframe+empty_moov"), "amr": ("-c:a", "amr_nb", "-ar", "8000"), "wv": (),
    }  # fmt: skip
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for name, options in kinds.items():
            path = Path(folder, f"x.{name}")
            tone = ("-f", "lavfi", "-i", "sine=frequency=300:duration=0.5:sample_rate=16000")
            command = [ffmpeg_path(), "-loglevel", "error", *tone, *options, str(path)]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                made.append((path.suffix, path.read_bytes()))
    return tuple(made)


files = st.deferred(
    lambda: st.sampled_from(media()).flatmap(lambda one: st.tuples(st.just(one[0]), damaged(st.just(one[1]))))
)


def pieces(some: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(some) | texts, max_size=12).map("".join)


def documents(value: Any) -> st.SearchStrategy[bytes]:
    """JSON: `value` with damage, any other value, and bytes that are no JSON."""
    text = json.dumps(value).encode()
    anything = values.map(lambda found: json.dumps(found).encode("utf-8", "surrogatepass"))
    return (
        damaged(st.just(text)) | anything | st.binary(max_size=40) | st.sampled_from([b"[" * 50_000, b'{"a":' * 20_000])
    )


# --- readers --------------------------------------------------------------------------------------------------------


def read_transcript(text: bytes) -> None:
    found = Transcript.from_json(text)
    assert Transcript.from_json(found.to_json()) == found


def read_transcript_text(text: str) -> None:
    Transcript.from_json(text)


def read_yaml(text: bytes) -> None:
    path = scratch() / "x.yaml"
    path.write_bytes(text)
    value = load_yaml(path)
    with contextlib.suppress(VoicekitError):
        build(TranscribeOptions, value, "x.yaml")
    build(CleanPreset, value, "x.yaml")


def read_entry(text: bytes) -> None:
    """entry.json of a stage, and the list of what the cache holds."""
    entry = StageCache().entry("clean", {"input": "a"}, lambda folder: (folder / "x").write_text("1"))
    (entry.folder / "entry.json").write_bytes(text)
    again = StageCache().entry("clean", {"input": "a"}, lambda folder: (folder / "x").write_text("1"))
    assert (again.folder / "x").read_text() == "1"
    assert again.about["key"] == again.key
    assert cache_items()


def read_manifest(text: bytes) -> None:
    """run.json, and the mark that says whose folder it is in."""
    home = scratch() / "home"
    (home / "2026-abc12345").mkdir(parents=True, exist_ok=True)
    (home / "2026-abc12345" / "run.json").write_bytes(text)
    (home / ".source").write_bytes(text)
    find_run(home, "abc123456789")
    find_claimed_name(scratch(), "home", "a")


def read_memos(text: bytes) -> None:
    """What is remembered of files and URLs."""
    path = scratch() / "a"
    path.write_bytes(b"a")
    right = file_sha256(path)
    for memo in (cache_dir() / "hashes").glob("*"):
        memo.write_bytes(text)
    assert file_sha256(path) == right or text.isalnum()
    known = cache_dir() / "downloads" / "urls" / "x.json"
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_bytes(text)
    (known.parent / download.INFO).write_bytes(text)
    download._indexed_media(known)
    download._indexed_playlist(known)
    download._load(known.parent)


def read_sources(sources: list[str]) -> None:
    """Names of files, globs and URLs, as the user may write them."""
    folder = scratch() / "sources"
    if not folder.exists():
        (folder / "dir").mkdir(parents=True)
        (folder / "dir" / "a.wav").touch()
        (folder / "loop").symlink_to("loop")
    with contextlib.chdir(folder):
        for found in expand_all(source for source in sources if _near(source)):
            assert isinstance(found, str | Path | VoicekitError)


def _near(source: str) -> bool:
    """Whether it names nothing far off: `/**` is the whole disk, and slow, not wrong."""
    if source.startswith(("/dev/null", "/proc/self/mem", "~nobody")):
        return "*" not in source
    return not source.startswith(("/", "~")) and source.count("..") < 2


def read_cues(text: bytes) -> None:
    """Subtitles of others; what is read can be laid out, and comes back as it stands."""
    for name in ("x.srt", "x.vtt"):
        with contextlib.suppress(SourceError):
            whole, _ = subtitles.parse(subtitles.decode(text, name)[0], name, vtt=name.endswith("vtt"))
            laid = lay_out(whole, subtitle_style("netflix"))
            assert all(cue.start < cue.end for cue in laid)
            again, _ = subtitles.parse(to_srt(whole, subtitle_style("raw")), name)
            assert [s.start for s in again.segments] == [s.start for s in whole.segments]


def read_info(info: dict[str, Any]) -> None:
    """What a site says of its media, or of its list."""
    kept = download.describe(info, "https://example.org/x", "title")
    json.dumps(kept, allow_nan=False).encode()
    json.dumps(kept, ensure_ascii=False).encode()
    assert download._folder(info, "https://example.org/x").parent.parent == cache_dir() / "downloads"
    for entry in playlist_entries(info, "https://example.org/list"):
        entry.title.encode()
        unmark_entry(entry.url)


def read_url(text: str) -> None:
    """Addresses as they are shown and kept."""
    kept = redact_urls(text)
    assert redact_urls(kept) == kept
    youtube_hint(text)
    unmark_entry(text)
    assert safe_name(text)
    one_line(kept)


def read_header(file: tuple[str, bytes]) -> None:
    """A media file's header, by PyAV in this process."""
    probe(written(file))


def read_sound(file: tuple[str, bytes]) -> None:
    """A media file's sound, by ffmpeg."""
    sound, _ = decode(written(file))
    assert np.isfinite(sound.samples).all()
    assert sound.samples.ndim == 2


def written(file: tuple[str, bytes]) -> Path:
    suffix, data = file
    path = scratch() / f"case{suffix}"
    path.write_bytes(data)
    return path


@functools.cache
def _scratch(cache: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="voicekit-fuzz-"))


def scratch() -> Path:
    """A folder for cases; the last one stays in it, for when the process dies of it."""
    return _scratch(cache_dir())


infos = st.dictionaries(
    st.sampled_from(INFO_KEYS) | texts,
    values | st.lists(st.dictionaries(st.sampled_from(INFO_KEYS), values, max_size=5), max_size=3),
    max_size=8,
)

READERS: dict[str, tuple[Callable[[Any], None], st.SearchStrategy[Any]]] = {
    "transcript": (read_transcript, documents(json.loads(TRANSCRIPT.to_json()))),
    "transcript text": (read_transcript_text, texts | values.map(json.dumps)),
    "yaml": (
        read_yaml,
        damaged(st.just(YAML.encode())) | pieces(YAML_PIECES).map(lambda t: t.encode("utf-8", "surrogatepass")),
    ),
    "cache entry": (
        read_entry,
        documents({"stage": "clean", "key": "0" * 64, "files": [{"path": "x", "sha256": "0"}]}),
    ),
    "run manifest": (
        read_manifest,
        documents({"plan": "abc123456789", "outputs": [{"path": "run.json", "bytes": 1, "sha256": "0" * 64}]}),
    ),
    "memos": (read_memos, documents({"folder": "downloads/x/y", "file": "a", "identity": "b", "info": {"title": "c"}})),
    "sources": (read_sources, st.lists(pieces(SOURCE_PIECES), max_size=4)),
    "subtitles": (
        read_cues,
        damaged(st.sampled_from([SRT, VTT])) | pieces(CUE_PIECES).map(lambda t: t.encode("utf-8", "surrogatepass")),
    ),
    "site info": (read_info, infos),
    "urls": (read_url, pieces(URL_PIECES).filter(lambda text: text.isprintable())),
    "media header": (read_header, files),
    "media sound": (read_sound, files),
}
READERS |= document_readers(scratch, documents, pieces)


def fuzz(name: str, examples: int, start: int) -> int:
    """Give a reader so many cases, from the seed `start`; returns how many there were.

    Raises:
        Exception: what came out of the reader that should not, after the smallest case was printed.
    """
    read, strategy = READERS[name]
    count = 0

    @seed(start)
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    @given(strategy)
    def check(case: Any) -> None:
        nonlocal count
        count += 1
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
        try:
            with contextlib.suppress(VoicekitError):
                read(case)
        finally:
            faulthandler.cancel_dump_traceback_later()

    check()
    return count


def main(seconds: float, start: int) -> None:
    """Fuzz every reader for its share of the time and print how many cases it had."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ |= {"VOICEKIT_CACHE": cache, "VOICEKIT_MAX_HOURS": "0.05"}
        for name in READERS:
            count, end = 0, time.monotonic() + seconds / len(READERS)
            while time.monotonic() < end:
                start += 1
                count += fuzz(name, 20 if name.startswith("media") else 200, start)
            print(f"{name:<16} {count:>8} cases", flush=True)
    used = os.times()
    print(f"CPU: {used.user + used.system:.0f} s here, {used.children_user + used.children_system:.0f} s in ffmpeg")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 10**9)
