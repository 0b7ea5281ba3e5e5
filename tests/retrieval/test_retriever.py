from __future__ import annotations

from pathlib import Path

import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp.errors import EmptyStoreError, IdentityError, PathError, UsageError
from ragapp.index import bm25
from ragapp.index.chunk_text import ChunkEmbedder, EmbeddedText
from ragapp.index.store import Store
from ragapp.retrieval import retriever as retrieving
from ragapp.retrieval.retriever import MAX_QUESTION_CHARACTERS, NAMED_BONUS, Retriever
from ragapp.settings import Retrieval

EMBEDDER = WordEmbedder()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("retriever") / "data"
    with Store(folder, identity_of(EMBEDDER), write=True) as store:
        put_text(store, EMBEDDER, Path("/docs/hr/leave.pdf"), "Annual leave is 25 days.", "Sick leave needs a note.")
        put_text(store, EMBEDDER, Path("/docs/travel.pdf"), "Trains before planes.", "Mileage is 45 pence per mile.")
        put_text(store, EMBEDDER, Path("/docs/old/travel.pdf"), "Trains before planes.", "Mileage is 40 pence.")
        put_text(store, EMBEDDER, Path("/docs/conges.txt"), "Les congés payés durent 25 jours.", language="fr")
        put_text(store, EMBEDDER, Path("/docs/blank.txt"))
        store.settle()
    return folder


@pytest.fixture
def store(folder: Path):
    with Store(folder, identity_of(EMBEDDER)) as store:
        yield store


@pytest.fixture
def retriever(store: Store) -> Retriever:
    return Retriever(store, EMBEDDER, Retrieval())


def test_a_table_of_contents_stands_behind_what_it_lists(tmp_path: Path) -> None:
    contents = "1. Loans . . . . . . . . 3\n2. Loans of tools . . . . . . . . 4\n3. Fees of loans . . . . . . . . 6"
    with Store(tmp_path / "data", identity_of(EMBEDDER), write=True) as store:
        put_text(store, EMBEDDER, Path("/docs/plan.pdf"), contents, "Loans of tools are free for a week and a day.")
        found = Retriever(store, EMBEDDER, Retrieval()).search("loans of tools", 2).passages
    assert [passage.chunk.text.startswith("1.") for passage in found] == [False, True]


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
    with Store(tmp_path / "data", identity_of(EMBEDDER), write=True) as store:
        for name, rate in (("alpha", 5), ("beta", 6), ("gamma", 7)):
            put_text(store, EMBEDDER, Path(f"/{name}.txt"), f"The rate is {rate} euros a day.")
        for name in ("alpha", "beta", "gamma"):
            passages = Retriever(store, EMBEDDER, Retrieval()).search(f"What is the rate in {name}?", 3).passages
            assert passages[0].chunk.document == f"{name}.txt"


def test_a_passage_says_where_it_stands(retriever: Retriever) -> None:
    (passage,) = retriever.search("sick note", 1).passages
    chunk = passage.chunk
    assert (chunk.document, chunk.path, chunk.unit) == ("leave.pdf", "/docs/hr/leave.pdf", 2)
    assert passage.lexical > 0
    (stored,) = ChunkEmbedder(EMBEDDER).embed([EmbeddedText("leave", "Sick leave needs a note.")])
    assert passage.dense == pytest.approx(float(stored @ EMBEDDER.embed_query("sick note")), abs=0.01)
    assert passage.coverage == pytest.approx(1)
    assert passage.also_in == ()


@pytest.mark.parametrize("k", [1, 2, 4, 50])
def test_at_most_k(retriever: Retriever, k: int) -> None:
    assert len(retriever.search("pence per mile for trains and leave", k).passages) == min(k, 6)


def test_identical_passages_count_once(retriever: Retriever) -> None:
    texts = [passage.chunk.text for passage in retriever.search("trains before planes", 10).passages]
    assert texts[0] == "Trains before planes."
    assert len(texts) == len(set(texts)) == 6
    first, *others = retriever.search("trains before planes", 10).passages
    paths = {first.chunk.path, *(chunk.path for chunk in first.also_in)}
    assert paths == {"/docs/travel.pdf", "/docs/old/travel.pdf"}
    assert all(passage.also_in == () for passage in others)


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("leave.pdf", {"/docs/hr/leave.pdf"}),
        ("*.txt", {"/docs/conges.txt"}),
        ("travel*", {"/docs/travel.pdf", "/docs/old/travel.pdf"}),
        ("/docs/old/*", {"/docs/old/travel.pdf"}),
        ("*/hr/*", {"/docs/hr/leave.pdf"}),
        ("old", {"/docs/old/travel.pdf"}),
        ("HR", {"/docs/hr/leave.pdf"}),
        ("blank.txt", set()),
    ],
)
def test_within_restricts_to_documents(retriever: Retriever, pattern: str, paths: set[str]) -> None:
    assert {passage.chunk.path for passage in retriever.search("mileage leave congés", 10, pattern).passages} == paths


def test_within_that_matches_nothing_is_told(retriever: Retriever) -> None:
    with pytest.raises(PathError, match=r"No document or folder matches 'nothing\*'"):
        retriever.search("leave", 5, "nothing*")


@pytest.mark.parametrize("question", ["", "   \n", "\x00"])
def test_an_empty_question_is_refused(retriever: Retriever, question: str) -> None:
    with pytest.raises(UsageError, match="question is empty"):
        retriever.search(question, 5)


@pytest.mark.parametrize("question", ["?!", "😀", "the of and", "zzzunheardof", "leave " * MAX_QUESTION_CHARACTERS])
def test_an_odd_question_still_gives_the_nearest(retriever: Retriever, question: str) -> None:
    assert len(retriever.search(question, 3).passages) == 3


def test_the_words_at_the_end_of_a_long_question_are_searched_for(store: Store) -> None:
    words_alone = Retriever(store, EMBEDDER, Retrieval(dense_weight=0.0))
    found = words_alone.search("please " * 1500 + "sick note", 1)
    assert found.passages[0].chunk.text == "Sick leave needs a note."
    assert (found.words, found.words_searched) == (1502, 1502)


@pytest.mark.parametrize(
    ("question", "words", "read", "searched"),
    [
        ("sick note", 2, 2, 2),
        ("note " * 96, 96, 96, 96),  # a token each, and the embedder of these tests reads 96
        ("note " * 97, 97, 96, 97),
        ("mileage " * 60, 60, 48, 60),
        ("note " * 5000, 5000, 96, MAX_QUESTION_CHARACTERS // 5),
    ],
)
def test_what_is_not_read_of_a_question_is_told(
    retriever: Retriever, question: str, words: int, read: int, searched: int
) -> None:
    found = retriever.search(question, 1)
    assert (found.words, found.words_read, found.words_searched) == (words, read, searched)
    assert found.cut == (read < words)


def test_the_dense_side_alone_decides(store: Store) -> None:
    passages = Retriever(store, EMBEDDER, Retrieval(dense_weight=1.0)).search("pence per mile", 6).passages
    nearest = max(passage.dense for passage in passages)
    for passage in passages:
        near = max(0.0, 1 - (nearest - passage.dense) / EMBEDDER.cosine_spread)
        assert passage.score == pytest.approx(near, abs=1e-6)
    assert passages[0].dense == nearest


def test_the_lexical_side_alone_decides(store: Store) -> None:
    passages = Retriever(store, EMBEDDER, Retrieval(dense_weight=0.0)).search("pence per mile", 6).passages
    assert passages[0].chunk.text == "Mileage is 45 pence per mile."
    assert passages[0].score == pytest.approx(1)
    assert passages[0].coverage == pytest.approx(1)
    assert [passage.score > 0 for passage in passages] == [passage.lexical > 0 for passage in passages]
    assert 0 < passages[1].score < 1


def test_few_candidates_do_not_limit_k(store: Store) -> None:
    assert len(Retriever(store, EMBEDDER, Retrieval(candidates=1)).search("mileage", 2, "leave.pdf").passages) == 2


def test_every_candidate_has_both_scores(store: Store) -> None:
    narrow = Retriever(store, EMBEDDER, Retrieval(candidates=1)).search("sick note", 1).passages
    wide = Retriever(store, EMBEDDER, Retrieval(candidates=50)).search("sick note", 1).passages
    assert [(p.chunk.id, p.lexical) for p in narrow] == [(p.chunk.id, p.lexical) for p in wide]
    # some processors sum a product of other sizes in another order
    assert [p.dense for p in narrow] == pytest.approx([p.dense for p in wide], abs=1e-6)


def test_an_empty_store_is_told(tmp_path: Path) -> None:
    with Store(tmp_path / "data", identity_of(EMBEDDER)) as store:
        retriever = Retriever(store, EMBEDDER, Retrieval())
        with pytest.raises(EmptyStoreError, match="no documents in the store"):
            retriever.search("leave", 5)
        with pytest.raises(UsageError):
            retriever.search("", 5)


def test_another_embedder_is_refused(folder: Path) -> None:
    other = WordEmbedder("others")
    with Store(folder, identity_of(other)) as store, pytest.raises(IdentityError, match="ragapp doctor --fix"):
        Retriever(store, other, Retrieval()).search("leave", 5)


def test_while_another_owns_the_store_the_same_is_found(folder: Path, retriever: Retriever) -> None:
    with Store(folder, identity_of(EMBEDDER)) as reader:
        assert not reader.owner
        there = Retriever(reader, EMBEDDER, Retrieval()).search("mileage pence", 2).passages
    assert [p.chunk.id for p in there] == [p.chunk.id for p in retriever.search("mileage pence", 2).passages]


def test_a_document_called_by_its_whole_name_gains_the_bonus_and_others_do_not(tmp_path: Path, monkeypatch) -> None:
    with Store(tmp_path / "data", identity_of(EMBEDDER), write=True) as store:
        put_text(store, EMBEDDER, Path("/d/travel-policy-2024.txt"), "The rate is 41 pence.")
        put_text(store, EMBEDDER, Path("/d/travel-policy-2025.txt"), "The rate is 45 pence.")
        retriever = Retriever(store, EMBEDDER, Retrieval())

        def scores(question: str) -> dict[str, float]:
            return {p.chunk.document: p.score for p in retriever.search(question, 2).passages}

        question, unnamed = "What rate does the 2024 travel policy give?", "What rate does the travel policy give?"
        with_bonus, plain = scores(question), scores(unnamed)
        assert next(iter(with_bonus)) == "travel-policy-2024.txt"
        monkeypatch.setattr(retrieving, "NAMED_BONUS", 0.0)
        assert scores(unnamed) == plain
        gains = {name: with_bonus[name] - score for name, score in scores(question).items()}
        assert gains == pytest.approx({"travel-policy-2024.txt": NAMED_BONUS, "travel-policy-2025.txt": 0})


def test_stages_are_timed(retriever: Retriever) -> None:
    found = retriever.search("leave", 2)
    assert list(found.seconds) == ["embed", "search"]
    assert all(0 <= seconds < 60 for seconds in found.seconds.values())


class Preferring:
    """Likes the texts that hold a word, the shorter the better."""

    def __init__(self, word: str):
        self.word = word
        self.asked: list[tuple[str, list[str]]] = []

    def score(self, question, texts):
        self.asked.append((question, list(texts)))
        return [(self.word in text) * 0.5 + 1 / (2 + len(text)) for text in texts]


class TestReranker:
    QUESTION = "mileage in pence per mile, trains, sick leave and annual leave"

    def test_the_order_is_the_rerankers(self, store: Store) -> None:
        reranker = Preferring("note")
        found = Retriever(store, EMBEDDER, Retrieval(), reranker).search(self.QUESTION, 6)
        assert found.passages[0].chunk.text == "Sick leave needs a note."
        scores = [passage.score for passage in found.passages]
        assert scores == sorted(scores, reverse=True)
        ((question, texts),) = reranker.asked
        assert question == self.QUESTION
        assert "leave\nSick leave needs a note." in texts
        assert scores[0] == pytest.approx(0.5 + 1 / (2 + len("leave\nSick leave needs a note.")))
        assert list(found.seconds) == ["embed", "search", "rerank"]

    def test_it_sees_the_best_and_the_rest_comes_behind_without_a_score(self, store: Store) -> None:
        plain = Retriever(store, EMBEDDER, Retrieval()).search(self.QUESTION, 6).passages
        assert plain[2].score > 0
        reranker = Preferring("note")
        found = Retriever(store, EMBEDDER, Retrieval(rerank_candidates=2), reranker).search(self.QUESTION, 6)
        assert [len(texts) for _, texts in reranker.asked] == [2]
        assert {p.chunk.id for p in found.passages[:2]} == {p.chunk.id for p in plain[:2]}
        assert [p.chunk.id for p in found.passages[2:]] == [p.chunk.id for p in plain[2:]]
        assert [p.score > 0 for p in found.passages] == [True, True, False, False, False, False]
        assert [p.score for p in found.passages[2:]] == [0.0] * 4
        both_sides = {p.chunk.id: (p.dense, p.lexical, p.coverage) for p in plain}
        assert {p.chunk.id: (p.dense, p.lexical, p.coverage) for p in found.passages} == both_sides

    def test_what_says_the_same_is_looked_at_once(self, store: Store) -> None:
        reranker = Preferring("Trains")
        Retriever(store, EMBEDDER, Retrieval(), reranker).search("trains", 6)
        ((_, texts),) = reranker.asked
        assert sum("Trains before planes." in text for text in texts) == 1

    def test_with_nothing_to_look_at_there_is_nothing(self, store: Store) -> None:
        found = Retriever(store, EMBEDDER, Retrieval(), Preferring("x")).search("leave", 3, "blank.txt")
        assert found.passages == ()


class TestNeighbours:
    @pytest.fixture
    def sections(self, tmp_path: Path):
        with Store(tmp_path / "data", identity_of(EMBEDDER), write=True) as store:
            page = " ".join(f"Paragraph{n} speaks of subject{n} and of nothing else at all in here." for n in range(24))
            put_text(store, EMBEDDER, Path("/d/long.txt"), page)
            assert store.catalog.chunk_count() > 6
            yield store, page

    @pytest.mark.parametrize("reach", [0, 1, 2])
    def test_hits_come_with_what_stands_around_them(self, sections, reach: int) -> None:
        store, page = sections
        alone = Retriever(store, EMBEDDER, Retrieval()).search("subject12", 1).passages[0]
        found = Retriever(store, EMBEDDER, Retrieval(neighbours=reach)).search("subject12", 1).passages[0]
        assert "subject12" in found.chunk.text
        assert page[found.chunk.start : found.chunk.end] == found.chunk.text
        assert (found.chunk.id, found.score) == (alone.chunk.id, alone.score)
        assert alone.chunk.text in found.chunk.text
        assert (len(found.chunk.text) > len(alone.chunk.text) * (reach + 1)) == (reach > 0)

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_at_most_k_after_joining(self, sections, k: int) -> None:
        store, _ = sections
        question = "subject1 subject12 subject22"
        found = Retriever(store, EMBEDDER, Retrieval(neighbours=1, dense_weight=0.0)).search(question, k)
        assert 1 <= len(found.passages) <= k
        assert any(subject in found.passages[0].chunk.text for subject in question.split())


def test_most_chunks_hold_a_term_and_the_others_still_decide(tmp_path: Path) -> None:
    with Store(tmp_path / "data", identity_of(EMBEDDER), write=True) as store:
        for n in range(12):
            put_text(store, EMBEDDER, Path(f"/d/{n}.txt"), f"The policy of policy number{n} says thing{n}.")
        retriever = Retriever(store, EMBEDDER, Retrieval(dense_weight=0.0))
        (first, *_) = retriever.search("policy thing7", 3).passages
        assert first.chunk.document == "7.txt"
        # a term that all hold has no weight, and is searched for where there is nothing else
        passages = retriever.search("the policy of policy", 3).passages
        assert len(passages) == 3
        assert all(passage.lexical > 0 for passage in passages)


def test_the_rarest_terms_of_a_very_long_question_are_searched_for(tmp_path: Path) -> None:
    with Store(tmp_path / "data", identity_of(EMBEDDER), write=True) as store:
        frequent = [f"filler{n}" for n in range(bm25.MAX_QUESTION_TERMS + 16)]
        pages = [" ".join(frequent[at : at + 8]) for at in range(0, len(frequent), 8)]
        for n in range(3):
            put_text(store, EMBEDDER, Path(f"/d/{n}.txt"), *pages)
        put_text(store, EMBEDDER, Path("/d/wanted.txt"), "Here stands the rareword.")
        retriever = Retriever(store, EMBEDDER, Retrieval(candidates=1, dense_weight=0.0))
        passages = retriever.search(" ".join([*frequent, "rareword"]), 30).passages
        assert "Here stands the rareword." in [passage.chunk.text for passage in passages if passage.lexical > 0]


class Interrupted(WordEmbedder):
    """Does something while a question is embedded."""

    def __init__(self):
        super().__init__()
        self.meanwhile = []

    def embed_query(self, text):
        while self.meanwhile:
            self.meanwhile.pop()()
        return super().embed_query(text)


def test_a_document_that_is_replaced_while_its_folder_is_searched_costs_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(retrieving, "EXACT_WITHIN", 3)  # a large folder in the product
    embedder = Interrupted()
    with Store(tmp_path / "data", identity_of(embedder), write=True) as store:
        for n in range(4):
            put_text(store, embedder, Path(f"/rent/{n}.txt"), f"Rent of flat {n}.", f"Money for flat {n}.")
        store.settle()
        retriever = Retriever(store, embedder, Retrieval())
        embedder.meanwhile = [lambda: put_text(store, embedder, Path("/rent/2.txt"), "Rent of flat 2 is new.")]
        found = {passage.chunk.text for passage in retriever.search("rent money flat", 20, "/rent/").passages}
        assert "Rent of flat 1." in found
        assert "Money for flat 2." not in found
        embedder.meanwhile = [lambda: [store.remove(row.id) for row in store.catalog.documents()]]
        assert retriever.search("rent money flat", 20, "/rent/").passages == ()
    with Store(tmp_path / "data", identity_of(embedder), write=True) as store:
        assert not store.vectors.notice
