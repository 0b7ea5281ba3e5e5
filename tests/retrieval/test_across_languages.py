"""Questions in one language about documents in another, by the embedder that knows both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragapp.index.chunk_text import ChunkEmbedder
from ragapp.index.records import EmbedderIdentity
from ragapp.index.store import Store
from ragapp.ingest.chunking import Chunker
from ragapp.reading.document import Block, Document, Unit
from ragapp.retrieval import retriever as retrieving
from ragapp.retrieval.question_language import QuestionLanguage
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Retrieval

PAGES = {
    ("remboursements.txt", "fr"): [
        "Les frais de repas sont remboursés jusqu'à 19 euros par jour sur présentation du ticket.",
        "La prime de transport est versée avec le salaire de septembre.",
        "Le code E27 du portail des frais signale un justificatif illisible.",
        "Le code E31 du portail des frais signale un montant supérieur au plafond.",
    ],
    ("handbook.txt", "en"): [
        "How the day begins: how many colleagues are there is written on the board at the entrance.",
        "New staff get a badge on the first day and may use the canteen.",
        "The fire alarm is tested every Wednesday; nobody needs to leave.",
        "Holiday requests longer than ten days must reach your manager eight weeks ahead.",
        "How the new code of the front door is to be used is explained at the entrance.",
    ],
}


@pytest.fixture(scope="module")
def retriever(multilingual_embedder, tmp_path_factory):
    embedder = multilingual_embedder
    chunker = Chunker(embedder.tokenizer, 120, 0)
    identity = EmbedderIdentity(embedder.name, embedder.dimension, True, embedder.made_with, chunker.signature)
    with Store(tmp_path_factory.mktemp("across") / "data", identity, write=True) as store:
        for (name, language), pages in PAGES.items():
            units = [Unit(number, "page", "", [Block(page)]) for number, page in enumerate(pages, start=1)]
            document = Document("", units, language)
            chunks = chunker.split(document)
            vectors = ChunkEmbedder(embedder).embed([chunker.embedded_text(chunk, "", name) for chunk in chunks])
            store.put(Path("/d") / name, document, chunks, vectors, size=1, mtime_ns=1, sha256=name)
        yield Retriever(store, embedder, Retrieval(dense_weight=0.7))


@pytest.mark.parametrize(
    ("question", "document", "page"),
    [
        ("How much is paid back for a meal, and must I show the ticket?", "remboursements.txt", 1),
        ("When do we get the allowance for public transport?", "remboursements.txt", 2),
        ("What does the code E31 in the expense portal mean?", "remboursements.txt", 4),
        ("Was bedeutet der Code E27 im Portal?", "remboursements.txt", 3),
        ("Quel jour teste-t-on l'alarme incendie ?", "handbook.txt", 3),
        ("Combien de temps à l'avance faut-il demander de longs congés ?", "handbook.txt", 4),
        ("Wann bekommen neue Mitarbeiter ihren Ausweis?", "handbook.txt", 2),
        ("What must I do when the fire alarm is tested?", "handbook.txt", 3),
        ("Jusqu'à quel montant les repas sont-ils remboursés ?", "remboursements.txt", 1),
    ],
)
def test_what_answers_comes_first_in_whatever_language(
    retriever: Retriever, question: str, document: str, page: int
) -> None:
    best = retriever.search(question, 3).passages[0].chunk
    assert (best.document, best.unit) == (document, page)


@pytest.mark.parametrize("weight", [0.3, 0.5, 0.7])
def test_chance_words_in_the_own_language_would_have_won(
    retriever: Retriever, weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Retriever(retriever._store, retriever._embedder, Retrieval(dense_weight=weight))

    def first() -> tuple[str, int]:
        chunk = asking.search("What is new with the code of an unreadable receipt?", 1).passages[0].chunk
        return chunk.document, chunk.unit

    assert first() == ("remboursements.txt", 3)
    # as it is where nothing is known of the question's language
    monkeypatch.setattr(retrieving, "question_language", lambda text: QuestionLanguage())
    assert first() == ("handbook.txt", 5)


def test_a_question_is_read_up_to_the_window_with_its_prompt(multilingual_embedder) -> None:
    tokenizer = multilingual_embedder.tokenizer
    words = ["Combien", "de", "jours", "de", "congé", "supplémentaires", "l'accord", "prévoit-il", "?"]
    question = " ".join(words * 100)
    read = multilingual_embedder.words_read(question)
    cut, longer = (" ".join((words * 100)[:count]) for count in (read, read + 1))
    fits = tokenizer.max_tokens - 2  # for the special tokens
    in_front = tokenizer.prompts.query
    assert tokenizer.count_tokens([in_front + cut])[0] <= fits < tokenizer.count_tokens([in_front + longer])[0]
    assert multilingual_embedder.words_read(cut) == read
    # what is behind changes nothing: the model does not see it
    assert multilingual_embedder.embed_query(question) == pytest.approx(
        multilingual_embedder.embed_query(question + " Et qui signe ?"), abs=1e-5
    )


def test_the_questions_of_the_benchmark_say_where_their_answers_stand(request) -> None:
    root = request.config.rootpath
    lines = (root / "benchmarks" / "across_languages.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    assert len({line["id"] for line in asked}) == len(asked) >= 80
    assert {line["half"] for line in asked} == {"choose", "report"}
    for line in asked:
        if "piaf" in line:
            assert line["language"] == "en"
            assert line["piaf"].startswith("p")
        else:
            assert (root / "sample_docs" / line["document"]).is_file()
            assert line["pages"]
            assert line["answers"]
