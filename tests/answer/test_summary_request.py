from types import SimpleNamespace

import pytest

from ragapp.answer.summary_request import document_to_summarize

DOCUMENTS = [
    SimpleNamespace(name="offer-07.docx", title="Offer"),
    SimpleNamespace(name="offer-08.docx", title="Offer"),
    SimpleNamespace(name="house_rules.pdf", title="House rules 2025"),
]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Summarise the document offer-07.docx", "offer-07.docx"),
        ("Please summarize offer-08", "offer-08.docx"),
        ("Can you give me a short summary of the House rules 2025?", "house_rules.pdf"),
        ("Résume le document offer-07.docx", "offer-07.docx"),
        ("Fais-moi un résumé du fichier house_rules.pdf", "house_rules.pdf"),
        ("Fasse das Dokument offer-08.docx zusammen", "offer-08.docx"),
        ("Resume el documento offer-07.docx", "offer-07.docx"),
        ("Riassumi il documento house rules", "house_rules.pdf"),
        ("Vat het document offer-08.docx samen", "offer-08.docx"),
        ("Resuma o documento offer-07.docx", "offer-07.docx"),
        ("Summarise the offer", None),  # which of them?
        ("Summarise the prices of offer-07.docx", None),
        ("What does the summary of offer-07.docx say?", None),
        ("Summarise offer-09.docx", None),
        ("What is in offer-07.docx?", None),
        ("", None),
    ],
)
def test_the_document_that_is_to_be_summarised(question, name):
    row = document_to_summarize(question, lambda: DOCUMENTS)
    assert (row and row.name) == name


def test_documents_are_listed_only_for_a_question_that_asks_for_a_summary():
    def listed():
        raise AssertionError("they need not be listed")

    assert document_to_summarize("How long is the notice period?", listed) is None
