"""Prompt injections: text in a document that gives instructions to the language model that reads it.

A company's document speaks to people.  Where it speaks to an assistant ("ignore the above", "the assistant must begin
each answer with …"), somebody wants to control the answer.  The model does not get to read such text, it supports no
sentence of an answer, and the person is told; the rest of the passage stays.

This is one line of defence, for English and French (``prompt_injection.yaml``), and can be worded around; what holds in
any wording is that an answer is grounded in what the documents say.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from ragapp.data_files import load_yaml
from ragapp.index.sentences import PARAGRAPH, sentence_spans
from ragapp.retrieval.passage import ScoredChunk

#: replaces an injection in the prompt
LEFT_OUT = "[…]"

_DATA = load_yaml("prompt_injection.yaml", __file__)
_PARTS: dict[str, str] = _DATA["parts"]


def _expanded(pattern: str) -> str:
    return re.sub("<([a-z]+)>", lambda part: _expanded(_PARTS[part[1]]), pattern)


_ORDER = re.compile("|".join(rf"\b{_expanded(order)}(?!\w)" for order in _DATA["orders"]), re.IGNORECASE)
_LINE = re.compile(r"[^\n]+")


@lru_cache(maxsize=256)  # a passage is searched for the probe, the answer, the grounding and the note
def injection_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Offsets of injections in a text: from the first such sentence of a paragraph to the end of the paragraph."""
    if not _ORDER.search(text):
        return ()
    spans = []
    for paragraph in PARAGRAPH.finditer(text):
        lines = _LINE.finditer(text, *paragraph.span())
        sentences = (span for line in lines for span in sentence_spans(text, *line.span()))
        first = next((first for first, last in sentences if _ORDER.search(text, first, last)), None)
        if first is not None:
            spans.append((first, paragraph.end()))
    return tuple(spans)


def redact_injections(text: str) -> str:
    """A text for the prompt, without injections."""
    for begin, end in reversed(injection_spans(text)):
        text = f"{text[:begin]}{LEFT_OUT}{text[end:]}"
    return text


def has_injection(passage: ScoredChunk) -> bool:
    """Whether a passage has an injection."""
    return bool(injection_spans(passage.chunk.text))


def blank_injections(passage: ScoredChunk) -> ScoredChunk:
    """A passage with injections blanked, so that all other offsets stay."""
    text = passage.chunk.text
    for begin, end in injection_spans(text):
        text = text[:begin] + " " * (end - begin) + text[end:]
    return passage if text == passage.chunk.text else replace(passage, chunk=replace(passage.chunk, text=text))
