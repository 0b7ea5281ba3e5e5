"""The order of passages of the same page and of the same document.

What else a page says comes behind the best of other pages: a reader who is shown a page sees all of it, and
neighbouring passages of a page are found for the same words.  Left as they are, three passages of one page take three
of five places, and the page that states the answer is the sixth.

What else a document says comes before the like of other documents, by how good the document's best passage is: a
question is mostly answered by one document, and which one its best passage tells better than a weaker passage does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ragapp.retrieval.passage import ScoredChunk

# What a passage's score counts in the order, for each better passage of its page.  On invented annual reports it
# raised the share of questions with the right page among the first five passages by 0 to 2.4 points, depending on
# the embedder and the weight of its vectors; on SQuAD and PIAF, three paragraphs to a page, the right paragraph was
# found as often (-.6 to +.8 points; with .9 up to -1.4).  Adding a page's other scores to its best made as much
# worse as better.
SAME_PAGE = 0.95
# What the best score of a passage's document counts beside its own.  Of .1 to .5, with the best alone or the sum of the
# best three or six, chosen on the halves `choose` of SQuAD, PIAF and XQuAD (right passage among the first five: +.1
# points); on the halves `report` +.2 (PIAF +.8), on invented annual reports +.9.  The first place stays what it was.
SAME_DOCUMENT = 0.3


def order_by_place(passages: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Passages, given the best first, by their scores, pages and documents; the scores stay as they are.

    Each further one of a page counts less, but only of a page: a section, or a whole file that has no pages, may be of
    any length.
    """
    best: dict[int, float] = {}
    for passage in passages:
        best.setdefault(passage.chunk.document_id, passage.score)
    better: Counter[tuple[int, int]] = Counter()
    ranked: list[tuple[float, ScoredChunk]] = []
    for passage in passages:
        page = passage.chunk.document_id, passage.chunk.unit
        by_document = SAME_DOCUMENT * best[passage.chunk.document_id]
        ranked.append((passage.score * SAME_PAGE ** better[page] + by_document, passage))
        better[page] += passage.chunk.kind == "page"
    return [passage for _, passage in sorted(ranked, key=lambda pair: -pair[0])]
