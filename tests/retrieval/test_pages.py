from __future__ import annotations

from dataclasses import replace

from passagekit import passage_of

from ragapp.retrieval.pages import order_by_place
from ragapp.retrieval.passage import ScoredChunk


def _passage(chunk_id: int, score: float, page: int, document: int = 1, kind: str = "page") -> ScoredChunk:
    passage = passage_of(f"text {chunk_id}", chunk_id, score=score)
    return replace(passage, chunk=replace(passage.chunk, unit=page, document_id=document, kind=kind))


def _order(*passages: ScoredChunk) -> list[int]:
    return [passage.chunk.id for passage in order_by_place(passages)]


def test_the_best_of_other_pages_comes_before_what_else_a_page_says() -> None:
    passages = (
        _passage(1, 0.9, 7),
        _passage(2, 0.88, 7),
        _passage(3, 0.86, 7),
        _passage(4, 0.85, 9),
        _passage(5, 0.8, 2),
    )
    assert _order(*passages) == [1, 4, 2, 5, 3]


def test_much_better_passages_of_one_page_stay_in_front() -> None:
    assert _order(_passage(1, 0.9, 7), _passage(2, 0.88, 7), _passage(3, 0.5, 9)) == [1, 2, 3]


def test_the_same_number_in_another_document_is_another_page() -> None:
    assert _order(_passage(1, 0.9, 7), _passage(2, 0.88, 7, document=2), _passage(3, 0.86, 9)) == [1, 2, 3]


def test_what_else_the_best_document_says_comes_before_the_like_of_others() -> None:
    assert _order(_passage(1, 0.9, 7), _passage(2, 0.7, 3, document=2), _passage(3, 0.65, 9)) == [1, 3, 2]


def test_a_much_better_passage_of_another_document_stays_in_front() -> None:
    assert _order(_passage(1, 0.9, 7), _passage(2, 0.8, 3, document=2), _passage(3, 0.6, 9)) == [1, 2, 3]


def test_the_first_place_is_the_best_passage_whatever_else_its_document_says() -> None:
    others = [_passage(n, 0.89, n, document=2) for n in range(2, 6)]
    assert _order(_passage(1, 0.9, 1), *others)[0] == 1


def test_sections_and_whole_files_are_no_pages() -> None:
    for kind in ("section", "document", "sheet", "mail"):
        passages = [_passage(n, 0.9 - n / 100, 1, kind=kind) for n in range(5)]
        assert order_by_place(passages) == passages


def test_scores_stay_as_they_are() -> None:
    passages = [_passage(n, 0.9 - n / 100, 1) for n in range(5)]
    assert order_by_place(passages) == passages
    assert order_by_place([]) == []
