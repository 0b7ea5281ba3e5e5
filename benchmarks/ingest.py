"""How long taking files in lasts, beside the embedder alone and beside other pipelines, on the same files.

    python benchmarks/ingest.py FOLDER [--rounds 3]     every side in turn, several rounds, medians
    python benchmarks/ingest.py --many FOLDER           ragapp alone on a large folder: time and memory

FOLDER holds PDFs with text (any; those that pypdf cannot read are left out for all).  Each side (`rivals.py`) runs in a
process of its own, in turn, so that what else the machine does falls on all alike.  `pip install -e .[bench]` brings
what PrivateGPT's side needs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from rivals import RIVALS

from ragapp.index.lanes import lane_count
from ragapp.index.processor import processor_name

HERE = Path(__file__).resolve().parent
SAMPLE_S = 0.25
BASELINES = {"its embedder alone": "sentence-transformers alone", "MiniLM alone": "sentence-transformers alone, MiniLM"}
FORMER = "ragapp, MiniLM by the library"
MIB = 1 << 20


class Memory:
    """The highest memory of a process and of its children, sampled; pages that several share are counted once."""

    def __init__(self, pid: int):
        self._process = psutil.Process(pid)
        self.main = self.children = self.all = 0

    def sample(self) -> None:
        try:
            main = _held(self._process)
            children = sum(_held(child) for child in self._process.children(recursive=True))
        except psutil.Error:
            return
        self.main, self.children = max(self.main, main), max(self.children, children)
        self.all = max(self.all, main + children)

    def __str__(self) -> str:
        return f"{self.main // MIB} | {self.children // MIB} | {self.all // MIB}"


def _held(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(memory, "pss", memory.uss)


def run(command: list[str], memory: bool = False) -> tuple[dict, Memory]:
    """Run a side; returns the JSON that it printed last, and its memory where wanted."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as problems:
        paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, *command], stdout=out, stderr=problems, text=True, env={**os.environ, "PYTHONPATH": paths}
        )
        watched = Memory(process.pid)
        while process.poll() is None:
            if memory:
                watched.sample()
            time.sleep(SAMPLE_S)
        out.seek(0)
        problems.seek(0)
        lines = out.read().strip().splitlines()
        if process.returncode or not lines:
            raise SystemExit(f"{' '.join(command)} failed:\n{problems.read()[-3000:]}")
        return json.loads(lines[-1]), watched


def readable(folder: Path) -> list[str]:
    """The PDFs below a folder whose text pypdf reads: what all sides can read."""
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    found = []
    for file in sorted(folder.rglob("*.pdf")):
        try:
            if any(page.extract_text().strip() for page in PdfReader(file).pages):
                found.append(str(file.absolute()))
        except Exception as error:
            sys.stderr.write(f"{file.name} is left out: {error}\n")
    return found


def compare(folder: Path, models: Path, rounds: int, names: list[str]) -> None:
    files = readable(folder)
    took: dict[str, list[dict]] = {name: [] for name in names}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as data:
            listed = Path(data) / "files.json"
            listed.write_text(json.dumps(files))
            # ragapp goes first: the embedders alone need its chunks
            for name in sorted(names, key=lambda name: not name.startswith("ragapp")):
                result, _ = run([str(HERE / "rivals.py"), name, str(listed), data, str(models)])
                took[name].append(result)
                sys.stderr.write(f"round {number + 1}, {name}: {result['seconds']:.1f} s\n")
    seconds = {name: statistics.median(result["seconds"] for result in results) for name, results in took.items()}
    pages = max(result.get("pages", 0) for results in took.values() for result in results)
    print(f"{len(files)} files, {pages} pages, medians of {rounds} rounds, {lane_count()} cores, {processor_name()}\n")
    print("| | precision | vectors | seconds | beside the library alone | of the time of MiniLM by the library |")
    print("|---|---|---|---|---|---|")
    for name in names:
        result, baseline = took[name][-1], seconds.get(BASELINES.get(name, ""))
        faster = f"{baseline / seconds[name]:.2f} times as fast" if baseline else "–"
        former = f"{seconds[name] / seconds[FORMER]:.2f}" if FORMER in seconds and " alone" not in name else "–"
        cells = [name, result.get("precision", "fp32"), str(result["vectors"]), f"{seconds[name]:.1f}", faster, former]
        print(f"| {' | '.join(cells)} |")


def many(folder: Path, models: Path) -> None:
    code = (
        "import json, sys; from dataclasses import asdict; from pathlib import Path\n"
        "from ragapp.privacy import go_offline; go_offline()\n"
        "from ragapp.app import App; from ragapp.settings import load_settings\n"
        "folder, data, models = map(Path, sys.argv[1:4])\n"
        "if __name__ == '__main__':\n"
        "    with App(load_settings(None, {'paths': {'data': data, 'models': models}}), write=True) as app:\n"
        "        report = app.pipeline.run([folder]); first = asdict(report.totals)\n"
        "        again = app.pipeline.run([folder])\n"
        "        precision = app.embedder.precision\n"
        "    print(json.dumps({**first, 'again_s': again.totals.seconds, 'precision': precision}))\n"
    )
    with tempfile.TemporaryDirectory() as data:
        script = Path(data) / "many.py"
        script.write_text(code)
        totals, memory = run([str(script), str(folder), str(Path(data) / "store"), str(models)], memory=True)
    print("| files | failed | pages and sections | chunks | precision | seconds | again, all unchanged, s |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {totals['files']} | {totals['failed']} | {totals['units']} | {totals['chunks']} | {totals['precision']} |"
        f" {totals['seconds']:.0f} | {totals['again_s']:.1f} |\n"
    )
    print(f"| peak memory of itself, MiB | of its readers together | of all |\n|---|---|---|\n| {memory} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=list(RIVALS), help="these sides alone; may be repeated")
    parser.add_argument("--models", type=Path, help="where both embedders lie; else as in the settings")
    parser.add_argument("--many", action="store_true", help="ragapp alone, with its memory")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    from ragapp.settings import load_settings

    models = (options.models or load_settings().paths.models).absolute()
    if options.many:
        many(options.folder.absolute(), models)
    else:
        compare(options.folder, models, options.rounds, options.only or list(RIVALS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
