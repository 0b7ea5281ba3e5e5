import json
import re
from dataclasses import replace
from html import unescape

import pytest

from ragapp.answer.export import escape_markdown
from ragapp.answer.reading_ahead import ReadingProgress
from ragapp.contract import (
    Answer,
    Citation,
    Conversation,
    DocumentWarnings,
    Feedback,
    IngestProgress,
    IngestState,
    Passage,
    Place,
    Proved,
    RebuildNeed,
    Sentence,
    SettingInfo,
    Stage,
)
from ragapp.models.discovery import FoundModel
from ragapp.models.packs import PACKS
from ragapp.reading.document import Block, Unit
from ragapp.settings import Paths
from ragapp.web import unit_text
from ragapp.web.app_state import Readiness
from ragapp.web.calibration_job import CalibrationState
from ragapp.web.evidence import Evidence, Source
from ragapp.web.model_job import Fetching, ModelState, Running
from ragapp.web.pdf_text import Box
from ragapp.web.reading_job import ReadingJob
from ragapp.web.runs import Exchange
from ragapp.web.ui import (
    chat,
    conversations,
    documents_job,
    first_steps,
    models,
    page,
    render_answer,
    render_evidence,
    settings,
)
from ragapp.web.visitors import Choice

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(1)</script> & ${alert(1)} {{alert(1)}} [1](javascript:alert(1)) \"'>"
)


def passage(text=HOSTILE, document=HOSTILE):
    return Passage(document, document, 1, HOSTILE, "section", n=1, heading=HOSTILE, text=text, score=1.0)


def answer(**values):
    sentences = (Sentence(f"{HOSTILE} [1]", True, (1,)), Sentence(HOSTILE, False, ()))
    citation = Citation(HOSTILE, HOSTILE, 1, HOSTILE, "section", n=1, quote=HOSTILE, start=0, end=5)
    fields = {"sentences": sentences, "citations": (citation,), "passages": (passage(),), "model": HOSTILE}
    fields |= {"standalone": HOSTILE, "timings": {"total_s": 1.0, "first_token_s": 0.5}}
    fields |= {"warnings": (DocumentWarnings(1, HOSTILE, HOSTILE, (HOSTILE,)),)}
    fields |= {"question": HOSTILE, "answer": HOSTILE, "abstained": False, "confidence": 1.0}
    return Answer(**{**fields, **values})


class Run:
    asked = Exchange(HOSTILE, scope=HOSTILE, scope_name=HOSTILE)
    stage = Stage("reading", 3, number=2, place=Place(HOSTILE, HOSTILE, 1, HOSTILE, "section"))
    thought = HOSTILE
    proved = (
        Proved(
            Sentence(f"{HOSTILE} [1]", True, (1,), (HOSTILE,)),
            (Citation(HOSTILE, HOSTILE, 1, HOSTILE, "section", n=1, quote=HOSTILE, start=0, end=5),),
            "likely",
            HOSTILE,
            language=HOSTILE,
        ),
    )
    seconds, stopping = 2.4, False


def everything():
    source = Source(HOSTILE, HOSTILE, 2, HOSTILE, "section", quote=HOSTILE)
    table = f"| {HOSTILE} |\n|---|\n| {HOSTILE} |"
    unit = Unit(1, "section", "", [Block(HOSTILE, "heading", (HOSTILE,)), Block(HOSTILE), Block(table, "table")])
    shown = Evidence(source, 1, (HOSTILE,), 5, "same", spans=((2, 9),))
    pictured = Evidence(source, 1, (HOSTILE,), 5, "same", True, (Box(0.1, 0.1, 0.2, 0.1),))
    for language in ("en", "fr"):
        yield render_answer.render_exchange(Exchange(HOSTILE, answer(), scope=HOSTILE), 0, language)
        yield render_answer.render_exchange(Exchange(HOSTILE, answer(abstained=True)), 0, language)
        yield render_answer.render_exchange(Exchange(HOSTILE, None, HOSTILE), 0, language)
        yield render_answer.render_exchange(
            Exchange(HOSTILE, answer(standalone=HOSTILE + "?", note=HOSTILE)), 0, language
        )
        yield render_answer.render_run(Run(), language)
        yield render_evidence.render_evidence(answer(), Choice(0, "citation", 1), shown, language)
        yield render_evidence.render_evidence(answer(), Choice(0, "citation", 1), pictured, language)
        yield render_evidence.render_evidence(answer(), Choice(0, "citation", 1), Evidence(source), language)
        for words in ("", HOSTILE[:3]):
            yield render_evidence.render_part(unit_text.shown_part(unit, 0, ((1, 40),), words)[0])
        yield page.render_privacy(
            {"attempts": 1, "refused": [{"address": HOSTILE, "by": [HOSTILE]}]}, HOSTILE, language
        )
        failed = ModelState(name=HOSTILE, error=HOSTILE, hint=HOSTILE, failed="fetching")
        paths = Paths(ingest=HOSTILE, models=HOSTILE)
        yield first_steps.render_guide(Readiness((HOSTILE,), 0), {}, failed, IngestState(), paths, language)
        yield first_steps.render_welcome(1, [HOSTILE], language)
        yield conversations.render_conversations([Conversation(1, HOSTILE, "", HOSTILE, 1)], 1, language)
        yield settings.render_settings({"llm": [SettingInfo(HOSTILE, HOSTILE, "file", HOSTILE)]}, HOSTILE, language)


@pytest.mark.parametrize("html", list(everything()))
def test_text_of_documents_questions_and_models_is_inert(html):
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "alert(1)" in html
    for values in re.findall(r'data-values="([^"]*)"', html):
        json.loads(
            values.replace("&quot;", '"')
            .replace("&#x27;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
        )


def test_each_sentence_leads_to_its_own_words_on_the_page():
    told = ("The fee is 20 euros. [1]", "It is paid in May. [1]")
    quotes = ("Fee: EUR 20", "Payable in May")
    cited = Citation("fees.pdf", "/fees.pdf", 2, "", "page", n=1, quote=quotes[0], start=10, end=21)
    made = answer(
        sentences=tuple(Sentence(text, True, (1,), (quote,)) for text, quote in zip(told, quotes, strict=True)),
        citations=(cited,),
        answer=" ".join(told),
    )
    html = render_answer.render_answer(made, 0, "en").replace("&quot;", '"')
    places = [int(found) for found in re.findall(r'"n": 1, "quote": (\d+)', html)]
    assert places == [1, 2]
    for place, quote in zip(places, quotes, strict=True):
        assert chat.chosen_source(made, Choice(0, "citation", 1, place)).quote == quote
    assert chat.chosen_source(made, Choice(0, "citation", 1)).quote == quotes[0]
    # what a page says that shows another answer by now
    assert chat.chosen_source(made, Choice(0, "citation", 1, 9)).quote == quotes[0]


def test_marks_lead_to_their_source_and_unsupported_sentences_are_told():
    made = answer(sentences=(Sentence("It is so. [1]", True, (1,)), Sentence("It may be.", False, ())), warnings=())
    html = render_answer.render_answer(made, 4, "en")
    assert '"turn": 4, "kind": "citation", "n": 1' in html.replace("&quot;", '"')
    assert ">1</button>" in html
    marked = re.sub(r'<span class="tip-text".*?</span></span></span>', "", html)
    assert "[1]" not in re.sub(r'(title|aria-label|data-values)="[^"]*"', "", marked)
    assert '<span class="unsupported"' in html
    assert "not found in the documents" in html


def test_an_abstention_has_a_form_of_its_own():
    made = answer(abstained=True, answer="Your documents do not say.", passages=(passage("near", "b.pdf"),))
    html = render_answer.render_exchange(Exchange("q", made), 0, "en")
    assert "Not in your documents" in html
    assert "b.pdf" in html
    assert 'class="confidence' not in html
    assert html.count('data-act="retry"') == 1
    suggested_caution = render_answer.render_exchange(Exchange("q", replace(made, suggested_caution="low")), 0, "en")
    assert "Answer all the same" in suggested_caution
    assert "&quot;caution&quot;: &quot;low&quot;" in suggested_caution


@pytest.mark.parametrize(
    ("fields", "language", "told"),
    [
        ({}, "en", "Answered"),
        ({}, "fr", "Réponse trouvée"),
        ({"grade": "likely"}, "en", "Likely: check the page"),
        ({"grade": "likely"}, "fr", "Réponse probable\u00a0: à vérifier sur la page"),
        ({"abstained": True}, "en", "Not in your documents"),
        ({"abstained": True}, "fr", "Absent de vos documents"),
    ],
)
def test_a_grade_is_told_once_in_words(fields, language, told):
    made = answer(sentences=(Sentence("It is so. [1]", True, (1,)),), **fields)
    html = render_answer.render_answer(made, 0, language)
    assert re.findall(r"<h3[^>]*>(.*?)</h3>", html) == [f'<span class="sign" aria-hidden="true"></span>{told}']
    assert html.count(told) == 1


def test_a_likely_answer_names_its_doubt_and_offers_nothing_but_the_page():
    quote = Citation("a.pdf", "/a.pdf", 2, n=1, quote="It is <so>.", start=0, end=11)
    read = replace(passage("before " * 60 + "It is <so>." + " behind" * 60, "a.pdf"), n=1)
    made = answer(citations=(quote,), passages=(read,), grade="likely", doubt="Is it <so>?", confidence=0.61)
    html = render_answer.render_exchange(Exchange("q", made), 0, "en")
    assert '<p class="doubt">Is it &lt;so&gt;?</p>' in html
    assert "<mark>It is &lt;so&gt;.</mark> behind" in html
    assert len(re.search(r"<blockquote>(.*?)</blockquote>", html)[1]) < 500
    assert html.count('data-act="retry"') == 1
    assert "confidence 61 %" in html
    assert "aside" not in render_answer.render_answer(replace(made, grade="answered"), 0, "en")


def test_words_of_a_passage_are_a_quotation_on_the_page():
    quote = Citation("a.pdf", "/a.pdf", 2, n=1, quote="It is so.", start=0, end=9)
    made = answer(sentences=(Sentence("It is so. [1]", True, (1,)),), citations=(quote,), grade="likely")
    assert '<blockquote class="own-words"><p>' in render_answer.render_answer(made, 0, "en")
    assert "blockquote" not in render_answer.render_answer(replace(made, grade="answered"), 0, "en")


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Not stated: the &lt;day&gt;; who pays"), ("fr", "Non précisé\u00a0: the &lt;day&gt;\u202f; who pays")],
)
def test_what_is_not_stated_stands_below_the_answer_and_in_what_is_copied(language, told):
    html = render_answer.render_exchange(Exchange("q", answer(not_stated=("the <day>", "who pays"))), 0, language)
    assert f'<p class="not-stated">{told}</p>' in html
    assert told in re.search(r'data-act="copy" data-values="(.*?)"', html)[1]
    assert "not-stated" not in render_answer.render_exchange(Exchange("q", answer()), 0, language)


def test_a_table_is_one_and_its_citations_are_buttons():
    text = f"| | {HOSTILE} |\n|---|---|\n| Hotel | £175 [1] |\n| Cat | 3 [9] |"
    html = render_answer.render_answer(answer(sentences=(Sentence(text, True, (1,)),), answer=text), 4, "en")
    table = re.search(r"<table>.*?</table>", html)[0]
    assert '<th scope="col">&lt;img' in table
    assert '<td>Hotel</td><td>£175<span class="cited"><button' in table
    assert '"n": 1' in table.replace("&quot;", '"')
    assert "<td>3</td>" in table  # there is no such source
    assert "<script" not in html


def test_a_list_is_one():
    lines = (Sentence("2. two [1]", True, (1,)), Sentence("5. five", False, ()))
    html = render_answer.render_answer(answer(sentences=lines, answer="2. two [1]\n5. five"), 0, "en")
    assert re.findall(r'<li value="(\d)">', html) == ["2", "5"]
    assert "not found in the documents" in html


def test_what_is_copied_says_that_it_is_to_be_checked():
    made = answer(sentences=(Sentence("It is so. [1]", True, (1,)),), answer="x", grade="likely", doubt="Is it?")
    html = render_answer.render_exchange(Exchange("q", made), 0, "en")
    copied = re.search(r'data-act="copy" data-values="(.*?)"', html)[1]
    text = json.loads(unescape(copied))["text"]
    assert text.startswith("Likely: check the page. Is it?\nIt is so. [1]\n\nSources:\n[1] ")
    assert made.citations[0].quote in text


@pytest.mark.parametrize("said", ["Your documents do not say.", ""])
def test_a_refusal_is_copied_in_words(said):
    copied = render_answer.copied(answer(abstained=True, answer=said, citations=()), "en")
    assert copied.startswith(f"Not in your documents. {said}".strip())
    assert "The nearest passages:" in copied


@pytest.mark.parametrize(
    ("spoken", "said", "told"),
    [
        ("fr", "Vos documents ne le disent pas.", '<p lang="fr">Vos documents ne le disent pas. Aucun passage '),
        ("de", "Das steht nicht in Ihren Dokumenten.", '<p lang="de">Das steht nicht in Ihren Dokumenten.</p>'),
        ("", "Your documents do not say.", '<p lang="en">Your documents do not say. No passage '),
        ("fr", "", '<p lang="en">No passage '),
    ],
)
def test_a_refusal_speaks_one_language(spoken, said, told):
    made = answer(abstained=True, answer=said, language=spoken, citations=())
    assert told in render_answer.render_abstained(made, 0, "en")
    mixed = said and spoken
    assert ("Not in your documents" in render_answer.copied(made, "en").partition("\n")[0]) == (not mixed)


def test_an_answer_of_ragapp_itself_says_so_and_has_no_grade():
    place = Place("a.pdf", "/d/a.pdf", 1)
    made = answer(
        basis="list", note="From the list.", citations=(), sentences=(), answer="Two:\n- a\n- b", listed=(place,)
    )
    html = render_answer.render_exchange(Exchange("Which documents are there?", made), 0, "en")
    assert '<p class="basis">From the list.</p>' in html
    assert "<ul><li><span>a</span></li><li><span>b</span></li></ul>" in html
    assert "Answered" not in html
    assert "confidence" not in html
    assert '"kind": "listed", "n": 1' in unescape(html)


def test_a_kept_answer_can_be_rated_and_shows_what_was_said():
    told = Feedback("down", "It is old", "£215", unanswerable=False)
    html = render_answer.render_exchange(Exchange("q", answer(), turn=7, feedback=told), 0, "en")
    assert re.findall(r'aria-pressed="(\w+)"', html) == ["false", "true"]
    assert "the right answer: £215 · It is old" in html
    assert 'data-act="rate"' not in render_answer.render_exchange(Exchange("q", answer()), 0, "en")


def test_what_is_proved_is_shown_with_its_marks_while_the_rest_is_written():
    run, cited = Run(), Citation("fees.pdf", "/fees.pdf", 2, n=1, quote="Fee: EUR 20", start=0, end=11)
    run.proved = (
        Proved(Sentence("The fee is 20 euros. [1]", True, (1,), ("Fee: EUR 20",)), (cited,), language="en"),
        Proved(Sentence("It is paid in May. [1]", True, (1,), ("Payable in May",)), language="en"),
    )
    html = render_answer.render_run(run, "en")
    assert "Checked so far:" in html
    assert "doubt" not in html
    assert (
        '<div class="answer" lang="en"><p><span>The fee is 20 <span class="cited-end">euros.<span class="early-mark"'
        in html
    )
    assert 'title="fees.pdf, p. 2: “Payable in May”">1</span></span></span></p>' in html
    run.proved = ()
    assert "Checked so far:" not in render_answer.render_run(run, "en")


def test_who_hears_the_page_is_told_of_stages_and_of_no_frame():
    html = render_answer.render_run(Run(), "en")
    assert html.startswith('<section class="exchange running" aria-live="off">')
    assert html.count('role="status"') == 1
    told = re.search(r'<span role="status">(.*?)</span>', html)[1]
    assert told.endswith("(2 of 3)")  # without the seconds, which are heard each time otherwise


@pytest.mark.parametrize(
    ("stage", "english", "french"),
    [
        (Stage("searching"), "Searching", "Recherche"),
        (Stage("waiting", ahead=2), "Waiting for 2 other questions", "2 questions en attente avant la vôtre"),
        (Stage("reading", 5), "Reading 5 passages", "Lecture de 5 passages"),
        (
            Stage("reading", 5, number=2, place=Place("a.pdf", "/a.pdf", 3)),
            "Reading a.pdf, p. 3 (2 of 5)",
            "Lecture de a.pdf, p. 3 (2 sur 5)",
        ),
        (Stage("reading", 1, number=1, place=Place("a.md", "/a.md", 1, "", "file")), "Reading a.md", "Lecture de a.md"),
        (
            Stage("writing", 2, place=Place("a.pdf", "/a.pdf", 3)),
            "Writing from a.pdf, p. 3",
            "Rédaction d’après a.pdf, p. 3",
        ),
        (
            Stage("comparing", 1, place=Place("a.pdf", "/a.pdf", 3)),
            "Comparing with a.pdf, p. 3",
            "Comparaison avec a.pdf, p. 3",
        ),
        (Stage("comparing", 1), "Comparing", "Comparaison"),
    ],
)
def test_a_stage_says_what_is_read(stage, english, french):
    assert render_answer.stage_text(stage, "en") == english
    assert render_answer.stage_text(stage, "fr") == french


def test_waiting_is_told_with_its_seconds():
    html = render_answer.render_run(Run(), "fr")
    assert "(2 sur 3)" in html
    assert 'data-started="2.4"' in html
    assert "%" not in render_answer.render_run(Run(), "en", 40)  # the model is there when passages are read
    run = Run()
    run.stage = None
    assert "Loading the model: 40 %" in render_answer.render_run(run, "en", 40)


def test_an_export_has_the_quotes_in_the_readers_language_and_nothing_that_comes_to_life():
    exchanges = [Exchange("Why <b>?", answer(), scope="/d/", scope_name="hr"), Exchange("And?", None, stopped=True)]
    text = render_answer.render_markdown("Why <b>?", "2025-03-01", exchanges, "fr")
    assert text.startswith("# Why \\<b\\>?\n\n2025-03-01, 2 questions\n")
    assert "## 1. Why \\<b\\>? \\(dans hr\\)" in text
    assert "## 2. And?\n\nArrêté" in text
    assert "Sources\u00a0:" in text
    quote = answer().citations[0].quote
    assert escape_markdown(quote) in text
    assert "](" not in text
    assert not re.search(r"(?<!\\)<", text)


@pytest.mark.parametrize("abstained", [False, True])
def test_how_a_follow_up_was_understood_is_told_and_exported(abstained):
    made = answer(abstained=abstained, question="And in Paris?", standalone="What is the limit in Paris?")
    told = "Question comprise ainsi\u00a0: What is the limit in Paris?"
    assert told in render_answer.render_exchange(Exchange("And in Paris?", made), 0, "fr")
    assert told in render_answer.render_markdown("t", "d", [Exchange("And in Paris?", made)], "fr")
    # what stands alone is kept with its spaces evened out
    for asked in (made.standalone, "What is the\nlimit  in Paris? "):
        alone = replace(made, question=asked)
        assert "Compris" not in render_answer.render_exchange(Exchange(asked, alone), 0, "fr")
        assert "Compris" not in render_answer.render_markdown("t", "d", [Exchange(asked, alone)], "fr")


def test_rows_of_a_table_are_told_in_words_where_a_passage_is_one_line():
    table = "| Role | Limit |\n|---|---|\n| Managers | 215 |"
    made = answer(abstained=True, citations=(), passages=(passage(table),))
    for shown in (
        render_answer.render_answer(made, 0, "en"),
        render_answer.render_markdown("t", "d", [Exchange("q", made)], "en"),
    ):
        assert "Role: Managers; Limit: 215" in shown.replace("\\", "")
        assert "|" not in shown.replace("&quot;", "")


def told(html):
    """What a place tells the viewer."""
    return json.loads(unescape(re.search(r'data-view="([^"]*)"', html)[1]))


def test_the_viewer_is_told_where_the_words_are():
    source = Source("a.pdf", "/d/a.pdf", 2, quote="words")
    shown = Evidence(source, 7, ("A", "B"), 3, "same", True, (Box(0.25, 0.5, 0.1, 0.02),), spans=((4, 9), (20, 31)))
    view = told(render_evidence.render_view(shown, "en"))
    assert (view["id"], view["page"], view["pictures"], view["place"]) == (7, 2, True, "p. 2")
    assert view["boxes"] == [[0.25, 0.5, 0.1, 0.02]]
    assert (view["mark"], view["path"], view["file"]) == ("4-9,20-31", "A › B", "/ui/file/7")
    assert (view["notes"], view["quote"]) == ([], "")


@pytest.mark.parametrize(
    ("file", "said", "link"), [("gone", "no longer where it was", ""), ("changed", "has changed", "/ui/file/7")]
)
def test_a_file_that_is_not_what_it_was_is_told(file, said, link):
    source = Source("a.pdf", "/d/a.pdf", 2, quote="words")
    view = told(render_evidence.render_view(Evidence(source, 7, (), 3, file, spans=((0, 5),)), "en"))
    assert len(view["notes"]) == 1
    assert said in view["notes"][0]
    assert (view["file"], view["pictures"], view["mark"]) == (link, False, "0-5")


def test_words_that_cannot_be_marked_stand_above_the_page():
    source = Source("a.pdf", "/d/a.pdf", 2, quote="the  words\nof it")
    view = told(render_evidence.render_view(Evidence(source, 7, (), 3, "same", True), "en"))
    assert view["quote"] == "the words of it"
    assert "could not be located" in view["notes"][0]


def test_of_a_document_that_was_removed_its_quote_is_left():
    html = render_evidence.render_view(Evidence(Source("a.pdf", "/d/a.pdf", 2, quote="words")), "en")
    assert "no longer in the store" in html
    assert "<mark>words</mark>" in html
    assert "data-view" not in html


def part(text, quote, kind="table", words="", number=0):
    unit = Unit(1, "section", "", [Block(text, kind)])
    start = text.index(quote) if quote else 0
    blocks, hits = unit_text.shown_part(unit, number, ((start, start + len(quote)),) if quote else (), words)
    return render_evidence.render_part(blocks), hits


def test_a_row_of_a_table_is_marked_and_no_other():
    table = "| Place | Limit |\n| --- | --- |\n| Paris | 190 |\n| London | 175 |\n| Rome | 160 |"
    for quote in ("| London | 175 |", "\n| London | 175 |\n", "| London | 175 |\n|", "175"):
        html, _ = part(table, quote)
        assert '<td><mark class="cited">London</mark></td><td><mark class="cited">175</mark></td>' in html
        assert html.count("<mark") == 2
        assert "---" not in html
        assert '<th scope="col">Place</th>' in html


def test_a_bar_in_a_cell_parts_no_cells():
    html, _ = part("| Place | Limit |\n| --- | --- |\n| Paris \\| Lyon | 190 |", "190")
    assert '<td><mark class="cited">Paris | Lyon</mark></td><td><mark class="cited">190</mark></td>' in html


def test_words_that_are_looked_for_are_marked_within_a_quote():
    html, hits = part("The green kettle is a kettle.", "green kettle", "text", "kettle")
    assert hits == 2
    assert '<mark class="cited">green </mark><mark class="hit cited" data-hit="0">kettle</mark>' in html
    assert '<mark class="hit" data-hit="1">kettle</mark>' in html


def test_a_long_text_is_cut_into_parts_that_are_the_whole():
    lines = [f"Line {n} of the story, told once." for n in range(3000)]
    text = "\n".join(lines)
    unit = Unit(1, "document", "", [Block("Top", "heading", ("Top",)), Block(text), Block("The end.")])
    count = unit_text.part_count(len(unit.text))
    parts = [render_evidence.render_part(unit_text.shown_part(unit, n)[0]) for n in range(count)]
    assert count > 5
    assert all(len(one) < 3 * unit_text.PART for one in parts)
    assert re.findall(r"Line \d+ of the story, told once\.", "".join(parts)) == lines
    assert parts[-1].endswith("The end.</p>")
    for line in (lines[0], lines[1234], lines[-1]):
        assert line in parts[unit_text.part_at(unit.text, unit.text.index(line))]


def test_a_long_table_keeps_its_header_in_every_part():
    table = "| Place | Limit |\n| --- | --- |\n" + "\n".join(f"| Town {n} | {n} |" for n in range(2000))
    count = unit_text.part_count(len(table))
    parts = [part(table, "", number=n)[0] for n in range(count)]
    assert count > 1
    assert all(one.count('<th scope="col">Place</th>') == 1 for one in parts)
    assert re.findall(r"<td>(Town \d+)</td>", "".join(parts)) == [f"Town {n}" for n in range(2000)]


def test_a_line_without_end_is_cut_all_the_same():
    text = "x" * 50_000 + "needle" + "y" * 50_000
    unit = Unit(1, "document", "", [Block(text)])
    parts = [unit_text.shown_part(unit, n)[0] for n in range(unit_text.part_count(len(text)))]
    assert "".join(piece.text for blocks in parts for block in blocks for piece in block.pieces) == text


def test_a_rebuild_is_offered_and_then_told_how_far_it_is():
    need = RebuildNeed(300, 4210, 120, 2500, 725.0)
    html = documents_job.render_job(IngestState("failed", told="Made <by> another.", rebuild=need), "en")
    assert "Made &lt;by&gt; another." in html
    assert "2,500 passages to rebuild, about 12 min." in html
    assert "120 documents are done already" in html
    assert '"rebuild"' in html.replace("&quot;", '"')
    progress = IngestProgress(150, 300, seconds_left=600)
    html = documents_job.render_job(IngestState("running", progress=progress, rebuild=need), "fr")
    assert "Reconstruction\u00a0: 150 documents sur 300" in html
    assert "Reconstruire maintenant" not in html
    ready = Readiness((), 3, need, rebuilding=True)
    assert "Rebuild now" not in first_steps.render_guide(ready, {}, ModelState(), IngestState(), Paths(), "en")


def test_the_privacy_line_has_a_figure_only_where_it_was_counted():
    assert "0 connections" not in page.render_privacy(None, "", "en")
    assert "0 connections" in page.render_privacy({"to_allowed_hosts": 0, "attempts": 2}, "", "en")
    assert "http://gpu:8000" in page.render_privacy(None, "http://gpu:8000", "en")
    assert "stays on this computer" not in page.render_privacy(None, "http://gpu:8000", "en")


def test_the_first_steps_are_told():
    paths, ready = Paths(ingest="/home/me/drop"), Readiness(("all-minilm-l6-v2", "qwen2.5-coder-1.5b-instruct"), 0)
    wanted = {"all-minilm-l6-v2": "", "qwen3-4b-instruct-2507": "qwen2.5-coder-1.5b-instruct"}
    html = first_steps.render_guide(ready, wanted, ModelState(), IngestState(), paths, "en")
    assert "ragapp models pull all-minilm-l6-v2 qwen3-4b-instruct-2507" in html
    assert "Download everything (2.6 GB)" in html
    assert "Smaller and faster (1.2 GB)" in html
    assert "Try the sample documents" in html
    assert "/home/me/drop" in html
    welcome = first_steps.render_welcome(3, ["What is the fee?"], "en")
    assert "What would you like to know" in welcome
    assert re.search(r'data-act="ask"[^>]*>What is the fee\?', welcome)


def test_how_far_models_are_fetched_is_told_with_rate_and_time_left():
    at = Fetching(2, 2, "m from the model hub", 600_000_000, 1_500_000_000, 5_000_000)
    html = models.render_model_job(ModelState("fetching", "m", fetching=at), "en")
    for words in ("Downloading m (2 of 2)", "600 MB of 1.5 GB", "5.0 MB/s", "about 3 min left", 'value="40"', "Stop"):
        assert words in html
    html = models.render_model_job(ModelState("fetching", "m", fetching=at), "fr")
    assert "Téléchargement de m (2 sur 2)" in html
    assert "préparation" not in html
    come = Fetching(1, 2, "m: making it ready", 100_000_000, 1_500_000_000, came=True)
    assert "préparation en cours" in models.render_model_job(ModelState("fetching", "m", fetching=come), "fr")
    failed = ModelState(
        name="m", error="m could not be fetched:\n  model hub: no route", hint="Do this.", failed="fetching"
    )
    html = models.render_model_job(failed, "en")
    assert "internet connection" in html
    assert "no route" in html


def test_how_far_a_model_is_loaded_is_told():
    state = ModelState("loading", HOSTILE)
    html = models.render_model_job(state, "fr", 7)
    assert ": 7 %" in html
    assert '<progress max="100" value="7"' in html
    assert "<script>" not in html
    assert "%" not in models.render_model_job(ModelState("loading", "m"), "en")


def test_models_are_told_with_what_they_need(tmp_path):
    found = [
        FoundModel("big", "llm", tmp_path / "big.gguf", 10**10, None, "unknown", memory=12 << 30),
        FoundModel("small", "llm", tmp_path / "small.gguf", 10**9, None, "unknown", memory=1 << 30),
    ]
    html = models.render_models(found, list(PACKS.values())[:1], ["small"], 4 << 30, "en")
    assert "needs about 12.9 GB: too large for this machine" in html
    assert "needs about 1.1 GB</td>" in html
    assert "in use" in html
    packs = [PACKS["multilingual-e5-small"], PACKS["all-minilm-l6-v2"]]
    html = models.render_models([], packs, [], 4 << 30, "fr")
    assert "une centaine de langues" in html
    assert "anglais" in html
    assert "temps × 2" in html
    folder = tmp_path / "multilingual-e5-small"
    for variant in packs[0].variants:
        here = FoundModel(folder.name, "embedder", folder, 1, folder.name, "verified", weights=variant.weights)
        html = models.render_models([here], [], [], 4 << 30, "en")
        assert ("4-bit weights" in html) == bool(variant.variant)
        assert ("publisher’s weights" in html) == (not variant.variant)
    running = Running("m", "e", True, 4, 0, 4096, 12.5, 1 << 30, 2 << 30)
    html = models.render_running(running, "en")
    assert "12.5 tokens/s" in html
    assert "4 threads" in html


def test_settings_are_told_as_yaml_with_what_decides_them():
    rows = {
        "llm": [
            SettingInfo("llm.thinking", False, default=False),
            SettingInfo("llm.threads", 3, "local", "/home/me/settings.local.yaml", 7, default=0),
            SettingInfo("llm.seed", 7, "environment", variable="RAGAPP_LLM__SEED", default=42),
            SettingInfo("llm.batch", "auto", "file", "/home/me/settings.yaml", 9, default="auto", pending=True),
            SettingInfo("llm.flash_attention", None),
        ]
    }
    html = settings.render_settings(rows, "/home/me/settings.local.yaml", "en")
    listed = html[html.rindex("<details") :]
    cells = re.findall(r"<code>(llm\.\w+)</code></th><td><code>(.*?)</code></td><td>(.*?)</td>", listed)
    told = {key: (value, re.sub(r"<[^>]+>", "", origin)) for key, value, origin in cells}
    assert told == {
        "llm.thinking": ("false", ""),
        "llm.threads": ("3", "set by you, in settings.local.yaml:7"),
        "llm.seed": ("7", "set by RAGAPP_LLM__SEED in the environment"),
        "llm.batch": ("auto", "set in settings.yaml:9 · applies after a restart"),
        "llm.flash_attention": ("null", ""),
    }
    assert "3 settings that are not at their defaults" in html
    assert "Restart ragapp" in html
    assert "Restart ragapp to apply" not in settings.render_settings({"llm": rows["llm"][:1]}, "", "en")


def test_other_programs_find_the_address_and_the_way_to_the_token():
    for language in ("en", "fr"):
        html = settings.render_programs(7861, language)
        assert "http://127.0.0.1:7861/v1" in html
        assert "ragapp token show" in html


def test_calibration_in_the_background_is_told_unless_documents_come():
    at_work = CalibrationState(running=True, done=3, questions=30)
    assert "(3 of 30)" in page.render_header(IngestState(), "en", at_work)
    assert "(3 sur 30)" in page.render_header(IngestState(), "fr", at_work)
    assert "busy" not in page.render_header(IngestState(), "en", CalibrationState())
    busy = IngestState("running", progress=IngestProgress(1, 2))
    assert "(3 of 30)" not in page.render_header(busy, "en", at_work)


@pytest.mark.parametrize(
    ("language", "state", "running", "shown"),
    [
        ("en", None, False, ""),
        ("en", ReadingProgress(0, 0), False, ""),
        ("en", ReadingProgress(3, 12, 90.0), False, "3 of 12 passages; answers about them start at once."),
        (
            "en",
            ReadingProgress(3, 1200, 90.0),
            True,
            "3 of 1,200 passages; answers about them start at once. 2 min left.",
        ),
        (
            "fr",
            ReadingProgress(3, 12),
            True,
            "3 passages sur 12\u202f; les réponses qui s’y rapportent commencent aussitôt.",
        ),
    ],
)
def test_how_much_was_read_ahead_is_told(language, state, running, shown):
    job = ReadingJob(None, busy=lambda: False)
    job.state, job.running = state, running
    assert models.render_reading(job, language) == shown
