"""The order of passages of the same page: what else a page says comes behind the best of other pages.

A reader who is shown a page sees all of it, and neighbouring passages of a page are found for the same words.  Left as
they are, three passages of one page take three of five places, and the page that states the answer is the sixth.
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


def spread_over_pages(passages: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Passages, the best first, in an order in which each further one of a page counts less; scores stay as they are.

    Only pages count: a section, or a whole file that has no pages, may be of any length.
    """
    better: Counter[tuple[int, int]] = Counter()
    ranked: list[tuple[float, ScoredChunk]] = []
    for passage in passages:
        page = passage.chunk.document_id, passage.chunk.unit
        ranked.append((passage.score * SAME_PAGE ** better[page], passage))
        better[page] += passage.chunk.kind == "page"
    return [passage for _, passage in sorted(ranked, key=lambda pair: -pair[0])]
