"""Questions as people type them, and as they should not, against a real catalog."""

from __future__ import annotations

from pathlib import Path

import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp.errors import UsageError
from ragapp.index.store import Store
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Retrieval

EMBEDDER = WordEmbedder()
DOCUMENTS = {
    "en": {
        "invoice.txt": "Invoice INV-2024-0031 was paid on 31/03/2025 by anna@example.com.",
        "invoice2.txt": "Invoice INV-2024-0032 was paid on 01/04/2025 by bob@example.com.",
        "statute.txt": "As § 4.2 says, members vote by hand. Section 4.3 says how.",
        "budget.txt": "The budget for the hall is 1,250 euros a year.",
        "budget2.txt": "The budget for the garden is 2,150 euros a year.",
        "leave.txt": "Annual leave is 25 days a year.",
        "terms.txt": 'Search with AND, NEAR or "quotes" and a:b columns.',
    },
    "fr": {
        "bureau.txt": "La sécurité du bâtiment est l'affaire de tous.",
        "absences.txt": "Les congés payés durent vingt-cinq jours.",
        "entretien.txt": "L'entretien annuel a lieu au printemps.",
    },
    "de": {
        "datenschutz.txt": "Die Datenschutzgrundverordnung gilt seit 2018.",
        "fristen.txt": "Die Kündigungsfristen betragen drei Monate.",
        "gebaeude.txt": "Das Gebäude wird um acht Uhr geöffnet.",
    },
    "ja": {"kyuka.txt": "有給休暇は年に二十日です。", "keihi.txt": "出張の経費は一週間以内に精算してください。"},
    "th": {"leave-th.txt": "พนักงานมีวันลาพักร้อนสิบวันต่อปี", "travel-th.txt": "ค่าเดินทางเบิกได้ภายในสามสิบวัน"},
    "hi": {
        "avkash.txt": "अवकाश नीति के अनुसार कर्मचारी को बीस दिन मिलते हैं।",
        "yatra.txt": "यात्रा का खर्च तीस दिन में दिया जाता है।",
    },
}


def _fill(folder: Path, languages: list[str]) -> Path:
    with Store(folder, identity_of(EMBEDDER), write=True) as store:
        for language in languages:
            for name, text in DOCUMENTS[language].items():
                put_text(store, EMBEDDER, Path("/d") / name, text, language=language)
        store.settle()
    return folder


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    with Store(_fill(tmp_path_factory.mktemp("english") / "data", ["en"]), identity_of(EMBEDDER)) as store:
        yield store


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    with Store(_fill(tmp_path_factory.mktemp("mixed") / "data", list(DOCUMENTS)), identity_of(EMBEDDER)) as store:
        yield store


def _words_alone(store: Store) -> Retriever:
    """The dense side is silent, so that a word that is not found is not made good by it."""
    return Retriever(store, EMBEDDER, Retrieval(dense_weight=0.0))


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("INV-2024-0031", "invoice.txt"),
        ("who paid inv-2024-0032?", "invoice2.txt"),
        ("What does § 4.2 say?", "statute.txt"),
        ("what was paid on 31/03/2025?", "invoice.txt"),
        ("01/04/2025", "invoice2.txt"),
        ("What did anna@example.com do?", "invoice.txt"),
        ("mail to BOB@example.com", "invoice2.txt"),
        ("1250 euros", "budget.txt"),
        ("1 250 euros", "budget.txt"),
        ("1.250 euros", "budget.txt"),
        ("2150", "budget2.txt"),
        ("securite du batiment", "bureau.txt"),
        ("SÉCURITÉ DU BÂTIMENT", "bureau.txt"),
        ("conges payes", "absences.txt"),
        ("combien de congés payés ?", "absences.txt"),
        ("quand a lieu l’entretien ?", "entretien.txt"),
        ("Was gilt nach der Datenschutzgrundverordnung?", "datenschutz.txt"),
        ("Kündigungsfrist", "fristen.txt"),
        ("Kundigungsfristen", "fristen.txt"),
        ("Gebäudes", "gebaeude.txt"),
        ("有給休暇は何日ですか", "kyuka.txt"),
        ("休暇", "kyuka.txt"),
        ("経費", "keihi.txt"),
        ("วันลาพักร้อน", "leave-th.txt"),
        ("ค่าเดินทาง", "travel-th.txt"),
        ("अवकाश नीति", "avkash.txt"),
        ("यात्रा", "yatra.txt"),
    ],
)
def test_words_are_found_as_they_are_typed(mixed: Store, question: str, document: str) -> None:
    first, second = _words_alone(mixed).search(question, 2).passages
    assert first.chunk.document == document
    assert first.lexical > 0
    assert first.score > second.score + 0.05


@pytest.mark.parametrize("share", [0.0, 0.35])
def test_in_a_collection_of_many_languages_words_of_one_are_not_found_worse(
    english: Store, mixed: Store, share: float
) -> None:
    for question in ("How many days of annual leave?", "budget of the hall", "members vote by hand"):
        settings = Retrieval(dense_weight=share)
        alone, among = (Retriever(lib, EMBEDDER, settings).search(question, 1).passages[0] for lib in (english, mixed))
        assert alone.chunk.text == among.chunk.text
        assert among.coverage == pytest.approx(alone.coverage, abs=0.05)


@pytest.mark.parametrize(
    "question",
    [
        "the of and is",
        "what",
        "😀",
        "😀 🏳️‍🌈 👩‍👩‍👧",
        "?!… --",
        '"AND (* NEAR',
        'a:b OR "',
        "NEAR(leave days, 3)",
        "body:leave AND context:leave NOT (days)",
        "^leave* + -days",
        "'; DROP TABLE chunks; --",
        "{leave} : [days] % _ \\",
        "leave\x00days",
        "\x00\x00leave\x00",
        "\ufeff\u202eleave\u200b",
        "Z̷̢̛a̴l̶g̸o̵ leave",
        "员工每年有多少天年假？",
        "كم عدد أيام الإجازة السنوية؟",
        "एक साल में कितने दिन की छुट्टी मिलती है?",
        "1,250.00 % § 4.2 31/03/2025 a@b.c http://x.y/z?q=1&r=2",
        "a" * 3000,
        "-" * 3000,
        "word " * 20_000,
        "x" * 100_000,
        " ".join(f"word{n}" for n in range(12_000)),
        "\n\n\tleave\r\n" * 1000,
    ],
)
@pytest.mark.parametrize("settings", [Retrieval(), Retrieval(dense_weight=0.0, neighbours=1)])
def test_whatever_is_asked_gives_passages(english: Store, question: str, settings: Retrieval) -> None:
    passages = Retriever(english, EMBEDDER, settings).search(question, 3).passages
    assert len(passages) == 3
    assert all(0 <= passage.score <= 2 and -1.01 <= passage.dense <= 1.01 for passage in passages)
    assert all(0 <= passage.coverage <= 1 + 1e-9 for passage in passages)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ('"annual AND (* NEAR leave', "leave.txt"),
        ("leave\x00annual", "leave.txt"),
        ("annual leave 😀😀😀", "leave.txt"),
        ('a:b OR "', "terms.txt"),
        ("annual leave? " + "please " * 30_000, "leave.txt"),
    ],
)
def test_what_is_odd_in_a_question_does_not_hide_its_words(english: Store, question: str, document: str) -> None:
    assert _words_alone(english).search(question, 1).passages[0].chunk.document == document


@pytest.mark.parametrize("question", ["", " ", "\n\t ", "\x00", "\x00 \x00", "\u3000"])
def test_an_empty_question_is_told(english: Store, question: str) -> None:
    with pytest.raises(UsageError, match="question is empty") as told:
        Retriever(english, EMBEDDER, Retrieval()).search(question, 3)
    assert "ragapp ask" in told.value.hint


@pytest.mark.parametrize("question", ["leave", "😀", "the of", "年假"])
def test_folders_restrict_every_kind_of_question(english: Store, question: str) -> None:
    found = Retriever(english, EMBEDDER, Retrieval()).search(question, 10, "budget*").passages
    assert {passage.chunk.document for passage in found} == {"budget.txt", "budget2.txt"}
