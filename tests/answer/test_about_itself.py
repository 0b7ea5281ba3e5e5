"""Small talk and questions about the list of documents are known; questions about what documents say never are."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from ragapp.answer.about_itself import LATEST, AboutItself, is_about_itself, load_texts, recognise
from ragapp.contract import Answer, Turn

KNOWN = {
    "hello": [
        ("en", "Hello"),
        ("en", "Hi there!"),
        ("en", "Good morning, how are you?"),
        ("fr", "Bonjour"),
        ("fr", "Salut, ça va ?"),
        ("de", "Guten Tag!"),
        ("es", "¡Hola! ¿Qué tal?"),
        ("it", "Buongiorno"),
        ("nl", "Goedemorgen"),
        ("pt", "Olá, tudo bem?"),
    ],
    "thanks": [
        ("en", "Thanks"),
        ("en", "ok, thank you very much!"),
        ("en", "Great, thanks. That helps"),
        ("fr", "Merci beaucoup !"),
        ("fr", "Parfait, merci pour votre aide"),
        ("de", "Vielen Dank"),
        ("de", "Danke schön!"),
        ("es", "Muchas gracias por tu ayuda"),
        ("it", "Grazie mille"),
        ("nl", "Dank je wel"),
        ("pt", "Muito obrigado"),
    ],
    "abilities": [
        ("en", "What can you do?"),
        ("en", "who are you"),
        ("en", "How can you help me?"),
        ("en", "What can I ask you?"),
        ("fr", "Que peux-tu faire ?"),
        ("fr", "Qu’est-ce que vous savez faire ?"),
        ("fr", "Qui êtes-vous ?"),
        ("de", "Was kannst du?"),
        ("de", "Was können Sie für mich tun?"),
        ("es", "¿Qué puedes hacer?"),
        ("it", "Cosa sai fare?"),
        ("nl", "Wat kun je doen?"),
        ("pt", "O que podes fazer?"),
    ],
    "count": [
        ("en", "How many documents do you have?"),
        ("en", "how many files are there in total"),
        ("en", "How many PDFs do you have?"),
        ("fr", "Combien de documents avez-vous ?"),
        ("fr", "Combien de documents y a-t-il en tout ?"),
        ("de", "Wie viele Dokumente hast du?"),
        ("de", "Wieviele Dateien gibt es?"),
        ("es", "¿Cuántos documentos tienes?"),
        ("it", "Quanti documenti ci sono?"),
        ("nl", "Hoeveel documenten heb je?"),
        ("pt", "Quantos documentos existem?"),
    ],
    "list": [
        ("en", "Which documents do you have?"),
        ("en", "List all my documents"),
        ("fr", "Quels documents avez-vous ?"),
        ("fr", "Liste des documents"),
        ("de", "Welche Dokumente gibt es?"),
        ("es", "¿Qué documentos tienes?"),
        ("it", "Quali documenti hai?"),
        ("nl", "Welke documenten zijn er?"),
        ("pt", "Quais documentos há?"),
    ],
    "latest": [
        ("en", "Which documents were added last?"),
        ("en", "What are the latest documents?"),
        ("fr", "Quels documents ont été ajoutés en dernier ?"),
        ("fr", "Quels sont les derniers documents ajoutés ?"),
        ("de", "Welche Dokumente wurden zuletzt hinzugefügt?"),
        ("es", "¿Cuáles son los últimos documentos añadidos?"),
        ("it", "Quali sono gli ultimi documenti aggiunti?"),
        ("nl", "Welke documenten zijn het laatst toegevoegd?"),
        ("pt", "Quais são os últimos documentos adicionados?"),
    ],
}

ABOUT = [
    ("en", "Which documents do you have about hotel limits?", "hotel limits"),
    ("en", "Do you have any documents on the HM-200?", "HM-200"),
    ("en", "Which documents mention Oslo?", "Oslo"),
    ("fr", "Quels documents avez-vous sur les congés payés ?", "congés payés"),
    ("fr", "Avez-vous des documents à propos du télétravail ?", "télétravail"),
    ("de", "Welche Dokumente gibt es zu Reisekosten?", "Reisekosten"),
    ("es", "¿Qué documentos tienes sobre los viajes?", "viajes"),
    ("it", "Quali documenti hai sulle ferie?", "ferie"),
    ("nl", "Welke documenten heb je over de pensioenen?", "pensioenen"),
    ("pt", "Que documentos tens sobre as férias?", "férias"),
]

# each is near one of those above, and asks what documents say
REAL = [
    "How many documents must I submit?",
    "How many documents do I have to submit with my claim?",
    "How many documents do you have to show at the border?",
    "How many files can be attached to a request?",
    "How many PDF pages may an application have?",
    "What can you do if the hotel is full?",
    "What can you do with a lost badge?",
    "What can I do when my card is stolen?",
    "What can I ask the works council?",
    "Who are you supposed to call in an emergency?",
    "How can you help a colleague who is injured?",
    "Which documents are required for a visa?",
    "Which documents do I have to bring?",
    "What documents do you have to submit about your expenses?",
    "Which documents have to be kept for ten years?",
    "Which documents were added to the contract last year?",
    "What are the latest changes?",
    "What are the latest figures for Oslo?",
    "List all documents that a claim needs",
    "Which documents deal with claims that must be signed by both parties?",
    "Hello, how many days of leave do I get?",
    "Hi, what does the HM-200 cost?",
    "Thanks. And in Paris?",
    "Thank you notes: what does the policy say?",
    "Help desk opening hours",
    "Who can help me with a broken laptop?",
    "Good morning greetings policy",
    "What is the number of documents that an auditor samples?",
    "Hello World program",
    "Combien de documents faut-il fournir ?",
    "Combien de documents dois-je joindre ?",
    "Quels documents faut-il pour un visa ?",
    "Quels documents avez-vous à fournir ?",
    "Quels sont les documents obligatoires ?",
    "Quels sont les derniers délais ?",
    "Que pouvez-vous faire si l'hôtel est complet ?",
    "Que peut-on faire en cas de vol ?",
    "Bonjour, combien de jours de congé ai-je ?",
    "Merci de m'indiquer le montant du forfait",
    "Wie viele Dokumente muss ich einreichen?",
    "Welche Dokumente sind erforderlich?",
    "Welche Dokumente hat man zu Hause aufzubewahren?",
    "Was kann ich tun, wenn mein Zug ausfällt?",
    "Was kannst du bei einem Unfall tun?",
    "Hallo, wie hoch ist das Tagegeld?",
    "¿Cuántos documentos hay que presentar?",
    "¿Qué documentos tienes que presentar?",
    "¿Qué puedes hacer si pierdes la tarjeta?",
    "Quanti documenti devo presentare?",
    "Quali documenti ci sono da firmare?",
    "Cosa puoi fare se il treno è in ritardo?",
    "Hoeveel documenten moet ik inleveren?",
    "Welke documenten heb je nodig voor een visum?",
    "Wat kun je doen als het hotel vol is?",
    "Quantos documentos devo entregar?",
    "Que documentos tens de entregar?",
    "O que podes fazer se perderes o cartão?",
]


@pytest.mark.parametrize(("kind", "language", "question"), [(k, *one) for k, ones in KNOWN.items() for one in ones])
def test_what_is_no_question_about_the_documents_is_known(kind, language, question):
    asked = recognise(question)
    assert asked is not None
    assert (asked.kind, asked.language) == (kind, language)


@pytest.mark.parametrize(("language", "question", "topic"), ABOUT)
def test_what_documents_are_to_be_about_is_read_in_the_persons_letters(language, question, topic):
    asked = recognise(question)
    assert asked is not None
    assert (asked.kind, asked.language, asked.topic) == ("about", language, topic)


@pytest.mark.parametrize("question", REAL)
def test_no_question_about_the_documents_is_swallowed(question):
    assert recognise(question) is None


def test_none_of_the_questions_that_are_kept_for_tests_is_swallowed():
    root = Path(__file__).parents[2]
    asked = []
    for file in [
        *root.glob("sample_docs/*.jsonl"),
        *root.glob("tests/**/*.jsonl"),
        *root.glob("benchmarks/**/*.jsonl"),
    ]:
        for line in file.read_text(encoding="utf-8").splitlines():
            values = json.loads(line) if line.strip() else {}
            asked += [values["question"]] if isinstance(values, dict) and "question" in values else []
    assert len(asked) > 50
    assert [question for question in asked if recognise(question)] == []


def test_every_language_has_every_text():
    texts = load_texts()
    keys = set(texts["en"])
    assert len(texts) == 7
    assert all(set(of_language) == keys for of_language in texts.values())


def row(name, title="", added="2025-01-01"):
    return SimpleNamespace(name=name, title=title, path=f"/d/{name}", ingested_at=added)


def found(name, coverage):
    return SimpleNamespace(chunk=SimpleNamespace(path=f"/d/{name}"), also_in=(), coverage=coverage)


def itself(rows, hits=()):
    return AboutItself(SimpleNamespace(documents=lambda: rows), lambda text, k: hits)


ROWS = [row(f"note-{n}.pdf", added=f"2025-01-0{n}") for n in range(1, 8)] + [
    row("viagem.docx", "Viagem a Paris", "2024-01-01")
]


def test_documents_are_counted_by_type():
    assert itself(ROWS).answer("How many documents do you have?").answer == "There are 8 documents (7 PDF, 1 DOCX)."
    assert (
        itself(ROWS).answer("How many PDFs do you have?").answer.startswith("There are 7 documents of this type, of 8")
    )
    assert itself(ROWS[:1]).answer("Combien de documents avez-vous ?").answer == "Il y a 1 document."
    assert "no documents yet" in itself([]).answer("How many documents do you have?").answer


def test_the_latest_stand_first_with_their_day():
    told = itself(ROWS).answer("Which documents were added last?")
    assert told.answer.splitlines()[1] == "- note-7.pdf (2025-01-07)"
    assert [place.document for place in told.listed] == [f"note-{n}.pdf" for n in range(7, 7 - LATEST, -1)]


def test_documents_about_something_have_it_in_name_title_or_text():
    hits = [found("note-2.pdf", 0.9), found("note-3.pdf", 0.2)]
    told = itself(ROWS, hits).answer("Que documentos tens sobre viagem?")
    assert [place.document for place in told.listed] == ["viagem.docx", "note-2.pdf"]
    assert told.answer.startswith("2 documentos têm a ver com «viagem»")
    nothing = itself(ROWS, [found("note-3.pdf", 0.2)]).answer("Which documents mention yaks?")
    assert "Nearest in meaning" in nothing.answer
    assert "No document has “yaks”" in nothing.answer


def test_it_says_what_it_rests_on_and_pretends_no_quote():
    for question, basis in (("Hello", "ragapp"), ("Which documents do you have?", "list")):
        told = itself(ROWS).answer(question)
        assert (told.basis, told.citations, told.passages, told.model) == (basis, (), (), "")
        assert told.note.startswith("From ")
    assert itself(ROWS).answer("Was kannst du?").language == "de"


def test_small_talk_is_no_context_of_the_next_question():
    assert is_about_itself(Turn("Thanks!", Answer("Thanks!", "You are welcome.", False, 1.0)))
    assert not is_about_itself(Turn("What does it cost?", Answer("What does it cost?", "£5", False, 1.0)))
