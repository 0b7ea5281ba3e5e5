"""What is waited for while a question is answered, in words."""

from __future__ import annotations

from functools import partial

from ragapp.contract import Stage
from ragapp.words import texts

# of a document's unit
_WITH_PLACE = {"reading": "reading {where}", "writing": "writing from {where}", "comparing": "comparing with {where}"}


def stage_words(stage: Stage, language: str = texts.ENGLISH) -> str:
    """What is being done, and with which document and page, in a language of ``ragapp/words``."""
    phrase = partial(texts.phrase, language)
    if stage.name == "waiting":
        return phrase("waiting for {n} other question|waiting for {n} other questions", n=stage.ahead)
    if stage.name == "summarising":
        return phrase("summarising part {part} of {parts}", part=stage.part, parts=stage.parts)
    if stage.name == "explaining":
        return phrase("putting change {part} of {parts} into words", part=stage.part, parts=stage.parts)
    if stage.place is None or stage.name not in _WITH_PLACE:
        return phrase(stage.name)
    unit = texts.place_in(language, stage.place.kind, stage.place.page, stage.place.label)
    doing = phrase(_WITH_PLACE[stage.name], where=f"{stage.place.document}, {unit}" if unit else stage.place.document)
    if stage.number and stage.passages > 1:
        doing += f" ({phrase('{number} of {all}', number=stage.number, all=stage.passages)})"
    return doing
