"""What kind of answer a question wants."""

from __future__ import annotations

import re

from ragapp.answer import facts

# questions that only a figure or a date answers: English, French, German, Spanish
_WANTS_FIGURE = re.compile(
    r"\bhow (?:many|much|long|old|often|far|tall|big|large|high|late|early|soon|fast)\b|\bwhen\b|"
    r"\bwhat (?:year|date|time|percentage|proportion|number|amount|price|age)\b|"
    r"\b(?:in|on|by) (?:which|what) (?:year|date|day|month)\b|"
    r"\bcombien\b|\bquand\b|\b[àa] quelle (?:date|heure)\b|\bquel(?:le)? (?:est (?:la |le |l['’])?)?"
    r"(?:date|ann[ée]e|heure|dur[ée]e|somme|proportion|montant|prix|taux|tarif|nombre|pourcentage|d[ée]lai)\b|"
    r"\bwie ?viele?\b|\bwann\b|\bcu[áa]nt[oa]s?\b|\bcu[áa]ndo\b",
    re.IGNORECASE,
)
_FIGURE_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand|"
    r"once|twice|half|never|always|un|une|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|vingt|trente|quarante|"
    r"cinquante|cent|mille|jamais|toujours|demi|moiti[ée])\b",
    re.IGNORECASE,
)
# questions for everything of a kind
_WANTS_LIST = re.compile(
    r"^\W*(?:list|name|enumerate|give|tell|show)\b.{0,20}\ball\b|^\W*(?:list|enumerate)\b|\bwhat are all\b|"
    r"\ball (?:of )?the (?:\w+ ){1,3}(?:that|which|who|are|is|there)\b|^\W*which \w+s (?:are|have|exist|get|need)\b|"
    r"^\W*(?:liste[rz]?|[ée]num[èe]re[rz]?|cite[rz]?|donne[rz]?|nomme[rz]?)\b.{0,25}\b(?:tous|toutes|les|des|liste)\b|"
    r"^\W*quel(?:le)?s sont (?:tou(?:s|tes) )?les\b",
    re.IGNORECASE,
)


def wants_figure(question: str) -> bool:
    """Whether only a figure or a date answers a question."""
    return bool(_WANTS_FIGURE.search(question))


def has_figure(text: str) -> bool:
    """Whether a text holds a number, in figures or in words."""
    return bool(facts.numbers(text) or _FIGURE_WORDS.search(text))


def wants_list(question: str) -> bool:
    """Whether a question asks for everything of a kind."""
    return bool(_WANTS_LIST.search(question))
