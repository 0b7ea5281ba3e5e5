import pytest

from ragapp.index.sentences import sentence_spans


def sentences(text):
    return [text[begin:end] for begin, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Research is led by Dr. Ingrid Sollers, who came in 2019.",
        "Write to Mr. Smith or J. R. Farrant of the U.S. Army.",
        "See Fig. 3, No. 5 and p. 12, i.e. the table, approx. ten lines.",
        "Die Frist endet am 3. Mai 2025, vgl. Abs. 2 und Art. 7, z. B. für das 2. Quartal.",
        "Cf. annexe, env. 300 € par mois, art. 12 du règlement.",
        "Reports are due on 14 Feb. 2025 at the latest.",
        "C'est dit à l'art. L. 1234-5, à l'art. R4 et au no. 7.",
        "Version 2.2 costs 1.5 million.",
        "There is no space here.Nor here.",
    ],
)
def test_what_is_one_sentence_stays_whole(text):
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It is 25 days. Ask early! Why? “Rules.”", ["It is 25 days.", "Ask early!", "Why?", "“Rules.”"]),
        ("The answer is no. The rest follows.", ["The answer is no.", "The rest follows."]),
        ("The limit is 30. Nothing else counts.", ["The limit is 30.", "Nothing else counts."]),
        ("It began in 1998. Mai was chosen later.", ["It began in 1998.", "Mai was chosen later."]),
        ("1. Enter the claim. 2. Attach receipts.", ["1. Enter the claim.", "2. Attach receipts."]),
        ("Steps:\n1. Enter it\n 2) Sign it", ["Steps:", "1. Enter it", "2) Sign it"]),
        ("Bring:\n• a pen\n- your card,\n  if any", ["Bring:", "• a pen", "- your card,\n  if any"]),
        ("Gants de niveau D.\nClimatisation : 27 800 €.", ["Gants de niveau D.", "Climatisation : 27 800 €."]),
        ("J.\nSmith signs.", ["J.\nSmith signs."]),
        ("", [""]),
    ],
)
def test_sentences_end_where_a_reader_sees_it(text, parts):
    assert sentences(text) == parts


def test_a_part_of_a_text_is_looked_at_alone():
    text = "One. Two. Three. Four."
    assert list(sentence_spans(text, 5, 16)) == [(5, 9), (10, 16)]


def test_offsets_leave_out_nothing_but_spaces():
    text = "A list.  1. First, see Dr. Who.\n\n2. Second? Yes. … And so on. "
    spans = list(sentence_spans(text))
    assert [a for a, _ in spans] == sorted(a for a, _ in spans)
    assert "".join(text[a:b] for a, b in spans).replace(" ", "").replace("\n", "") == "".join(text.split())
