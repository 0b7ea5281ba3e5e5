"""What a passage says of one option, plan or client is not said of another."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import ground

TERMS = passage(
    "In the Basalt 40 lease the deposit is three months. In the Granite 60 and Marble 90 leases nothing is deposited.",
    "leases.pdf",
    2,
)
CLUBS = passage(
    "North Quay and Old Mill are two houses of the club. Dogs may stay at Old Mill in every room. Breakfast is served"
    " from seven. At North Quay the lift is out of order.",
    "houses.pdf",
    1,
)
COLUMNS = passage(
    "| You pay | Basalt | Granite, own garage | Granite, no garage |\n| --- | --- | --- | --- |\n"
    "| Rent | 410 | 520 | 470 |\n| Heating | 35 | 41 | 44 |",
    "rents.pdf",
    3,
)


@pytest.mark.parametrize(
    ("source", "question", "written", "supported"),
    [
        (TERMS, "Is there a deposit in the Granite 60 lease?", "In the Granite 60 lease nothing is deposited.", True),
        (TERMS, "Is there a deposit in the Basalt 40 lease?", "In the Basalt 40 lease nothing is deposited.", False),
        (CLUBS, "May dogs stay at Old Mill?", "Dogs may stay at Old Mill in every room.", True),
        (CLUBS, "May dogs stay at North Quay?", "Dogs may stay at North Quay in every room.", False),
        (CLUBS, "When is breakfast at North Quay?", "Breakfast at North Quay is served from seven.", True),
        (COLUMNS, "What is the rent of Granite with a garage of my own?", "The rent of Granite is 520.", True),
        (COLUMNS, "What is the rent of Granite with a garage of my own?", "The rent of Granite is 470.", False),
        (COLUMNS, "What is the rent of Basalt?", "The rent of Basalt is 410.", True),
        (COLUMNS, "What is the rent of Basalt?", "The rent of Basalt is 520.", False),
    ],
)
def test_a_fact_of_one_is_no_fact_of_the_other(source, question, written, supported):
    sentences, _ = ground(written, question, [source], "en")
    assert sentences[0].supported is supported
