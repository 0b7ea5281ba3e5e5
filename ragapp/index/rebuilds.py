"""Documents made anew for another embedder or chunker, prepared in the catalog beside those in use.

Until all are prepared the store is what it was, for the embedder that made it. Then one transaction puts them in the
place of the old ones: a store never holds vectors of two embedders, whenever a rebuild is stopped or killed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np

from ragapp.contract import RebuildNeed
from ragapp.errors import IdentityError
from ragapp.index import bm25
from ragapp.index.catalog import Catalog
from ragapp.index.catalog_writes import CHUNK_COLUMNS, VECTOR_DTYPE, context_line, delete_chunks
from ragapp.index.identity import difference, same_identity, same_vectors
from ragapp.index.records import Chunk, DocumentRow, EmbedderIdentity
from ragapp.terminal_text import shown_seconds

# State in the catalog: for which identity, and how many seconds each chunk that is to be replaced takes.
_PACE = "rebuild_pace"


def rebuild_need(catalog: Catalog, identity: EmbedderIdentity) -> RebuildNeed:
    """What a rebuild for an identity would have to do."""
    stale, prepared = stale_documents(catalog, identity), _prepared_for(catalog, identity)
    left = sum(row.chunks for row in stale if row.id not in prepared)
    pace = catalog.get_state(_PACE) or ""
    known = pace.startswith(f"{_digest(identity)} ")
    seconds = left * float(pace.split()[1]) if known else None
    done = sum(row.id in prepared for row in stale)
    return RebuildNeed(len(stale), sum(row.chunks for row in stale), done, left, seconds)


def check_identity(catalog: Catalog, identity: EmbedderIdentity, folder: Path) -> None:
    """Refuse a store, in ``folder``, with documents of another identity.

    Raises:
        IdentityError: says in what they differ, the command that rebuilds, and how to keep the documents as they are.
    """
    others = stale_identities(catalog, identity)
    if not others:
        return
    told, way_back = difference(others[0], identity)
    need = rebuild_need(catalog, identity)
    documents = f"The {need.documents:,} documents in {folder} ({need.chunks:,} chunks) were"
    if need.documents == 1:
        documents = f"A document in {folder} was"
    message = f"{documents} stored {told}."
    if need.prepared:
        message += f" {need.prepared:,} of them are rebuilt already, and wait for the others."
    takes = "ragapp doctor says how long it takes"
    if need.seconds is not None:
        takes = f"about {shown_seconds(need.seconds)}; it can be stopped, and goes on"
    hint = f"Rebuild from the stored text with: ragapp doctor --fix ({takes})"
    if way_back and len(others) == 1:
        hint += f"; or keep what is stored: {way_back}"
    raise IdentityError(message, f"{hint}.")


def remember_pace(catalog: Catalog, identity: EmbedderIdentity, seconds: float) -> None:
    """Keep how many seconds it takes to replace a chunk by those of an identity, for :func:`rebuild_need`."""
    catalog.set_state(_PACE, f"{_digest(identity)} {seconds:.6f}")


def stale_identities(catalog: Catalog, identity: EmbedderIdentity) -> list[EmbedderIdentity]:
    """Other identities than this that documents were stored with."""
    return [stored for stored in catalog.stored_identities().values() if not same_identity(stored, identity)]


def stale_documents(catalog: Catalog, identity: EmbedderIdentity) -> list[DocumentRow]:
    """The documents that were stored with another identity, by path."""
    stored = catalog.stored_identities()
    return [row for row in catalog.documents() if not same_identity(stored[row.identity_id], identity)]


def begin(catalog: Catalog, identity: EmbedderIdentity) -> tuple[list[DocumentRow], set[int]]:
    """The documents that have to be made anew, and the ids of those among them that are prepared already.

    What was prepared for another identity is dropped.
    """
    forget(catalog, keep=catalog.identity_id(identity))
    stale = stale_documents(catalog, identity)
    return stale, _prepared_for(catalog, identity) & {row.id for row in stale}


def forget(catalog: Catalog, keep: int | None = None) -> int:
    """Drop what was prepared, but for one identity; returns for how many documents."""
    with catalog.transaction() as connection:
        return connection.execute("DELETE FROM prepared_documents WHERE identity_id IS NOT ?", (keep,)).rowcount


def prepare(
    catalog: Catalog,
    row: DocumentRow,
    chunks: Sequence[Chunk],
    vectors: np.ndarray,
    fingerprints: Sequence[bytes],
    identity_id: int,
    *,
    complete: bool = True,
) -> None:
    """Keep a document's new chunks until :func:`adopt`; nothing happens where it has gone or changed meanwhile.

    Args:
        vectors: of shape (chunks, dimension).
        complete: whether these are all of its chunks; else they only serve :func:`known_vectors`.
    """
    with catalog.transaction() as connection:
        connection.execute("DELETE FROM prepared_documents WHERE document_id = ? AND ?", (row.id, complete))
        made = connection.execute(
            "INSERT INTO prepared_documents (document_id, identity_id, complete)"
            " SELECT id, ?, ? FROM documents WHERE id = ? AND sha256 = ? ON CONFLICT DO NOTHING",
            (identity_id, complete, row.id, row.sha256),
        )
        if complete and not made.rowcount:
            return
        there = connection.execute("SELECT 1 FROM prepared_documents WHERE document_id = ?", (row.id,)).fetchone()
        if not there:
            return
        connection.executemany(
            f"INSERT INTO prepared_chunks (document_id, {CHUNK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (row.id, *_columns(chunk), np.asarray(vector, VECTOR_DTYPE).tobytes(), fingerprint)
                for chunk, vector, fingerprint in zip(chunks, vectors, fingerprints, strict=True)
            ],
        )


def known_vectors(
    catalog: Catalog, fingerprints: Sequence[bytes], identity: EmbedderIdentity
) -> dict[bytes, np.ndarray]:
    """Half-precision vectors, by fingerprint, of texts that were embedded before: in chunks of whatever size, or by a
    rebuild that was stopped."""
    wanted = list(dict.fromkeys(fingerprints))
    found = {}
    for identity_id, stored in catalog.stored_identities().items():
        if same_vectors(stored, identity):
            found.update(catalog.known_vectors(wanted, identity_id))
    prepared = (
        "SELECT c.fingerprint, c.vector FROM prepared_chunks c JOIN prepared_documents d USING (document_id)"
        f" WHERE d.identity_id = {catalog.identity_id(identity)} AND c.fingerprint IN ({{}})"
    )
    for fingerprint, vector in catalog.rows_among(prepared, wanted):
        found[fingerprint] = np.frombuffer(vector, VECTOR_DTYPE)
    return found


def adopt(catalog: Catalog, identity: EmbedderIdentity) -> int:
    """Put all that is prepared for an identity in the place of the old chunks, in one transaction.

    Texts, warnings and what the reading depended on stay as they are. Returns how many documents are new.
    """
    identity_id = catalog.identity_id(identity)
    with catalog.transaction() as connection:
        ready = connection.execute(
            "SELECT d.id, d.name, d.title, d.language FROM documents d"
            " JOIN prepared_documents p ON p.document_id = d.id WHERE p.identity_id = ? AND p.complete ORDER BY d.id",
            (identity_id,),
        ).fetchall()
        for document_id, name, title, language in ready:
            delete_chunks(connection, document_id)
            chunks = connection.execute(
                "SELECT id, headings, text FROM prepared_chunks WHERE document_id = ? ORDER BY id", (document_id,)
            ).fetchall()
            for prepared_id, headings, text in chunks:
                chunk_id = connection.execute(
                    f"INSERT INTO chunks (document_id, {CHUNK_COLUMNS})"
                    f" SELECT document_id, {CHUNK_COLUMNS} FROM prepared_chunks WHERE id = ?",
                    (prepared_id,),
                ).lastrowid
                bm25.add(connection, chunk_id or 0, context_line(name, title, json.loads(headings)), text, language)
            connection.execute(
                "UPDATE documents SET identity_id = ?, chunks = ? WHERE id = ?", (identity_id, len(chunks), document_id)
            )
        connection.execute("DELETE FROM prepared_documents")
    return len(ready)


def _prepared_for(catalog: Catalog, identity: EmbedderIdentity) -> set[int]:
    identity_id = catalog.known_identity(identity)
    rows = catalog.rows(
        "SELECT document_id FROM prepared_documents WHERE identity_id IS ? AND complete", (identity_id,)
    )
    return {row[0] for row in rows}


def _columns(chunk: Chunk) -> tuple[int, str, str, int, int]:
    return chunk.unit, json.dumps(chunk.headings), chunk.text, chunk.start, chunk.end


def _digest(identity: EmbedderIdentity) -> str:
    return hashlib.sha256(repr(astuple(identity)[1:]).encode()).hexdigest()[:16]
