from __future__ import annotations

import re
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lexicalkit import lexical_table

from ragapp.index import analysis, bm25
from ragapp.index.analysis import (
    MAX_TERM_CHARACTERS,
    SNOWBALL_LANGUAGES,
    STOP_WORDS,
    analyse,
    analysis_version,
    content_terms,
    detect_language,
    fold,
    folded_words,
    known_terms,
    question_terms,
    question_words,
    terms,
)

HOSTILE = [
    'cats AND dogs OR "birds',
    "NEAR(a b, 2)",
    "body: secret",
    "^start* -minus +plus",
    "((()))",
    '"""',
    "'; DROP TABLE chunks; --",
    "a\x00b",
    "\x00",
    "😀 🏳️‍🌈 👩‍👩‍👧",
    "​‮\ufeff",
    "\ud800 lone surrogate",
    "_ __ ___",
    "",
    "   \n\t",
]


@pytest.fixture
def table():
    connection = lexical_table()
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The meetings were moved", "en", ["the", "meet", "were", "move"]),
        ("l'entreprise d’assurance", "fr", ["entrepris", "assur"]),
        ("qu'il lorsqu'elle jusqu’ici", "fr", ["il", "elle", "ici"]),
        ("aujourd'hui", "fr", ["aujourd", "hui"]),
        ("dell'azienda", "it", ["azi"]),
        ("don't O'Brien", "en", ["don", "t", "o", "brien"]),
        ("Cœur", "fr", ["coeur"]),
        ("Straße", "de", ["strass"]),
        ("PRÉVU prévu pre\u0301vu", "fr", ["prevu", "prevu", "prevu"]),
        ("ＦＵＬＬ ﬁle", "en", ["full", "file"]),
        ("snake_case_name", "en", ["snake", "case", "name"]),
        ("слова книги", "ru", ["слов", "книг"]),
        ("words unstemmed", "xx", ["words", "unstemmed"]),
        ("", "en", []),
        ("!?… 😀", "en", []),
    ],
)
def test_terms(text: str, language: str, expected: list[str]) -> None:
    assert terms(text, language) == expected


@pytest.mark.parametrize(
    ("code", "whole", "parts"),
    [
        ("INV-2024-0031", "inv20240031", ["inv", "2024", "0031"]),
        ("31/03/2025", "31032025", ["31", "03", "2025"]),
        ("4.2", "42", ["4", "2"]),
        ("1,250.00", "125000", ["1", "250", "00"]),
        ("anna.lee@example.com", "annaleeexamplecom", ["anna", "lee"]),
        ("HM-200", "hm200", ["hm", "200"]),
        ("09:42", "0942", ["09", "42"]),
    ],
)
def test_codes_are_found_whole_and_in_parts(code: str, whole: str, parts: list[str]) -> None:
    found = terms(f"See {code}, please.", "en")
    assert found.count(whole) == 1
    assert [term for term in found if term in parts] == parts
    assert whole in question_terms(f"what is {code}?", ["en"])


@pytest.mark.parametrize(
    ("number", "whole"),
    [
        ("1 250", "1250"),
        ("1,250", "1250"),
        ("1.250", "1250"),
        ("1'250", "1250"),
        ("1’250", "1250"),
        ("1\u00a0250", "1250"),
        ("1\u202f250", "1250"),
        ("12 345 678", "12345678"),
        ("1,250.50", "1250"),
    ],
)
def test_a_number_in_groups_is_found_by_its_figures(number: str, whole: str) -> None:
    assert whole in terms(f"The budget is {number} euros.", "en")
    assert set(question_terms(f"{whole} euros?", ["en"])) <= set(terms(f"It is {number} euros.", "en"))
    assert whole in question_terms(f"who gets {number}?", ["en"])


@pytest.mark.parametrize("number", ["1 25", "1 2500", "2024 100", "3.14159", "12;345"])
def test_other_numbers_are_not_joined(number: str) -> None:
    joined = re.sub(r"\D", "", number)
    assert terms(number.replace(".", " "), "en").count(joined) == 0


@pytest.mark.parametrize("text", ["state-of-the-art", "and/or", "either/or."])
def test_words_joined_by_signs_are_no_codes(text: str) -> None:
    assert len(terms(text, "en")) == len(re.findall(r"\w+", text))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "policies", "policy"),
        ("fr", "remboursements", "remboursement"),
        ("fr", "œuvres", "oeuvre"),
        ("fr", "télétravail", "teletravail"),
        ("fr", "retraitée", "retraité"),
        ("fr", "déclarées", "déclaré"),
        ("fr", "LICENCIÉE", "licencié"),
        ("pt", "negociações", "negociação"),
        ("ca", "obligacions", "obligació"),
        ("nl", "commerciële", "commercieel"),
        ("da", "lønnen", "lonnen"),
        ("de", "Vergütung", "Verguetung"),
        ("el", "ΝΟΜΟΣ", "νόμος"),
        ("ru", "ёлка", "елка"),
        ("de", "Größe", "grosse"),
        ("es", "vacaciones", "vacación"),
        ("tr", "İstanbul", "istanbul"),
    ],
)
def test_forms_of_a_word_meet(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language)


WORDS = {
    "ar": "مُدَرِّسُون",
    "ca": "contractació",
    "da": "overenskomstmæssigt",
    "de": "Kündigungen",
    "el": "ασφάλειας",
    "en": "résumés",
    "es": "contratación",
    "et": "lähetuskulud",
    "eu": "enpresaburuñoaren",
    "fi": "järjestelmissä",
    "fr": "sécurités",
    "ga": "bhfostaíochtaí",
    "hi": "कर्मचारियों",
    "hu": "munkaszerződésének",
    "hy": "աշխատողների",
    "id": "keséhatan",
    "it": "responsabilità",
    "lt": "darbuotojų",
    "nl": "financiële",
    "no": "lønnsøkningene",
    "nb": "oppsigelsestidær",
    "pt": "contratações",
    "ro": "angajaților",
    "ru": "учётной",
    "sr": "запослéних",
    "sv": "anställningarna",
    "ta": "பணியாளர்களின்",
    "tr": "çalışanların",
    "yi": "אַרבעטער",
}


def _meets(table, question: str, language: str) -> bool:
    found = question_words(question, [language], lambda term: bm25.alike(table, term))
    return bool(bm25.match(table, found, 5))


@pytest.mark.parametrize("language", sorted(SNOWBALL_LANGUAGES))
def test_a_word_meets_itself_as_written_and_without_its_accents(table, language: str) -> None:
    word = WORDS[language]
    bm25.add(table, 1, "", word, language)
    assert _meets(table, word, language)
    assert _meets(table, word.upper(), language)
    assert _meets(table, fold(word.lower()), language)


@given(
    st.sampled_from(sorted(SNOWBALL_LANGUAGES)),
    st.text(
        st.sampled_from("aàâäãåąābcçćčdđðeéèêëęėfgğhiíìîïıjklłmnñńoóòôöõőøœpqrřsśšşßtťțþuúùûüűųvwxyýzžæёйїαάςσ"),
        min_size=1,
        max_size=14,
    ),
)
@settings(max_examples=400, deadline=None)
def test_any_word_meets_itself_as_written_and_without_its_accents(language: str, word: str) -> None:
    connection = lexical_table()
    bm25.add(connection, 1, word, "", language)
    # a stemmer may leave nothing of a few letters that are no word
    if terms(word, language):
        assert _meets(connection, word, language)
        assert _meets(connection, fold(word), language)
    connection.close()


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("fr", "sécurité", "SECURITE"),
        ("fr", "congés", "CONGES"),
        ("fr", "salariés", "salarie"),
        ("fr", "énergétiques", "energetiques"),
        ("es", "vacación", "vacacion"),
        ("pt", "reuniões", "reunioes"),
        ("pt", "férias", "ferias"),
        ("it", "perciò", "percio"),
        ("de", "Fußgänger", "Fussganger"),
        ("nl", "coördinatie", "coordinatie"),
        ("ca", "reunió", "reunio"),
        ("hu", "fizetéséről", "fizeteserol"),
        ("fi", "järjestelmässä", "jarjestelmassa"),
        ("tr", "KAPI", "kapı"),
        ("fr", "événements", "évènement"),
    ],
)
def test_accents_need_not_be_typed_on_either_side(table, language: str, one: str, other: str) -> None:
    bm25.add(table, 1, "", one, language)
    assert _meets(table, other, language)
    bm25.remove(table, [1])
    assert not _meets(table, other, language)
    bm25.add(table, 2, other, "", language)
    assert _meets(table, one, language)


def test_a_word_is_one_term_in_the_index_whatever_its_accents() -> None:
    found = analyse("La sécurité des salariées : sécurité", "fr")
    assert found.terms == ["la", "secur", "de", "salari", "secur"]
    assert ("securit", "secur") in found.plain
    assert len(found.plain) == len(set(found.plain))
    assert analyse("Safety of employees", "en").plain == []


def test_a_word_counts_once_whatever_its_spellings(table) -> None:
    for number, text in enumerate(["sécurité", "securite", "sécurité securite", *["autre chose ici"] * 9], 1):
        bm25.add(table, number, "", text, "fr")
    words = question_words("sécurité", ["fr"], lambda term: bm25.alike(table, term))
    assert words == [("secur", "securit")]
    scores = bm25.match(table, words, 10)
    assert scores[1] == scores[2]
    assert scores[1] < scores[3] < 2 * scores[1]


def test_a_form_with_accents_in_the_index_leads_to_its_other_forms(table) -> None:
    bm25.add(table, 1, "", "les salariées", "fr")
    bm25.add(table, 2, "", "un salarié", "fr")
    words = question_words("salarie", ["fr"], lambda term: bm25.alike(table, term))
    assert set(bm25.match(table, words, 5)) == {1, 2}


def test_the_version_of_the_analysis_names_the_stemmers() -> None:
    assert re.fullmatch(r"\d+ (snowballstemmer|PyStemmer) \d[\d.]*", analysis_version())


@pytest.mark.parametrize(("language", "word", "term"), [("hu", "fizetéséről", "fizetes"), ("ru", "красный", "красн")])
def test_words_are_stemmed_with_their_accents(language: str, word: str, term: str) -> None:
    assert terms(word, language) == [term]


def test_dates_meet_in_every_form(table) -> None:
    for number, text in enumerate(
        ["Paid on 9 March 2031.", "payé le 09/03/2031", "9. Maerz", "10.3.2031", "mars 2032"], 1
    ):
        bm25.add(table, number, "", text, "fr")

    def found(question: str) -> set[int]:
        words = question_words(question, ["fr"], lambda term: bm25.alike(table, term))
        return set(bm25.match(table, [word for word in words if word[0][0] == "d"], 10))

    assert found("am 9. März 2031?") == found("2031-03-09") == {1, 2}
    assert found("en mars 2031") == found("03/2031") == {1, 2, 4}
    assert found("avril 2031") == set()


def test_two_readings_of_a_date_are_one_word() -> None:
    assert question_words("03/04/2031", ["fr", "en"])[-1] == ("d20310403", "d20310304")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("नीति में बदलाव", ["नीति", "में", "बदलाव"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("বাংলা ভাষা", ["বাংলা", "ভাষা"]),
        ("한국어 문서", ["한국어", "문서"]),
        ("שָׁלוֹם שלום", ["שלום", "שלום"]),
        ("مُحَمَّد محمد", ["محمد", "محمد"]),
        ("東京都庁", ["東京", "京都", "都庁"]),
        ("京", ["京"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー"]),
        ("東京2025年", ["東京", "2025", "年"]),
        ("Wi-Fi日本語", ["wi", "fi", "日本", "本語"]),
        ("有給休暇は20日。", ["有給", "給休", "休暇", "暇は", "20", "日"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("ទឹក", ["ទឹ", "ឹក"]),
    ],
)
def test_scripts_of_all_kinds_are_cut_into_terms_that_the_index_keeps_whole(
    table, text: str, expected: list[str]
) -> None:
    assert terms(text, "xx") == expected
    bm25.add(table, 1, "", text, "xx")
    assert bm25.frequencies(table, expected) == dict.fromkeys(expected, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Côté-à-côte, L'ÉTÉ !", ["cote", "a", "cote", "l", "ete"]),
        ("Meetings were moved", ["meetings", "were", "moved"]),
        ("INV-2024-0031 of 1 250", ["inv", "2024", "0031", "of", "1", "250"]),
        ("東京都", ["東京都"]),
        ("ＦＵＬＬ Straße cœur", ["full", "strasse", "coeur"]),
        ("e\u0301te\u0301", ["ete"]),
        ("x" * (MAX_TERM_CHARACTERS + 1) + " y", ["x" * (MAX_TERM_CHARACTERS + 1), "y"]),
        ("— !? 😀", []),
    ],
)
def test_plain_words_are_neither_stemmed_nor_joined(text: str, words: list[str]) -> None:
    assert folded_words(text) == words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Œuvre é", "Œuvre e"),
        ("cœur", "coeur"),
        ("ß æ ñ", "ss ae n"),
        ("łódź øre đak ışık þing ŋ ħ ŧ ĳ", "lodz ore dak isik thing n h t ij"),
        ("учёт мой їжак", "учет мой їжак"),
        ("νόμος", "νομοσ"),
        ("ǿ ǽ", "o ae"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("question", "languages", "expected"),
    [
        ("What is the mileage rate?", ["en"], ["mileag", "rate"]),
        ("Quelle est la durée du préavis ?", ["fr"], ["dur", "dure", "preav"]),
        ("mileage mileage MILEAGE", ["en"], ["mileag"]),
        ("Who are you?", ["en"], ["who", "are", "you"]),
        ("rules", [], ["rule"]),
        ("rules", ["en", "en"], ["rule"]),
        ("national policies", ["en", "fr"], ["nation", "national", "polici"]),
    ],
)
def test_question_terms(question: str, languages: list[str], expected: list[str]) -> None:
    found = question_terms(question, languages)
    assert [term for term in found if term in expected] == expected
    if len(languages) < 2:
        assert found == expected


@pytest.mark.parametrize(
    ("question", "languages", "words"),
    [
        ("What is the mileage rate?", ["en"], [("mileag",), ("rate",)]),
        ("national policies", ["en", "fr"], [("nation", "national"), ("polici", "polic")]),
        ("national holiday", ["fr", "en"], [("national", "nation"), ("holiday",)]),
        ("rates RATES rates", ["en"], [("rate",)]),
        ("pay INV-2024-7 now", ["en"], [("pay",), ("inv",), ("2024",), ("7",), ("now",), ("inv20247",)]),
        ("what is it", ["en"], [("what",), ("is",), ("it",)]),
        ("what is the tarif", ["en", "fr"], [("tarif",)]),
        ("東京 office", ["en"], [("東京",), ("offic",)]),
        ("", ["en"], []),
        ("?! 😀", ["en", "fr"], []),
    ],
)
def test_a_word_of_a_question_is_one_whatever_the_languages(
    question: str, languages: list[str], words: list[tuple[str, ...]]
) -> None:
    assert question_words(question, languages) == words
    flat = [term for word in words for term in word]
    assert question_terms(question, languages) == list(dict.fromkeys(flat))


def test_stop_words_of_every_language_in_the_collection_go() -> None:
    assert question_terms("the tarif des hotel", ["en", "fr"]) == ["tarif", "hotel"]


def test_content_terms_keep_repetitions_and_drop_stop_words() -> None:
    assert content_terms("the train and the train to Paris", "en") == ["train", "train", "pari"]
    assert content_terms("who are you", "en") == []


def test_a_text_is_held_against_another_whatever_the_accents() -> None:
    written, typed = "la sécurité des salariés", "LA SECURITE DES SALARIES"
    assert content_terms(written, "fr") == ["secur", "salari"]
    for one, other in ((written, typed), (typed, written), (written, "la salariée, la sécurité")):
        known = known_terms(other, "fr")
        assert set(content_terms(one, "fr", known)) <= known
    assert content_terms("le 9 mars 2031", "fr") == ["9", "mar", "2031"]


@pytest.mark.parametrize("text", ["ou est la securite", "Où est la sécurité ?"])
def test_stop_words_need_no_accents_either(text: str) -> None:
    assert len(question_words(text, ["fr"])) == 1


@pytest.mark.parametrize("language", ["en", "fr", "de", "es", "it", "pt", "nl"])
def test_stop_words_are_written_as_texts_are_cut(language: str) -> None:
    assert STOP_WORDS[language].split() == STOP_WORDS[language].lower().split()
    assert language in SNOWBALL_LANGUAGES


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_question_breaks_the_search(table, text: str) -> None:
    bm25.add(table, 1, "birds", "cats secret start body near", "en")
    found = question_terms(text, ["en", "fr", "tr", "ar"])
    assert all(re.fullmatch(r"[^\W_]+", term) for term in found)
    assert set(bm25.match(table, found, 5)) <= {1}


@given(st.text(), st.lists(st.sampled_from(sorted(SNOWBALL_LANGUAGES)), max_size=3))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_clean_terms_that_fts5_takes(text: str, languages: list[str]) -> None:
    connection = lexical_table()
    found = question_terms(text, languages)
    bm25.add(connection, 7, "", text, (languages or ["en"])[0])
    assert len(set(found)) == len(found)
    assert not any(set(term) & set(" _\"'*:()^\x00") for term in found)
    assert all(score > 0 for score in bm25.match(connection, found, 10).values())
    connection.close()


@given(st.text(alphabet=st.characters(codec="latin-1", categories=["L", "Nd"]), min_size=1))
@settings(max_examples=200, deadline=None)
def test_a_text_is_found_by_its_own_words(text: str) -> None:
    connection = lexical_table()
    bm25.add(connection, 7, "", text, "fr")
    found = question_terms(text, ["fr"])
    assert set(bm25.match(connection, found, 10)) == ({7} if found else set())
    connection.close()


@pytest.mark.parametrize("language", ["en", "fr", "ar", "ca", "fi", "hu", "tr"])
@pytest.mark.parametrize("unit", ["abcde", "é", "1a", "a-1"])
def test_very_long_words_take_no_time(language: str, unit: str) -> None:
    started = time.monotonic()
    terms(unit * 8000, language)
    assert time.monotonic() - started < 1


def test_a_very_long_question_is_searched(table) -> None:
    bm25.add(table, 1, "", "word3 text", "en")
    found = question_terms(" ".join(f"word{n}" for n in range(20_000)), ["en"])
    assert len(found) == 20_000
    assert set(bm25.match(table, found, 5)) == {1}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the notice period?", "en"),
        ("How many days of leave do I have?", "en"),
        ("Who approves travel?", "en"),
        ("Quel est le délai de préavis ?", "fr"),
        ("Combien de jours de congé ai-je ?", "fr"),
        ("Où se trouve la sortie de secours ?", "fr"),
        ("Qui valide les déplacements ?", "fr"),
        ("Wie lang ist die Kündigungsfrist?", "de"),
        ("The committee agreed that the budget for travel would be raised. " * 10, "en"),
        ("Le comité a décidé que le budget des déplacements serait augmenté. " * 10, "fr"),
    ],
)
def test_detect_language(text: str, language: str) -> None:
    assert detect_language(text) == language
    assert detect_language(text, ["en", "fr", "de"]) == language


@pytest.mark.parametrize(
    ("text", "among", "language"),
    [
        ("", [], ""),
        ("12/34 !?", ["en"], ""),
        ("Quel est le délai ?", ["en"], "en"),
        ("Quel est le délai ?", ["xx", "fr"], "fr"),
        ("budget", ["en", "fr"], "en"),
    ],
)
def test_detect_language_at_its_limits(text: str, among: list[str], language: str) -> None:
    assert detect_language(text, among) == language


def test_two_threads_get_the_terms_that_one_gets():
    """A page indexes a document while questions are asked: whatever is stemmed at the same time stays right."""
    stems = ("gouvern", "administr", "rembours", "inscript", "déclar", "approv", "réclam", "particip", "fourn", "exclu")
    endings = ("ation", "ements", "ables", "euses", "ité", "ives", "issions", "eraient", "issant", "atrices", "iques")
    words = [f"{stem}{number}{ending}" for number in "abcdefghijklmnop" for stem in stems for ending in endings]
    # each thread asks for words of its own, since one that is known is not stemmed again
    shares = [words[::2], words[1::2]]
    together: list[list[list[str]]] = [[], []]

    def ask(number: int) -> None:
        for word in shares[number]:
            together[number].append(analyse(word, "fr"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    between = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(between)
    analysis._term.cache_clear()
    assert together == [[analyse(word, "fr") for word in share] for share in shares]
