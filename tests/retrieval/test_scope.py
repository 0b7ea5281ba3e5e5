from __future__ import annotations

import unicodedata

import pytest

from ragapp.errors import PathError
from ragapp.index.records import DocumentRow
from ragapp.retrieval.scope import matching_documents

PATHS = [
    "/docs/travel-policy.pdf",  # 1
    "/docs/hr/Leave.PDF",  # 2
    "/docs/hr/contracts/2024/lease.docx",  # 3
    "/docs/contracts/2025/lease.docx",  # 4
    unicodedata.normalize("NFD", "/docs/Congés/été.txt"),  # 5
    "C:\\Users\\anna\\Notes\\plan.txt",  # 6
    "/docs/contracts.txt",  # 7
    "/docs/[draft] a+b.txt",  # 8
]


def _row(number: int, path: str) -> DocumentRow:
    name = path.replace("\\", "/").rpartition("/")[2]
    return DocumentRow(number, 1, path, name, "", "en", 1, 1, "s", (), "", 1, 0, 0, 0, 1, "")


ROWS = [_row(number, path) for number, path in enumerate(PATHS, start=1)]


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        # names
        ("travel-policy.pdf", [1]),
        ("TRAVEL-Policy.PDF", [1]),
        ("leave.pdf", [2]),
        ("lease.docx", [3, 4]),
        ("*.pdf", [1, 2]),
        ("travel*", [1]),
        ("l?ase.*", [3, 4]),
        ("*", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("[[]draft] a+b.txt", [8]),
        # whole paths
        ("/docs/hr/Leave.PDF", [2]),
        ("/docs/hr/*", [2, 3]),
        ("*/2025/*", [4]),
        # folders
        ("hr", [2, 3]),
        ("contracts", [3, 4]),
        ("contracts/", [3, 4]),
        ("/hr/", [2, 3]),
        ("hr/contracts", [3]),
        ("contracts/2025", [4]),
        ("contr*", [3, 4, 7]),
        ("20??", [3, 4]),
        ("docs", [1, 2, 3, 4, 5, 7, 8]),
        ("/docs/contracts", [4]),
        # accents, whole or apart; slashes of either kind
        ("congés", [5]),
        (unicodedata.normalize("NFD", "congés"), [5]),
        ("été.txt", [5]),
        ("ÉTÉ*", [5]),
        ("notes", [6]),
        ("anna\\notes", [6]),
        ("anna/notes", [6]),
        ("c:\\users\\anna\\notes\\plan.txt", [6]),
        ("hr\\contracts", [3]),
    ],
)
def test_documents_within(pattern: str, ids: list[int]) -> None:
    assert matching_documents(ROWS, pattern) == ids


@pytest.mark.parametrize(
    "pattern", ["nothing*", "contract", "travel", "lease", "conges", "r/contracts", "hr/2024", "2"]
)
def test_what_matches_nothing_is_told(pattern: str) -> None:
    with pytest.raises(PathError, match="No document or folder matches") as told:
        matching_documents(ROWS, pattern)
    assert repr(pattern) in told.value.message
    assert told.value.hint == "See: ragapp documents list"


def test_no_documents_match_nothing() -> None:
    with pytest.raises(PathError):
        matching_documents([], "*")
