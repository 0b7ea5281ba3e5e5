"""``ragapp doctor``: a list of checks, each with what to do."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ragapp import guard
from ragapp.answer.calibration_file import described, read_own
from ragapp.errors import IdentityError, ModelError, RagappError
from ragapp.llm import prompt_store
from ragapp.models.discovery import find_model
from ragapp.plain_words import counted
from ragapp.privacy import TALLY_NAME
from ragapp.settings import Settings

if TYPE_CHECKING:
    from ragapp.contract import ProgressListener

MIN_FREE_GB = 2
# libraries that tried to leave this machine and are named
MOST_NAMED = 5
# how to have the disk encrypted
_ENCRYPT = {
    "linux": "Choose encryption (LUKS) when Linux is installed, or set paths.data to a folder of gocryptfs or fscrypt",
    "darwin": "Turn on FileVault: System Settings, Privacy & Security",
    "win32": "Turn on device encryption or BitLocker: Settings, Privacy & security",
}
_ENCRYPT_ELSEWHERE = "Use the disk encryption of your system"


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
        ("disk encryption", _check_encryption),
        ("embedder", _check_embedder),
        ("language model", _check_llm),
        ("store", _check_store),
        ("calibration", _check_calibration),
        ("prompt cache", _check_prompt_cache),
    )
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
    done = [f"The vector index was rebuilt from the catalog: {counted(vectors, 'vector')}."]
    if rebuilt:
        were = counted(rebuilt, "document was", "documents were")
        done.insert(0, f"{were} rebuilt for {settings.embedding.model} from the stored text.")
    if dropped:
        done.append(f"What a rebuild for another embedder had prepared was dropped: {counted(dropped, 'document')}.")
    if words:
        done.append(f"The words of {counted(words, 'passage')} were indexed anew.")
    if renewed:
        failed = renewed.count("failed")
        kept = f" {failed} of them failed, and stay as they were read; see: ragapp documents list" if failed else ""
        were = counted(len(older), "document was", "documents were")
        done.append(f"{were} read again, since an earlier version of ragapp had read them.{kept}")
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
    free = shutil.disk_usage(folder).free / 1e9
    if free < MIN_FREE_GB:
        return CheckResult("disk", "warn", f"{free:.1f} GB free for {settings.paths.data}", "Make room.")
    return CheckResult("disk", "ok", f"{free:.0f} GB free for {settings.paths.data}")


def _check_encryption(settings: Settings) -> CheckResult:
    from ragapp.maintenance.disk_encryption import disk_encryption, plain_swap

    found, data = disk_encryption(settings.paths.data), settings.paths.data
    more = "; docs/privacy.md says what lies there"
    if found.state == "plain":
        told = f"{data} is not encrypted, as far as the system tells ({found.seen})"
        return CheckResult("disk encryption", "warn", told, f"{_ENCRYPT.get(sys.platform, _ENCRYPT_ELSEWHERE)}{more}.")
    if found.state == "unknown":
        told = f"not known for {data}: {found.seen}"
        return CheckResult("disk encryption", "warn", told, f"Look at the disk that it lies on{more}.")
    if swap := plain_swap():
        told = f"{data} lies encrypted ({found.seen}), but memory is swapped to {swap}, which is not"
        return CheckResult(
            "disk encryption", "warn", told, f"Encrypt the swap, too (crypttab, zram), or use none{more}."
        )
    return CheckResult("disk encryption", "ok", f"{data} lies encrypted ({found.seen})")


def _check_embedder(settings: Settings) -> CheckResult:
    folder = find_model(settings.embedding.model, settings.paths.models, "embedder")
    return CheckResult("embedder", "ok", f"{settings.embedding.model} ({folder})")


def _check_reranker(settings: Settings) -> CheckResult:
    folder = find_model(settings.retrieval.reranker, settings.paths.models, "cross-encoder")
    return CheckResult("reranker", "ok", f"{settings.retrieval.reranker} ({folder})")


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
    from ragapp.app import App

    with App(settings) as app:
        former = read_own(app.calibration_file, app.former_embedder).former
        general = False
        try:
            calibration = app.calibration()
            general, known = calibration.origin == "general", True
            detail = described(app.model_pair(), calibration)
        except ModelError as error:  # told above; what is known of the file is told all the same
            known, detail = False, f"not known: {error.message}"
    if former:
        detail += f"; yours for {', '.join(former)} was made by an earlier ragapp and is not used"
        again = "Make it anew: ragapp calibrate, or with your own questions: ragapp eval QUESTIONS --calibrate"
        return CheckResult("calibration", "warn", detail, again)
    if not known:
        return CheckResult("calibration", "warn", detail)
    if general:
        return CheckResult("calibration", "warn", detail, "Fit it to your models and documents: ragapp calibrate")
    return CheckResult("calibration", "ok", detail)


def _check_prompt_cache(settings: Settings) -> CheckResult:
    from ragapp.models.planning import prompt_cache_bytes

    held, most = prompt_store.usage(settings.paths.data / prompt_store.FOLDER_NAME), prompt_cache_bytes(settings)
    size, most_size = held.bytes / 1e6, most / 1e6
    detail = f"passages read already: {held.readings:,} ({size:,.0f} of at most {most_size:,.0f} MB)"
    if held.bytes > most:
        hint = "What is worth least goes with the next question; else raise llm.prompt_cache_mb."
        return CheckResult("prompt cache", "warn", detail, hint)
    return CheckResult("prompt cache", "ok", detail)


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
    detail = f"{plan.name} ({plan.path}), {where}"
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
    detail = " ".join([f"{counted(len(documents), 'document')}, {counted(chunks, 'chunk')}.", *notices]).rstrip(".")
    if failures:
        return CheckResult(
            "store", "warn", f"{detail}; {counted(len(failures), 'file')} failed", "See: ragapp documents list"
        )
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
    detail = f"Chroma {version} at {server.place} holds {held} of {counted(wanted, 'vector')}"
    if held != wanted:
        return CheckResult("chroma server", "warn", detail, "Fill it from the catalog: ragapp doctor --fix")
    return CheckResult("chroma server", "ok", detail)
