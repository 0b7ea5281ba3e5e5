"""Questions that the documents at hand can answer, made by rules from their headings, sentences and tables.

No model is asked, and none is loaded. A question is made of one chunk only, which states what is asked for: a heading
that is a question itself, a sentence with a figure or a date whose subject can be asked for, or a cell of a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from ragapp.data_files import load_yaml
from ragapp.index.analysis import fold
from ragapp.index.catalog import Catalog
from ragapp.index.dates import dates
from ragapp.index.records import DocumentRow, StoredChunk
from ragapp.reading.tables import ROW, RULE, row_cells
from ragapp.reading.typed.currencies import CODES

# the folder of the sample documents, which have questions of their own
SAMPLES = "sample_docs"
# so many documents are looked at, and so many chunks of each: a person waits
MOST_DOCUMENTS = 24
MOST_CHUNKS = 40
MOST_CHARACTERS = 110
# so many questions are searched for
MOST_TRIED = 60

_SENTENCE = re.compile(r"[^\n.!?|]{12,160}(?:\.\d[^\n.!?|]{0,80})*(?=[.\n]|$)")
_FIGURE = r"[£$€]?\d[^\n]{0,60}"
_NOUN = r"[^\W\d_][\w'’-]*(?: [\w'’()-]+){0,7}?"
_MARKS = re.compile(r"[*_`#>\\]+")
_ASKS = re.compile(r"[^\W\d_][^?\n]{9,100}\?\Z")


@cache
def _rules() -> dict[str, Any]:
    read: dict[str, Any] = load_yaml("first_questions.yaml", __file__)
    return read


@cache
def _sentences(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Patterns of sentences, and the question of each."""
    parts = {"{noun}": _NOUN, "{figure}": _FIGURE, "{date}": r"(?P<date>[^\n]{4,40})"}
    found = []
    for rule in _rules()["sentences"].get(language, ()):
        pattern = rule["sentence"]
        for name, part in parts.items():
            pattern = pattern.replace(name, part)
        found.append((re.compile(pattern), rule["question"]))
    return found


def suggested_questions(
    catalog: Catalog,
    documents: Sequence[DocumentRow],
    language: str,
    found_by: Callable[[str], StoredChunk | None],
    count: int = 4,
) -> list[str]:
    """Questions for an empty conversation, each from another document as far as there are enough.

    Args:
        documents: of the catalog, as it lists them.
        language: that the person reads; documents in it come first.
        found_by: the best chunk for a question; one that another chunk is found for is not suggested.
        count: how many at the most; fewer where nothing can be asked for.
    """
    samples = [row for row in documents if Path(row.path).parent.name == SAMPLES]
    if samples and len(samples) == len(documents):
        own = _rules()["samples"]
        names = {row.name for row in samples}
        return [question for name, question in own.get(language, own["en"]).items() if name in names][:count]
    # those that came last are likeliest what the person has in mind
    looked_at = sorted(documents, key=lambda row: (row.language == language, row.ingested_at), reverse=True)
    made = [questions_of(catalog, row) for row in looked_at[:MOST_DOCUMENTS]]
    found: dict[str, None] = {}
    tried = 0
    while made and len(found) < count:
        for questions in list(made):
            question, chunk = next(questions, ("", None))
            tried += 1
            if chunk is None or tried > MOST_TRIED:
                made.remove(questions)
            elif len(found) < count and question not in found and _is_where(found_by(question), chunk):
                found[question] = None
    return list(found)


def _is_where(passage: StoredChunk | None, chunk: StoredChunk) -> bool:
    return passage is not None and (passage.document_id, passage.unit) == (chunk.document_id, chunk.unit)


def questions_of(catalog: Catalog, document: DocumentRow) -> Iterator[tuple[str, StoredChunk]]:
    """What a document can be asked, the surest first, each with the chunk that states it."""
    ids = catalog.chunk_ids([document.id])[:MOST_CHUNKS]
    chunks = [chunk for _, chunk in sorted(catalog.chunks(ids).items())]
    seen: set[str] = set()
    for made in (_from_headings, _from_sentences, _from_tables):
        for chunk in chunks:
            # a table gives a question for each cell: some of a chunk are enough
            for question in islice(made(chunk, document.language), 2):
                if len(question) <= MOST_CHARACTERS and question not in seen:
                    seen.add(question)
                    yield question, chunk


def _from_headings(chunk: StoredChunk, language: str) -> Iterator[str]:
    """A heading that asks, with text below it that answers."""
    heading = _plain(chunk.headings[-1]) if chunk.headings else ""
    if _ASKS.match(heading) and len(chunk.text.replace(heading, "").strip()) > 40:
        yield heading


def _from_sentences(chunk: StoredChunk, language: str) -> Iterator[str]:
    for match in _SENTENCE.finditer(_without_tables(chunk.text)):
        sentence = _plain(match.group())
        for pattern, question in _sentences(language):
            found = pattern.fullmatch(sentence)
            named = found.groupdict() if found else {}
            if found and _can_be_asked(named["what"], language) and ("date" not in named or _is_date(named["date"])):
                yield question.format(**named)
                break


def _from_tables(chunk: StoredChunk, language: str) -> Iterator[str]:
    header: list[str] = []
    lines = chunk.text.split("\n")
    for number, line in enumerate(lines):
        if not ROW.match(line):
            header = []
        elif not header and number + 1 < len(lines) and RULE.match(lines[number + 1]):
            header = [_plain(cell) for cell in row_cells(line)]
        elif header and not RULE.match(line):
            cells = [_plain(cell) for cell in row_cells(line)]
            yield from _of_row(header, cells, language)


def _of_row(header: Sequence[str], cells: Sequence[str], language: str) -> Iterator[str]:
    row = cells[0] if cells else ""
    if not re.fullmatch(r"[^\W\d_][^,;:()/]{2,39}", row) or len(header) < 2:
        return
    of = "d’" if fold(row[:1].lower()) in "aeiouyh" else "de "
    for column, value in list(zip(header, cells, strict=False))[1:]:
        words, unit = column.split(), ""
        if len(words) > 1 and words[-1] in CODES:
            unit = f" {'en' if language == 'fr' else 'in'} {words.pop()}"
        template = _asking_for(words, language)
        if template and re.search(r"\d", value) and len(value) <= 30:
            yield template.format(column=_lowered(" ".join(words)), row=row, unit=unit, of=of)
            return


def _asking_for(column: Sequence[str], language: str) -> str:
    """The question for a column, empty where it cannot be asked for."""
    if not 1 <= len(column) <= 4 or not all(re.fullmatch(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", word) for word in column):
        return ""
    noun = column[0 if language == "fr" else -1].lower()
    kinds = _rules()["cells"].get(language, ())
    return next((str(kind["question"]) for kind in kinds if noun in kind["nouns"].split()), "")


def _lowered(column: str) -> str:
    """A column's name within a sentence: ``Hotel limit`` is ``hotel limit``, ``PIN`` stays."""
    return column if column[:2].isupper() else column[:1].lower() + column[1:]


def _can_be_asked(noun: str, language: str) -> bool:
    words = set(re.findall(r"\w+", noun.lower()))
    # one word alone may be anybody's: "the limit", "the employee"
    return " " in noun and not words & set(_rules()["not_in_nouns"].get(language, "").split())


def _is_date(text: str) -> bool:
    found = dates(text)
    return bool(found) and found[0][1][0] <= 4


def _without_tables(text: str) -> str:
    # lines of a paragraph belong together
    kept = ["" if ROW.match(line) else line for line in text.split("\n")]
    return re.sub(r"(?<=[^\n.:;|])\n(?=[^\n|])", " ", "\n".join(kept))


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub("", text).split())
