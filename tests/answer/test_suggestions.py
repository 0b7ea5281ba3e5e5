"""What is suggested to ask next has a passage that answers, and was not asked before."""

from dataclasses import replace
from types import SimpleNamespace

from answerkit import passage

from ragapp.answer.suggestions import MOST, Suggester
from ragapp.contract import Answer, Citation, Passage

ANSWER = Answer(
    "What is the limit in London?",
    "£175",
    False,
    0.9,
    citations=(Citation("travel.pdf", "/docs/travel.pdf", 2, n=1, quote="£175", start=0, end=4),),
    passages=(
        Passage(
            "travel.pdf", "/docs/travel.pdf", 2, n=1, heading="3 Hotels", text="London £175", score=1.0, coverage=1.0
        ),
        Passage("minutes.docx", "/docs/minutes.docx", 1, n=2, text="London limit", score=0.9, coverage=0.9),
        Passage("old.pdf", "/docs/old.pdf", 1, n=3, text="limits", score=0.5, coverage=0.3),
    ),
    standalone="What is the limit in London?",
    language="en",
)


def chunk(heading, unit=2):
    return passage(f"About {heading}", "travel.pdf", unit, headings=("Travel", heading))


CHUNKS = [chunk("3 Hotels"), chunk("4 Meals and drinks"), chunk("17"), chunk("Rail travel", 3)]


def suggester(search, chunks=CHUNKS):
    catalog = SimpleNamespace(
        document_at=lambda path: SimpleNamespace(id=1, title="Travel", name="travel.pdf"),
        unit_chunks=lambda document, number: [one.chunk for one in chunks if one.chunk.unit == number],
    )
    return Suggester(catalog, search)


def found(text, k, scope):
    return [one for one in CHUNKS if one.chunk.headings[-1].split()[-1] in text]


def test_other_documents_and_headings_near_the_passage_are_suggested():
    got = suggester(found).after(ANSWER)
    assert len(got) == MOST
    assert (got[0].label, got[0].scope) == ("The same in minutes.docx", "/docs/minutes.docx")
    assert [one.question for one in got[1:]] == [
        "What does travel say about “Meals and drinks”?",
        "What does travel say about “Rail travel”?",
    ]


def test_what_no_passage_has_or_was_asked_is_not_suggested():
    asked = "What does travel say about “Rail travel”?"
    assert [one.question for one in suggester(found).after(ANSWER, asked=[asked])[1:]] == [
        "What does travel say about “Meals and drinks”?"
    ]
    assert [one.scope for one in suggester(lambda *_: []).after(ANSWER)] == ["/docs/minutes.docx"]


def test_behind_a_refusal_the_headings_of_the_nearest_passages_are_suggested_in_its_language():
    refused = replace(ANSWER, abstained=True, citations=(), language="fr")
    labels = [one.label for one in suggester(found).after(refused)]
    assert labels[0] == "Que dit travel au sujet de « Hotels » ?"
    assert not any("minutes" in label for label in labels)


def test_a_part_that_the_chosen_documents_lack_is_looked_for_in_all():
    def search(text, k, scope):
        return [replace(passage("who"), coverage=1.0)] if text == "who decides" and not scope else []

    got = suggester(search).after(replace(ANSWER, not_stated=("who decides", "when")), "/docs/travel.pdf")
    assert (got[0].question, got[0].scope) == ("who decides", "")


def test_small_talk_suggests_nothing():
    assert suggester(found).after(replace(ANSWER, basis="ragapp")) == ()
