"""``ragapp doctor``: a list of checks, each with what to do."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ragapp import guard
from ragapp.answer.calibration import FILE_NAME as CALIBRATION_NAME
from ragapp.answer.calibration import calibration_for, former_models
from ragapp.errors import IdentityError, RagappError
from ragapp.models.discovery import find_model
from ragapp.privacy import TALLY_NAME
from ragapp.settings import Settings

if TYPE_CHECKING:
    from ragapp.contract import ProgressListener

MIN_FREE_GIB = 2
# libraries that tried to leave this machine and are named
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was looked at; warn means that it works, but …; the hint says what to do, and is empty when ok."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    hint: str = ""


def run_checks(settings: Settings, *, verify: bool = False) -> Iterator[CheckResult]:
    """Look at everything that ragapp needs, one result after the other; changes nothing.

    ``verify`` hashes every file of the model packs that are here, too.
    """
    checks: tuple[tuple[str, Callable[[Settings], CheckResult]], ...] = (
        ("python", _check_python),
        ("disk", _check_disk),
        ("embedder", _check_embedder),
        ("language model", _check_llm),
        ("store", _check_store),
    )
    if (settings.paths.data / CALIBRATION_NAME).is_file():
        checks += (("calibration", _check_calibration),)
    if settings.store.chroma != "embedded":
        checks += (("chroma server", _check_chroma_server),)
    if settings.retrieval.reranker:
        checks += (("reranker", _check_reranker),)
    if verify:
        checks += (("weights", _check_weights),)
    # last, so that it tells of what the checks before it did
    checks += (("network", _check_network),)
    for name, check in checks:
        try:
            yield check(settings)
        except RagappError as error:
            yield CheckResult(name, "fail", error.message, error.hint)


def fix(settings: Settings, progress: ProgressListener | None = None) -> list[str]:
    """Mend what can be mended without asking: index the words anew, rebuild for the embedder in use, read again what an
    earlier version of ragapp read, fill the vector store from the catalog, drop what was prepared for an embedder that
    is not in use.

    Returns what was done, one sentence each.

    Raises:
        RagappError: the embedder is missing, or another process owns the store.
        CancelledError: it was stopped; the same goes on from there.
    """
    from ragapp.app import App
    from ragapp.index.rebuilds import forget
    from ragapp.ingest.conditions import readings_to_renew

    renewed = None
    with App(settings, write=True) as app:
        words = app.pipeline.renew_words(progress)
        rebuilt = app.pipeline.rebuild(progress)
        dropped = forget(app.store.catalog)
        older, _ = readings_to_renew(app.store.catalog)
        if older:
            renewed = app.pipeline.run(older, progress=progress)
        vectors = app.store.rebuild_vectors()
        app.store.settle()
    done = [f"The vector index was rebuilt from the catalog: {vectors} vectors."]
    if rebuilt:
        done.insert(0, f"{rebuilt} documents were rebuilt for {settings.embedding.model} from their stored text.")
    if dropped:
        done.append(f"What a rebuild for another embedder had prepared was dropped: {dropped} documents.")
    if words:
        done.append(f"The words of {words} passages were indexed anew.")
    if renewed:
        failed = renewed.count("failed")
        kept = f" {failed} of them failed, and stay as they were read; see: ragapp documents list" if failed else ""
        done.append(f"{len(older)} documents of an earlier version of ragapp were read again.{kept}")
    return done


def _check_python(settings: Settings) -> CheckResult:
    version = platform.python_version()
    if not (3, 11) <= sys.version_info < (3, 14):
        return CheckResult("python", "warn", version, "ragapp is tested with Python 3.11 to 3.13.")
    return CheckResult("python", "ok", version)


def _check_disk(settings: Settings) -> CheckResult:
    folder = settings.paths.data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1024**3
    if free < MIN_FREE_GIB:
        return CheckResult("disk", "warn", f"{free:.1f} GiB free for {settings.paths.data}", "Make room.")
    return CheckResult("disk", "ok", f"{free:.0f} GiB free for {settings.paths.data}")


def _check_embedder(settings: Settings) -> CheckResult:
    folder = find_model(settings.embedding.model, settings.paths.models, "embedder")
    return CheckResult("embedder", "ok", f"{settings.embedding.model} in {folder}")


def _check_reranker(settings: Settings) -> CheckResult:
    folder = find_model(settings.retrieval.reranker, settings.paths.models, "cross-encoder")
    return CheckResult("reranker", "ok", f"{settings.retrieval.reranker} in {folder}")


def _check_weights(settings: Settings) -> CheckResult:
    from ragapp.models.packs import PACKS
    from ragapp.models.pull import verify_pack

    here = [pack for pack in PACKS.values() if pack.target(settings.paths.models).exists()]
    bad = [pack.name for pack in here if any(c.status != "ok" for c in verify_pack(pack, settings.paths.models))]
    if bad:
        again = f"Run: ragapp models pull {' '.join(bad)}"
        return CheckResult("weights", "fail", f"not as published: {', '.join(bad)}", again)
    names = ", ".join(pack.name for pack in here) or "no packs are here"
    return CheckResult("weights", "ok", f"as published, by SHA-256: {names}" if here else names)


def _check_calibration(settings: Settings) -> CheckResult:
    file = settings.paths.data / CALIBRATION_NAME
    calibration_for("", file)  # raises where it is damaged
    former = former_models(json.loads(file.read_text(encoding="utf-8")))
    if former:
        detail = f"yours for {', '.join(sorted(former))} was made by an earlier ragapp and is not used"
        return CheckResult("calibration", "warn", detail, "Make it anew: ragapp eval QUESTIONS --calibrate")
    return CheckResult("calibration", "ok", f"your own, in {file}")


def _check_network(settings: Settings) -> CheckResult:
    seen = guard.report()
    if not seen["guarded"]:
        return CheckResult("network", "warn", "this process is not guarded", "Start it with the command ragapp.")
    counts = guard.read_tally(settings.paths.data / TALLY_NAME)
    allowed = ", ".join(settings.privacy.allow) or "nothing but this machine"
    detail = f"guarded; {allowed} may be reached; {seen['connections']} connections in this check"
    if not counts:
        return CheckResult("network", "ok", f"{detail}, no attempt to leave this machine so far")
    told = ", ".join(f"{by} ({count})" for by, count in sorted(counts.items(), key=lambda item: -item[1])[:MOST_NAMED])
    return CheckResult(
        "network",
        "warn",
        f"{detail}; {sum(counts.values())} attempts to leave it were refused so far: {told}",
        f"Nothing left. To count anew, delete {settings.paths.data / TALLY_NAME}.",
    )


def _check_llm(settings: Settings) -> CheckResult:
    from ragapp.app import App

    if settings.llm.mode == "openai":
        with App(settings) as app:
            engine = app.engine()
            counted_by = getattr(engine, "tokenizer", "itself")
            detail = f"{engine.name}, window {engine.window}, tokens counted by {counted_by}"
        return CheckResult("language model", "ok", detail)
    from ragapp.models.planning import place, plan_engine

    plan = plan_engine(settings)
    where = place(settings, plan)
    detail = f"{plan.name} in {plan.path}, {where}"
    if settings.llm.gpu_layers not in ("auto", 0) and where.startswith("on the processor"):
        return CheckResult("language model", "warn", detail, "Build llama-cpp-python for your GPU (see README).")
    return CheckResult("language model", "ok", detail)


def _check_store(settings: Settings) -> CheckResult:
    from ragapp.app import App
    from ragapp.index import lexical_rebuild
    from ragapp.index.store import CATALOG_NAME
    from ragapp.ingest.conditions import readings_to_renew

    if not (settings.paths.data / CATALOG_NAME).is_file():
        return CheckResult("store", "warn", f"nothing in {settings.paths.data} yet", "Add files: ragapp ingest ./docs")
    with App(settings) as app:
        try:
            app.store.check_identity()
        except IdentityError:
            app.pipeline.measure_rebuild()
            app.store.check_identity()
        _ = app.store.vectors  # opening it mends what lags behind the catalog
        documents = app.store.catalog.documents()
        failures = [file for file in app.store.catalog.unread() if file.status == "failed"]
        chunks = app.store.catalog.chunk_count()
        notices = app.store.notices
        older, without_file = readings_to_renew(app.store.catalog)
        words_current = lexical_rebuild.is_current(app.store.catalog)
    detail = " ".join([f"{len(documents)} documents, {chunks} chunks.", *notices]).rstrip(".")
    if failures:
        return CheckResult("store", "warn", f"{detail}; {len(failures)} files failed", "See: ragapp documents list")
    if without_file:
        detail += f"; {without_file} were read by an earlier version of ragapp, and their files are gone"
    if older:
        told = f"{detail}; {len(older)} were read by an earlier version of ragapp"
        return CheckResult("store", "warn", told, "Read their files again: ragapp doctor --fix")
    if not words_current:
        told = (
            f"{detail}; its words were indexed by another version of ragapp or of the stemmers, and are found less well"
        )
        return CheckResult("store", "warn", told, "Index them anew: ragapp doctor --fix, or the next ragapp ingest")
    return CheckResult("store", "ok", detail)


def _check_chroma_server(settings: Settings) -> CheckResult:
    from ragapp.index.chroma_server import server_of
    from ragapp.index.store import CATALOG_NAME, Store

    server = server_of(settings)
    if server is None:
        return CheckResult("chroma server", "ok", "none is used")
    library_id, wanted = "", 0
    if (settings.paths.data / CATALOG_NAME).is_file():
        with Store(settings.paths.data) as store:
            library_id, wanted = store.library_id, store.catalog.chunk_count()
    version, held = server.look(library_id)
    detail = f"Chroma {version} at {server.place} holds {held} of {wanted} vectors"
    if held != wanted:
        return CheckResult("chroma server", "warn", detail, "Fill it from the catalog: ragapp doctor --fix")
    return CheckResult("chroma server", "ok", detail)
