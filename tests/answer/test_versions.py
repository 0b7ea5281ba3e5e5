from dataclasses import replace
from types import SimpleNamespace

import pytest
from answerkit import passage

from ragapp.answer.versions import document_date, figures_disagree, other_versions


def of(text, document, number):
    made = passage(text, document)
    return replace(made, chunk=replace(made.chunk, document_id=number))


NEW = of("The mileage rate for private cars is 45p a mile.", "policy-2025.pdf", 1)
OLD = of("The mileage rate for private cars is 40p a mile.", "policy-2024.docx", 2)


def test_a_version_is_alike_in_words_and_other_in_figures():
    same = of("The mileage rate for private cars is 45p a mile.", "copy.pdf", 3)
    unlike = of("Hotels in London are limited to £175 a night.", "hotels.pdf", 4)
    own = of("The mileage rate for private cars is 41p a mile.", "policy-2025.pdf", 1)
    again = of("The mileage rate for private cars was 39p a mile.", "policy-2024.docx", 2)
    assert other_versions(NEW, [NEW, same, unlike, own, OLD, again]) == [OLD]


@pytest.mark.parametrize(
    ("one", "other", "question", "differ"),
    [
        ("It is 45p.", "It is 40p.", "What is the rate?", True),
        ("It is 45p.", "It was 45p.", "What is the rate?", False),
        ("In 2025 it is 45p.", "In 2025 it is 40p.", "What is it in 2025?", True),
        ("It is 45p.", "It is paid monthly.", "What is the rate?", False),
        ("It is 45p after 2,000 miles.", "It is 45p.", "What is the rate?", False),
        ("You get 25 days, from 1 January.", "You get 28 days, from 1 January.", "How many days?", True),
        ("You get 25 days, in 2 parts.", "You get 25 days, 8 bank holidays among them.", "How many days?", False),
        ("It is €30 for 5 days.", "It is €30 for 7 days.", "What do 5 or 7 days cost?", False),
    ],
)
def test_answers_disagree_when_they_share_no_figure(one, other, question, differ):
    assert figures_disagree(one, other, question) is differ


@pytest.mark.parametrize(
    ("name", "title", "date"),
    [
        ("policy-2024.docx", "Policy 2023", "2024"),
        ("policy.docx", "Policy of May 2023", "2023"),
        ("policy-v20241.docx", "Policy", "2019-11-02"),
        ("policy.docx", "", "2019-11-02"),
    ],
)
def test_the_date_of_a_document(name, title, date):
    row = SimpleNamespace(name=name, title=title, day="2019-11-02")  # as it says itself, whenever it was copied
    assert document_date(row) == date


RATE = "The hourly rate for extra work is {} euros, after a written order."


@pytest.mark.parametrize(
    ("name", "other", "versions"),
    [
        ("rates-2024.pdf", "rates-2025.pdf", True),
        ("rates_v1.docx", "rates_v2.docx", True),
        ("rates (1).docx", "rates.docx", True),
        ("Tarife Entwurf.docx", "Tarife.docx", True),
        ("rates-2024-03-01.pdf", "rates-20250401.pdf", True),
        ("site-rates.pdf", "amendment-site-rates.eml", True),
        ("offer-07.docx", "offer-08.docx", False),
        ("bill-2025-0417.txt", "bill-2025-0423.txt", False),
        ("note 12.md", "note 13.md", False),
    ],
)
def test_a_numbered_batch_is_no_versions(name, other, versions):
    first, second = of(RATE.format(40), name, 1), of(RATE.format(45), other, 2)
    assert bool(other_versions(first, [first, second])) is versions


def test_documents_of_one_title_are_told_apart_by_whom_they_name_first():
    first, second = of(RATE.format(40), "hollin.docx", 1), of(RATE.format(45), "treves.docx", 2)
    between = {1: "Offer for Hollin Bakery, Leeds.", 2: "Offer for Treves Garage, York."}
    assert other_versions(first, [second], lambda passage: between[passage.chunk.document_id]) == []
    assert other_versions(first, [second], lambda passage: "Offer for Hollin Bakery, Leeds.") == [second]
