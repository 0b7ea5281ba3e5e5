import pytest
from answerkit import passage

from ragapp.answer.facts import numbers
from ragapp.answer.grounding import _written, ground

LEAVE = passage(
    "Annual leave is 25 days. It rises to 27 days after five years.\nUnused leave lapses on 31 March.", "leave.pdf", 3
)
TRAVEL = passage("The mileage rate is 45p a mile. Hotels in London are limited to £175 a night.", "travel.pdf", 4)
TABLE = passage(
    "| City | Limit |\n| --- | --- |\n| London | £175 |\n| Paris | €190 |", "limits.xlsx", 1, title="Hotel limits"
)


@pytest.mark.parametrize(
    ("answer", "question", "cited", "quote"),
    [
        ("You get 25 days of annual leave [1].", "How much leave do I get?", 1, "Annual leave is 25 days."),
        ("25 days", "How many days of annual leave?", 1, "Annual leave is 25 days."),
        ("45p a mile [2]", "What is the mileage rate?", 2, "The mileage rate is 45p a mile."),
        ("It lapses on 31 March. [1]", "When does leave lapse?", 1, "Unused leave lapses on 31 March."),
    ],
)
def test_a_stated_sentence_is_supported_with_its_exact_words(answer, question, cited, quote):
    sentences, citations = ground(answer, question, [LEAVE, TRAVEL], "en")
    assert [sentence.supported for sentence in sentences] == [True]
    assert sentences[0].citations == (cited,)
    assert [citation.n for citation in citations] == [cited]
    citation = citations[0]
    assert citation.quote == quote
    chunk = (LEAVE, TRAVEL)[cited - 1].chunk
    assert (citation.document, citation.page) == (chunk.document, chunk.unit)
    assert chunk.text[citation.start : citation.end] == quote


@pytest.mark.parametrize(
    "answer",
    [
        "You get 30 days of annual leave [1].",
        "The rate is 54p a mile [2].",
        "Sabbaticals are granted every seven years by the board [1].",
    ],
)
def test_what_no_passage_states_is_unsupported_and_uncited(answer):
    sentences, citations = ground(answer, "What do I get?", [LEAVE, TRAVEL], "en")
    assert [sentence.supported for sentence in sentences] == [False]
    assert sentences[0].citations == ()
    assert "[" not in sentences[0].text
    assert citations == []


def test_a_wrong_citation_is_moved_to_the_passage_that_states_it():
    sentences, citations = ground("Hotels in London are limited to £175 [1].", "London hotel?", [LEAVE, TRAVEL], "en")
    assert sentences[0].citations == (2,)
    assert sentences[0].text.endswith("[2]")
    assert citations[0].document == "travel.pdf"


@pytest.mark.parametrize("mark", ["[9]", "[0]", "[1, 7]", "[12]"])
def test_a_citation_of_a_passage_that_was_not_shown_never_survives(mark):
    sentences, _ = ground(f"Annual leave is 25 days {mark}.", "How much leave?", [LEAVE, TRAVEL], "en")
    assert sentences[0].citations == (1,)


def test_the_numbers_of_a_list_are_no_figures_of_the_documents():
    answer = "1. Annual leave is 25 days [1].\n2. Hotels in London are limited to £175 [2]."
    sentences, _ = ground(answer, "What are the rules?", [LEAVE, TRAVEL], "en")
    assert [(sentence.text, sentence.supported) for sentence in sentences] == [
        ("1. Annual leave is 25 days. [1]", True),
        ("2. Hotels in London are limited to £175. [2]", True),
    ]


@pytest.mark.parametrize("answer", ["27. That is how many days there are.", "1. Annual leave is 27 days."])
def test_a_number_that_begins_an_answer_is_a_figure_like_others(answer):
    leave = passage("Annual leave is 25 days.")
    assert not ground(answer, "How much leave?", [leave], "en")[0][0].supported


def test_a_title_in_front_of_a_name_ends_no_sentence():
    leave = passage("The leave office is led by Dr. Ingrid Sollers since 2019.")
    sentences, citations = ground("It is led by Dr. Ingrid Sollers [1].", "Who leads the leave office?", [leave], "en")
    assert [sentence.supported for sentence in sentences] == [True]
    assert citations[0].quote == leave.chunk.text


def test_a_quote_is_a_point_of_a_list_without_the_lines_drawn_around_it():
    slip = passage(
        "MEDICINES\n-----\n1. Lisinopril 10 mg, once daily\n2. Metformin 500 mg, twice daily\n=====\nTOTAL $821.14 ===="
    )
    for answer, quote in (
        ("It is Metformin 500 mg [1].", "2. Metformin 500 mg, twice daily"),
        ("It was $821.14 [1].", "TOTAL $821.14"),
    ):
        assert ground(answer, "What is it?", [slip], "en")[1][0].quote == quote


def test_each_sentence_gets_its_own_source():
    answer = "Annual leave is 25 days [1]. The mileage rate is 45p a mile [1]. Lunch is free [2]."
    sentences, citations = ground(answer, "What are the rules?", [LEAVE, TRAVEL], "en")
    assert [sentence.citations for sentence in sentences] == [(1,), (2,), ()]
    assert [citation.n for citation in citations] == [1, 2]


def test_a_row_of_a_table_is_the_quote():
    _, citations = ground("The limit for Paris is €190 [1].", "What is the hotel limit in Paris?", [TABLE], "en")
    assert citations[0].quote == "| Paris | €190 |"


def test_the_quote_of_a_later_table_chunk_points_behind_its_repeated_header():
    from dataclasses import replace

    unit = "| City | Limit |\n| --- | --- |\n| London | £175 |\n| Paris | €190 |"
    start = unit.index("| Paris")
    chunk = replace(TABLE.chunk, text="| City | Limit |\n| --- | --- |\n| Paris | €190 |", start=start, end=len(unit))
    _, citations = ground("€190 [1]", "Hotel limit in Paris?", [replace(TABLE, chunk=chunk)], "en")
    assert unit[citations[0].start : citations[0].end] == "| Paris | €190 |"


def test_of_two_versions_the_one_that_the_question_names_is_cited():
    old = passage("The mileage rate is 45p a mile.", "old.docx", title="Travel policy 2024")
    new = passage("The mileage rate is 45p a mile.", "new.pdf", title="Travel policy 2025")
    _, citations = ground("45p a mile", "What is the mileage rate in the 2025 travel policy?", [old, new], "en")
    assert citations[0].document == "new.pdf"


def test_french_elisions_and_accents():
    shown = passage("L’indemnité kilométrique s’élève à 0,52 € par km.", "frais.pdf", 2, language="fr")
    sentences, citations = ground(
        "L'indemnité kilometrique est de 0,52 € [1].", "Quel est le montant de l'indemnité ?", [shown], "fr"
    )
    assert sentences[0].supported
    assert citations[0].quote == shown.chunk.text


@pytest.mark.parametrize("answer", ["", "   ", "[1]", "[1].", "."])
def test_an_answer_without_words_gives_nothing(answer):
    assert ground(answer, "What?", [LEAVE], "en") == ([], [])


def test_no_passages():
    sentences, citations = ground("It is 25 days [1].", "How many?", [], "en")
    assert [sentence.supported for sentence in sentences] == [False]
    assert citations == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("One. [1] Two. [2]", ["One. [1]", "Two. [2]"]),
        ("See e.g. Page 3. Done.", ["See e.g. Page 3.", "Done."]),
        ("It is 4.5 km. Go.", ["It is 4.5 km.", "Go."]),
        ("A\n- B\n\nC", ["A", "- B", "C"]),
    ],
)
def test_split_sentences(text, parts):
    assert [one.text for one in _written(text)] == parts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("£1,250.00", ["1250"]),
        ("1 250,50 €", ["1250.5"]),
        ("12.5% of 3", ["12.5", "3"]),
        ("call 0114 496 0190", ["01144960190"]),
        ("none", []),
    ],
)
def test_numbers_have_one_form(text, found):
    assert numbers(text) == found


def test_the_row_with_the_figure_is_quoted_not_the_one_with_more_words():
    table = passage(
        "| Service | Rythme | Jours |\n| --- | --- | --- |\n| Ventes | 3 jours par semaine | Libres |\n"
        "| Service après-vente | Un jour toutes les deux semaines | Lundi et vendredi |",
        "accord.docx",
        language="fr",
        title="Accord relatif au télétravail",
    )
    answer = "Le service des ventes est éligible pour 3 jours de télétravail par semaine."
    _, citations = ground(answer, "Combien de jours pour le service des ventes ?", [table], "fr")
    assert citations[0].quote.startswith("| Ventes | 3 jours")


POLICY = passage(
    "Minibar charges are not reimbursed. Claims must reach Helen Tansley within 30 days, until 31/03/2025.", "p.pdf", 2
)


@pytest.mark.parametrize(
    ("answer", "supported"),
    [
        ("Minibar charges are not reimbursed.", True),
        ("Minibar charges are reimbursed.", False),
        ("Claims must reach Helen Tansley within 30 days.", True),
        ("Claims must reach Helen Tansley within 30 weeks.", False),
        ("Claims must reach Joan Ellerker within 30 days.", False),
        ("Claims must arrive until 31 March 2025.", True),
        ("Claims must arrive until 31 March 2024.", False),
    ],
)
def test_figures_units_dates_names_and_denials_are_strict(answer, supported):
    sentences, _ = ground(answer, "What about claims and charges?", [POLICY], "en")
    assert [sentence.supported for sentence in sentences] == [supported]


def test_other_words_are_supported_where_the_meaning_is_near_but_never_another_figure():
    shown = [passage("Staff may bring pets to the office on Fridays.", "pets.md")]

    def near(text, others):
        assert others == ["Staff may bring pets to the office on Fridays."]
        return [0.9]

    answer = "Dogs are welcome weekly."
    assert not ground(answer, "What is allowed?", shown, "en")[0][0].supported
    assert not ground(answer, "What is allowed?", shown, "en", lambda text, others: [0.5])[0][0].supported
    assert ground(answer, "What is allowed?", shown, "en", near)[0][0].supported
    assert not ground("7 dogs are welcome weekly.", "What is allowed?", shown, "en", near)[0][0].supported


def test_the_quote_is_the_row_that_has_the_whole_number():
    table = passage(
        "| Zone | Small | Large | Days |\n|---|---|---|---|\n| Area 1 | 7.10 | 9.90 | 4 |\n| Area 7 | 8.20 | 9.10 | 1 |"
    )
    _, citations = ground("It takes 1 day to Area 7.", "How long does it take to Area 7?", [table], "en")
    assert citations[0].quote == "| Area 7 | 8.20 | 9.10 | 1 |"


def test_a_figure_of_a_sentence_about_something_else_is_not_stated():
    terms = passage(
        "The guarantee of the pump lasts 30 months from delivery. Invoices are payable within 14 days. "
        "Samples are kept for 3 years."
    )
    question = "How long does the guarantee of the pump last?"
    assert ground("The guarantee of the pump lasts 30 months.", question, [terms], "en")[0][0].supported
    assert not ground("The guarantee of the pump lasts 30 days.", question, [terms], "en")[0][0].supported
    rooms = passage("The large hall holds 90 people for 12 hours. The lobby of the annex is open for 5 hours a day.")
    asked = "For how many hours is the lobby of the annex open?"
    assert ground("The lobby of the annex is open for 5 hours.", asked, [rooms], "en")[0][0].supported
    assert not ground("The lobby of the annex is open for 12 hours.", asked, [rooms], "en")[0][0].supported


def test_figures_from_sentences_far_apart_are_not_put_together():
    far = passage(
        "Group A meets 3 times. The room is small. Tea is served. Windows stay shut. Coats are left outside. "
        "Group B meets 8 times."
    )
    assert not ground("They meet 3 and 8 times.", "How often do they meet?", [far], "en")[0][0].supported
    assert ground("Group B meets 8 times.", "How often does group B meet?", [far], "en")[0][0].supported


@pytest.mark.parametrize(
    ("answer", "stated"),
    [
        ("Unbenutzter Urlaub verfällt am 31. März.", True),
        ("Unbenutzter Urlaub verfällt am 30. April.", False),
        ("Der Urlaub beträgt 25 Tage.", True),
        ("Der Urlaub beträgt 25 Wochen.", False),
        ("Hunde sind im Büro erlaubt.", False),
    ],
)
def test_an_answer_in_another_language_is_held_against_figures_and_meaning(answer, stated):
    def similar(text, others):
        return [0.55 if "Urlaub" in text else 0.1 for _ in others]

    assert ground(answer, "Wie viel Urlaub habe ich?", [LEAVE], "de", similar)[0][0].supported is stated


def test_each_sentence_has_its_own_quote():
    leave = passage("Annual leave is 25 days. Unused days lapse in March. Ask the personnel office.")
    sentences, citations = ground("Annual leave is 25 days. Unused days lapse in March.", "leave?", [leave], "en")
    assert [one.quotes for one in sentences] == [("Annual leave is 25 days.",), ("Unused days lapse in March.",)]
    assert [one.quote for one in citations] == ["Annual leave is 25 days."]


@pytest.mark.parametrize(
    ("question", "text", "stated"),
    [
        ("How should the seal not be fitted?", "The seal should be fitted by hand.", False),
        ("Which costs are not paid by the firm?", "Costs of travel are paid by the firm.", False),
        ("Which costs are not paid by the firm?", "Costs of meals are not paid by the firm.", True),
        ("Which costs are not paid by the firm?", "The firm refuses costs of meals.", True),
        ("How many days, holidays not counted, do I get?", "Staff get 26 days.", True),
        ("Warum wird die Miete nicht gezahlt?", "Die Miete wird gezahlt, weil der Vertrag es verlangt.", False),
    ],
)
def test_what_is_so_does_not_answer_what_is_not_so(question, text, stated):
    language = "de" if "Miete" in question else "en"
    sentences, _ = ground(text, question, [passage(text, language=language)], language)
    assert sentences[0].supported is stated


GROWTH = (
    "| Team | Sales | Change on 2030 |\n| --- | --- | --- |\n| Lamps | £1.2 million | +9.4% |\n"
    "| Cables | £0.8 million | +3.1% |"
)


@pytest.mark.parametrize(
    ("question", "answer", "stated"),
    [
        ("By how much did sales of lamps grow?", "Sales of lamps grew by 9.4%.", True),
        ("What are the sales of lamps?", "The sales of lamps are £1.2 million.", True),
        ("What are the sales of lamps?", "The sales of lamps are £0.8 million.", False),
    ],
)
def test_a_share_is_not_looked_for_among_amounts(question, answer, stated):
    sentences, _ = ground(answer, question, [passage(GROWTH)], "en")
    assert sentences[0].supported is stated


def test_the_point_that_is_meant_may_have_fewer_of_the_words():
    bonus = "Bonus\n\n- All three goals met: bonus of 4% of yearly pay\n- Two of the three met: 2.5%\n- Paid in May"
    question = "What share of yearly pay is the bonus if two of the three goals are met?"
    sentences, _ = ground("The bonus is 2.5% if two of the three goals are met.", question, [passage(bonus)], "en")
    assert sentences[0].supported


@pytest.mark.parametrize(
    ("source", "answer", "stated"),
    [
        ("Members give 2%, the fund gives 6.5% of yearly pay.", "The fund gives 2% of yearly pay.", False),
        ("Members give 2%, the fund gives 6.5% of yearly pay.", "The fund gives 6.5% of yearly pay.", True),
        ("Members give 2%, the fund gives 6.5% of yearly pay.", "Members give 2%.", True),
        ("| Fund | Members give 2%, the fund gives 6.5% of yearly pay |", "The fund gives 2% of yearly pay.", False),
        (
            "Staff of the plant get 25 days of leave and 28 after ten years.",
            "Staff get 28 days of leave after ten years.",
            True,
        ),
        ("The price of lamps in May was £20, then £25.", "The price of lamps is £25.", True),
        ("Chaque membre verse 2 % et la caisse verse 6,5 % du salaire.", "La caisse verse 2 % du salaire.", False),
    ],
)
def test_a_figure_belongs_to_its_clause(source, answer, stated):
    language = "fr" if "caisse" in source else "en"
    sentences, _ = ground(answer, "Contributions?", [passage(source, language=language)], language)
    assert sentences[0].supported is stated
