import pytest

from ragapp.answer.result import Answer, Citation, Sentence
from ragapp.index.records import DocumentRow, StoredChunk, UnreadFile
from ragapp.retrieval.passage import Passage
from ragapp.web.ui import render

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script> & [1](javascript:alert(1))"


def row(**values):
    fields = {
        "id": 1, "identity_id": 1, "path": "/d/a.pdf", "name": "a.pdf", "title": "A", "language": "en", "size": 1,
        "mtime_ns": 1, "sha256": "", "warnings": (), "ingested_at": "", "units": 2, "units_without_text": 0,
        "units_ocr": 0, "units_needing_ocr": 0, "chunks": 3, "conditions": "",
    }  # fmt: skip
    return DocumentRow(**{**fields, **values})


def chunk(text=HOSTILE, document=HOSTILE):
    return StoredChunk(
        1, (HOSTILE,), text, 0, len(text), id=1, document_id=1, document=document, title=HOSTILE, path=document,
        language="en", label=HOSTILE, kind="section",
    )  # fmt: skip


def everything():
    answer = Answer(HOSTILE, HOSTILE, False, 1.0, model=HOSTILE, timings={"total_s": 1.0})
    answer.sentences = [Sentence(f"{HOSTILE} [1]", True, (1,)), Sentence(HOSTILE, False, ())]
    answer.citations = [Citation(1, HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE, 0, 5, "section")]
    answer.passages = [Passage(chunk(), 1.0, 1.0, 1.0)]
    abstained = Answer(HOSTILE, HOSTILE, True, 0.0, passages=answer.passages)
    yield render.render_answer(answer)
    yield render.render_answer(abstained)
    yield render.render_sources(answer)
    yield render.render_sources(abstained)
    yield render.render_partial(HOSTILE)
    yield render.render_status(HOSTILE)
    yield render.render_figures(answer)
    yield render.render_documents([row(name=HOSTILE)], [UnreadFile(HOSTILE, "failed", HOSTILE, HOSTILE)])


@pytest.mark.parametrize("html", list(everything()))
def test_text_of_documents_questions_and_models_is_inert(html):
    assert "<script" not in html
    assert "<img" not in html
    assert "alert(1)" in html


def test_marks_and_unsupported_sentences_are_visible():
    answer = Answer("q", "", False, 1.0)
    answer.sentences = [Sentence("It is so. [2]", True, (2,)), Sentence("It may be.", False, ())]
    html = render.render_answer(answer)
    assert '<sup class="mark">2</sup>' in html
    assert "[2]" not in html
    assert "It may be. (not found)" in html


def test_an_abstention_shows_the_nearest_passages():
    answer = Answer("q", "Your documents do not say.", True, 0.1, passages=[Passage(chunk("near", "b.pdf"), 1, 1, 1)])
    assert "abstained" in render.render_answer(answer)
    html = render.render_sources(answer)
    assert "Nearest passages" in html
    assert "b.pdf" in html


def test_the_list_of_documents_says_what_is_missing():
    html = render.render_documents(
        [row(units=5, units_without_text=2)], [UnreadFile("/d/bad.pdf", "failed", "no PDF", "Save it.")]
    )
    assert "5 pages, 3 passages, 2 without text" in html
    assert "bad.pdf" in html
    assert "no PDF. Save it." in html
    assert "No documents yet" in render.render_documents([], [])


def test_skipped_files_are_told_in_one_line():
    skipped = [UnreadFile(f"/d/{n}<.exe", "skipped", "no reader for .exe") for n in range(5)]
    shown = render.render_documents([row()], skipped)
    assert shown.count("<li") == 1
    assert "0&lt;.exe, 1&lt;.exe, 2&lt;.exe and 2 more" in shown
