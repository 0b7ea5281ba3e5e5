"""What an embedding model wants in front of questions and passages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# under which names a model keeps what it wants in front of a passage, in the library's order
_DOCUMENT_NAMES = ("document", "passage", "corpus")
_BGE = "Represent this sentence for searching relevant passages: "
# Families whose folders often do not say what their model cards do; by the name of the folder or of the model that it
# was made from, the first that fits.
_FAMILIES = (
    (r"e5-mistral|e5.*instruct", ("Instruct: Given a question, retrieve passages that answer it\nQuery: ", "")),
    (r"(?:^|[-_/])e5(?:[-_]|$)", ("query: ", "passage: ")),
    (r"nomic-embed", ("search_query: ", "search_document: ")),
    (r"bge-(?:small|base|large)-zh", ("为这个句子生成表示以用于检索相关文章：", "")),
    (r"bge-(?:small|base|large)-en|mxbai-embed|arctic-embed-(?:xs|s|m|l)(?!.*v2)", (_BGE, "")),
    (r"arctic-embed.*v2", ("query: ", "")),
)


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is put in front of a text before it is embedded; often nothing.

    Attributes:
        query: in front of a question.
        document: in front of a passage.
    """

    query: str = ""
    document: str = ""


def own_prompts(prompts: Mapping[str, str | None], *names: str) -> Prompts:
    """What a model wants: as its folder says, else as is known of its family.

    Args:
        prompts: of ``config_sentence_transformers.json``; the library always adds an empty ``document`` of its own.
        names: of the folder and of the model, to know the family by.
    """
    document = next((prompts[name] for name in _DOCUMENT_NAMES if prompts.get(name)), None) or ""
    query = prompts.get("query") or ""
    if query or document:
        return Prompts(query, document)
    for family, known in _FAMILIES:
        if any(re.search(family, name.lower()) for name in names):
            return Prompts(*known)
    return Prompts()
