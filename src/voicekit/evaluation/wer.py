"""Word and character errors (WER, CER, cpWER, WDER) and errors of word times, counted per utterance of the reference.

jiwer aligns (Levenshtein distance); the speaker assignment of cpWER is the one with the fewest errors. Each text is
normalized as a whole, so that scores do not depend on its line breaks, and each word is then traced back to its
utterance. An error belongs to the utterance of the reference word that it is aligned with; an insertion to that of the
preceding reference word.

Limits. WER and WDER read both texts in order of time, which is ambiguous for overlapping speech; cpWER compares speaker
by speaker and is fairer there. Of several alignments with equally few errors, one is chosen.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voicekit.evaluation.bootstrap import Counts
from voicekit.evaluation.normalization import Normalizer
from voicekit.formats.readers import Utterance
from voicekit.types import Word

if TYPE_CHECKING:
    import jiwer

Indices = NDArray[np.intp]

KINDS = ("substitutions", "deletions", "insertions")


@dataclass(frozen=True)
class Tokens:
    """Normalized words of several texts. `origins`: for each word, the index of its text."""

    words: tuple[str, ...]
    origins: Indices

    def __len__(self) -> int:
        return len(self.words)


@functools.lru_cache(maxsize=4)  # every metric needs the tokens of the same two texts
def tokens(texts: tuple[str, ...], normalize: Normalizer) -> Tokens:
    """Normalize `texts` as one text."""
    words = normalize(" ".join(texts)).split()
    separate = [(word, number) for number, text in enumerate(texts) for word in normalize(text).split()]
    numbers = np.array([number for _, number in separate], dtype=np.intp)
    return Tokens(tuple(words), _project_labels(numbers, align([word for word, _ in separate], words), len(words)))


def word_errors(reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normalize: Normalizer) -> Counts:
    """Count errors for WER.

    Returns:
        float64 [utterances of the reference, 4]: substitutions, deletions, insertions, words.
    """
    ours, theirs = _tokens(reference, normalize), _tokens(hypothesis, normalize)
    return _count_errors(align(ours.words, theirs.words), ours.origins, len(reference))


def character_errors(
    reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normalize: Normalizer, spaced: bool
) -> Counts:
    """Count errors for CER on the normalized text; if `spaced`, spaces between words count, as in jiwer.

    Returns:
        float64 [utterances of the reference, 4]: substitutions, deletions, insertions, characters.
    """
    import jiwer

    ours, theirs = _tokens(reference, normalize), _tokens(hypothesis, normalize)
    space = " " if spaced else ""
    lengths = [len(word) + len(space) for word in ours.words]
    origins = np.repeat(ours.origins, lengths)[: max(0, sum(lengths) - len(space))]
    chunks = jiwer.process_characters(space.join(ours.words), space.join(theirs.words)).alignments[0]
    return _count_errors(chunks, origins, len(reference))


def cp_errors(reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normalize: Normalizer) -> Counts:
    """Count errors for cpWER (Watanabe et al. 2020): the words of each speaker joined, with the best assignment.

    The words of a surplus speaker of the hypothesis are insertions; each counts in the utterance that it is aligned
    with in order of time. Words without a speaker form a speaker of their own.

    Returns:
        float64 [utterances of the reference, 4]: substitutions, deletions, insertions, words.
    """
    ours, theirs = _tokens_by_speaker(reference, normalize), _tokens_by_speaker(hypothesis, normalize)
    nearest = _nearest_reference(reference, hypothesis, normalize)
    counts = _zeros(len(reference))
    for our_speaker, their_speaker in _pair_speakers(ours, theirs):
        if len(our_speaker):
            chunks = align(our_speaker.words, their_speaker.words)
            counts += _count_errors(chunks, our_speaker.origins, len(reference))
        else:
            np.add.at(counts[:, 2], nearest[their_speaker.origins], 1)
    return counts


def _pair_speakers(ours: Sequence[Tokens], theirs: Sequence[Tokens]) -> list[tuple[Tokens, Tokens]]:
    """Return the pairs of speakers with the fewest word errors; a surplus speaker is paired with one without words."""
    from rapidfuzz.distance import Levenshtein
    from scipy.optimize import linear_sum_assignment

    size = max(len(ours), len(theirs))
    nobody = [Tokens((), np.zeros(0, dtype=np.intp))]
    ours, theirs = [*ours, *nobody * (size - len(ours))], [*theirs, *nobody * (size - len(theirs))]
    errors = np.array([[Levenshtein.distance(a.words, b.words) for b in theirs] for a in ours]).reshape(size, size)
    return [(ours[i], theirs[j]) for i, j in zip(*linear_sum_assignment(errors), strict=True)]


def speaker_errors(reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normalize: Normalizer) -> Counts:
    """Count errors for WDER (Shafey et al. 2019): equal and substituted words with the wrong speaker.

    Speakers are mapped one to one so that most words agree. A word without a speaker is wrong in the hypothesis and
    ignored in the reference.

    Returns:
        float64 [utterances of the reference, 2]: words with the wrong speaker, words.
    """
    from scipy.optimize import linear_sum_assignment

    ours, theirs = _tokens(reference, normalize), _tokens(hypothesis, normalize)
    aligned_utterances = [
        (ours.origins[chunk.ref_start_idx + i], theirs.origins[chunk.hyp_start_idx + i])
        for chunk in align(ours.words, theirs.words)
        if chunk.type in ("equal", "substitute")
        for i in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    rows = [(unit, reference[unit].speaker, hypothesis[other].speaker) for unit, other in aligned_utterances]
    rows = [row for row in rows if row[1] is not None]
    our_speakers = {name: i for i, name in enumerate(dict.fromkeys(our_name for _, our_name, _ in rows))}
    their_names = dict.fromkeys(their_name for _, _, their_name in rows if their_name is not None)
    their_speakers = {name: i for i, name in enumerate(their_names)}
    agreement = np.zeros((len(our_speakers), len(their_speakers)))
    for _, our_name, their_name in rows:
        if their_name is not None:
            agreement[our_speakers[our_name], their_speakers[their_name]] += 1
    mapping = set(zip(*linear_sum_assignment(agreement, maximize=True), strict=True))
    counts = _zeros(len(reference))[:, :2]
    for unit, our_name, their_name in rows:
        right = their_name is not None and (our_speakers[our_name], their_speakers[their_name]) in mapping
        counts[unit] += (not right, 1)
    return counts


def word_times(
    reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normalize: Normalizer
) -> list[NDArray[np.float64]]:
    """Errors of the times of words that both have.

    Words are normalized one by one: `25` and `twenty five` are not equal here.

    Returns:
        For each utterance of the reference, float64 [equal words, 2]: absolute error of start and of end, seconds.
    """
    ours = [(word, number) for number, utterance in enumerate(reference) for word in utterance.words]
    theirs = [word for utterance in hypothesis for word in utterance.words]
    normalized = _normalize_words(normalize, [*(word for word, _ in ours), *theirs])
    ours = [(word, number) for word, number in ours if normalized[word.text]]
    theirs = [word for word in theirs if normalized[word.text]]
    errors: list[list[tuple[float, float]]] = [[] for _ in reference]
    chunks = align([normalized[word.text] for word, _ in ours], [normalized[word.text] for word in theirs])
    for chunk in chunks:
        if chunk.type == "equal":
            for i in range(chunk.ref_end_idx - chunk.ref_start_idx):
                (our_word, number), their_word = ours[chunk.ref_start_idx + i], theirs[chunk.hyp_start_idx + i]
                errors[number].append((abs(our_word.start - their_word.start), abs(our_word.end - their_word.end)))
    return [np.array(of_utterance, dtype=np.float64).reshape(-1, 2) for of_utterance in errors]


def _tokens(utterances: Sequence[Utterance], normalize: Normalizer) -> Tokens:
    return tokens(tuple(utterance.text for utterance in utterances), normalize)


def _tokens_by_speaker(utterances: Sequence[Utterance], normalize: Normalizer) -> list[Tokens]:
    """The tokens of each speaker, in order of first speech; origins are indices of `utterances`."""
    indices_by_speaker: dict[str | None, list[int]] = defaultdict(list)
    for index, utterance in enumerate(utterances):
        indices_by_speaker[utterance.speaker].append(index)
    speakers = []
    for indices in indices_by_speaker.values():
        speaker_tokens = _tokens([utterances[index] for index in indices], normalize)
        speakers.append(Tokens(speaker_tokens.words, np.array(indices, dtype=np.intp)[speaker_tokens.origins]))
    return speakers


def _normalize_words(normalize: Normalizer, words: Sequence[Word]) -> dict[str, str]:
    """The normalized form of each word, without spaces; "" for words that normalization removes."""
    return {text: "".join(normalize(text).split()) for text in {word.text for word in words}}


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[jiwer.AlignmentChunk]:
    """Align words, which must not contain spaces: runs of equal, substitute, delete and insert."""
    import jiwer

    return jiwer.process_words(" ".join(reference), " ".join(hypothesis)).alignments[0]


def _project_labels(labels: Indices, chunks: Sequence[jiwer.AlignmentChunk], length: int) -> Indices:
    """Project labels of the reference's words onto the hypothesis: of the aligned word, or else of the one before."""
    projected = np.zeros(length, dtype=np.intp)
    for chunk in chunks if len(labels) else ():
        for i in range(chunk.hyp_start_idx, chunk.hyp_end_idx):
            at = chunk.ref_start_idx + i - chunk.hyp_start_idx
            projected[i] = labels[max(0, min(at, chunk.ref_end_idx - 1))]
    return projected


def _nearest_reference(
    reference: Sequence[Utterance], hypothesis: Sequence[Utterance], normalize: Normalizer
) -> Indices:
    """Index of the reference utterance that the first word of each hypothesis utterance is aligned with."""
    ours, theirs = _tokens(reference, normalize), _tokens(hypothesis, normalize)
    units = _project_labels(ours.origins, align(ours.words, theirs.words), len(theirs))
    nearest = np.zeros(len(hypothesis), dtype=np.intp)
    numbers, first = np.unique(theirs.origins, return_index=True)
    nearest[numbers] = units[first]
    return nearest


def _count_errors(chunks: Sequence[jiwer.AlignmentChunk], origins: Indices, units: int) -> Counts:
    """Count errors per unit from an alignment. `origins`: the unit of each item of the reference."""
    counts = _zeros(units)
    np.add.at(counts[:, 3], origins, 1)
    for chunk in chunks:
        start, end = chunk.ref_start_idx, chunk.ref_end_idx
        if chunk.type == "substitute":
            np.add.at(counts[:, 0], origins[start:end], 1)
        elif chunk.type == "delete":
            np.add.at(counts[:, 1], origins[start:end], 1)
        elif chunk.type == "insert":
            preceding = origins[max(0, start - 1)] if len(origins) else 0
            counts[preceding, 2] += chunk.hyp_end_idx - chunk.hyp_start_idx
    return counts


def _zeros(units: int) -> Counts:
    """One row per unit; one row for insertions if the reference has no utterance."""
    return np.zeros((max(1, units), 4))
