"""Burn: subtitles drawn into a video's picture; mux: beside it as streams that a player can switch. Through ffmpeg."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from voicekit.audio.ffmpeg import input_limits, input_url
from voicekit.errors import UsageError
from voicekit.storage.files import writing
from voicekit.subtitles.video import CODECS, MUXERS, TEXT_CODECS, Progress, Track, look_at_video, run_with_progress


def mux(video: Path, tracks: Sequence[Track], out: Path, progress: Progress = lambda share: None) -> None:
    """Put subtitles beside the picture, the sound and the subtitles that are there, which are kept; the first new track
    is shown by default.

    Raises:
        UsageError: a container that holds no text, or not the subtitles that are there; or no tracks.
        MediaError: ffmpeg failed, with its reason.
    """
    import ffmpeg

    ending = out.suffix.lower()
    codec = CODECS.get(ending)
    if codec is None:
        raise UsageError(f"{out.suffix or 'a name without ending'} holds no subtitles", f"Use {', '.join(CODECS)}")
    if not tracks:
        raise UsageError("no subtitles to mux", "Give a transcript or a subtitle file")
    look = look_at_video(video)
    options: dict[str, str] = {}
    for number, there in enumerate(look.subtitles, len(tracks)):
        options[f"c:s:{number}"] = _kept_as(there, ending, codec, video)
        options[f"disposition:s:{number}"] = "-default"
    about = []
    for number, track in enumerate(tracks):
        title = " ".join(track.title.split())
        options[f"c:s:{number}"] = codec
        options[f"disposition:s:{number}"] = "+".join(["default"] * (number == 0) + ["forced"] * track.forced) or "0"
        for key, value in (("language", iso639_2(track.language)), ("title", title), ("handler_name", title)):
            about += [f"-metadata:s:s:{number}", f"{key}={value}"] if value else []
    with tempfile.TemporaryDirectory(prefix="voicekit-mux-") as name, writing(out) as temporary:
        folder = Path(name)
        texts = []
        for number, track in enumerate(tracks):
            path = folder / f"{number}.srt"
            path.write_text(track.srt, encoding="utf-8")
            texts.append(ffmpeg.input(input_url(path), protocol_whitelist="file", f="srt"))
        media = ffmpeg.input(input_url(video), **input_limits())
        kept = [media[f"s:{number}"] for number in range(len(look.subtitles))]
        attached = [media["t?"]] if ending == ".mkv" else []  # fonts
        output = ffmpeg.output(
            media["v?"], media["a?"], *texts, *kept, *attached, str(temporary.absolute()), c="copy",
            format=MUXERS[ending], **options,
        )  # fmt: skip
        run_with_progress(output, folder, look.seconds, progress, video, about)


def _kept_as(there: str, ending: str, codec: str, video: Path) -> str:
    """ffmpeg's codec for subtitles that are in the video already. Raises UsageError where the container has none."""
    if ending == ".mkv":
        return codec if there == "mov_text" else "copy"
    if there in TEXT_CODECS:
        return codec
    raise UsageError(f"{video.name} has {there} subtitles, which {ending} cannot hold", "End -o with .mkv")


def iso639_2(language: str) -> str:
    """The three letters that containers name a language with; und where there are none."""
    import langcodes

    try:
        return str(langcodes.Language.get(language).to_alpha3(variant="B"))
    except (LookupError, ValueError):
        return "und"
