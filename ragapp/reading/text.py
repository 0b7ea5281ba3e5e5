"""Readers of plain text, Markdown, HTML and CSV, and what every reader shares: cleaning, blocks, tables."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp.errors import ReadingError
from ragapp.reading.document import Block, BlockKind, Document, Unit, UnitKind

if TYPE_CHECKING:
    from bs4 import Tag

# --- cleaning

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u2007\u202f]")
# terminal colours, control characters, soft hyphens, zero-width spaces, direction marks, invisible tag characters
_INVISIBLE = re.compile(
    "\x1b\\[[0-9;]*m|[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
# a joiner is part of the spelling in Persian, in Indic scripts and in emoji, and nowhere else
_JOINERS = re.compile("(?<![^\x00-\u024f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\u024f])")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Normalize text lightly, so that what is left can be quoted as exact.

    Args:
        text: any text; lone surrogates are allowed.

    Returns:
        NFC text with ``\\n`` line ends, ordinary spaces, nothing invisible and no spaces at the ends of lines.
    """
    text = _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))
    text = _JOINERS.sub("", _SPACES.sub(" ", text))
    return "\n".join(line.rstrip(" \t") for line in unicodedata.normalize("NFC", text).split("\n"))


# --- bytes to text

_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an Office file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Office file"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the UTF-16 mark, so it is tried first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüÿßÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜŸ«»‘’“”„–—…€£°§·•©®²×½¿¡ªº\xa0\xad")
# Python has codecs besides that escape or compress, and UTF-16 is known by its bytes
_TEXT_CODEC = re.compile("cp|iso8859|iso2022|utf-8|utf-7|gb|big5|euc|shift|koi8|mac|hz|johab|tis")
_SAMPLE = 65536


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        ReadingError: the file cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        hint = "Check that the file is there and that you may read it."
        raise ReadingError(f"the file cannot be opened ({error.strerror})", hint) from error


def file_kind(data: bytes) -> str:
    """What well-known binary format the first bytes of a file announce, in words; empty when none."""
    return next((name for signature, name in _SIGNATURES if data.startswith(signature)), "")


def decode(data: bytes, declared: str = "") -> tuple[str, list[str]]:
    """Turn bytes of any encoding into text that is not cleaned yet.

    Args:
        data: the bytes.
        declared: the encoding that the file names, believed only where nothing surer speaks.

    Returns:
        The text and the warnings.

    Raises:
        ReadingError: the bytes are not text.
    """
    kind = file_kind(data)
    if kind:
        raise ReadingError(f"the file is {kind}, not text", "Give it the suffix of what it is.")
    encoding = _encoding(data, declared)
    guess = "" if encoding else _guessed(data)
    text = data.decode(encoding or guess, errors="replace")
    if _looks_binary(text):
        raise ReadingError("the file is binary data, not text", "Check the suffix of the file.")
    notes = [f"The encoding is not named in the file; it was taken for {guess}."] if guess else []
    if "\ufffd" in text:
        notes.append("Some characters could not be decoded and are shown as \ufffd.")
    return text, notes


def _encoding(data: bytes, declared: str) -> str:
    """The encoding that is certain or likely; empty where only a guess is left."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:_SAMPLE]
    nuls_even, nuls_odd = head[::2].count(0), head[1::2].count(0)
    if max(nuls_even, nuls_odd) > len(head) * 0.2 and min(nuls_even, nuls_odd) < len(head) * 0.02:
        return "utf-16-be" if nuls_even > nuls_odd else "utf-16-le"
    declared = _known_codec(declared)
    if data.isascii():
        return declared if declared.startswith(("iso2022", "utf-7", "hz")) else "utf-8"
    lenient = data.decode("utf-8", errors="replace")
    bad = lenient.count("\ufffd")
    # a few broken bytes in much good UTF-8 are damage, not another encoding
    if bad * 20 <= sum(char > "\x7f" for char in lenient) - bad:
        return "utf-8"
    if declared and declared != "utf-8":
        return declared
    return "cp1252" if _looks_western(_telling_lines(data)) else ""


def _known_codec(name: str) -> str:
    """Python's name of an encoding; empty where it is unknown or has no text in single bytes."""
    try:
        codec = codecs.lookup(name.strip()).name if name.strip() else ""
    except (LookupError, ValueError):
        return ""
    if codec in ("iso8859-1", "ascii"):
        return "cp1252"  # what is labelled Latin-1 has cp1252's quotes and dashes; browsers do the same
    return codec if _TEXT_CODEC.match(codec) else ""


def _telling_lines(data: bytes) -> bytes:
    """Only lines beyond ASCII tell encodings apart, and in a long file they may come late."""
    return b"\n".join(line for line in data.split(b"\n") if not line.isascii())[:_SAMPLE]


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(_telling_lines(data)).best()
    return best.encoding if best else "cp1252"


def _looks_western(sample: bytes) -> bool:
    """Detection by statistics is poor on short texts, and the common case is easy: few letters beyond ASCII."""
    text = sample.decode("cp1252", errors="replace")
    beyond = [char for char in text if char > "\x7f"]
    letters = sum(char.isalpha() for char in text)
    accented = sum(char.isalpha() for char in beyond)
    return sum(char in _WESTERN for char in beyond) >= 0.9 * len(beyond) and accented <= 0.4 * max(letters, 1)


def _looks_binary(text: str) -> bool:
    middle = len(text) // 2
    sample = text[:20000] + text[middle : middle + 20000]
    usual = "\t\n\r\x0b\x0c\x1b"
    odd = sum(char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") for char in sample)
    return odd - sum(map(sample.count, usual)) > 0.05 * len(sample)


# --- tables

Cell = tuple[str, int, int]  # text, rows it spans, columns it spans
_MAX_SPAN = 64


def spread_cells(rows: Iterable[list[Cell]]) -> list[list[str]]:
    """Lay cells that span rows and columns out on a grid.

    A cell over several rows is repeated in each, so that a row can be read alone; a cell over several columns is
    repeated only in the first row, where it is a heading over them.
    """
    grid: list[list[str]] = []
    carried: dict[int, tuple[str, int]] = {}
    for cells in rows:
        line = {column: text for column, (text, _) in carried.items()}
        carried = {column: (text, left - 1) for column, (text, left) in carried.items() if left > 1}
        column = 0
        for text, down, across in cells:
            while column in line:
                column += 1
            for offset in range(max(1, min(across, _MAX_SPAN))):
                shown = text if offset == 0 or (not grid and len(cells) > 1) else ""
                line[column + offset] = shown
                if down > 1:
                    carried[column + offset] = (shown, down - 1)
            column += max(1, min(across, _MAX_SPAN))
        grid.append([line.get(column, "") for column in range(max(line, default=-1) + 1)])
    return grid


def tidy_rows(rows: list[list[str]]) -> list[list[str]]:
    """The rows, cleaned, of one length, without the rows and columns that are blank throughout."""
    kept = [[_one_line(cell) for cell in row] for row in rows]
    kept = [row for row in kept if any(row)]
    width = max((len(row) for row in kept), default=0)
    padded = [row + [""] * (width - len(row)) for row in kept]
    used = [column for column in range(width) if any(row[column] for row in padded)]
    return [[row[column] for column in used] for row in padded]


def split_titles(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Separate the lone cells above a table's header (its titles) from the table; expects tidy rows."""
    titles: list[str] = []
    while len(rows) > 1 and len(rows[0]) > 1:
        filled = [cell for cell in rows[0] if cell]
        # ["", "Total"] is the header of a two-column table whose first column has no name
        if len(filled) != 1 or (len(rows[0]) == 2 and not rows[0][0]):
            break
        titles.append(filled[0])
        rows = tidy_rows(rows[1:])
    return titles, rows


def markdown_table(rows: list[list[str]]) -> str:
    """Rows as a Markdown table; the first row is the header.

    Args:
        rows: at least one row; short rows are filled up.

    Returns:
        One line per row and the rule below the header; ``|`` in cells is escaped, line ends are spaces.
    """
    width = max(len(row) for row in rows)
    lines = [
        "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in row + [""] * (width - len(row))) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join(["---"] * width) + " |")
    return "\n".join(lines)


def _one_line(cell: str) -> str:
    if cell.isascii() and cell.isprintable():
        return cell.strip()  # most cells of large sheets
    return " ".join(line.strip() for line in clean(cell).split("\n") if line.strip())


# --- blocks


class BlockBuilder:
    """Collects the blocks of a unit and keeps their heading path.

    Attributes:
        blocks: what was added, none of them empty.
        title: the first heading of the topmost level, or empty.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.title = ""
        self._path: list[tuple[int, str]] = []

    def heading(self, level: int, text: str) -> None:
        """Add a heading; level 1 is outermost (0 is a document's title above them all)."""
        text = " ".join(clean(text).split())
        if not text:
            return
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, text))
        if level <= 1 and not self.title:
            self.title = text
        self._add(text, "heading")

    def text(self, text: str) -> None:
        """Add a run of text, unless it is blank."""
        text = clean(text).strip("\n")
        if text.strip():
            self._add(text, "text")

    def table(self, rows: list[list[str]]) -> None:
        """Add a table; titles above its header, and a table of one cell, become text."""
        titles, rows = split_titles(tidy_rows(rows))
        for title in titles:
            self.text(title)
        if len(rows) == 1 and len(rows[0]) == 1:
            self.text(rows[0][0])
        elif rows:
            self._add(markdown_table(rows), "table")

    def _add(self, text: str, kind: BlockKind) -> None:
        self.blocks.append(Block(text, kind, tuple(title for _, title in self._path)))

    def paragraphs(self, text: str) -> None:
        """Add text whose paragraphs are separated by blank lines."""
        for paragraph in re.split(r"\n{2,}", clean(text)):
            self.text(paragraph)

    def unit(self, kind: UnitKind = "document") -> Unit:
        """The only unit of a file, with these blocks."""
        return Unit(1, kind, blocks=self.blocks)


# --- plain text, CSV


def read_plain(path: Path) -> Document:
    """Read plain text of any encoding, one block per paragraph.

    Raises:
        ReadingError: the file cannot be opened or is not text.
    """
    text, notes = decode(read_bytes(path))
    out = BlockBuilder()
    out.paragraphs(text)
    return Document(path.stem, [out.unit()], warnings=notes)


def read_csv(path: Path) -> Document:
    """Read a table of values separated by ``;``, ``,``, tab or ``|``.

    Raises:
        ReadingError: the file cannot be opened or is not text.
    """
    text, notes = decode(read_bytes(path))
    text = clean(text)
    named = re.match(r"sep=(.)\n", text)  # Excel's own way to say it
    body = text[named.end() :] if named else text
    delimiter = named[1] if named else _delimiter(body)
    rows = tidy_rows(_csv_rows(body, delimiter))
    blocks = [Block(markdown_table(rows), "table")] if rows else []
    return Document(path.stem, [Unit(1, "sheet", blocks=blocks)], warnings=notes)


def _csv_rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        # a quote that is never closed makes one endless field; without quoting every line is a row again
        return [line.split(delimiter) for line in text.split("\n")]


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first rows most evenly; ``;`` before ``,`` since commas are also in numbers."""
    sample = text if len(text) <= _SAMPLE else text[: text.rfind("\n", 0, _SAMPLE)]
    best, best_share = ",", 0.0
    for delimiter in "\t;|,":
        widths = Counter(len(row) for row in _csv_rows(sample, delimiter) if any(row))
        width, count = max(widths.items(), key=lambda item: item[1] * (item[0] > 1), default=(1, 0))
        share = count / max(widths.total(), 1) if width > 1 else 0.0
        if share > best_share:
            best, best_share = delimiter, share
    return best


# --- Markdown

_FRONT_MATTER = re.compile(r"\A---\n([A-Za-z][\w-]*:(?:.*\n)*?)(?:---|\.\.\.)(?:\n|\Z)")
_TITLE_LINE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_HTML_TAG = re.compile(
    r"<(?:!--|/?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|"
    r"h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|style|"
    r"sub|summary|sup|table|tbody|td|th|thead|tr|tt|u|ul|var|video)\b)",
    re.IGNORECASE,
)


def read_markdown(path: Path) -> Document:
    """Read Markdown with tables; front matter gives the title, else the first heading of level 1.

    Raises:
        ReadingError: the file cannot be opened or is not text.
    """
    from markdown_it import MarkdownIt

    text, notes = decode(read_bytes(path))
    text = clean(text)
    out = BlockBuilder()
    front = _FRONT_MATTER.match(text)
    named = _TITLE_LINE.search(front[1]) if front else None
    if front:
        out.text(front[1])
        text = text[front.end() :]
    parser = MarkdownIt("commonmark", {"breaks": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in (leaf for outer in tokens for leaf in (outer, *(outer.children or []))):
        if token.type in ("html_inline", "html_block") and not _HTML_TAG.match(token.content.lstrip()):
            token.type = "text"  # <name> is a placeholder that a person wrote, not markup
    # Markdown is defined by the HTML it stands for, so both formats share one way to blocks
    add_html(out, parser.renderer.render(tokens, parser.options, {}))
    title = named[1].strip().strip("\"'") if named else out.title
    return Document(title or path.stem, [out.unit()], warnings=notes)


# --- HTML

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DROPPED = frozenset([
    "script", "style", "nav", "template", "noscript", "head", "svg", "canvas", "iframe", "object", "button", "select",
    "option", "input", "textarea", "annotation", "rp", "dialog",
])  # fmt: skip
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLOCK_TAGS = frozenset([
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend",
    "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
])  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol")
_MAX_DEPTH = 100  # beyond this, elements are read as flat text, well before Python's recursion ends


def read_html(path: Path) -> Document:
    """Read the main content of an HTML page.

    Raises:
        ReadingError: the file cannot be opened, is not text, or is beyond what the parser takes.
    """
    data = read_bytes(path)
    declared = _DECLARED.search(data[:4096])
    text, notes = decode(data, declared[1].decode("ascii") if declared else "")
    out = BlockBuilder()
    title = add_html(out, text)
    return Document(title or out.title or path.stem, [out.unit()], warnings=notes)


def add_html(out: BlockBuilder, html: str) -> str:
    """Add the blocks of HTML's main content.

    Args:
        out: where the blocks go.
        html: a page or a part of one.

    Returns:
        The page's title; empty where it has none.

    Raises:
        ReadingError: the parser does not take it.
    """
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks about how the markup looks, meant for programmers
            soup = BeautifulSoup(html.replace("\x00", ""), "html.parser")
    except (ParserRejectedMarkup, AssertionError) as error:
        raise ReadingError(f"the HTML is malformed ({error})", "Open it in a browser and save it again.") from error
    title = " ".join(clean(soup.title.get_text()).split()) if soup.title else ""
    for tag in soup.find_all(_is_hidden):
        tag.extract()
    walker = _HtmlWalker(out)
    walker.walk(_main_content(soup), 0)
    walker.flush()
    return title


def _is_hidden(tag: Tag) -> bool:
    if tag.name in ("html", "body"):
        return False  # hidden only until a script has run
    if tag.name in _DROPPED or tag.has_attr("hidden"):
        return True
    if tag.get("aria-hidden") == "true" or tag.get("role") == "navigation":
        return True
    return bool(_HIDDEN_STYLE.search(str(tag.get("style", ""))))


def _main_content(soup: Tag) -> Tag:
    whole = soup.body or soup
    articles = soup.find_all("article")
    main = soup.find("main") or soup.find(attrs={"role": "main"}) or (articles[0] if len(articles) == 1 else None)
    # pages exist whose <main> holds next to nothing
    return main if main and 4 * len(main.get_text()) > len(whole.get_text()) else whole


class _HtmlWalker:
    """Walks elements in order and hands what it finds to a builder."""

    def __init__(self, out: BlockBuilder) -> None:
        self._out = out
        self._inline: list[str] = []

    def flush(self) -> None:
        """End the paragraph."""
        self._out.text(_inline_text("".join(self._inline)))
        self._inline = []

    def walk(self, node: Tag, depth: int) -> None:
        for child in list(node.children):
            if _is_text(child):
                self._inline.append(_collapsed(child))
            elif child.name == "br":
                self._inline.append("\n")
            elif child.name in _BLOCK_TAGS:
                self.flush()
                self._block(child, depth + 1)
                self.flush()
            elif child.name and depth < _MAX_DEPTH:
                self.walk(child, depth + 1)
            elif child.name:
                self._inline.append(_flat(child))

    def _block(self, tag: Tag, depth: int) -> None:
        if tag.name in _HEADINGS:
            self._out.heading(_HEADINGS[tag.name], _flat(tag))
        elif tag.name == "pre":
            self._out.text(_flat(tag))
        elif tag.name == "table" and not _is_layout(tag):
            if tag.caption:
                self._out.text(_flat(tag.caption))
            self._out.table(_table_rows(tag))
        elif tag.name in _LISTS and not tag.find(["table", *_HEADINGS]):
            self._out.text("\n".join(_list_lines(tag, 0)))
        elif depth < _MAX_DEPTH:
            self.walk(tag, depth)
        else:
            self._out.text(_flat(tag))


def _is_text(node: object) -> bool:
    from bs4 import NavigableString

    return type(node) is NavigableString  # its subclasses are comments and declarations


def _collapsed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _inline_text(text: str) -> str:
    return "\n".join(line.strip() for line in re.sub(r"  +", " ", text).split("\n"))


def _flat(tag: Tag) -> str:
    """The text of an element, a line for each block in it; preformatted text keeps its lines and spaces."""
    parts: list[str] = []
    preformatted = tag.name == "pre" or tag.find("pre") is not None
    kept: list[str] = []
    for node in tag.descendants:
        if not _is_text(node):
            if node.name == "br" or node.name in _BLOCK_TAGS:
                parts.append("\n")
            continue
        if getattr(node.previous_sibling, "name", None) in _BLOCK_TAGS:
            parts.append("\n")
        if preformatted and (tag.name == "pre" or node.find_parent("pre")):
            parts.append(f"\x00{len(kept)}\x00")  # stands for the text while spaces around it are collapsed
            kept.append(node)
        else:
            parts.append(_collapsed(node))
    lines = [line for line in _inline_text("".join(parts)).split("\n") if line]
    return re.sub("\x00(\\d+)\x00", lambda match: kept[int(match[1])], "\n".join(lines)).strip("\n")


def _is_layout(table: Tag) -> bool:
    """Whether a table only arranges other tables on the page: it holds some and has no header of its own."""
    headers = (cell for cell in table.find_all("th") if cell.find_parent("table") is table)
    return table.find("table") is not None and next(headers, None) is None


def _table_rows(table: Tag) -> list[list[str]]:
    rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
    return spread_cells(
        [
            (_flat(cell), _span(cell, "rowspan"), _span(cell, "colspan"))
            for cell in row.find_all(["td", "th"], recursive=False)
        ]
        for row in rows
    )


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1")).strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _list_lines(tag: Tag, depth: int) -> list[str]:
    lines: list[str] = []
    number = _span(tag, "start")
    for item in tag.find_all(["li", *_LISTS], recursive=False):
        if item.name in _LISTS:
            lines += ["  " + line for line in _list_lines(item, depth + 1)]
            continue
        mark = f"{number}. " if tag.name == "ol" else "- "
        number += 1
        nested = [inner for inner in item.find_all(_LISTS) if inner.find_parent(_LISTS) is tag] if depth < 30 else []
        for inner in nested:
            inner.extract()
        text = _flat(item)
        if text:
            lines += [(" " * len(mark) if row else mark) + line for row, line in enumerate(text.split("\n"))]
        for inner in nested:
            lines += ["  " + line for line in _list_lines(inner, depth + 1)]
    return lines
