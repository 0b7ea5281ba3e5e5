import pytest
from mcpkit import Scripted, server_of, talking
from storekit import WordEmbedder, identity_of, put_text

from ragapp.index.store import Store
from ragapp.mcp.own_library import OwnLibrary
from ragapp.settings import load_settings


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Settings of a small store: a PDF of two pages, a long text, one with an accent, two files of one name."""
    from reportlab.pdfgen.canvas import Canvas

    home = tmp_path_factory.mktemp("shelf")
    drop, other = home / "drop", home / "other"
    drop.mkdir()
    other.mkdir()
    pdf = drop / "policy.pdf"
    canvas = Canvas(str(pdf))
    for text in ("The limit for London is 180.", "Breakfast is included."):
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    embedder = WordEmbedder()
    with Store(home / "data", identity_of(embedder), write=True) as store:
        number = put_text(store, embedder, pdf, "The limit for London is 180.", "Breakfast is included.")
        state = pdf.stat()
        store.catalog.touch_document(number, state.st_size, state.st_mtime_ns)
        put_text(store, embedder, drop / "long.txt", "word " * 9000)
        put_text(store, embedder, drop / "café.txt", "Le café ouvre à neuf heures.", language="fr")
        for folder in (drop, other):
            put_text(store, embedder, folder / "twice.txt", f"It lies in {folder.name}.")
        store.settle()
    (drop / "twice.txt").write_text("It lies in drop.", encoding="utf-8")
    overrides = {"paths": {"data": home / "data", "ingest": drop, "models": home / "none"}}
    return load_settings(None, overrides)


@pytest.fixture(scope="module")
def own(shelf):
    """The store in a library of this process, without models."""
    library = OwnLibrary(shelf)
    yield library
    library.close()


@pytest.fixture(scope="module", params=["legacy", "auto"])
def reader(request, own):
    """A client that may read it, by the handshake of earlier versions of the protocol and by the present one."""
    with talking(server_of(own), request.param) as talk:
        yield talk


@pytest.fixture
def scripted(shelf, own):
    return Scripted(shelf, own)


@pytest.fixture
def writer(scripted):
    """A client that may change a library that does as it is told."""
    with talking(server_of(scripted, write=True)) as talk:
        yield talk


@pytest.fixture
def labeller(own):
    """A client that may change the store itself."""
    with talking(server_of(own, write=True)) as talk:
        yield talk
