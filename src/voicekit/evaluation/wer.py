"""Words: WER, CER, cpWER, WDER and the times of words, counted by utterance of the reference.

jiwer aligns (Levenshtein), meeteval finds cpWER's assignment of speakers. A text is normalised as a whole, so that no
score depends on where its lines break; each word found is then traced to the utterance it came from. An error belongs
to the utterance of the reference word it is aligned with, an insertion to that of the reference word before it.

Limits. WER and WDER read both texts in order of time: where people talk at once, that order is a matter of taste and
cpWER, which compares speaker by speaker, is the fairer score. Of alignments with equally few errors one is taken.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voicekit.evaluation.bootstrap import Counts
from voicekit.formats.readers import Utterance
from voicekit.types import Word

if TYPE_CHECKING:
    import jiwer

Normalizer = Callable[[str], str]
Indices = NDArray[np.intp]

UNSPACED_LANGUAGES = frozenset("zh yue ja th lo km my".split())
"""Written without spaces between words: their WER counts letters, as in the Whisper paper (Radford et al. 2022)."""

MOST_SPEAKERS = 20
"""meeteval refuses more, as a sign of a mistake."""

KINDS = ("substitutions", "deletions", "insertions")


def base_language(code: str) -> str:
    """`zh` of zh-Hant."""
    return code.replace("_", "-").partition("-")[0].lower()


@functools.cache
def normalizer(language: str, normalize: bool = True) -> Normalizer:
    """Text to words with spaces between them, as they are compared.

    Args:
        language: BCP-47. English has Whisper's English normaliser (numbers, contractions, spelling), other languages
            its basic one (case, punctuation, what stands in brackets), with combining marks kept, which are vowels in
            many scripts; UNSPACED_LANGUAGES are split into letters.
        normalize: False leaves the words as they are written.
    """
    spaced = base_language(language) not in UNSPACED_LANGUAGES
    if not normalize:
        return (lambda text: text) if spaced else (lambda text: " ".join("".join(text.split())))
    if base_language(language) == "en":
        from whisper_normalizer.english import EnglishTextNormalizer  # type: ignore[import-untyped]

        english: Normalizer = EnglishTextNormalizer()
        return english
    from whisper_normalizer.basic import BasicTextNormalizer  # type: ignore[import-untyped]

    basic: Normalizer = BasicTextNormalizer(split_letters=not spaced, preserve_marks=True)
    return basic


@dataclass(frozen=True)
class Tokens:
    """Normalised words of some texts, and for each the number of the text it comes from."""

    words: tuple[str, ...]
    origins: Indices

    def __len__(self) -> int:
        return len(self.words)


@functools.lru_cache(maxsize=4)  # the two texts of a recording are asked for by every score
def tokens(texts: tuple[str, ...], normal: Normalizer) -> Tokens:
    """The words of `texts` normalised as one text."""
    whole = normal(" ".join(texts)).split()
    parts = [(word, number) for number, text in enumerate(texts) for word in normal(text).split()]
    numbers = np.array([number for _, number in parts], dtype=np.intp)
    return Tokens(tuple(whole), _carry(numbers, align([word for word, _ in parts], whole), len(whole)))


def word_errors(reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normal: Normalizer) -> Counts:
    """For WER.

    Returns:
        float64 [utterances of the reference, 4]: substitutions, deletions, insertions, words.
    """
    said, heard = _tokens(reference, normal), _tokens(hypothesis, normal)
    return _errors(align(said.words, heard.words), said.origins, len(reference))


def character_errors(
    reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normal: Normalizer, spaced: bool
) -> Counts:
    """For CER: over the normalised text; where `spaced`, the space between words is a character, as in jiwer.

    Returns:
        float64 [utterances of the reference, 4]: substitutions, deletions, insertions, characters.
    """
    import jiwer

    said, heard = _tokens(reference, normal), _tokens(hypothesis, normal)
    space = " " if spaced else ""
    lengths = [len(word) + len(space) for word in said.words]
    origins = np.repeat(said.origins, lengths)[: max(0, sum(lengths) - len(space))]
    chunks = jiwer.process_characters(space.join(said.words), space.join(heard.words)).alignments[0]
    return _errors(chunks, origins, len(reference))


def cp_errors(reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normal: Normalizer) -> Counts:
    """For cpWER (Watanabe et al. 2020): each speaker's words joined, best assignment of speakers.

    Words of a surplus speaker of the hypothesis are insertions, in the utterance they are aligned with when both texts
    are read in order of time. Words without a speaker are one more speaker's.

    Returns:
        float64 [utterances of the reference, 4]: substitutions, deletions, insertions, words.
    """
    from meeteval.wer.wer.cp import cp_word_error_rate  # type: ignore[import-untyped]

    said, heard = _by_speaker(reference, normal), _by_speaker(hypothesis, normal)
    found = cp_word_error_rate(
        {str(i): " ".join(some.words) for i, some in enumerate(said)} or {"0": ""},
        {str(i): " ".join(some.words) for i, some in enumerate(heard)} or {"0": ""},
        reference_sort=False,
        hypothesis_sort=False,
    )
    nobody = Tokens((), np.zeros(0, dtype=np.intp))
    near = _aligned_with(reference, hypothesis, normal)
    out = _zeros(len(reference))
    for one, other in found.assignment:
        ours = said[int(one)] if one is not None and said else nobody
        theirs = heard[int(other)] if other is not None and heard else nobody
        if len(ours):
            out += _errors(align(ours.words, theirs.words), ours.origins, len(reference))
        else:
            np.add.at(out[:, 2], near[theirs.origins], 1)
    return out


def speaker_errors(reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normal: Normalizer) -> Counts:
    """For WDER (Shafey et al. 2019): of the equal and substituted words, those with the wrong speaker.

    Speakers are mapped one to one so that most words agree. A word without a speaker in the hypothesis is wrong, in the
    reference it is left out.

    Returns:
        float64 [utterances of the reference, 2]: words with the wrong speaker, words.
    """
    from scipy.optimize import linear_sum_assignment

    said, heard = _tokens(reference, normal), _tokens(hypothesis, normal)
    pairs = [
        (said.origins[chunk.ref_start_idx + i], heard.origins[chunk.hyp_start_idx + i])
        for chunk in align(said.words, heard.words)
        if chunk.type in ("equal", "substitute")
        for i in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    named = [(unit, reference[unit].speaker, hypothesis[other].speaker) for unit, other in pairs]
    named = [row for row in named if row[1] is not None]
    ours = {name: i for i, name in enumerate(dict.fromkeys(name for _, name, _ in named))}
    theirs = {name: i for i, name in enumerate(dict.fromkeys(name for _, _, name in named if name is not None))}
    agree = np.zeros((len(ours), len(theirs)))
    for _, name, other in named:
        if other is not None:
            agree[ours[name], theirs[other]] += 1
    mapping = set(zip(*linear_sum_assignment(agree, maximize=True), strict=True))
    out = _zeros(len(reference))[:, :2]
    for unit, name, other in named:
        right = other is not None and (ours[name], theirs[other]) in mapping
        out[unit] += (not right, 1)
    return out


def word_times(
    reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normal: Normalizer
) -> list[NDArray[np.float64]]:
    """How far the times of words that both have are apart.

    Words are aligned one by one, each normalised by itself: `25` and `twenty five` are not equal here.

    Returns:
        For each utterance of the reference float64 [equal words, 2]: absolute error of start and of end, seconds.
    """
    said = [(word, number) for number, utterance in enumerate(reference) for word in utterance.words]
    heard = [word for utterance in hypothesis for word in utterance.words]
    plain = _plain(normal, [*(word for word, _ in said), *heard])
    said = [(word, number) for word, number in said if plain[word.text]]
    heard = [word for word in heard if plain[word.text]]
    out: list[list[tuple[float, float]]] = [[] for _ in reference]
    for chunk in align([plain[word.text] for word, _ in said], [plain[word.text] for word in heard]):
        if chunk.type == "equal":
            for i in range(chunk.ref_end_idx - chunk.ref_start_idx):
                (word, number), other = said[chunk.ref_start_idx + i], heard[chunk.hyp_start_idx + i]
                out[number].append((abs(word.start - other.start), abs(word.end - other.end)))
    return [np.array(some, dtype=np.float64).reshape(-1, 2) for some in out]


# --- their common parts ---------------------------------------------------------------------------------------------


def _tokens(utterances: Sequence[Utterance], normal: Normalizer) -> Tokens:
    return tokens(tuple(utterance.text for utterance in utterances), normal)


def _by_speaker(utterances: Sequence[Utterance], normal: Normalizer) -> list[Tokens]:
    """The words of each speaker, in order of first speech, with the numbers of their utterances."""
    numbers: dict[str | None, list[int]] = defaultdict(list)
    for number, utterance in enumerate(utterances):
        numbers[utterance.speaker].append(number)
    out = []
    for some in numbers.values():
        found = _tokens([utterances[number] for number in some], normal)
        out.append(Tokens(found.words, np.array(some, dtype=np.intp)[found.origins]))
    return out


def _plain(normal: Normalizer, words: Sequence[Word]) -> dict[str, str]:
    """Each word's normal form without spaces; "" where nothing is left of it."""
    return {text: "".join(normal(text).split()) for text in {word.text for word in words}}


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[jiwer.AlignmentChunk]:
    """Words side by side (Levenshtein). Runs of equal, substitute, delete, insert. Words hold no spaces."""
    import jiwer

    return jiwer.process_words(" ".join(reference), " ".join(hypothesis)).alignments[0]


def _carry(labels: Indices, chunks: Sequence[jiwer.AlignmentChunk], length: int) -> Indices:
    """Labels of the reference's words for the words of the hypothesis: the aligned word's, else the one's before."""
    out = np.zeros(length, dtype=np.intp)
    for chunk in chunks if len(labels) else ():
        for i in range(chunk.hyp_start_idx, chunk.hyp_end_idx):
            at = chunk.ref_start_idx + i - chunk.hyp_start_idx
            out[i] = labels[max(0, min(at, chunk.ref_end_idx - 1))]
    return out


def _aligned_with(reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normal: Normalizer) -> Indices:
    """For each utterance of the hypothesis, the utterance of the reference that its first word is aligned with."""
    said, heard = _tokens(reference, normal), _tokens(hypothesis, normal)
    units = _carry(said.origins, align(said.words, heard.words), len(heard))
    out = np.zeros(len(hypothesis), dtype=np.intp)
    numbers, first = np.unique(heard.origins, return_index=True)
    out[numbers] = units[first]
    return out


def _errors(chunks: Sequence[jiwer.AlignmentChunk], origins: Indices, units: int) -> Counts:
    """Counts by unit from an alignment. `origins`: the unit of each item of the reference."""
    out = _zeros(units)
    np.add.at(out[:, 3], origins, 1)
    for chunk in chunks:
        start, end = chunk.ref_start_idx, chunk.ref_end_idx
        if chunk.type == "substitute":
            np.add.at(out[:, 0], origins[start:end], 1)
        elif chunk.type == "delete":
            np.add.at(out[:, 1], origins[start:end], 1)
        elif chunk.type == "insert":
            before = origins[max(0, start - 1)] if len(origins) else 0
            out[before, 2] += chunk.hyp_end_idx - chunk.hyp_start_idx
    return out


def _zeros(units: int) -> Counts:
    """A row a unit; one row where the reference has no utterance, to hold what is inserted."""
    return np.zeros((max(1, units), 4))
