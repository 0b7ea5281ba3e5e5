"""Passages made by hand, and what stand-ins for the engine share."""

from ragapp.index.records import StoredChunk
from ragapp.retrieval.passage import ScoredChunk


def passage(text, document="a.pdf", unit=1, *, title="", headings=(), language="en", label="", start=0, score=1.0):
    chunk = StoredChunk(
        unit,
        tuple(headings),
        text,
        start,
        start + len(text),
        id=abs(hash((document, unit, text))),
        document_id=1,
        document=document,
        title=title,
        path=f"/docs/{document}",
        language=language,
        label=label,
    )
    return ScoredChunk(chunk, score, 0.5, 1.0, similarity=0.4)


class StandIn:
    """A model to which a word is a token, and no word special."""

    window = 4096
    ahead = 0

    def prompt_tokens(self, messages):
        return " ".join(message["content"] for message in messages).split()

    def count(self, text):
        return len(text.split())

    def escape(self, text):
        return text

    def keep(self, messages, owners):
        """Nothing that was read is kept."""
