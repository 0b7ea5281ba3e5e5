"""Running headers and footers of Word documents: which are shown, and what of them is more than a page number.

Source: ISO/IEC 29500-1, 17.10 (headers and footers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragapp.reading.office.open_xml import Part, root_of
from ragapp.reading.word.looks import W, is_on

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_KINDS = ("header", "footer")
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
# a page number with its words: Page 3 of 12, - 3 -, Seite 3, 3/12, and what is left of it without the number
_PAGE_NUMBER = re.compile(
    r"[\s\-–—|]*(?:(?:page|pages|p|pg|seite|s|página|pagina|pág|pag|strona|str|sida|side|sivu|blad|лист|стр|страница)\b\.?"
    r"(?:\s*(?:no|nr|n°|#)\.?)?)?[\s:]*\d*\s*(?:(?:of|von|de|sur|di|van|z|av|af|ze|из|/|\|)\s*\d*)?[\s\-–—|]*",
    re.IGNORECASE,
)
# four figures that were typed, not counted, are a year or the number of something
_YEAR = re.compile(r"\d{4}")
_PARTS = re.compile(r"\t+|; | {3,}")
_MOST = 200  # headers and footers of one document


def running_parts(main: Part) -> Iterator[tuple[str, Part]]:
    """The headers and footers that are shown, each once: ``header`` or ``footer``, and its part.

    Those of a first page are shown where a section has one of its own, those of even pages where the settings say so.
    """
    settings = root_of(next(iter(main.related("settings")), None))
    even = settings.find(f"{W}evenAndOddHeaders") if settings is not None else None
    shows_even = even is not None and is_on(even)
    seen: set[str] = set()
    references: dict[tuple[str, str], str] = {}  # a section without one of its own has that of the section before
    for section in main.root.iter(f"{W}sectPr"):
        first = section.find(f"{W}titlePg")
        shown = {"default", *(["first"] if first is not None and is_on(first) else [])} | (
            {"even"} if shows_even else set()
        )
        for reference in section:
            kind = next((kind for kind in _KINDS if reference.tag == f"{W}{kind}Reference"), None)
            if kind is not None:
                references[kind, reference.get(f"{W}type", "default")] = reference.get(f"{_R}id", "")
        for (kind, pages), identifier in references.items():
            if pages not in shown:
                continue
            relation = main.rels.get(identifier)
            part = relation.target_part if relation is not None else None
            if part is not None and part.name not in seen and len(seen) < _MOST:
                seen.add(part.name)
                yield kind, part


def without_page_fields(code: str, _shown: str) -> str | None:
    """What fields of headers show: no page numbers, everything else as it was saved."""
    return "" if _PAGE_FIELD.match(code) else None


def running_text(text: str) -> str:
    """The text of a header or footer without page numbers, its lines and parts separated by semicolons."""
    parts = [part.strip() for line in text.split("\n") for part in _PARTS.split(line)]
    return "; ".join(part for part in parts if part and (_YEAR.search(part) or not _PAGE_NUMBER.fullmatch(part)))
