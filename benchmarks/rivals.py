"""The pipelines that ingestion is measured against; each runs in a process of its own and prints what it took.

    python benchmarks/rivals.py NAME FILES_JSON DATA_FOLDER MODELS_FOLDER

Every side has its libraries imported and its model loaded before its clock starts; all but the embedders alone store in
a Chroma folder of their own.  The other pipelines embed with MiniLM, as they usually do.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ragapp.privacy import go_offline

MODEL, SMALL = "multilingual-e5-small", "all-minilm-l6-v2"
# LangChain's text splitter at the figures that its tutorials give
LANGCHAIN_CHARACTERS, LANGCHAIN_OVERLAP = 1000, 200
# how many texts LlamaIndex gives to an embedding model at a time
LLAMA_INDEX_BATCH = 10
CHROMA_BATCH = 5000


def main() -> int:
    name, files, data, models = sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), *map(Path, sys.argv[3:5])
    go_offline()
    result = RIVALS[name]([Path(file) for file in files], data, models)
    sys.stdout.write(json.dumps({"name": name, **result}) + "\n")
    return 0


def ragapp(files: list[Path], data: Path, models: Path, model: str = MODEL, **embedding: str) -> dict:
    """The product, as `ragapp ingest` does it, on an empty store."""
    from ragapp.app import App
    from ragapp.settings import load_settings

    store = data / "-".join([model, *embedding.values()])
    overrides = {"paths": {"data": store, "models": models}, "embedding": {"model": model, **embedding}}
    settings = load_settings(None, {**overrides, "ingest": {"ocr": "off"}})
    with App(settings, write=True) as app:
        app.embedder.embed_documents(["loads the model"])
        pipeline = app.pipeline
        started = time.perf_counter()
        report = pipeline.run(files)
        seconds = time.perf_counter() - started
        catalog = app.store.catalog
        chunks = catalog.chunks(catalog.chunk_ids()).values()
        texts = sorted({chunk.text for chunk in chunks})
        (data / f"{model}.json").write_text(json.dumps(texts))
        totals = report.totals
        return {"seconds": seconds, "vectors": len(texts), "pages": totals.units, "precision": app.embedder.precision}


def library(files: list[Path], data: Path, models: Path, model: str = MODEL) -> dict:
    """sentence-transformers' own `encode` in float32 on ragapp's chunks; nothing is read or stored."""
    loaded = _sentence_transformers(models, model)
    texts = json.loads((data / f"{model}.json").read_text())
    started = time.perf_counter()
    loaded.encode_document(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    return {"seconds": time.perf_counter() - started, "vectors": len(texts)}


def embedder(files: list[Path], data: Path, models: Path, model: str = MODEL) -> dict:
    """ragapp's embedder alone on the same chunks."""
    from ragapp.index.embedder import Embedder

    loaded = Embedder(models / model, model, precision="auto")
    loaded.embed_documents(["loads the model"])
    texts = json.loads((data / f"{model}.json").read_text())
    started = time.perf_counter()
    loaded.embed_documents(texts)
    return {"seconds": time.perf_counter() - started, "vectors": len(texts), "precision": loaded.precision}


def langchain(files: list[Path], data: Path, models: Path) -> dict:
    """pypdf's pages, RecursiveCharacterTextSplitter, all vectors at once, Chroma."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    model, collection = _sentence_transformers(models, SMALL), _chroma(data / "langchain")
    splitter = RecursiveCharacterTextSplitter(chunk_size=LANGCHAIN_CHARACTERS, chunk_overlap=LANGCHAIN_OVERLAP)
    started = time.perf_counter()
    texts, metadata, pages = [], [], 0
    for file in files:
        for number, text in _pypdf_pages(file):
            pages += 1
            for part in splitter.split_text(text):
                texts.append(part)
                metadata.append({"source": str(file), "page": number})
    vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    for begin in range(0, len(texts), CHROMA_BATCH):
        part = slice(begin, begin + CHROMA_BATCH)
        collection.add(
            ids=[str(i) for i in range(len(texts))[part]],
            documents=texts[part],
            metadatas=metadata[part],
            embeddings=vectors[part],
        )
    return {"seconds": time.perf_counter() - started, "vectors": len(texts), "pages": pages}


def privategpt(files: list[Path], data: Path, models: Path) -> dict:
    """PrivateGPT 0.6.2's simple ingestion: page by page, one vector a sentence with a window of three around it.

    As there, the file's name and the page's label are embedded with each sentence.  Its document store, which it
    writes anew as JSON after each file, is left out, which favours it.
    """
    from llama_index.core.node_parser import SentenceWindowNodeParser
    from llama_index.core.schema import Document, MetadataMode

    model, collection = _sentence_transformers(models, SMALL), _chroma(data / "privategpt")
    parser = SentenceWindowNodeParser.from_defaults()
    started = time.perf_counter()
    pages = vectors = 0
    for file in files:
        for number, text in _pypdf_pages(file):
            pages += 1
            page = Document(text=text, metadata={"page_label": str(number), "file_name": file.name})
            nodes = parser.get_nodes_from_documents([page])
            for begin in range(0, len(nodes), LLAMA_INDEX_BATCH):
                part = nodes[begin : begin + LLAMA_INDEX_BATCH]
                embedded = model.encode(
                    [node.get_content(metadata_mode=MetadataMode.EMBED) for node in part],
                    batch_size=LLAMA_INDEX_BATCH,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
                collection.add(
                    ids=[node.node_id for node in part],
                    documents=[node.text for node in part],
                    metadatas=[{key: str(value) for key, value in node.metadata.items()} for node in part],
                    embeddings=embedded,
                )
                vectors += len(part)
    return {"seconds": time.perf_counter() - started, "vectors": vectors, "pages": pages}


def _pypdf_pages(file: Path) -> Iterator[tuple[int, str]]:
    from pypdf import PdfReader

    for number, page in enumerate(PdfReader(file).pages, start=1):
        yield number, page.extract_text()


def _sentence_transformers(models: Path, name: str):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(models / name), local_files_only=True)
    model.encode(["loads the model"])
    return model


def _chroma(folder: Path):
    import chromadb

    return chromadb.PersistentClient(str(folder)).create_collection("documents", embedding_function=None)


RIVALS: dict[str, Callable[[list[Path], Path, Path], dict]] = {
    "ragapp": ragapp,
    "ragapp, MiniLM": lambda files, data, models: ragapp(files, data, models, SMALL),
    # as it was: float32, by sentence-transformers' modules (no GPU is needed; torch takes what there is)
    "ragapp, MiniLM by the library": lambda *paths: ragapp(*paths, SMALL, precision="fp32", device="gpu"),
    "its embedder alone": embedder,
    "sentence-transformers alone": library,
    "MiniLM alone": lambda files, data, models: embedder(files, data, models, SMALL),
    "sentence-transformers alone, MiniLM": lambda files, data, models: library(files, data, models, SMALL),
    "LangChain": langchain,
    "PrivateGPT 0.6.2": privategpt,
}


if __name__ == "__main__":
    sys.exit(main())
