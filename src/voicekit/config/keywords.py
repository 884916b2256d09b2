"""Keyword arguments of the public functions, for editors and type checkers.

Generated from the option models by tools/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict


class TranscribeKeywords(TypedDict, total=False):
    """Keyword arguments of `voicekit.transcribe` and `Session.transcribe`."""

    clean: str
    """Audio cleaning preset: off, light, speech, noisy, or a YAML file"""
    diarizer: Literal["pyannote", "none"]
    """Whether to find speakers: pyannote (see --diarizer-model), or none"""
    diarizer_model: str
    """Diarization model: auto (community-1 if a hub token is set, else starter), community-1, starter, or a folder"""
    speakers: int | None
    """Number of speakers, if known"""
    min_speakers: int | None
    """Lowest number of speakers"""
    max_speakers: int | None
    """Highest number of speakers"""
    speaker_names: str | Sequence[str]
    """Names of the speakers in order of first speech, separated by commas"""
    model: str
    """Whisper model: name, folder or hub id; auto uses base on a CPU and the best installed one on a GPU"""
    language: str | None
    """Spoken language (en, de, pt-BR, zh-Hant ...); auto, the default, detects it"""
    hotwords: str | None
    """Words to expect, such as names"""
    prompt: str | None
    """Text that precedes the first word, to set style and spelling"""
    channels: Literal["auto", "mix", "split"]
    """Stereo: split treats each channel as one speaker (phone calls), mix averages them, auto decides"""
    audio_track: str
    """Which of several audio tracks to use: a number from 1, a language, or all (mixed); default is the track that the file marks"""
    beam_size: int
    """Beam size of the decoder; 1 is faster and less accurate"""
    batch_size: int | None
    """Clips per batch (default: 8 on a CPU, 16 on a GPU)"""
    compute_type: str
    """Number format of Whisper: int8, float16 ...; auto chooses by device"""
    device: str
    """auto, cpu, cuda or cuda:1"""
    format: str | Sequence[Literal["json", "srt", "vtt", "ass", "txt", "docx", "tsv", "rttm", "audacity"]]
    """Files to write, separated by commas: json, srt, vtt, ass, txt, docx, tsv, rttm, audacity"""
    subtitles: str
    """Subtitle style: standard, netflix, bbc, youtube, shorts, raw, or a YAML file"""
    site_subtitles: bool
    """Download the site's own subtitles to the run and report the WER against them"""
    translate: str | Sequence[str]
    """Languages to translate the transcript to, separated by commas: es, pt-BR"""
    translate_engine: Literal["auto", "bergamot", "nllb", "openai", "whisper"]
    """Translator: bergamot, nllb, openai, whisper; see `voicekit translate --help`"""
    translate_model: str
    """Model of the translator"""
    base_url: str | None
    """Server for --translate-engine openai, such as http://localhost:8000/v1"""
    glossary: str | None
    """CSV file of terms for the translation: source,target[,case]"""


class TranslateKeywords(TypedDict, total=False):
    """Keyword arguments of `voicekit.translate`."""

    source: str | None
    """Language to translate from (default: the transcript's)"""
    encoding: str | None
    """Encoding of subtitle files: cp1251, gb18030 ... (default: it is detected)"""
    engine: Literal["auto", "bergamot", "nllb", "openai", "whisper"]
    """bergamot (English and Portuguese), nllb (200 languages), openai (a server), whisper (speech to English); auto uses the first that is installed and knows the languages"""
    model: str
    """nllb: name, folder or hub id; openai: the server's model name; whisper: as in transcribe"""
    base_url: str | None
    """Address of an OpenAI-compatible server, such as http://localhost:8000/v1"""
    glossary: str | None
    """CSV file of terms: source,target[,case]"""
    context: int
    """Preceding sentences to send to engines that use them (openai)"""
    beam_size: int
    """Beam size of nllb; 1 is faster and less accurate"""
    timeout: float
    """Seconds to wait for a server that sends nothing"""
    device: str
    """auto, cpu, cuda or cuda:1"""
    format: str | Sequence[Literal["json", "srt", "vtt", "ass", "txt", "docx", "tsv", "rttm", "audacity"]]
    """Files to write, separated by commas: json, srt, vtt, ass, txt, docx, tsv, rttm, audacity (default: json and the source's own format, or json, srt, vtt and txt)"""
    subtitles: str
    """Subtitle style: standard, netflix, bbc, youtube, shorts, raw, or a YAML file"""


class EngineKeywords(TypedDict, total=False):
    """Keyword arguments of an engine: its parameters; see docs/speech.md for which engine has which."""

    speed: float
    """Speed, relative to the voice's own"""
    noise_scale: float
    """Variation of the audio"""
    noise_w_scale: float
    """Variation of the phoneme lengths"""
    exaggeration: float
    """Expressiveness; above 1 is unstable and speaks faster"""
    cfg_weight: float
    """Classifier-free guidance weight; lower is slower, 0 keeps the reference's accent out"""
    temperature: float
    """Sampling temperature"""
    min_p: float
    """Lowest probability of a sampled token, relative to the most likely one"""
    top_p: float
    """Probability mass that is sampled from"""
    repetition_penalty: float
    """Penalty on tokens that occurred before; 1 for none"""
    max_tokens: int
    """Highest number of speech tokens in one part of the text; 25 per second"""
    top_k: int
    """Number of most likely tokens that are sampled from"""


class DialogueKeywords(TypedDict, total=False):
    """Keyword arguments of `voicekit.dialogue`."""

    timing: Literal["tight", "natural", "slow"]
    """Timing of the turns: tight, natural, slow"""
    seed: int
    """Seed of the takes, the timing and the fillers"""
    fillers: float
    """Share of turns that start with a random filler (um, well)"""
    room: Literal["none", "small", "large"]
    """Room acoustics: none, small, large"""
    loudness: float
    """Loudness of the mix in LUFS (EBU R128): -16 for podcasts, -23 for broadcast"""
    true_peak: float
    """Highest true peak in dBTP"""
    rate: Literal[24000, 48000]
    """Sample rate of the mix in Hz: 24000, 48000"""
    format: str | Sequence[Literal["flac", "mp3", "m4a"]]
    """Additional formats of the mix, separated by commas: flac, mp3, m4a (with chapters)"""
    normalize: bool
    """Write out numbers, dates and units as words first"""
    watermark: bool
    """Watermark the speech of engines that can"""
    judge: bool
    """Transcribe the mix and score it against the script: WER, cpWER, DER"""
    retakes: int
    """Number of additional takes for the lines with the highest WER; needs --judge"""
    device: str
    """auto, cpu, cuda or cuda:1"""


class EvaluateKeywords(TypedDict, total=False):
    """Keyword arguments of `voicekit.evaluate`."""

    language: str | None
    """Language of the words (en, de, zh ...; default: the hypothesis's, else en)"""
    encoding: str | None
    """Encoding of subtitles and texts: cp1251, gb18030 ... (default: it is detected)"""
    normalize: bool
    """Normalize words with Whisper's normalizer before comparing them"""
    collar: float
    """Seconds around each reference boundary that DER and JER ignore (NIST: 0.25)"""
    skip_overlap: bool
    """Leave overlapping speech out of DER and JER"""
    metrics: str | Sequence[Literal["wer", "cer", "cpwer", "wder", "der", "jer", "times"]]
    """Metric to compute: wer, cer, cpwer, wder, der, jer, times; repeat for more"""
    seed: int
    """Seed of the bootstrap intervals"""


class CompareKeywords(TypedDict, total=False):
    """Keyword arguments of `voicekit.compare`."""

    embed: bool
    """Embed audio in the page, so that it can be sent as one file"""
    seed: int
    """Seed of the bootstrap intervals and of the order in the listening test"""
    loudness: float
    """Loudness of both sides of the listening test in LUFS, since the louder one would win"""


class ReportKeywords(TypedDict, total=False):
    """Keyword arguments of `voicekit.write_report`."""

    embed: bool
    """Embed audio and images in the page, so that it can be sent as one file"""
    below: float
    """Mark words with a lower probability for review"""
    speaker_below: float
    """Mark words with a lower speaker confidence for review"""


class GalleryKeywords(TypedDict, total=False):
    """Keyword arguments of `write_gallery`."""

    embed: bool
    """Embed audio and images in the page, so that it can be sent as one file"""
    most: int
    """Highest number of takes shown for each kind"""


class SayKeywords(EngineKeywords, total=False):
    """Keyword arguments of `voicekit.say`: those of `Synthesizer.say`."""

    voice: str | None
    """A name in refs/, a bundled voice, or the path of a clip to clone (default: the engine's first)."""
    engine: str | None
    """kokoro, piper, chatterbox ... (default: the engine of the voice)."""
    seed: int
    """The same seed gives the same samples."""
    preset: str | None
    """A name in configs/sampling/ENGINE (default: the voice's)."""
    language: str | None
    """BCP-47 (default: the voice's)."""
    model: str | None
    """Folder or hub id of weights to use instead of the engine's default."""
    normalize: bool
    """Spell out numbers, dates and units first."""
    watermark: bool
    """Watermark the audio, for engines that support it."""
