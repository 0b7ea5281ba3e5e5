"""Office booklets: long benefit booklets and regulations, questions answered in two to four sentences from one page.

    python benchmarks/booklets.py draw FOLDER [--language en]
    python benchmarks/booklets.py check [--language en]
    python benchmarks/booklets.py ask --language en --half choose --data FOLDER --out answers.jsonl [--models FOLDER]
        [--llm NAME] [--limit N]
    python benchmarks/booklets.py score answers.jsonl …

The booklets and questions in `booklets/` were written without a look at how answers are made; companies and people
are invented.  `draw` makes PDFs of them, as offices have them: headers, page numbers, a table of contents, ruled
tables, one booklet of each language in two columns.  `ask` draws them, takes them in once into the store below
`--data`, asks, and goes on where it stopped; `--limit` draws questions with a fixed seed.

An answer that is graded *answered* is right if its yes or no is right, where the question wants one; else if all
figures are given that any right answer must hold, where there are some; else if it has at least 0.4 of the reference's
words (token recall) or cites the right page.  What the documents do not say has no right answer.  A page is right when
it is at most one off a page that holds the evidence, by the drawn PDF's text.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import pypdfium2
from answers import share_of
from complete_answers import particle
from kept import Kept, read_lines
from questions import opened
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    ListFlowable,
    ListItem,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents

from ragapp.evaluation.metrics import normalise, token_recall
from ragapp.privacy import go_offline

SOURCES = Path(__file__).with_name("booklets")
LANGUAGES = ("en", "fr")
HALVES = ("choose", "report")
TWO_COLUMNS = {"brackwater-leave-expense-2025", "mediatheque"}
PAPER = {"en": letter, "fr": A4}
CONTENTS = {"en": "Contents", "fr": "Sommaire"}
MARGIN, GUTTER = 20 * mm, 7 * mm
ENOUGH_WORDS = 0.4
UNANSWERABLE = "unanswerable"

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=13, spaceAfter=6)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=8.5, leading=10.5, spaceAfter=0)
HEAD = ParagraphStyle("head", parent=CELL, fontName="Helvetica-Bold")
TITLE = ParagraphStyle("title", parent=BODY, fontName="Helvetica-Bold", fontSize=22, leading=28, spaceAfter=18)
HEADINGS = {
    level: ParagraphStyle(
        f"heading{level}",
        parent=BODY,
        fontName="Helvetica-Bold",
        fontSize=size,
        leading=size * 1.25,
        spaceBefore=size * 0.7,
        keepWithNext=1,
    )
    for level, size in ((1, 16), (2, 14), (3, 11))
}


class Booklet(BaseDocTemplate):
    """A PDF with a table of contents, a header with the title and a footer with the page's number."""

    def __init__(self, file: BytesIO, title: str, language: str, columns: int) -> None:
        width, height = PAPER[language]
        super().__init__(file, pagesize=(width, height), title=title, lang=language, invariant=1)
        full, tall = width - 2 * MARGIN, height - 2 * MARGIN
        self.column = (full - (columns - 1) * GUTTER) / columns

        def frames(count: int, wide: float) -> list[Frame]:
            return [Frame(MARGIN + n * (wide + GUTTER), MARGIN, wide, tall, 0, 0, 0, 0) for n in range(count)]

        self.addPageTemplates(
            [
                PageTemplate("front", frames(1, full), onPage=self.decorate),
                PageTemplate("body", frames(columns, self.column), onPage=self.decorate),
            ]
        )

    def decorate(self, canvas, _) -> None:
        """Draw the header and the footer, which stand outside of the margins."""
        width, height = self.pagesize
        canvas.saveState()
        canvas.setFont("Helvetica", 8)
        if self.page > 1:
            canvas.drawString(MARGIN, height - MARGIN / 2, self.title)
            canvas.line(MARGIN, height - MARGIN * 0.6, width - MARGIN, height - MARGIN * 0.6)
        canvas.drawRightString(width - MARGIN, MARGIN / 2, f"Page {self.page}")
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:
        """Note a heading for the table of contents."""
        level = getattr(flowable, "toc_level", None)
        if level is not None:
            self.notify("TOCEntry", (level, flowable.getPlainText(), self.page))


def draw(folder: Path, language: str) -> list[Path]:
    """Make the PDFs of a language; a file that would be the same is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for source in sorted((SOURCES / language).glob("*.md")):
        path = folder / f"{source.stem}.pdf"
        data = drawing(source, language)
        if not path.is_file() or path.read_bytes() != data:
            path.write_bytes(data)
        drawn.append(path)
    return drawn


def drawing(source: Path, language: str) -> bytes:
    """The PDF of one booklet: a cover, the contents, then the chapters."""
    blocks = list(blocks_of(source.read_text(encoding="utf-8")))
    title = next(text for kind, text in blocks if kind == "#")
    file = BytesIO()
    booklet = Booklet(file, title, language, 2 if source.stem in TWO_COLUMNS else 1)
    contents = TableOfContents(dotsMinLevel=0)
    contents.levelStyles = [
        ParagraphStyle(f"contents{n}", parent=CELL, leftIndent=n * 12, leading=11) for n in range(2)
    ]
    front = next(n for n, (kind, _) in enumerate(blocks) if kind == "##")
    story = [Spacer(1, 60 * mm), Paragraph(marked(title), TITLE)]
    story += [flowable for block in blocks[:front] if block[0] != "#" for flowable in flowables(block, booklet.column)]
    story += [PageBreak(), Paragraph(CONTENTS[language], TITLE), contents, NextPageTemplate("body"), PageBreak()]
    story += [flowable for block in blocks[front:] for flowable in flowables(block, booklet.column)]
    booklet.multiBuild(story)
    return file.getvalue()


def blocks_of(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each block: a heading's signs, `-`, `1.` or `|` for lists and tables, `break`, `text`."""
    kind, held = "", []
    for line in [*text.splitlines(), ""]:
        here = kind_of(line)
        if here == "text" and kind in ("-", "1.") and line.startswith(" "):
            here, line = kind, line.strip()
        if held and (here != kind or kind == "break" or kind.startswith("#")):
            yield kind, "\n".join(held).lstrip("# ")
            held = []
        kind = here
        if kind:
            held.append(line)


def kind_of(line: str) -> str:
    """Which kind of block a line belongs to; empty for an empty line."""
    if not line.strip():
        return ""
    if line.strip() == r"\pagebreak":
        return "break"
    found = re.match(r"(#{1,3}) |(-) |(\d+\.) |(\|)", line)
    return "text" if not found else "1." if found[3] else found[0].strip()


def flowables(block: tuple[str, str], width: float) -> list[Flowable]:
    """What is drawn for a block."""
    kind, text = block
    if kind == "break":
        return [PageBreak()]
    if kind.startswith("#"):
        heading = Paragraph(marked(text), HEADINGS[len(kind)])
        heading.toc_level = max(0, len(kind) - 2)
        return [heading]
    if kind == "|":
        return [table(text, width), Spacer(1, 8)]
    if kind in ("-", "1."):
        items = [ListItem(Paragraph(marked(item), BODY)) for item in re.split(r"(?m)^(?:-|\d+\.) +", text) if item]
        look = {"bulletType": "bullet", "start": "•"} if kind == "-" else {"bulletType": "1", "bulletFormat": "%s."}
        return [ListFlowable(items, leftIndent=14, bulletFontSize=9, **look), Spacer(1, 3)]
    return [Paragraph(marked(text), BODY)]


def table(text: str, width: float) -> Table:
    """A table with drawn lines; columns are as wide as their longest word wants, and what is left goes by length."""
    lines = [line.strip().strip("|").split("|") for line in text.splitlines()]
    rows = [[cell.strip() for cell in line] for n, line in enumerate(lines) if n != 1]
    columns = list(zip(*rows, strict=True))
    least = [10 + max(stringWidth(word, HEAD.fontName, HEAD.fontSize) for word in " ".join(c).split()) for c in columns]
    wanted = [sum(map(len, column)) ** 0.7 for column in columns]
    left = max(0, width - sum(least))
    widths = [words + left * share / sum(wanted) for words, share in zip(least, wanted, strict=True)]
    cells = [[Paragraph(marked(cell), CELL if n else HEAD) for cell in row] for n, row in enumerate(rows)]
    drawn = Table(cells, [w * min(1, width / sum(widths)) for w in widths], repeatRows=1)
    lines = [("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("BACKGROUND", (0, 0), (-1, 0), colors.lightgrey)]
    pads = [(f"{side}PADDING", (0, 0), (-1, -1), 3.5) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    drawn.setStyle(TableStyle([*lines, ("VALIGN", (0, 0), (-1, -1), "TOP"), *pads]))
    return drawn


def marked(text: str) -> str:
    """A text in reportlab's markup; the fonts of every reader have no narrow space."""
    text = escape(" ".join(text.split("\n")), quote=False).replace("\u202f", "\u00a0")
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)


def folded(text: str) -> str:
    """A text without blanks, hyphens and what marks bold words and cells, which a PDF may have elsewhere or not."""
    return re.sub(r"[\s|*\u00ad\u2010-]+", "", unicodedata.normalize("NFKC", text))


def texts_of(path: Path) -> list[str]:
    """The folded text within the margins of each page."""
    with pypdfium2.PdfDocument(path) as pdf:
        sizes = [page.get_size() for page in pdf]
        return [
            folded(page.get_textpage().get_text_bounded(0, MARGIN * 0.8, width, height - MARGIN * 0.8))
            for page, (width, height) in zip(pdf, sizes, strict=True)
        ]


def places(words: str, pages: Sequence[str]) -> list[int]:
    """The pages, from 1, that hold some words; both where these run over a page's end."""
    words = folded(words)
    found = {n for n, page in enumerate(pages, 1) if words in page}
    for n, (page, following) in enumerate(pairwise(pages), 1):
        if words in page[1 - len(words) :] + following[: len(words) - 1]:
            found |= {n, n + 1}
    return sorted(found)


def read(language: str) -> list[dict]:
    """The questions of a language."""
    return read_lines(SOURCES / f"{language}.jsonl")


def check(language: str) -> list[str]:
    """What is wrong with the questions of a language."""
    items, wrong = read(language), []
    wrong += [f"{name}: more than once" for name, n in Counter(item["id"] for item in items).items() if n > 1]
    for kind in sorted({item["kind"] for item in items}):
        halves = [sum(item["kind"] == kind and item["half"] == half for item in items) for half in HALVES]
        if sum(halves) != sum(item["kind"] == kind for item in items) or abs(halves[0] - halves[1]) > 1:
            wrong.append(f"{kind}: {halves[0]} and {halves[1]} in the halves")
    with tempfile.TemporaryDirectory() as folder:
        pages = {path.stem: texts_of(path) for path in draw(Path(folder), language)}
    for item in items:
        answerable = item["kind"] != UNANSWERABLE
        if item["document"] not in pages:
            wrong.append(f"{item['id']}: no document {item['document']}")
            continue
        if answerable != bool(item["answer"]) or answerable != bool(item["evidence"]):
            wrong.append(f"{item['id']}: an answer and evidence belong to answerable questions, and to these only")
        if (item["kind"] == "yes-no") != isinstance(item.get("yes"), bool):
            wrong.append(f"{item['id']}: yes or no belong to such questions, and to these only")
        wrong += [
            f"{item['id']}: the reference lacks {figure}"
            for figure in item["figures"]
            if not holds(item["answer"] or "", figure)
        ]
        for words in item["evidence"]:
            found = places(words, pages[item["document"]])
            if not found or found[-1] - found[0] > 1:
                wrong.append(f"{item['id']}: “{words}” on pages {found}")
    return wrong


def ask(options: argparse.Namespace) -> list[dict]:
    """Answer the questions of a half, each at normal caution."""
    items = [item for item in read(options.language) if item["half"] == options.half]
    random.Random(0).shuffle(items)
    items = items[: options.limit]
    done = Kept(options.out)
    home = options.data / options.language
    pages = {path.stem: texts_of(path) for path in draw(home / "documents", options.language)}
    sections = {"llm": {"model": options.llm}} if options.llm else {}
    with opened(home / "store", options.models, options.settings, **sections) as app:
        app.pipeline.run([home / "documents"])
        app.assistant.prepare()
        for number, item in enumerate(items, 1):
            if item["id"] in done:
                continue
            answer = app.assistant.answer(item["question"])
            said = {
                "answer": answer.answer,
                "abstained": answer.abstained,
                "confidence": answer.confidence,
                "grade": answer.grade,
                "signals": list(answer.signals),
                "not_stated": list(answer.not_stated),
                "note": answer.note,
                "citations": [
                    {"document": citation.document, "page": citation.page, "quote": citation.quote}
                    for citation in answer.citations
                ],
                "timings": answer.timings,
            }
            held = sorted({page for words in item["evidence"] for page in places(words, pages[item["document"]])})
            done.keep({**item, "language": options.language, "pages": held, "said": said})
            sys.stderr.write(f"\r{number} of {len(items)}")
    return [done[item["id"]] for item in items]


def score(runs: dict[str, Sequence[dict]]) -> None:
    """Print a table of all runs, then one by kind for each."""
    tabulate({name: figures(items) for name, items in runs.items()})
    for name, items in runs.items():
        sys.stdout.write(f"\n{name}, by kind:\n\n")
        kinds = dict.fromkeys(sorted({item["kind"] for item in items}))
        tabulate({kind: figures([item for item in items if item["kind"] == kind]) for kind in kinds})


def tabulate(columns: dict[str, dict[str, str]]) -> None:
    """Print figures in Markdown, a run or kind a column; rows that no column has are left out."""
    names = dict.fromkeys(name for column in columns.values() for name, value in column.items() if value != "–")
    sys.stdout.write(f"| | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|\n")
    for name in names:
        sys.stdout.write(f"| {name} | {' | '.join(column[name] for column in columns.values())} |\n")


def figures(items: Sequence[dict]) -> dict[str, str]:
    """What some questions gave."""
    answerable = [item for item in items if item["kind"] != UNANSWERABLE]
    nowhere = [item for item in items if item["kind"] == UNANSWERABLE]
    sure = [item for item in items if item["said"]["grade"] == "answered" and not item["said"]["abstained"]]
    seconds = [item["said"]["timings"]["total_s"] for item in items]
    recalls = [_recall(item) for item in answerable]
    return {
        "questions": str(len(items)),
        "answerable refused": share_of([item["said"]["abstained"] for item in answerable]),
        "don't-knows refused": share_of([item["said"]["abstained"] for item in nowhere]),
        "right, of those graded answered": share_of([is_right(item) for item in sure]),
        "cited page right, of the answerable among these": share_of(
            [_cites_right(item) for item in sure if item["kind"] != UNANSWERABLE]
        ),
        "words of the reference": f"{mean(recalls):.2f}" if recalls else "–",
        "right yes or no": share_of([particle(item) == item["yes"] for item in answerable if "yes" in item]),
        "figures given": share_of([_gives(item, figure) for item in answerable for figure in item["figures"]]),
        "seconds, median": f"{median(seconds):.1f}" if seconds else "–",
    }


def is_right(item: dict) -> bool:
    """Whether an answer is right, as the head of this file defines it."""
    if item["kind"] == UNANSWERABLE:
        return False
    if "yes" in item:
        return particle(item) == item["yes"]
    if item["figures"]:
        return all(_gives(item, figure) for figure in item["figures"])
    return _recall(item) >= ENOUGH_WORDS or _cites_right(item)


def holds(answer: str, figure: str) -> bool:
    """Whether a figure stands in an answer: 30 in “30th” and “30.00 €”, but neither in 130 nor in 30.5."""
    words = re.escape(normalise(figure))
    return bool(re.search(rf"(?<!\w)(?<!\d[.,]){words}(?:[.,]00?)?(?![.,]?\d)", normalise(answer)))


def _cites_right(item: dict) -> bool:
    return any(
        Path(citation["document"]).stem == item["document"] and abs(citation["page"] - page) <= 1
        for citation in item["said"]["citations"]
        for page in item["pages"]
        if citation["page"]
    )


def _recall(item: dict) -> float:
    return 0.0 if item["said"]["abstained"] else token_recall(item["said"]["answer"], [item["answer"]])


def _gives(item: dict, figure: str) -> bool:
    return not item["said"]["abstained"] and holds(item["said"]["answer"], figure)


def main() -> int:
    """Draw, check, ask or score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawer = commands.add_parser("draw", help="make the PDFs")
    drawer.add_argument("folder", type=Path)
    checker = commands.add_parser("check", help="prove the questions against the PDFs")
    asker = commands.add_parser("ask", help="take the PDFs in, ask, and score")
    for command in (drawer, checker, asker):
        command.add_argument("--language", choices=LANGUAGES, default="en")
    asker.add_argument("--half", choices=HALVES, required=True)
    asker.add_argument("--data", type=Path, required=True, help="folder of PDFs and stores, which are kept")
    asker.add_argument("--out", type=Path, required=True, help="file for the answers")
    asker.add_argument("--limit", type=int, help="questions at the most")
    asker.add_argument("--models", type=Path, help="instead of paths.models")
    asker.add_argument("--llm", help="instead of llm.model")
    asker.add_argument("--settings", type=Path)
    scorer = commands.add_parser("score", help="print what earlier runs gave")
    scorer.add_argument("files", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    go_offline()
    if options.command == "draw":
        sys.stdout.write("".join(f"{path}\n" for path in draw(options.folder, options.language)))
    elif options.command == "check":
        wrong = check(options.language)
        said = wrong or [f"{len(read(options.language))} questions, all well"]
        sys.stdout.write("".join(f"{line}\n" for line in said))
        return bool(wrong)
    elif options.command == "ask":
        score({options.out.stem: ask(options)})
    else:
        score({path.stem: read_lines(path) for path in options.files})
    return 0


if __name__ == "__main__":
    sys.exit(main())
