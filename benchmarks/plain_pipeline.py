"""Seconds to the first word and to the end: ragapp beside a plain pipeline of LangChain, llama-cpp-python and Chroma.

The plain pipeline is the one that tutorials build: texts of 1000 characters with an overlap of 200, embedded by MiniLM
through sentence-transformers, kept in Chroma; the four nearest and the question in one prompt; the answer streamed by
llama-cpp-python.  Model file, threads, documents (read by ragapp, so that reading is not compared) and questions are
the same; both sides have loaded their models before the clock starts, and write 256 tokens at the most.  ragapp is
asked twice: with nothing read before, and again after a restart.

    pip install langchain-community langchain-chroma
    python benchmarks/plain_pipeline.py [--questions 24] [--models FOLDER] [--llm NAME]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

SAMPLES = Path(__file__).resolve().parent.parent / "sample_docs"
CHARACTERS, OVERLAP, PASSAGES, WINDOW, TOKENS = 1000, 200, 4, 4096, 256
LLM, EMBEDDER = "qwen2.5-coder-1.5b-instruct", "all-minilm-l6-v2"
PROMPT = (
    "Use the following pieces of context to answer the question at the end. If you don't know the answer, just say that"
    " you don't know, don't try to make up an answer.\n\n{context}\n\nQuestion: {question}\nHelpful Answer:"
)
SIDES = ("LangChain", "ragapp, first time", "ragapp, read before")
# seconds to the first word and to the end, and whether it is a refusal
Asked = Callable[[str], tuple[float, float, bool]]


def langchain(data: Path, models: Path, llm: str) -> Asked:
    """The plain pipeline, ready to be asked."""
    from langchain_chroma import Chroma
    from langchain_community.chat_models import ChatLlamaCpp
    from langchain_core.embeddings import Embeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from sentence_transformers import SentenceTransformer

    from ragapp.models.discovery import find_model
    from ragapp.reading.registry import READERS, read_file

    encoder = SentenceTransformer(str(models / EMBEDDER), device="cpu")

    class MiniLM(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return encoder.encode(texts, normalize_embeddings=True).tolist()

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    texts = [
        unit.text
        for path in sorted(SAMPLES.iterdir())
        if path.suffix in READERS and path.suffix != ".jsonl"
        for unit in read_file(path).units
    ]
    splitter = RecursiveCharacterTextSplitter(chunk_size=CHARACTERS, chunk_overlap=OVERLAP)
    store = Chroma(collection_name="plain", embedding_function=MiniLM(), persist_directory=str(data / "plain"))
    store.add_texts([piece for text in texts for piece in splitter.split_text(text)])
    threads = os.cpu_count() or 1
    model = ChatLlamaCpp(
        model_path=str(find_model(llm, models, "llm")),
        n_ctx=WINDOW,
        n_threads=threads,
        n_batch=512,
        temperature=0.0,
        max_tokens=TOKENS,
        verbose=False,
    )

    def asked(question: str) -> tuple[float, float, bool]:
        started, first = time.perf_counter(), 0.0
        found = store.similarity_search(question, k=PASSAGES)
        context = "\n\n".join(one.page_content for one in found)
        text = ""
        for piece in model.stream(PROMPT.format(context=context, question=question)):
            first = first or time.perf_counter() - started
            text += str(piece.content)
        return first, time.perf_counter() - started, "don't know" in text

    asked("Which documents are there?")
    return asked


def ours(data: Path, models: Path, llm: str) -> Asked:
    """ragapp, ready to be asked."""
    from ragapp.app import App
    from ragapp.settings import load_settings

    sections = {"paths": {"data": data / "ragapp", "models": models}, "llm": {"model": llm}}
    app = App(load_settings(None, {**sections, "answer": {"calibrate": "off", "max_tokens": TOKENS}}), write=True)
    app.pipeline.run([SAMPLES])
    app.assistant.prepare()
    app.retriever.search("warm", 1)

    def asked(question: str) -> tuple[float, float, bool]:
        answer = app.assistant.answer(question)
        total = float(answer.timings["total_s"])
        return (total if answer.abstained else float(answer.timings["first_token_s"])), total, answer.abstained

    return asked


def serve(options: argparse.Namespace) -> None:
    """One side in this process: a line of figures for each question."""
    from ragapp.privacy import go_offline

    go_offline()
    make = langchain if options.serve == SIDES[0] else ours
    asked = make(options.data, options.models, options.llm)
    for question in questions(options.questions):
        sys.stdout.write(json.dumps(asked(question)) + "\n")
        sys.stdout.flush()


def questions(count: int) -> list[str]:
    """Every third of the sample questions, so many."""
    lines = (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines][::3][:count]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--llm", default=LLM)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options)
        return
    sys.stdout.write("| | first word, median s | in all, median s | refused |\n|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as folder:
        for side in SIDES:
            command = [sys.executable, __file__, "--serve", side, "--data", folder, "--llm", options.llm]
            command += ["--models", str(options.models.resolve()), "--questions", str(options.questions)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            figures = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
            first, total = (median(one[place] for one in figures) for place in (0, 1))
            refused = sum(one[2] for one in figures)
            sys.stdout.write(f"| {side} | {first:.2f} | {total:.2f} | {refused} of {len(figures)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
