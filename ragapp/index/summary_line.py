"""What a document is about, in one line of its own words: its first sentence, or its first headings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice

from ragapp.index.catalog import Catalog

MOST_CHARACTERS = 180
# of each document so much is looked at
_BLOCKS = 40
_MIN_CHARACTERS = 45
_WORDS = 7
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+(?=[\W\d_]*[A-ZÀ-ÞА-Я\u0370-\u03ff\u3040-\u9fff])")
# the head of a letter, a date, an address, page numbers: no sentences
_FIELD = re.compile(r"[\w .-]{2,25}\s*: \S")
_LETTER = re.compile(r"[^\W\d_]")


def summary_lines(catalog: Catalog, ids: Sequence[int]) -> dict[int, str]:
    """One line for each of some documents; none where the text has neither a sentence nor headings."""
    rows = catalog.rows_among(
        "SELECT document_id, title, blocks, substr(text, 1, 4000) FROM units u JOIN documents d ON d.id = document_id"
        " WHERE number <= 2 AND document_id IN ({}) ORDER BY document_id, number",
        ids,
    )
    found: dict[int, str] = {}
    headings: dict[int, list[str]] = {}
    for document_id, title, blocks, text in rows:
        if document_id in found:
            continue
        parts = [(kind, text[start:end]) for kind, start, end, _ in islice(json.loads(blocks), _BLOCKS)]
        if line := first_sentence(parts, title):
            found[document_id] = line
        headings.setdefault(document_id, []).extend(
            told for kind, part in parts if kind == "heading" and (told := _one_line(part)) and told != title
        )
    for document_id, lines in headings.items():
        if document_id not in found and lines:
            found[document_id] = _cut(" · ".join(dict.fromkeys(lines[:6])))
    return found


def first_sentence(blocks: Sequence[tuple[str, str]], title: str = "") -> str:
    """The first sentence of some blocks (kind, text), none where no paragraph has one."""
    for kind, text in blocks:
        if kind != "text":
            continue
        for paragraph in re.split(r"\n\s*\n", text):
            lines = [line for line in paragraph.split("\n") if not _FIELD.match(line.strip())]
            told = _one_line(" ".join(lines))
            if told.startswith(title) and len(told) > len(title):
                told = told[len(title) :].lstrip(" .:–—-")
            sentence = _SENTENCE_END.split(told, maxsplit=1)[0]
            if len(sentence) < _MIN_CHARACTERS:  # "Dear Ms Miller," or "1. Scope."
                sentence = told
            letters = len(_LETTER.findall(sentence))
            dense = not re.search(r"[A-Za-zÀ-ÿ]", sentence) and letters >= 15  # scripts without spaces
            wordy = len(sentence.split()) >= _WORDS and len(sentence) >= _MIN_CHARACTERS
            if (wordy or dense) and letters > len(sentence) / 2:
                return _cut(sentence)
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[: MOST_CHARACTERS - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
