"""Recordings with several tracks, or with several channels and no layout, from the file to the words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from tests.support.hostile import WORDS, ffmpeg
from voicekit.audio.decode import decode
from voicekit.transcription.session import Session


def test_a_film_with_two_tracks(session: Session, talk: Path, tmp_path: Path) -> None:
    """The default one is used and said to be; the other has no words."""
    film = tmp_path / "film.mkv"
    ffmpeg(
        "-f", "lavfi", "-t", 3, "-i", "anullsrc=r=16000", "-i", talk, "-map", "0:a", "-map", "1:a",
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger", "-disposition:a:0", "0",
        "-disposition:a:1", "default", film,
    )  # fmt: skip
    out = tmp_path / "out"
    transcript = session.transcribe(film, out=out, diarizer="none", language="en")
    assert WORDS in transcript.text
    manifest = (out / "film" / "latest" / "run.json").read_text()
    assert "film has 2 audio tracks; track 2 is used: 1 (eng, 2 ch); 2 (ger, 1 ch)" in manifest
    assert session.transcribe(film, diarizer="none", language="en", audio_track="en").text == ""
    assert WORDS in session.transcribe(film, diarizer="none", language="en", audio_track="all").text


def test_a_microphone_per_speaker(session: Session, talk: Path, tmp_path: Path) -> None:
    """Three channels in turn, split without a diarizer."""
    speech = decode(talk)[0].mono
    samples = np.zeros((3 * len(speech), 3), np.float32)
    for channel in range(3):
        samples[channel * len(speech) : (channel + 1) * len(speech), channel] = speech
    soundfile.write(tmp_path / "table.wav", samples, 16_000)
    transcript = session.transcribe(tmp_path / "table.wav", channels="split", diarizer="none", language="en")
    assert transcript.speakers == ("SPEAKER_00", "SPEAKER_01", "SPEAKER_02")
    assert all(WORDS.split()[-1] in segment.text for segment in transcript.segments)
