"""A page that hangs, crashes or takes over what draws it costs its picture and nothing else."""

import platform
import shutil
import sys
import time

import drawkit
import psutil
import pytest

from ragapp.errors import ReadingError
from ragapp.web import pdf_process
from ragapp.web.pdf_process import PdfProcess
from ragapp.web.pdf_view import PdfView


@pytest.fixture
def good(tmp_path, request):
    path = tmp_path / "good.pdf"
    shutil.copy(request.config.rootpath / "sample_docs" / "travel-policy-2025.pdf", path)
    return path


@pytest.fixture
def process(monkeypatch):
    monkeypatch.setattr(pdf_process, "_serve", drawkit.serve)
    process = PdfProcess(timeout_s=5)
    yield process
    process.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hangs", "takes longer than 5 s"),
        ("crashes", "what draws it crashed"),
        ("ends", "what draws it crashed"),
        ("odd", "no such object"),
        pytest.param(
            "hungry",
            "not enough memory",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="the system cannot limit memory"),
        ),
    ],
)
def test_a_bad_page_costs_itself_only(process, good, name, told):
    started = time.monotonic()
    with pytest.raises(ReadingError, match=told) as error:
        process.ask("draw", good.with_name(f"{name}.pdf"), 1)
    assert time.monotonic() - started < 20
    assert name in str(error.value)
    assert process.ask("draw", good, 1)[:3] == b"\xff\xd8\xff"


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="seccomp is Linux's"
)
def test_it_can_reach_nobody(process, good):
    assert process.ask("draw", good.with_name("reaches.pdf"), 1) == [True, False, False]


def test_one_process_draws_page_after_page_and_ends_with_the_view(good):
    view = PdfView()
    view.prepare()
    assert view.picture(good, 1) != view.picture(good, 2)
    assert view.place(good, 3, "London").pages == 5
    child = psutil.Process(view._process._child.process.pid)
    with pytest.raises(ReadingError, match=r"good\.pdf has no page 9"):
        view.picture(good, 9)
    assert view._process._child.process.pid == child.pid
    view.close()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
