"""Documents for the viewer: stored as they were read, without passages, so that nothing need be embedded."""

from pathlib import Path

TABLE_ROWS = 400
PAGES = 1000


def long_pdf(path: Path, pages: int = PAGES) -> Path:
    """A PDF whose pages say their numbers; every hundredth one has the word "kingfisher" twice."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4)
    for number in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(72, 780, f"Section {number}")
        canvas.setFont("Helvetica", 11)
        for line in range(30):
            canvas.drawString(72, 740 - 20 * line, f"Line {line} of page {number} speaks of measures and of men.")
        if not number % 100:
            canvas.drawString(72, 120, "A kingfisher was seen here, and then another Kingfisher.")
        canvas.showPage()
    canvas.save()
    return path


def linked_pdf(path: Path) -> Path:
    """A PDF of 40 pages whose first one leads to the thirtieth, and to a page elsewhere."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4)
    canvas.linkRect("", "thirty", (72, 690, 272, 720))
    canvas.linkURL("https://example.com/terms", (72, 640, 272, 670))
    for number in range(1, 41):
        canvas.drawString(72, 700, f"Chapter {number}")
        if number == 30:
            canvas.bookmarkPage("thirty")
        canvas.showPage()
    canvas.save()
    return path


def sheet_csv(path: Path, rows: int = TABLE_ROWS) -> Path:
    """A table whose rows say their numbers."""
    colours = ("red", "green", "blue")
    lines = [f"Item {n},{colours[n % 3]},{n + 0.5}" for n in range(1, rows + 1)]
    path.write_text("\n".join(["Item,Colour,Price", *lines]), encoding="utf-8")
    return path


def notes_md(path: Path) -> Path:
    """Markdown with sections, lists, and text that looks like markup."""
    odd = "<img src=x onerror=alert(1)> & <b>more</b>"
    sections = [
        f"## Part {n}\n\nThe owl of part {n} sleeps. `{odd}`\n\n- first of {n}\n- second of {n}\n"
        for n in range(1, 241)
    ]
    path.write_text("# Notes\n\n" + "\n".join(sections), encoding="utf-8")
    return path


def put(app, path: Path) -> int:
    """Store a file as it is read; gives its id."""
    import numpy as np

    from ragapp.reading.registry import read_file

    catalog, state = app.store.catalog, path.stat()
    document = read_file(path)
    identity = catalog.documents()[0].identity_id
    nothing = np.zeros((0, 384), np.float32)
    catalog.put_document(path, document, [], nothing, identity, state.st_size, state.st_mtime_ns, f"sha-{path.name}")
    return catalog.document_at(str(path)).id


def cite(app, title, places):
    """Keep a conversation whose answer cites these places: (name of the document, unit, exact words)."""
    from ragapp.contract import Answer, Citation, Sentence

    catalog = app.store.catalog
    rows = {row.name: row for row in catalog.documents()}
    citations = []
    for n, (name, page, quote) in enumerate(places, 1):
        unit = catalog.unit(rows[name].id, page)
        start = unit.text.index(quote)
        end = start + len(quote)
        place = (name, rows[name].path, page, unit.label, unit.kind)
        citations.append(Citation(*place, n=n, quote=quote, start=start, end=end))
    sentences = tuple(Sentence(f"Statement {one.n}.", True, (one.n,)) for one in citations)
    text = " ".join(one.text for one in sentences)
    answer = Answer(
        title, text, False, 0.9, sentences, tuple(citations), (), "a-model", timings={"total_s": 1.0}, standalone=title
    )
    kept = app.conversations
    kept.add_turn(kept.create(), answer)
