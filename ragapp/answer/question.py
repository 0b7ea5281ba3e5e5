"""What kind of answer a question wants."""

from __future__ import annotations

import re

# questions for everything of a kind
_WANTS_LIST = re.compile(
    r"^\W*(?:list|name|enumerate|give|tell|show)\b.{0,20}\ball\b|^\W*(?:list|enumerate)\b|\bwhat are all\b|"
    r"\ball (?:of )?the (?:\w+ ){1,3}(?:that|which|who|are|is|there)\b|^\W*which \w+s (?:are|have|exist|get|need)\b|"
    r"^\W*(?:liste[rz]?|[ée]num[èe]re[rz]?|cite[rz]?|donne[rz]?|nomme[rz]?)\b.{0,25}\b(?:tous|toutes|les|des|liste)\b|"
    r"^\W*quel(?:le)?s sont (?:tou(?:s|tes) )?les\b",
    re.IGNORECASE,
)


def wants_list(question: str) -> bool:
    """Whether a question asks for everything of a kind."""
    return bool(_WANTS_LIST.search(question))
