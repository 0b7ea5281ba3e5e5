import os
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ragapp.contract import FileReport, FileState, IngestProgress, IngestState
from ragapp.index.listing import Counts, Line, Page
from ragapp.web.ui import documents_forms, documents_job, documents_table
from ragapp.web.visitors import ROWS, Listing
from ragapp.words.forms import number, short_day, size

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script> & \"'>"
SOME = Counts({"ready": 1}, {}, 1)


def line(**values):
    fields = dict(
        id=1, path="/d/a.pdf", name="a.pdf", title="A", size=1_500_000, day="2025-03-01T10:00:00+00:00", units=2
    )
    fields |= dict(without_text=0, units_ocr=0, needing_ocr=0, warnings=(), state="ready", reason="", hint="")
    return Line(**{**fields, **values})


def table(*lines, language="en", counts=SOME, total=None, offset=0, listing=None, **more):
    page = Page(lines, len(lines) if total is None else total, offset)
    return documents_table.render_table(page, counts, listing or Listing(), language, **more)


def htmls():
    hostile = dict(name=HOSTILE, title=HOSTILE, path=f"/{HOSTILE}/{HOSTILE}", warnings=(HOSTILE,))
    for language in ("en", "fr"):
        report = FileReport(HOSTILE, "indexed")
        yield table(line(**hostile), language=language, summaries={1: HOSTILE}, outcomes={HOSTILE: report})
        yield table(line(id=None, state="failed", reason=HOSTILE, hint=f"ingest.passwords {HOSTILE}", **hostile))
        yield documents_table.render_filters(Counts({"warnings": 1}, {HOSTILE: 1}, 1), Listing(), language)
        yield documents_forms.render_confirmation([HOSTILE], 1, language, ids=[1])
        yield documents_forms.render_password_form(HOSTILE, language)
        yield documents_forms.render_removed([HOSTILE], language, undo=True)
        working = FileState(HOSTILE, "working", HOSTILE)
        state = IngestState("running", HOSTILE, progress=IngestProgress(1, 2, path=HOSTILE), files=(working,))
        yield documents_job.render_job(state, language)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("html", htmls())
def test_names_titles_warnings_and_reasons_are_inert(html):
    seen = Tags()
    seen.feed(html)
    assert not seen.tags & {"script", "img"}
    assert not any(name.startswith("on") for name in seen.attributes)


def test_two_files_of_one_name_are_told_apart_by_their_folders():
    drop = Path("/home/me/ragapp/ingest")
    first, second = line(path=str(drop / "2024" / "a.pdf")), line(id=2, path=str(drop / "2025" / "a.pdf"))
    html = table(first, second, drop_folder=drop)
    assert f">ingest{os.sep}<wbr>2024</td>" in html
    assert f">ingest{os.sep}<wbr>2025</td>" in html
    assert documents_table.shown_folder(str(drop / "a.pdf"), drop) == "ingest"
    assert documents_table.shown_folder("/mnt/share/x/a.pdf", drop) == "/mnt/share/x"
    assert documents_table.shown_folder(str(Path.home() / "Papers" / "a.pdf"), drop) == f"~{os.sep}Papers"


def test_a_line_has_its_title_and_what_it_is_about():
    html = table(line(title="Travel policy"), summaries={1: "Staff travel by train."})
    assert "Travel policy" in html
    assert "Staff travel by train." in html
    assert 'class="title"' not in table(line(name="policy.pdf", title="policy"))  # only the file's name again


def test_pages_sizes_and_days_are_those_of_the_language():
    html = table(line(units=12_345), language="fr")
    assert "12\u202f345" in html
    assert "1,5\u202fMo" in html
    assert "01/03/2025" in html
    html = table(line(units=12_345))
    assert "12,345" in html
    assert "1.5 MB" in html
    assert "2025-03-01" in html
    assert [size(n, "en") for n in (0, 999, 1_000, 123_456_789)] == ["0 B", "999 B", "1.0 kB", "123 MB"]
    assert '<td class="size"></td>' in table(line(size=-1))
    assert short_day("", "en") == ""
    assert number(1_000_000, "en") == "1,000,000"


def test_the_list_is_turned_page_by_page_and_says_where_it_is():
    lines = [line(id=n) for n in range(1, ROWS + 1)]
    html = table(*lines, total=10_000, offset=5_000)
    assert f"5,001–{5_000 + ROWS:,} of 10,000" in html
    for offset in (0, 5_000 - ROWS, 5_000 + ROWS, 9_950):
        assert f"&quot;offset&quot;: {offset}}}" in html
    first = table(*lines, total=10_000)
    assert first.count("leaf off") == 4  # neither before the first page, above and below
    assert "leaf" not in table(*lines[:3])


def test_a_file_that_wants_a_password_is_asked_for_it_and_others_are_tried_again():
    protected = line(
        id=None, state="failed", reason="the PDF is protected", hint="Add its password to ingest.passwords."
    )
    html = table(protected)
    assert "Enter password" in html
    assert "The file is protected by a password." in html
    assert 'type="checkbox" value' not in html  # nothing that could be removed
    damaged = table(line(id=None, state="failed", reason="no PDF", hint="Save it again."))
    assert "no PDF. Save it again." in damaged
    assert "Enter password" not in damaged
    assert "Try again" in damaged
    removed = table(line(id=None, state="removed", reason="removed by hand"))
    assert "The file itself is still there." in removed
    assert "removed by hand" not in removed


def test_coverage_is_told():
    html = table(line(units=4, without_text=1, needing_ocr=1))
    assert "75\u00a0%" in html
    assert "1 page is a picture that was not read" in html


def test_filters_have_their_figures_and_only_those_there_are():
    counts = Counts({"ready": 9_000, "failed": 12, "waiting": 0, "run": 0}, {"… pages are pictures.": 3}, 9_012)
    html = documents_table.render_filters(counts, Listing(state="failed"), "en")
    assert "Ready" in html
    assert "9,012" in html
    assert "Waiting" not in html
    assert html.count('aria-pressed="true"') == 1
    assert "… pages are pictures." in documents_table.render_filters(counts, Listing(), "en")


def test_what_came_of_a_run_is_one_line_however_many_files_it_had():
    files = tuple(FileState(f"/d/{n}.txt", "indexed") for n in range(150))
    counts = {"indexed": 150, "updated": 0, "removed": 0, "failed": 2}
    html = documents_job.render_job(IngestState("idle", counts=counts, files=files), "en")
    assert "150 added, 2 failed" in html
    assert "<li>" not in html
    assert "&quot;state&quot;: &quot;run&quot;" in html
    assert "Everything is up to date." in documents_job.render_job(IngestState("idle", counts={"indexed": 0}), "en")


def test_progress_tells_files_pages_bytes_and_what_is_in_hand():
    files = (
        FileState("/d/a.pdf", "working", "", step="reading", done=3, total=12),
        FileState("/d/b.tif", "working", "", step="ocr", done=1, total=2),
        FileState("/d/c.pdf", "failed", "no PDF. Save it."),
    )
    at = IngestProgress(1, 4, 1_234, seconds_left=600, share=0.25, bytes_done=1_000_000, bytes=4_000_000)
    html = documents_job.render_job(IngestState("running", progress=at, files=files), "en")
    for told in ("1 of 4 files", "1,234 pages", "1.0 MB of 4.0 MB", "10 min", "reading page 3 of 12", 'value="0.250"'):
        assert told in html
    assert "recognising page 1 of 2 (OCR)" in html
    french = documents_job.render_job(IngestState("running", progress=at, files=files), "fr")
    assert "lecture de la page 3 sur 12" in french
    assert "reading" not in french


def test_a_removal_says_what_it_does_and_how_to_get_it_back():
    html = documents_forms.render_confirmation([f"{n}.pdf" for n in range(10)], 10_000, "en", all=True)
    assert "Remove 10,000 documents?" in html
    assert "and 9,992 more" in html
    assert html.index("Keep them") < html.index(">Remove 10,000<")
    assert "can’t be undone" in html
    assert "Undo" in documents_forms.render_removed(["a"], "en", undo=True)
    assert "Undo" not in documents_forms.render_removed(["a"], "en", undo=False, erased=True)
    assert "nothing left" in documents_forms.render_removed([], "en", undo=False)
