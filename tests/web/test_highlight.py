import pytest

from ragapp.web.highlight import occurrences, quote_spans

PAGE = (
    "4 Hotels\r\nThe travel desk books the ho\x02\r\ntel within the limits be-\r\nlow. "
    "Office\ufb01ling costs \u00a3175. Caf\u00e9 au lait."
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("The travel desk books", "The travel desk books"),
        ("books the hotel within", "books the ho\x02\r\ntel within"),
        ("limits below. Office", "limits be-\r\nlow. Office"),
        ("| office | filing |", "Office\ufb01ling"),
        ("cafe AU lait", "Caf\u00e9 au lait."),
        ("175", "\u00a3175."),
    ],
)
def test_a_quote_is_found_however_it_is_set(quote, found):
    spans = quote_spans(PAGE, quote)
    assert [PAGE[start:end] for start, end in spans] == [found]


def test_of_several_places_the_nearest_is_taken():
    text = "Paid monthly. " + "x " * 100 + "Paid monthly."
    assert quote_spans(text, "paid monthly", 0.0)[0][0] == 0
    assert quote_spans(text, "paid monthly", 1.0)[0][0] > 100


def test_cells_that_are_drawn_apart_are_found_one_by_one():
    text = "London Hotel \u00a3175 per night\r\nLunch in London costs fourteen pounds"
    spans = quote_spans(text, "London per night Lunch costs fourteen pounds")
    assert len(spans) > 1
    assert "fourteen" in text[spans[-1][0] : spans[-1][1]]


@pytest.mark.parametrize("quote", ["", "|---|", "something else entirely, of which nothing is here"])
def test_what_is_not_there_is_not_found(quote):
    assert quote_spans("The kettle is green.", quote) == []


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("A kettle, a Kettle and KETTLES", "kettle", ["kettle", "Kettle", "KETTLE"]),
        ("Le café\r\nau   lait", "cafe au lait", ["café\r\nau   lait"]),
        ("the ho\x02\r\ntel and the of\xadfice", "hotel", ["ho\x02\r\ntel"]),
        ("the of\xadfice", "office", ["of\xadfice"]),
        ("a \ufb01nal word", "final", ["\ufb01nal"]),
        ("Straße 5", "STRASSE", ["Straße"]),
        ("C++ and C", "c++", ["C++"]),
        ("1.5 and 15", "15", ["15"]),
        ("aaaa", "aa", ["aa", "aa"]),
        ("nothing here", "   ", []),
        ("", "word", []),
    ],
)
def test_words_are_found_as_they_were_typed(text, words, found):
    assert [text[start:end] for start, end in occurrences(text, words)] == found
