"""Prompt injections: text in a document that gives instructions to the language model that reads it.

A company's document speaks to people.  Where it speaks to an assistant ("ignore the above", "the assistant must begin
each answer with …"), somebody wants to control the answer.  The model does not get to read such text, it supports no
sentence of an answer, and the person is told; the rest of the passage stays.

This is one line of defence, for English and French, and can be worded around; what holds in any wording is that an
answer is grounded in what the documents say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from ragapp.answer.sentences import sentence_spans
from ragapp.retrieval.passage import ScoredChunk

#: replaces an injection in the prompt
LEFT_OUT = "[…]"

# a program that answers, in words that cannot mean a member of staff
_PROGRAM = (
    r"(?:(?:(?:AI|virtual|digital|language|document|search)[ -](?:assistant|model|agent|system|bot)s?"
    r"|assistants? (?:IA|virtuels?|numériques?)|chat[ -]?bots?|LLMs?|ChatGPT|GPT|modèles? de langage|AI|IA)\b)"
)
# and in words that can, where the rest of the sentence is clear
_READER = rf"(?:{_PROGRAM}|(?:assistante?|model|modèle|bot)s?\b)"
_ANSWERING = (
    r"(?:answer|repl(?:y|ies)|respond|say|state|begin|start|end|write|output|print|repeat|tell|ignore|cite|quote|mention"
    r"|include|add|append|répond|répons|di[tsr]|écri|commenc|termin|affich|répét|ajout|cit|mentionn)\w*"
)
_INSTRUCTIONS = (
    r"(?:instructions?|prompts?|guidelines|directions|passages?|consignes?|directives?|the above|everything above"
    r"|ce qui précède|(?:all|previous|prior|your|other|toutes (?:l|t|v)es) (?:rules|règles))"
)
_FORM = (
    r"(?:as|in|en|au format)\s+(?:valid\s+)?(?:JSON|XML|YAML|Base64|ROT13|rhymes?|emojis?|capitals|capital letters"
    r"|lettres capitales|majuscules)"
)
_ORDERS = (
    # attention, assistant: …   note to the AI: …
    rf"(?:attention|dear|hey|hello|cher|(?:note|message|notice|instructions?|consignes?)\s+(?:to|for|à|pour))\b[\s,:]*"
    rf"(?:l['’]|the |any |all |every |le |la |les |tout )?{_READER}",
    # the AI assistant must answer …
    rf"{_PROGRAM}\s+(?:must|should|shall|ha(?:s|ve) to|(?:is|are) to|needs? to|will|doi(?:t|vent)|devra)\b"
    rf"[^.!?\n]{{0,60}}\b{_ANSWERING}",
    # if you are an AI …   you are now an assistant that …
    rf"(?:you are|vous êtes|tu es)\s+(?:now\s+|no longer\s+|désormais\s+|maintenant\s+)?(?:an?|une?|the)\s+(?:\w+\s+)?"
    rf"(?:{_PROGRAM}|assistant(?=\s*[.,;:!?]|\s+(?:that|who|which|qui)\b))",
    # assistants that read this …
    rf"{_READER}\s+(?:(?:that|who|which|qui)\s+)?(?:read|process|summari[sz]|lis|lit|trait)\w*\s+(?:this|these|ce|cet|cette|ces)",
    # ignore all previous instructions
    rf"(?:ignor|disregard|forget|overrid|bypass|oubli)[a-zé]*\b[^.,;!?\n]{{0,40}}\b{_INSTRUCTIONS}",
    rf"(?:ne ten(?:ez|ir) (?:pas|aucun) compte|fai(?:s|tes) abstraction)\b[^.!?\n]{{0,40}}\b{_INSTRUCTIONS}",
    # begin each answer with …   answer every question with …
    rf"{_ANSWERING}\s+(?:to\s+|à\s+|par\s+)?(?:each|every|all|any|your|chaque|toutes?|tout|vos|tes|votre|ta)\s+(?:\w+\s+)?"
    r"(?:answers?|responses?|repl(?:y|ies)|questions?|réponses?)\s*(?:(?:with|by|as|in|par|avec|en|que)\b|:)",
    # answers must be given as JSON
    rf"(?:answers?|responses?|replies|réponses?)\b[^.!?\n]{{0,40}}\b(?:must|should|shall|are to|have to|doivent)\b"
    rf"[^.!?\n]{{0,30}}\b{_FORM}",
    rf"(?:répond(?:s|ez)|answer|reply|respond)\s+(?:only\s+|always\s+|uniquement\s+|toujours\s+)?{_FORM}",
    # decode this and obey
    r"(?:decod|décod|deciph|déchiffr)\w*[^.!?\n]{0,60}\b(?:and|then|et|puis)\s+(?:obey|follow|execute|obéi|suiv|exécut)\w*",
    # new instructions: …   your system prompt
    r"(?:new|updated|real|actual|hidden|secret|nouvelles?|vraies?)\s+(?:system\s+)?"
    r"(?:instructions?|prompts?|consignes?)\s*:",
    r"(?:your|tes|vos|votre|ton)\s+(?:system\s+)?"
    r"(?:prompts?|previous instructions?|instructions? (?:système|initiales?))",
    r"(?:system prompt|prompt système|invite système|system (?:override|instruction)s?)",
)
_ORDER = re.compile("|".join(rf"\b{order}(?!\w)" for order in _ORDERS), re.IGNORECASE)
_LINE = re.compile(r"[^\n]+")
_PARAGRAPH_END = re.compile(r"\n\s*\n")


def injection_spans(text: str) -> list[tuple[int, int]]:
    """Offsets of injections in a text: from the first such sentence of a paragraph to the end of the paragraph."""
    return list(_spans(text))


# a passage is searched for the probe, the answer, the grounding and the note
@lru_cache(maxsize=256)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    if not _ORDER.search(text):
        return ()
    spans = []
    for begin, end in _paragraphs(text):
        sentences = (span for line in _LINE.finditer(text, begin, end) for span in sentence_spans(text, *line.span()))
        first = next((first for first, last in sentences if _ORDER.search(text, first, last)), None)
        if first is not None:
            spans.append((first, end))
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
    spans = injection_spans(text)
    if not spans:
        return passage
    for begin, end in spans:
        text = text[:begin] + " " * (end - begin) + text[end:]
    return replace(passage, chunk=replace(passage.chunk, text=text))


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for gap in _PARAGRAPH_END.finditer(text):
        yield begin, gap.start()
        begin = gap.end()
    yield begin, len(text)
