from __future__ import annotations

from pathlib import Path

import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp.errors import EmptyStoreError, IdentityError, PathError, UsageError
from ragapp.index.library import Library
from ragapp.retrieval.retriever import MAX_QUESTION_CHARACTERS, NAMED_BONUS, Retriever
from ragapp.settings import Retrieval

EMBEDDER = WordEmbedder()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("retriever") / "data"
    with Library(folder, identity_of(EMBEDDER), write=True) as library:
        put_text(library, EMBEDDER, Path("/docs/hr/leave.pdf"), "Annual leave is 25 days.", "Sick leave needs a note.")
        put_text(library, EMBEDDER, Path("/docs/travel.pdf"), "Trains before planes.", "Mileage is 45 pence per mile.")
        put_text(library, EMBEDDER, Path("/docs/old/travel.pdf"), "Trains before planes.", "Mileage is 40 pence.")
        put_text(library, EMBEDDER, Path("/docs/conges.txt"), "Les congés payés durent 25 jours.", language="fr")
        put_text(library, EMBEDDER, Path("/docs/blank.txt"))
        library.settle()
    return folder


@pytest.fixture
def library(folder: Path):
    with Library(folder, identity_of(EMBEDDER)) as library:
        yield library


@pytest.fixture
def retriever(library: Library) -> Retriever:
    return Retriever(library, EMBEDDER, Retrieval())


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many days of annual leave?", "Annual leave is 25 days."),
        ("mileage per mile", "Mileage is 45 pence per mile."),
        ("combien de jours de CONGES PAYES ?", "Les congés payés durent 25 jours."),
        ("sick\x00note", "Sick leave needs a note."),
        ('leave AND "sick OR note*', "Sick leave needs a note."),
    ],
)
def test_the_best_passage_first(retriever: Retriever, question: str, text: str) -> None:
    passages = retriever.search(question, 3).passages
    assert passages[0].chunk.text == text
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0


def test_the_document_that_the_question_names_comes_first(tmp_path: Path) -> None:
    with Library(tmp_path / "data", identity_of(EMBEDDER), write=True) as library:
        for name, rate in (("alpha", 5), ("beta", 6), ("gamma", 7)):
            put_text(library, EMBEDDER, Path(f"/{name}.txt"), f"The rate is {rate} euros a day.")
        for name in ("alpha", "beta", "gamma"):
            passages = Retriever(library, EMBEDDER, Retrieval()).search(f"What is the rate in {name}?", 3).passages
            assert passages[0].chunk.document == f"{name}.txt"


def test_a_passage_says_where_it_stands(retriever: Retriever) -> None:
    (passage,) = retriever.search("sick note", 1).passages
    chunk = passage.chunk
    assert (chunk.document, chunk.path, chunk.unit) == ("leave.pdf", "/docs/hr/leave.pdf", 2)
    assert passage.lexical > 0
    stored, asked = EMBEDDER.embed_documents(["leave\nSick leave needs a note.", "sick note"])
    assert passage.dense == pytest.approx(float(stored @ asked), abs=0.01)


@pytest.mark.parametrize("k", [1, 2, 4, 50])
def test_at_most_k(retriever: Retriever, k: int) -> None:
    assert len(retriever.search("pence per mile for trains and leave", k).passages) == min(k, 6)


def test_identical_passages_count_once(retriever: Retriever) -> None:
    texts = [passage.chunk.text for passage in retriever.search("trains before planes", 10).passages]
    assert texts[0] == "Trains before planes."
    assert len(texts) == len(set(texts)) == 6


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("leave.pdf", {"/docs/hr/leave.pdf"}),
        ("*.txt", {"/docs/conges.txt"}),
        ("travel*", {"/docs/travel.pdf", "/docs/old/travel.pdf"}),
        ("/docs/old/*", {"/docs/old/travel.pdf"}),
        ("*/hr/*", {"/docs/hr/leave.pdf"}),
        ("blank.txt", set()),
    ],
)
def test_within_restricts_to_documents(retriever: Retriever, pattern: str, paths: set[str]) -> None:
    assert {passage.chunk.path for passage in retriever.search("mileage leave congés", 10, pattern).passages} == paths


def test_within_that_matches_nothing_is_told(retriever: Retriever) -> None:
    with pytest.raises(PathError, match=r"No document matches 'nothing\*'"):
        retriever.search("leave", 5, "nothing*")


@pytest.mark.parametrize("question", ["", "   \n", "\x00"])
def test_an_empty_question_is_refused(retriever: Retriever, question: str) -> None:
    with pytest.raises(UsageError, match="question is empty"):
        retriever.search(question, 5)


@pytest.mark.parametrize("question", ["?!", "😀", "the of and", "zzzunheardof", "leave " * MAX_QUESTION_CHARACTERS])
def test_an_odd_question_still_gives_the_nearest(retriever: Retriever, question: str) -> None:
    assert len(retriever.search(question, 3).passages) == 3


def test_a_question_is_cut_where_it_is_longer_than_any_question(retriever: Retriever) -> None:
    asked = "mileage " * (MAX_QUESTION_CHARACTERS // 8)
    assert retriever.search(asked + "sick note leave", 3).passages == retriever.search(asked, 3).passages


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_one_side_alone_decides(library: Library, weight: float) -> None:
    passages = Retriever(library, EMBEDDER, Retrieval(dense_weight=weight)).search("pence per mile", 6).passages
    sides = [passage.dense if weight else passage.lexical for passage in passages]
    assert sides == sorted(sides, reverse=True)


def test_few_candidates_do_not_limit_k(library: Library) -> None:
    assert len(Retriever(library, EMBEDDER, Retrieval(candidates=1)).search("mileage", 2, "leave.pdf").passages) == 2


def test_every_candidate_has_both_scores(library: Library) -> None:
    narrow = Retriever(library, EMBEDDER, Retrieval(candidates=1)).search("sick note", 1).passages
    wide = Retriever(library, EMBEDDER, Retrieval(candidates=50)).search("sick note", 1).passages
    assert [(p.chunk.id, p.lexical, p.dense) for p in narrow] == [(p.chunk.id, p.lexical, p.dense) for p in wide]


def test_an_empty_store_is_told(tmp_path: Path) -> None:
    with Library(tmp_path / "data", identity_of(EMBEDDER)) as library:
        retriever = Retriever(library, EMBEDDER, Retrieval())
        with pytest.raises(EmptyStoreError, match="no documents in the store"):
            retriever.search("leave", 5)
        with pytest.raises(UsageError):
            retriever.search("", 5)


def test_another_embedder_is_refused(folder: Path) -> None:
    other = WordEmbedder("others")
    with Library(folder, identity_of(other)) as library, pytest.raises(IdentityError, match="ragapp doctor --fix"):
        Retriever(library, other, Retrieval()).search("leave", 5)


def test_while_another_owns_the_store_the_same_is_found(folder: Path, retriever: Retriever) -> None:
    with Library(folder, identity_of(EMBEDDER)) as reader:
        assert not reader.owner
        there = Retriever(reader, EMBEDDER, Retrieval()).search("mileage pence", 2).passages
    assert [p.chunk.id for p in there] == [p.chunk.id for p in retriever.search("mileage pence", 2).passages]


def test_a_document_called_by_its_whole_name_gains_the_bonus_and_others_do_not(tmp_path: Path) -> None:
    with Library(tmp_path / "data", identity_of(EMBEDDER), write=True) as library:
        put_text(library, EMBEDDER, Path("/d/travel-policy-2024.txt"), "The rate is 41 pence.")
        put_text(library, EMBEDDER, Path("/d/travel-policy-2025.txt"), "The rate is 45 pence.")
        retriever = Retriever(library, EMBEDDER, Retrieval())
        named = retriever.search("What rate does the 2024 travel policy give?", 2).passages
        assert named[0].chunk.document == "travel-policy-2024.txt"
        assert named[0].score > 1 + NAMED_BONUS / 2
        unnamed = retriever.search("What rate does the travel policy give?", 2).passages
        assert all(passage.score <= 1 for passage in unnamed)
