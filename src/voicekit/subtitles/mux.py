"""Add subtitles to a video as tracks that a player can switch on and off, with ffmpeg."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from voicekit.audio.ffmpeg import input_limits, input_url
from voicekit.errors import UsageError
from voicekit.storage.files import atomic_write
from voicekit.subtitles.video import CODECS, MUXERS, TEXT_CODECS, OnProgress, Track, probe_video, run_with_progress
from voicekit.text.languages import UNKNOWN


def mux(video: Path, tracks: Sequence[Track], out: Path, progress: OnProgress = lambda share: None) -> None:
    """Add subtitle tracks to a video; everything in it is kept. The first new track is the default one.

    Raises:
        UsageError: There are no tracks, or the container cannot hold text or the subtitles that the video has.
        MediaError: ffmpeg failed.
    """
    import ffmpeg

    extension = out.suffix.lower()
    codec = CODECS.get(extension)
    if codec is None:
        raise UsageError(
            f"{out.suffix or 'a file without extension'} cannot hold subtitles", f"Use {', '.join(CODECS)}"
        )
    if not tracks:
        raise UsageError("no subtitles to mux", "Give a transcript or a subtitle file")
    info = probe_video(video)
    options: dict[str, str] = {}
    for number, existing in enumerate(info.subtitles, len(tracks)):
        options[f"c:s:{number}"] = codec_for_existing(existing, extension, codec, video)
        options[f"disposition:s:{number}"] = "-default"
    metadata = []
    for number, track in enumerate(tracks):
        title = " ".join(track.title.split())
        options[f"c:s:{number}"] = codec
        options[f"disposition:s:{number}"] = "+".join(["default"] * (number == 0) + ["forced"] * track.forced) or "0"
        for key, value in (("language", iso639_2(track.language)), ("title", title), ("handler_name", title)):
            metadata += [f"-metadata:s:s:{number}", f"{key}={value}"] if value else []
    with tempfile.TemporaryDirectory(prefix="voicekit-mux-") as name, atomic_write(out) as temporary:
        folder = Path(name)
        texts = []
        for number, track in enumerate(tracks):
            path = folder / f"{number}.srt"
            path.write_text(track.srt, encoding="utf-8")
            texts.append(ffmpeg.input(input_url(path), protocol_whitelist="file", f="srt"))
        media = ffmpeg.input(input_url(video), **input_limits())
        kept = [media[f"s:{number}"] for number in range(len(info.subtitles))]
        attached = [media["t?"]] if extension == ".mkv" else []  # fonts
        output = ffmpeg.output(
            media["v?"], media["a?"], *texts, *kept, *attached, str(temporary.absolute()), c="copy",
            format=MUXERS[extension], **options,
        )  # fmt: skip
        run_with_progress(output, folder, info.seconds, progress, video, metadata)


def codec_for_existing(existing: str, extension: str, codec: str, video: Path) -> str:
    """Return ffmpeg's codec for subtitles that the video has already.

    Raises:
        UsageError: The container cannot hold them.
    """
    if extension == ".mkv":
        return codec if existing == "mov_text" else "copy"
    if existing in TEXT_CODECS:
        return codec
    raise UsageError(f"{video.name} has {existing} subtitles, which {extension} cannot hold", "Use .mkv with -o")


def iso639_2(language: str) -> str:
    """Return the three-letter code that containers use for a language; und if there is none."""
    import langcodes

    try:
        return str(langcodes.Language.get(language).to_alpha3(variant="B"))
    except (LookupError, ValueError):
        return UNKNOWN
