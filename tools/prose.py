"""Check the prose of docs, help texts, messages and docstrings: words that are not used, and sentence length.

    python -m tools.prose

CONTRIBUTING.md has the rules. A line with `# in run.json` is exempt: files keep their values. Exit status 1: something
was found.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/RESULTS.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

MAX_WORDS = 40
"""Longest sentence in docs, in words."""

# Word that is not used (regular expression) -> what to write.
WORDS = {
    r"voice[- ]prints?": "speaker embedding",
    r"mend(?:s|ed|ing|er)?": "repair",
    r"recogni[sz]ers?": "ASR model",
    r"heeds?|heeded": "supports",
    r"words wrong|wrong words per": "word error rate (WER)",
    r"is told|are told|told of|is said\b(?! to)|what was said": "is reported, is spoken",
    r"what held|held bit": "matches, is reproduced",
    r"shields?|shielded": "placeholder, protected",
    r"(?-i:atoms?)": "token",
    r"(?:a|one) (?:row|line) an? \w+": "one row per",
    r"of its like|of the like": "similar",
    r"let pass": "accepted",
    r"stands? twice|stands? in": "is in",
    r"left alone\b(?= by)": "unchanged",
    r"faults? of (?:a|the) takes?": "artifacts",
    r"slip of the pen": "typing error",
}
_WORDS = re.compile("|".join(rf"\b(?P<w{i}>{pattern})\b" for i, pattern in enumerate(WORDS)), re.IGNORECASE)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a Markdown page, without code, tables, headings and lists of links."""
    text = re.sub(r"^---\n.*?\n---\n|```.*?```", "\n\n", text, flags=re.S | re.M)
    text = re.sub(r"^(?:    .*|\|.*|#.*|!\[.*)$", "\n", text, flags=re.M)
    for paragraph in re.split(r"\n\s*\n|^\s*(?:[-*]|\d+\.) ", text, flags=re.M):
        flat = re.sub(r"`[^`]*`", "code", " ".join(paragraph.split()))
        if "·" not in flat:
            yield from re.split(r"(?<=[.!?:;])\s+", flat)


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield docstrings, messages and help texts of a module with their lines: every string with a space in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def unused_words(text: str) -> Iterator[str]:
    for match in _WORDS.finditer(text):
        index = next(int(name[1:]) for name, value in match.groupdict().items() if value)
        yield f"{match[0]!r}: write {list(WORDS.values())[index]}"


def page_problems(page: Path) -> Iterator[str]:
    name, text = page.relative_to(ROOT), page.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        for problem in unused_words(line):
            yield f"{name}:{number}: {problem}"
    for sentence in sentences(text):
        if (count := len(sentence.split())) > MAX_WORDS:
            yield f"{name}: a sentence of {count} words: {sentence[:80]} ..."


def source_problems(path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    texts = [*strings(ast.parse("\n".join(lines))), *((n, line.partition("#")[2]) for n, line in enumerate(lines, 1))]
    for number, text in texts:
        if "# in run.json" not in lines[number - 1]:
            for problem in unused_words(text):
                yield f"{path.relative_to(ROOT)}:{number}: {problem}"


def main() -> int:
    pages = [problem for page in PAGES for problem in page_problems(page)]
    found = [*pages, *(problem for path in sorted((ROOT / "src").rglob("*.py")) for problem in source_problems(path))]
    for problem in found:
        print(problem, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
