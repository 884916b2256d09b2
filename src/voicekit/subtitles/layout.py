"""Layout: words with times to cues, the one place that knows where cues and lines end. Pure.

One optimisation. The words of all segments stand in a row of n atoms (a word; a phrase of unspaced script; a piece of
what is wider than a line). A layout is a choice of break points between atoms; a cue is what lies between two. What a
cue costs depends on its own atoms and on the start of the next one alone, so the best choice is exact: `best[t] =
min over d of best[t-d] + cost(t-d, d)`, as Knuth and Plass break paragraphs (Software: Practice and Experience 11,
1981). d is bounded by what fits a cue, so it takes O(n d) steps, and O(n d^2) for the lines; both as NumPy columns.

The cost of a cue, in the order of its terms' size:

    1000    for each rule it breaks: too short a stay, too fast to read, no gap; no other rule is ever broken
      30    times how far it breaks them, so that among equal counts the harm is least
      50    for two speakers with dashes: only where it saves a break of a rule
      6 /s  of a pause longer than 0.8 s inside it (and none longer than 2 s)
    0..40   for its end, and for the ends of its lines: `boundaries.break_cost`, less where the speaker pauses
       4    times the sum of squares of its lines' shares of the width: two even lines cost less than a long and a short
       2    for being, and up to 3 more for holding little text

Whether a broken rule could have been kept is therefore known: the sum has the fewest broken rules that any choice of
break points has. `check` compares other layouts with it.
"""

from __future__ import annotations

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.bilingual import below
from voicekit.subtitles.cost import TICK, CueCosts, best_path
from voicekit.subtitles.cue import Cue, Line, width
from voicekit.subtitles.tokens import label_of, text_of, to_tokens
from voicekit.types import Transcript

VERSION = 1


def lay_out(transcript: Transcript, style: SubtitleStyle) -> list[Cue]:
    """The cues of a transcript, in order.

    Every word is in exactly one cue. Starts never fall back; a cue ends before the next begins. A line is never wider
    than the style allows; where a speaker's name stands before it, the name is counted in.
    """
    if style.labels == "change" and len({word.speaker for word in transcript.words}) < 2:
        style = style.model_copy(update={"labels": "never"})  # nothing changes
    if style.as_it_stands:
        return keep_cues(transcript, style)
    atoms = to_tokens(transcript.segments, style)
    if not atoms:
        return []
    table = CueCosts(atoms, style, below(transcript, atoms, style) if style.bilingual else None)
    ends = best_path(table)
    starts = [0, *ends[:-1]]
    return [_cue(table, first, end) for first, end in zip(starts, ends, strict=True)]


def fewest_broken(transcript: Transcript, style: SubtitleStyle) -> list[Cue]:
    """The layout with the fewest broken rules that there is: a lower bound for any other of the same words."""
    return lay_out(transcript, style.model_copy(update={"bilingual": False, "as_it_stands": False}))


def keep_cues(transcript: Transcript, style: SubtitleStyle) -> list[Cue]:
    """A cue for each segment: as its file has it, else its text on one line."""
    cues = []
    last: str | None = None
    for segment in transcript.segments:
        label = label_of(segment.speaker, last, segment.language, style)
        last = segment.speaker or last
        if segment.cue is not None:
            lines = tuple(Line(text, (), segment.speaker, markup=True) for text in segment.cue.split("\n"))
        else:
            lines = (Line(segment.text, segment.words, segment.speaker, label),)
        below = (segment.source_text,) if style.bilingual and segment.source_text else ()
        cues.append(Cue(segment.start, segment.end, lines, below))
    return cues


# --- cues -------------------------------------------------------------------------------------------------------------


def _cue(table: CueCosts, first: int, end: int) -> Cue:
    style = table.style
    start = float(table.start[first])
    dashed = table.run[first] != table.run[end - 1]
    middle = int(table.run_end[first])
    parts = [(first, middle), (middle, end)] if dashed else table.lines.divide(first, end - first)
    lines = []
    for a, b in parts:
        words = tuple(atom.word for atom in table.atoms[a:b])
        label = table.labels[a] if a == first or dashed else ""
        lines.append(Line(text_of(table.atoms[a:b]), words, words[0].speaker, label, dash=bool(dashed)))
    columns = sum(width(line.shown) for line in lines)
    said = float(table.end[first:end].max())
    limit = max(min(start + style.longest, float(table.limit[end - 1])), start + TICK)
    stop = min(max(said, start + TICK, start + style.shortest, start + columns / float(table.speed[first])), limit)
    if float(table.next[end - 1]) - stop < style.chain:
        stop = limit
    return Cue(start, round(stop, 3), tuple(lines), table.below.lines(first, end) if table.below else ())
