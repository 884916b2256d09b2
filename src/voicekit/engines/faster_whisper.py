"""Speech recognition with faster-whisper: Whisper on CTranslate2, batched over clips of speech.

The batched mode hears only the first 30 s of a clip and drops the rest with a log line (faster-whisper#1179), so
`pack_clips` cuts no clip longer than `MAX_CLIP`. It ignores Whisper's own failure checks and temperatures too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from voicekit.device import Device, preload_cuda_libraries

preload_cuda_libraries()  # before CTranslate2 looks for them

import numpy as np  # noqa: E402
from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: E402
from faster_whisper.vad import VadOptions, get_speech_timestamps  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from voicekit.audio import MODEL_RATE  # noqa: E402
from voicekit.data import Audio, Segment, Word, join_words  # noqa: E402
from voicekit.engines import Progress, Recognition  # noqa: E402
from voicekit.errors import EngineError, ModelCorrupt, UsageError  # noqa: E402
from voicekit.models import Weights  # noqa: E402

MAX_CLIP = 29.5
"""Seconds. Whisper's window is 30; half a second is kept for rounding to frames."""

VAD_PAD = 0.2
"""Seconds kept around speech: Silero cuts soft onsets and endings."""

MAX_GAP = 2.0
"""Seconds of silence inside one clip. Longer ones invite invented text (faster-whisper#621)."""

# Languages that Whisper writes without spaces, so that its pieces are not glued to words.
_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km"})


class FasterWhisper:
    """Engine `faster-whisper`. Loaded once, used for many recordings; keeps nothing between them."""

    def __init__(self, weights: Weights, device: Device, compute_type: str) -> None:
        try:
            self.model = WhisperModel(
                str(weights.path), device=device.kind, device_index=device.index, compute_type=compute_type
            )
        except ValueError as error:  # "Requested float16 compute type, but ..."
            raise UsageError(
                f"Whisper cannot run as {compute_type} on {device}: {error}", "Use --compute-type auto"
            ) from error
        except RuntimeError as error:
            if "libcu" in str(error) or "CUDA" in str(error):
                raise EngineError(
                    f"CUDA does not work here: {error}", "See `voicekit doctor`, or use --device cpu"
                ) from error
            raise ModelCorrupt(
                f"model {weights.name} does not load: {error}", f"`voicekit models verify {weights.name}`"
            ) from error
        self.name = weights.name
        self.batched = BatchedInferencePipeline(self.model)

    def transcribe(
        self,
        audio: Audio,
        *,
        language: str | None,
        hotwords: str | None,
        prompt: str | None,
        beam_size: int,
        batch_size: int,
        progress: Progress,
    ) -> tuple[Recognition, list[str]]:
        """What is said in 16 kHz `audio`, clip by clip. Raises UsageError for a language the model lacks."""
        samples = audio.mono
        clips = pack_clips(speech_spans(samples), audio.duration)
        if not clips:
            return Recognition((), language or "und", 0.0), ["no speech was found"]
        warnings = []
        certainty = 1.0
        if language is None:
            language, certainty = self.detect_language(samples, clips)
            if certainty < 0.5:
                warnings.append(f"language {language} is a guess ({certainty:.0%}): set --language if it is wrong")
        found, _ = self.batched.transcribe(
            samples,
            language=language,
            hotwords=hotwords,
            initial_prompt=prompt,
            beam_size=beam_size,
            batch_size=batch_size,
            word_timestamps=True,
            without_timestamps=True,
            temperature=0.0,
            clip_timestamps=[{"start": start, "end": end} for start, end in clips],
        )
        segments: list[Segment] = []
        for heard in found:
            progress(min(1.0, heard.end / audio.duration))
            words = to_words(heard.words or [], language, audio.duration)
            if words:
                segments.append(_segment(len(segments), words, language))
        return Recognition(tuple(segments), language, certainty), warnings

    def detect_language(self, samples: NDArray[np.float32], clips: Sequence[tuple[float, float]]) -> tuple[str, float]:
        """The language of the most speech: the mean of Whisper's own probabilities over up to five clips.

        Clips are taken from the whole recording, since the first words may be a jingle (whisperX#567).
        """
        if not self.model.model.is_multilingual:
            return "en", 1.0
        longest = sorted(sorted(clips, key=lambda c: c[0] - c[1])[:5])
        totals: dict[str, float] = {}
        for start, end in longest:
            piece = samples[int(start * MODEL_RATE) : int(end * MODEL_RATE)]
            _, _, odds = self.model.detect_language(piece)
            for code, probability in odds:
                totals[code] = totals.get(code, 0.0) + probability / len(longest)
        best = max(totals, key=lambda code: totals[code])
        return best, totals[best]


def speech_spans(samples: NDArray[np.float32]) -> list[tuple[float, float]]:
    """(start, end) in seconds of speech, by Silero VAD; none over MAX_CLIP, cut where it is least like speech."""
    options = VadOptions(
        max_speech_duration_s=MAX_CLIP - 2 * VAD_PAD, min_silence_duration_ms=160, speech_pad_ms=int(VAD_PAD * 1000)
    )
    found = get_speech_timestamps(samples, options, sampling_rate=MODEL_RATE)
    return [(span["start"] / MODEL_RATE, span["end"] / MODEL_RATE) for span in found]


def pack_clips(
    spans: Iterable[tuple[float, float]], duration: float, longest: float = MAX_CLIP, gap: float = MAX_GAP
) -> list[tuple[float, float]]:
    """Join spans of speech into clips for the recogniser, in order, each at most `longest` seconds.

    Every span lies in some clip; a span longer than `longest` is cut. Silences over `gap` part clips.
    """
    clips: list[tuple[float, float]] = []
    for start, end in spans:
        end = min(end, duration)
        while end - start > longest:
            clips.append((start, start + longest))
            start += longest
        if clips and end - clips[-1][0] <= longest and start - clips[-1][1] <= gap:
            clips[-1] = (clips[-1][0], max(end, clips[-1][1]))
        elif end > start:
            clips.append((start, end))
    return clips


def to_words(pieces: Iterable[Any], language: str, duration: float) -> tuple[Word, ...]:
    """faster-whisper's words as ours: stripped; pieces without a leading space glued to the word before.

    It cuts "well-known" into " well" and "-known"; only the leading space tells that they are one word.
    """
    words: list[Word] = []
    for piece in pieces:
        text = re.sub(r"\s+", " ", piece.word)
        probability = round(min(1.0, max(0.0, float(piece.probability))), 3)
        start = round(min(max(0.0, float(piece.start)), duration), 3)
        end = round(min(max(start, float(piece.end)), duration), 3)
        if not text.strip():
            continue
        if words and not text.startswith(" ") and language not in _UNSPACED_LANGUAGES:
            last = words[-1]
            probability = round((last.probability + probability) / 2, 3)
            words[-1] = Word(last.text + text.strip(), last.start, max(last.end, end), probability)
        else:
            words.append(Word(text.strip(), start, end, probability))
    return tuple(words)


def _segment(number: int, words: tuple[Word, ...], language: str) -> Segment:
    text = join_words(word.text for word in words)
    return Segment(number, words[0].start, max(w.end for w in words), text, None, language, words)
