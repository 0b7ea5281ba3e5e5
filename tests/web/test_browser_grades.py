"""What an answer is worth, in a real browser: the three grades, the page beside a likely one, tables and lists."""

import re
import shutil
from dataclasses import replace

import pytest
from pagekit import browser, open_page, running_page, serious_violations, shots, soon  # noqa: F401

from ragapp.contract import Answer, Citation, Sentence

pytestmark = [pytest.mark.browser, pytest.mark.real]

TIMINGS = {"total_s": 5.4, "first_token_s": 4.1, "answer_tokens": 24}
UNSURE = "It is not certain that this passage answers the question. Check the page."
OWN_WORDS = "These are the document's own words; whether they answer the question, the page will show."


def told(app, question, document, lines, quotes, language="en", **fields):
    """An answer of some lines of sentences, each sentence with the numbers of its quotes, as it would be kept."""
    passages, citations = [], []
    for n, quote in enumerate(quotes, 1):
        found = app.retriever.search(quote, 8, document).passages
        passage = next(one for one in found if quote in one.chunk.text)
        chunk = passage.chunk
        start = chunk.start + chunk.text.index(quote)
        place = chunk.document, chunk.path, chunk.unit, chunk.label, chunk.kind
        citations.append(Citation(*place, n=n, quote=quote, start=start, end=start + len(quote)))
        passages.append(passage.described(n))
    sentences = tuple(Sentence(text, bool(cited), cited) for line in lines for text, cited in line)
    text = "\n".join(" ".join(text for text, _ in line) for line in lines)
    values = {"abstained": False, "confidence": 0.97, "sentences": sentences, "citations": tuple(citations)}
    values |= {"passages": tuple(passages), "model": "a-model", "timings": TIMINGS, "language": language}
    return Answer(question, text, standalone=question, **{**values, **fields})


def english(app):
    policy = "travel-policy-2025.pdf"
    stay = (
        "If you stay privately instead of in a hotel, you may claim a flat £27 a night as a thank-you for your hosts."
    )
    limits = "The travel desk books within the limits below."
    row = "| Switzerland | CHF 215 | CHF 28 | CHF 52 |"
    rows = ["| London | £175 | £14 | £32 |", "| Paris | €190 | €19 | €36 |"]
    yield told(
        app,
        "What is the hotel limit for London?",
        policy,
        [[("The travel desk books hotels in London for up to £175 a night, breakfast included. [1]", (1,))]],
        rows[:1],
    )
    yield told(
        app,
        "What do I get when I stay with friends, and by when must I claim it?",
        policy,
        [[("You may claim a flat £27 a night as a thank-you for your hosts. [1]", (1,))]],
        [stay],
        confidence=0.61,
        grade="likely",
        doubt=UNSURE,
        not_stated=("by when it must be claimed",),
    )
    yield told(
        app,
        "Hotel ceiling Zurich?",
        policy,
        [[(f"{row} [1]", (1,))]],
        [row],
        confidence=0.7,
        grade="likely",
        doubt=OWN_WORDS,
    )
    yield told(
        app,
        "Who books the hotels?",
        policy,
        [[(f"{limits} [1]", (1,))]],
        [limits],
        confidence=0.66,
        grade="likely",
        doubt=OWN_WORDS,
    )
    near = told(app, "", policy, [], [stay, limits])
    yield replace(
        near,
        question="How tall is the Eiffel Tower?",
        standalone="How tall is the Eiffel Tower?",
        answer="Your documents do not say.",
        abstained=True,
        confidence=0.2,
        citations=(),
        grade="not_found",
        suggested_caution="low",
    )
    yield told(
        app,
        "Compare London and Paris, and list who decides.",
        policy,
        [
            [("|  | London | Paris |", (1,))],
            [("|---|---|---|", (1,))],
            [("| Hotel, per night | £175 [1] | €190 [2] |", (1, 2))],
            [("| Evening meal | £32 [1] | €36 [2] |", (1, 2))],
            [("Who decides:", (3,))],
            [("- The travel desk, within the limits. [3]", (3,))],
            [("- The office cat, beyond them.", ())],
        ],
        [*rows, limits],
        not_stated=("the limit for lunch with guests", "who decides on Sundays"),
        note="Listed from 3 passages; your documents may name more.",
    )


def french(app):
    rules = "reglement-interieur.pdf"
    sick = (
        "Toute absence pour maladie est signalée avant 9 h 00 et justifiée par un arrêt de travail dans un délai de 48"
    )
    badge = "La perte du badge est signalée le jour même à l’accueil (poste 4100) ; un badge provisoire est alors remis"
    badge += " pour cinq jours."
    yield told(
        app,
        "Jusqu’à quelle heure signaler un arrêt maladie ?",
        rules,
        [[("Toute absence pour maladie est signalée avant 9 h 00. [1]", (1,))]],
        [sick],
        "fr",
    )
    yield told(
        app,
        "Que faire si je perds mon badge, et combien coûte le nouveau ?",
        rules,
        [[("La perte est signalée le jour même à l’accueil, au poste 4100. [1]", (1,))]],
        [badge],
        "fr",
        confidence=0.58,
        grade="likely",
        doubt="Il n’est pas certain que ce passage réponde à la question. Vérifiez la page.",
        not_stated=("le prix du nouveau badge", "le délai de remise"),
    )
    yield told(
        app,
        "Badge provisoire ?",
        rules,
        [[(f"{badge} [1]", (1,))]],
        [badge],
        "fr",
        confidence=0.66,
        grade="likely",
        doubt="Ce sont les mots mêmes du document ; la page montre s’ils répondent à la question.",
    )
    near = told(app, "", rules, [], [badge, sick], "fr")
    asked = "Quel est le montant de la prime de fin d’année ?"
    yield replace(
        near,
        question=asked,
        standalone=asked,
        answer="Vos documents ne le disent pas.",
        abstained=True,
        confidence=0.2,
        citations=(),
        grade="not_found",
        suggested_caution="low",
    )


def keep_conversations(settings):
    """A conversation for each answer, so that each can be shown alone, and one with all in each language."""
    from ragapp.app import App

    with App(settings) as app:
        kept = app.conversations
        for name, answers in (("all", list(english(app))), ("tout", list(french(app)))):
            for answer in answers:
                kept.add_turn(kept.create(answer.question), answer)
            conversation = kept.create(name)
            for answer in answers:
                kept.add_turn(conversation, answer)


@pytest.fixture(scope="module")
def url(tmp_path_factory, models_dir, sample_store, request):
    """A running page on a copy of the sample store with those conversations."""
    from ragapp.settings import load_settings

    home, root = tmp_path_factory.mktemp("grades"), request.config.rootpath
    shutil.copytree(sample_store, home / "data")
    overrides = {"paths": {"data": home / "data", "models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
    keep_conversations(load_settings(root / "settings.yaml", overrides))
    with running_page(
        home,
        root,
        RAGAPP_PATHS__MODELS=str(models_dir),
        RAGAPP_EMBEDDING__MODEL="all-minilm-l6-v2",
        RAGAPP_LLM__MODEL="smollm2-135m-instruct",
        RAGAPP_LLM__CONTEXT="2048",
    ) as url:
        yield url


def open_conversation(page, title):
    """Open a kept conversation and wait for its last answer."""
    page.locator("#talks .act.name", has_text=title).first.click()
    page.wait_for_selector(f'#live .asked h2:text-is("{title}")')


def is_marked(page):
    """Wait until the page of the evidence is drawn with words marked on it."""
    page.wait_for_selector("#evidence .sheet .box", timeout=60_000)
    page.wait_for_selector("#evidence .sheet:has(.box) img")
    page.evaluate("document.querySelector('#evidence .sheet:has(.box) img').decode()")


LIKELY = "What do I get when I stay with friends, and by when must I claim it?"


@pytest.fixture(scope="module")
def page(browser, url):  # noqa: F811
    page = open_page(browser, url, locale="en-GB")
    yield page
    assert page.complaints == []
    page.context.close()


def test_a_likely_answer_stands_beside_its_page_with_the_doubt_and_what_is_not_stated(page, shots):  # noqa: F811
    open_conversation(page, LIKELY)
    is_marked(page)
    graded = page.locator("#live .graded")
    soon(lambda: graded.locator("h3").inner_text() == "Likely: check the page")
    soon(lambda: graded.locator(".doubt").inner_text() == UNSURE)
    soon(lambda: graded.locator(".not-stated").inner_text() == "Not stated: by when it must be claimed")
    soon(lambda: page.locator("#evidence .view-title").inner_text().startswith("travel-policy-2025.pdf p. 3"))
    soon(lambda: not graded.locator(".aside").is_visible())  # the page itself is beside it
    heard = page.locator("#live").aria_snapshot()
    assert heard.count("Likely") == 1
    soon(lambda: page.locator("#live [data-act=retry]").count() == 1)  # nothing is offered but the page
    assert serious_violations(page) == []
    page.screenshot(path=shots / "likely.png")


def test_where_there_is_no_room_beside_it_the_quote_stands_below(page, shots):  # noqa: F811
    open_conversation(page, LIKELY)
    page.set_viewport_size({"width": 390, "height": 844})
    aside = page.locator("#live .aside")
    soon(lambda: "£27 a night" in aside.locator("mark").inner_text())
    soon(lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)
    page.screenshot(path=shots / "likely-phone.png")
    page.set_viewport_size({"width": 1280, "height": 800})
    soon(lambda: not aside.is_visible())


def test_words_of_a_passage_are_shown_as_a_quotation(page):
    open_conversation(page, "Who books the hotels?")
    quote = page.locator("#live .answer blockquote")
    soon(lambda: "The travel desk books within the limits below." in quote.inner_text())
    open_conversation(page, "Hotel ceiling Zurich?")
    soon(lambda: page.locator("#live .answer blockquote th").all_inner_texts()[:2] == ["Place", "Hotel, per night"])
    soon(lambda: page.locator("#live .answer td").first.inner_text() == "Switzerland")


def test_a_comparison_is_a_table_whose_citations_open_their_row(page):
    open_conversation(page, "Compare London and Paris, and list who decides.")
    table = page.locator("#live .answer table")
    soon(lambda: table.locator("thead th").all_inner_texts() == ["", "London", "Paris"])
    soon(lambda: table.locator("tbody tr").count() == 2)
    table.locator(".act.mark", has_text="2").first.click()
    page.wait_for_selector("#evidence .chip.chosen:has-text('2')")
    is_marked(page)
    soon(lambda: page.locator("#live .answer li").count() == 2)
    soon(lambda: page.locator("#live .answer li .unsupported").count() == 1)


@pytest.mark.parametrize(
    ("locale", "colours", "title", "grades", "quotes"),
    [
        (
            "fr-FR",
            "dark",
            "tout",
            ["Réponse trouvée", *["Réponse probable\u00a0: à vérifier sur la page"] * 2, "Absent de vos documents"],
            1,
        ),
        (
            "en-GB",
            "light",
            "all",
            ["Answered", *["Likely: check the page"] * 3, "Not in your documents", "Answered"],
            1,
        ),
    ],
)
def test_every_grade_is_readable(browser, url, shots, locale, colours, title, grades, quotes):  # noqa: F811
    page = open_page(browser, url, locale=locale, color_scheme=colours)
    page.locator("#talks .act.name", has_text=re.compile(f"^{title}")).first.click()
    page.wait_for_selector("#live .graded")
    soon(lambda: page.locator("#talk h3.grade").all_inner_texts() == grades)
    soon(lambda: page.locator("#log .aside mark").count() == quotes)  # of earlier ones, whose page is not open any more
    assert serious_violations(page) == []
    page.screenshot(path=shots / f"grades-{colours}.png")
    assert page.complaints == []
    page.context.close()
