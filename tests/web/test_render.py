import json
import re
from dataclasses import replace

import pytest

from ragapp.answer.export import escape_markdown
from ragapp.contract import (
    Answer,
    Citation,
    Conversation,
    DocumentWarnings,
    FileState,
    IngestProgress,
    IngestState,
    Passage,
    RebuildNeed,
    Sentence,
    Stage,
)
from ragapp.index.records import DocumentRow, UnreadRow
from ragapp.ingest.conditions import REMOVED
from ragapp.models.discovery import FoundModel
from ragapp.models.packs import PACKS
from ragapp.web.app_state import Readiness
from ragapp.web.evidence import Block, Evidence, Source
from ragapp.web.model_job import ModelState, Running
from ragapp.web.pdf_pages import Box
from ragapp.web.runs import Exchange
from ragapp.web.setting_sources import SettingRow
from ragapp.web.ui import chat, conversations, documents, models, page, render, render_evidence, settings
from ragapp.web.ui.documents import Listing
from ragapp.web.visitors import Choice

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(1)</script> & ${alert(1)} {{alert(1)}} [1](javascript:alert(1)) \"'>"
)


def row(**values):
    fields = {
        "id": 1,
        "identity_id": 1,
        "path": "/d/a.pdf",
        "name": "a.pdf",
        "title": "A",
        "language": "en",
        "size": 1,
        "mtime_ns": 1,
        "sha256": "",
        "warnings": (),
        "ingested_at": "2025-03-01T10:00:00",
        "units": 2,
        "units_without_text": 0,
        "units_ocr": 0,
        "units_needing_ocr": 0,
        "chunks": 3,
        "conditions": "",
    }
    return DocumentRow(**{**fields, **values})


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
    asked, stage = Exchange(HOSTILE, scope=HOSTILE, scope_name=HOSTILE), Stage("reading", 3)
    written, thought = HOSTILE, ""
    seconds, stopping = 2.4, False


def everything():
    source = Source(HOSTILE, HOSTILE, 2, HOSTILE, "section", quote=HOSTILE)
    blocks = (
        Block("text", ((HOSTILE, False), (HOSTILE, True))),
        Block("table", ((f"| {HOSTILE} |\n|---|\n| ", False), (f"{HOSTILE} |", True))),
    )
    shown = Evidence(source, 1, (HOSTILE,), 5, "same", False, (), 1.4, blocks, True)
    pictured = Evidence(source, 1, (HOSTILE,), 5, "same", True, (Box(0.1, 0.1, 0.2, 0.1),), 1.4, blocks, True)
    for language in ("en", "fr"):
        yield render.render_exchange(Exchange(HOSTILE, answer(), scope=HOSTILE), 0, language)
        yield render.render_exchange(Exchange(HOSTILE, answer(abstained=True)), 0, language)
        yield render.render_exchange(Exchange(HOSTILE, None, HOSTILE), 0, language)
        yield render.render_exchange(Exchange(HOSTILE, answer(standalone=HOSTILE + "?", note=HOSTILE)), 0, language)
        yield render.render_run(Run(), language)
        yield render_evidence.render_evidence(answer(), Choice(0, "citation", 1), shown, language)
        yield render_evidence.render_evidence(answer(), Choice(0, "citation", 1), pictured, language)
        yield documents.render_table(
            [row(name=HOSTILE, title=HOSTILE, path=HOSTILE, warnings=(HOSTILE,))], Listing(), language
        )
        yield documents.render_failures([UnreadRow(HOSTILE, "failed", HOSTILE, HOSTILE)], language)
        yield documents.render_confirmation([row(name=HOSTILE)], language)
        yield documents.render_job(IngestState("idle", files=(FileState(HOSTILE, "failed", HOSTILE),)), language)
        yield page.render_privacy(
            {"attempts": 1, "refused": [{"address": HOSTILE, "by": [HOSTILE]}]}, HOSTILE, language
        )
        yield chat.render_guide(Readiness((HOSTILE,), 0), ModelState(error=HOSTILE), language)
        yield conversations.render_conversations([Conversation(1, HOSTILE, "", HOSTILE, 1)], 1, language)
        yield settings.render_settings({"llm": [SettingRow(HOSTILE, HOSTILE, "file", HOSTILE)]}, HOSTILE, language)


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


def test_marks_lead_to_their_source_and_unsupported_sentences_are_told():
    made = answer(sentences=(Sentence("It is so. [1]", True, (1,)), Sentence("It may be.", False, ())), warnings=())
    html = render.render_answer(made, 4, "en")
    assert '"turn": 4, "kind": "citation", "n": 1' in html.replace("&quot;", '"')
    assert ">1</button>" in html
    assert "[1]" not in re.sub(r'(title|aria-label|data-values)="[^"]*"', "", html)
    assert '<span class="unsupported"' in html
    assert "not found in the documents" in html


def test_an_abstention_has_a_form_of_its_own():
    made = answer(abstained=True, answer="Your documents do not say.", passages=(passage("near", "b.pdf"),))
    html = render.render_exchange(Exchange("q", made), 0, "en")
    assert "Not in your documents" in html
    assert "b.pdf" in html
    assert 'class="confidence' not in html
    assert html.count('data-act="retry"') == 1
    suggested_caution = render.render_exchange(Exchange("q", replace(made, suggested_caution="low")), 0, "en")
    assert "Answer all the same" in suggested_caution
    assert "&quot;caution&quot;: &quot;low&quot;" in suggested_caution


@pytest.mark.parametrize(("confidence", "level"), [(0.9, "high"), (0.6, "medium"), (0.4, "low")])
def test_confidence_is_told_in_words_and_figures(confidence, level):
    html = render.render_exchange(Exchange("q", answer(confidence=confidence)), 0, "en")
    assert f'class="confidence {level}"' in html
    assert f"{confidence * 100:.0f} %" in html


def test_waiting_is_told_with_its_seconds():
    html = render.render_run(Run(), "fr")
    assert "Lecture de 3 passages" in html
    assert 'data-started="2.4"' in html
    assert "%" not in render.render_run(Run(), "en", 40)  # the model is there when passages are read
    run = Run()
    run.stage = None
    assert "Loading the model: 40 %" in render.render_run(run, "en", 40)


def test_an_export_has_the_quotes_in_the_readers_language_and_nothing_that_comes_to_life():
    exchanges = [Exchange("Why <b>?", answer(), scope="/d/", scope_name="hr"), Exchange("And?", None, stopped=True)]
    text = render.render_markdown(exchanges, "fr")
    assert "## 1. Why \\<b\\>? \\(dans hr\\)" in text
    assert "## 2. And?\n\nArrêté" in text
    assert "Sources:" in text
    quote = answer().citations[0].quote
    assert escape_markdown(quote) in text
    assert "](" not in text
    assert not re.search(r"(?<!\\)<", text)


@pytest.mark.parametrize("abstained", [False, True])
def test_how_a_follow_up_was_understood_is_told_and_exported(abstained):
    made = answer(abstained=abstained, question="And in Paris?", standalone="What is the limit in Paris?")
    told = "Compris comme : What is the limit in Paris?"
    assert told in render.render_exchange(Exchange("And in Paris?", made), 0, "fr")
    assert told in render.render_markdown([Exchange("And in Paris?", made)], "fr")
    # what stands alone is kept with its spaces evened out
    for asked in (made.standalone, "What is the\nlimit  in Paris? "):
        alone = replace(made, question=asked)
        assert "Compris" not in render.render_exchange(Exchange(asked, alone), 0, "fr")
        assert "Compris" not in render.render_markdown([Exchange(asked, alone)], "fr")


def test_rows_of_a_table_are_told_in_words_where_a_passage_is_one_line():
    table = "| Role | Limit |\n|---|---|\n| Managers | 215 |"
    made = answer(abstained=True, citations=(), passages=(passage(table),))
    for shown in (render.render_answer(made, 0, "en"), render.render_markdown([Exchange("q", made)], "en")):
        assert "Role: Managers; Limit: 215" in shown.replace("\\", "")
        assert "|" not in shown.replace("&quot;", "")


def test_a_picture_marks_the_words_and_leafs():
    source = Source("a.pdf", "/d/a.pdf", 2, quote="words")
    html = render_evidence.render_view(
        Evidence(source, 7, (), 3, "same", True, (Box(0.25, 0.5, 0.1, 0.02),), 1.4, (), True), "en", "pick", turn=0
    )
    assert 'src="/ui/page/7/2.jpg"' in html
    assert "left:25.00%;top:50.00%;width:10.00%;height:2.00%" in html
    assert '"page": 1' in html.replace("&quot;", '"')
    assert '"page": 3' in html.replace("&quot;", '"')
    assert "could not be located" not in html


@pytest.mark.parametrize(
    ("file", "id_", "told"),
    [("gone", 7, "not where it was"), ("changed", 7, "has changed"), ("gone", 0, "no longer in the store")],
)
def test_a_file_that_is_not_what_it_was_is_told(file, id_, told):
    source = Source("a.pdf", "/d/a.pdf", 2, quote="words")
    shown = Evidence(source, id_, (), 3, file, False, (), 1.4, (Block("text", (("words", True),)),), True)
    html = render_evidence.render_view(shown, "en", "pick")
    assert told in html
    assert "<mark>words</mark>" in html
    assert "<img" not in html


def test_a_row_of_a_table_is_marked():
    block = Block("table", (("| Place | Limit |\n| --- | --- |\n| Paris | 190 |\n", False), ("| London | 175 |", True)))
    source = Source("a.docx", "/d/a.docx", 1, kind="section", quote="| London | 175 |")
    html = render_evidence.render_view(Evidence(source, 7, (), 1, "same", blocks=(block,), found=True), "en", "pick")
    assert "<td><mark>London</mark></td><td><mark>175</mark></td>" in html
    assert "<td>Paris</td>" in html
    assert "---" not in html


def test_a_bar_in_a_cell_parts_no_cells():
    block = Block("table", (("| Place | Limit |\n| --- | --- |\n| Paris \\| Lyon | 190 |", True),))
    source = Source("a.docx", "/d/a.docx", 1, kind="section", quote="190")
    html = render_evidence.render_view(Evidence(source, 7, (), 1, "same", blocks=(block,), found=True), "en", "pick")
    assert "<td><mark>Paris | Lyon</mark></td><td><mark>190</mark></td>" in html


def test_a_long_text_is_shown_around_its_quote():
    blocks = tuple(Block("text", ((f"{n} " + "word " * 200, n == 40),)) for n in range(80))
    html = render_evidence.render_view(
        Evidence(Source("d", "p", 1, quote="x"), 1, blocks=blocks, found=True), "en", "pick"
    )
    assert "<mark>40 " in html
    assert "…" in html
    assert len(html) < 20_000


def test_documents_are_found_and_sorted():
    rows = [
        row(id=1, name="Zoé.pdf", units=9),
        row(id=2, name="a.docx", units=2, title="Règlement"),
        row(id=3, name="b.pdf", units=5),
    ]
    names = lambda **listing: [found.id for found in documents.select(rows, Listing(**listing))]  # noqa: E731
    assert names() == [2, 3, 1]
    assert names(column="pages", down=True) == [1, 3, 2]
    assert names(search="reglement") == [2]
    assert names(search="ZOE") == [1]
    assert names(column="type") == [2, 3, 1]


def test_many_documents_are_shown_in_parts():
    html = documents.render_table([row(id=n, name=f"{n}.pdf") for n in range(300)], Listing(), "en")
    assert html.count("<tr") == 101
    assert "Show 200 more" in html


def test_coverage_and_failures_are_told():
    html = documents.render_table([row(units=4, units_without_text=1, units_needing_ocr=1)], Listing(), "en")
    assert "75 %" in html
    assert "1 page is a picture that was not read" in html
    unread = [UnreadRow("/d/bad.pdf", "failed", "no PDF", "Save it."), UnreadRow("/d/x.pdf", "skipped", REMOVED)]
    html = documents.render_failures(unread, "en")
    assert "no PDF. Save it." in html
    assert "Removed by you (1)" in html
    assert "removed by hand" not in html


def test_progress_is_told_file_by_file():
    files = (
        FileState("/d/a.pdf", "working", "reading page 3 of 12"),
        FileState("/d/b.pdf", "failed", "no PDF. Save it."),
    )
    html = documents.render_job(
        IngestState("running", progress=IngestProgress(1, 4, seconds_left=600), files=files), "en"
    )
    assert "1 of 4 files" in html
    assert "10 min" in html
    assert "reading page 3 of 12" in html
    assert "no PDF. Save it." in html


def test_a_rebuild_is_offered_and_then_told_how_far_it_is():
    need = RebuildNeed(300, 4210, 120, 2500, 725.0)
    html = documents.render_job(IngestState("failed", told="Made <by> another.", rebuild=need), "en")
    assert "Made &lt;by&gt; another." in html
    assert "2500 passages to rebuild, about 12 min." in html
    assert "120 documents are done already" in html
    assert '"rebuild"' in html.replace("&quot;", '"')
    progress = IngestProgress(150, 300, seconds_left=600)
    html = documents.render_job(IngestState("running", progress=progress, rebuild=need), "fr")
    assert "Reconstruction : 150 documents sur 300" in html
    assert "Reconstruire maintenant" not in html
    assert "Rebuild now" not in chat.render_guide(Readiness((), 3, need, rebuilding=True), ModelState(), "en")


def test_the_privacy_line_has_a_figure_only_where_it_was_counted():
    assert "0 connections" not in page.render_privacy(None, "", "en")
    assert "0 connections" in page.render_privacy({"to_allowed_hosts": 0, "attempts": 2}, "", "en")
    assert "http://gpu:8000" in page.render_privacy(None, "http://gpu:8000", "en")
    assert "stays on this computer" not in page.render_privacy(None, "http://gpu:8000", "en")


def test_the_first_steps_are_told():
    html = chat.render_guide(Readiness(("all-minilm-l6-v2",), 0), ModelState(), "en")
    assert "ragapp models pull all-minilm-l6-v2" in html
    assert "Try the sample documents" in html
    assert "What would you like to know" in chat.render_guide(Readiness((), 3), ModelState(), "en")


def test_how_far_a_model_is_loaded_is_told():
    state = ModelState("loading", HOSTILE)
    html = models.render_model_job(state, "fr", 7)
    assert ": 7 %" in html
    assert '<progress max="100" value="7"' in html
    assert "<script>" not in html
    assert "%" not in models.render_model_job(ModelState("loading", "m"), "en")
    assert "progress" not in models.render_model_job(ModelState("fetching", "m"), "en", 7)


def test_models_are_told_with_what_they_need(tmp_path):
    found = [
        FoundModel("big", "llm", tmp_path / "big.gguf", 10**10, None, "unknown", memory=12 << 30),
        FoundModel("small", "llm", tmp_path / "small.gguf", 10**9, None, "unknown", memory=1 << 30),
    ]
    html = models.render_models(found, list(PACKS.values())[:1], ["small"], 4 << 30, "en")
    assert "12.0 GiB, too large" in html
    assert "1.0 GiB, fits" in html
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
