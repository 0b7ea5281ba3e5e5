"""The vector store on a Chroma server, over HTTP. Vectors and the numbers of their chunks are kept there, no text.

``chromadb.HttpClient`` asks the server from its constructor on, without any time limit, takes proxies from the
environment and keeps the status of a refusal to itself. So the layer below it, which knows the protocol, is used with
an HTTP client of ours. A server has no accounts of its own and no TLS; where it has them, a proxy stands before it.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ragapp.errors import RagappError, VectorsUnavailableError
from ragapp.guard.network import is_allowed, is_local, parse_entry
from ragapp.index.chroma import HNSW, CollectionStore, T, chroma_settings
from ragapp.index.vector_store import ADD_BATCH

if TYPE_CHECKING:
    import httpx
    from chromadb.types import Collection as CollectionModel

    from ragapp.settings import Settings

# seconds to connect, and that the server may say nothing while it works
CONNECT_S = 5.0
ANSWER_S = 20.0
# seconds before each further try; a search is not tried again, as the catalog's vectors answer at once
PAUSES_S = (0.5, 2.0)
_PASSING = frozenset({408, 429, 502, 503, 504})
# a request is kept below what servers and proxies take; a number is 24 characters of JSON at the most
MAX_REQUEST_BYTES = 40 * 2**20
_NUMBER_BYTES, _RECORD_BYTES = 24, 64
_PORTS = {"http": 80, "https": 443}
_PAGE = 100
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class ChromaServer:
    """A Chroma server; each data folder has collections of its own there, one for each embedder identity.

    Nothing is checked before the server is needed: a wrong argument is told as a server that cannot be used.

    Args:
        url: ``store.chroma``, an http or https address.
        headers: sent with each request; ``${NAME}`` stands for an environment variable.
        ca_file: certificates (PEM) that the server's is checked by, None for those that the system trusts.
        allow: ``privacy.allow``; a server on another machine must be in it.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, ca_file: Path | None = None, allow: Sequence[str] = ()
    ) -> None:
        self.place = url.strip().rstrip("/")
        self._headers = dict(headers or {})
        self._ca_file = ca_file
        self._allow = tuple(allow)

    def open(self, library_id: str, identity_id: int, dimension: int) -> ServerStore:
        connection = self._connect()
        try:
            notices = []
            if self.place.startswith("http:") and not is_local(urlsplit(self.place).hostname or ""):
                notices.append(f"What is sent to {self.place} can be read on the way: store.chroma is not https.")
            name = _name(library_id, identity_id)
            for model in connection.collections(library_id):
                space = ((model.configuration_json or {}).get("hnsw") or {}).get("space", HNSW["space"])
                if model.name == name and space == HNSW["space"] and model.dimension in (None, dimension):
                    continue
                if model.name == name:
                    notices.append(
                        f"The vectors on the Chroma server at {self.place} are replaced: they had {model.dimension}"
                        f" dimensions instead of {dimension}, or another measure than the cosine."
                    )
                connection.delete(model.name)  # of another embedder, or unfit; the catalog has what it needs
            create = connection.api.get_or_create_collection
            model = connection.call(create, name=name, configuration={"hnsw": HNSW})
            return ServerStore(connection, model, dimension, " ".join(notices))
        except BaseException:
            connection.close()
            raise

    def remove(self, library_id: str, ids: Sequence[int]) -> None:
        with self._connected() as connection:
            for model in connection.collections(library_id):
                ServerStore(connection, model).remove(ids)

    def delete(self, library_id: str) -> None:
        with self._connected() as connection:
            for model in connection.collections(library_id):
                connection.delete(model.name)

    def look(self, library_id: str) -> tuple[str, int]:
        """The server's version, and how many vectors of a data folder it holds."""
        with self._connected() as connection:
            held = [ServerStore(connection, model).count() for model in connection.collections(library_id)]
            return str(connection.call(connection.api.get_version)), sum(held)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    def _connect(self) -> Connection:
        port = check_address(self.place, self._allow)
        headers = {name: _filled_in(name, value) for name, value in self._headers.items()}
        try:
            trust = ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise VectorsUnavailableError(
                f"The certificates in {self._ca_file} cannot be read: {error.strerror or error}.",
                "Check store.chroma_ca_file: a file in PEM format.",
            ) from None
        return Connection(self.place, port, headers, trust)


class ServerStore(CollectionStore):
    """One collection on the server; the dimension of its vectors decides how many fit into a request."""

    def __init__(self, connection: Connection, model: CollectionModel, dimension: int = 0, notice: str = "") -> None:
        from chromadb.api.models.Collection import Collection

        self.notice = notice
        self._connection = connection
        self._collection = Collection(client=connection.api, model=model, embedding_function=None, data_loader=None)
        of_bytes = MAX_REQUEST_BYTES // (_RECORD_BYTES + _NUMBER_BYTES * dimension)
        self.batch = max(1, min(ADD_BATCH, connection.max_batch, of_bytes))

    def save(self) -> None:
        """Nothing: the server looks after its files."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _call(self, what: str, operation: Callable[..., T], **arguments: Any) -> T:
        return self._connection.call(operation, tries=1 if what == "searched" else len(PAUSES_S) + 1, **arguments)


class Connection:
    """Chroma's own client of the HTTP protocol, with time limits and retries.

    :meth:`call` calls ``api``, a ``chromadb.api.fastapi.FastAPI``; the server takes ``max_batch`` records in a request.

    Raises:
        VectorsUnavailableError: there is no Chroma server.
    """

    def __init__(self, url: str, port: int, headers: Mapping[str, str], trust: ssl.SSLContext) -> None:
        import httpx
        from chromadb.api.fastapi import FastAPI
        from chromadb.config import System

        self._url = url
        settings = chroma_settings(chroma_server_host=url, chroma_server_http_port=port)
        self.api = System(settings).instance(FastAPI)
        # there is no public way to give it a client; tests/index/test_chroma_server.py tells when this changes
        self.api._session.close()
        self.api._session = self._client = httpx.Client(
            headers={"Content-Type": "application/json", **headers},
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            verify=trust,
            trust_env=False,
            event_hooks={"response": [_refuse]},
        )
        try:
            self.max_batch = self.call(lambda: int(self.api.get_pre_flight_checks()["max_batch_size"]), tries=1)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._client.close()

    def collections(self, library_id: str) -> list[CollectionModel]:
        """The collections of a data folder."""
        found: list[CollectionModel] = []
        page: Sequence[CollectionModel] | None = None
        while page is None or len(page) == _PAGE:
            page = self.call(self.api.list_collections, limit=_PAGE, offset=len(found))
            found += page
        return [model for model in found if model.name.startswith(_name(library_id))]

    def delete(self, name: str) -> None:
        """Delete a collection; one that is not there is passed over."""
        try:
            self.call(self.api.delete_collection, name=name)
        except VectorsUnavailableError as error:
            if not error.again_at_once:
                raise

    def call(self, operation: Callable[..., T], *, tries: int = len(PAUSES_S) + 1, **arguments: Any) -> T:
        """What an operation of :attr:`api` returns; it may be done more than once, so it must bear that.

        Raises:
            VectorsUnavailableError: it was not done, for all that is known.
        """
        import httpx

        for pause in (*PAUSES_S[: tries - 1], None):
            try:
                return operation(**arguments)
            except _RefusedError as refusal:
                error, passing = self._refused(refusal), refusal.status in _PASSING
            except httpx.TransportError as failure:
                error, passing = self._unreached(failure), True
            except RagappError as refused:  # the guard's
                raise VectorsUnavailableError(refused.message, refused.hint) from None
            except Exception as nonsense:  # whatever reading an answer that is none has come to
                reason = str(nonsense) or type(nonsense).__name__
                error, passing = self._failed(f"does not answer as Chroma does ({reason})"), False
            if pause is None or not passing:
                raise error
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _failed(self, what: str, hint: str = "", again_at_once: bool = False) -> VectorsUnavailableError:
        hint = hint or "Check store.chroma, and that Chroma 1.0 or later answers there."
        return VectorsUnavailableError(f"The Chroma server at {self._url} {what}.", hint, again_at_once)

    def _refused(self, refusal: _RefusedError) -> VectorsUnavailableError:
        said = f"HTTP {refusal.status}{': ' if refusal.text else ''}{refusal.text}"
        if refusal.status in (401, 403):
            return self._failed(f"refuses the token ({said})", "Check store.chroma_headers.")
        if refusal.status == 413:
            return self._failed(f"takes no request of this size ({said})", "Raise the limit of the proxy before it.")
        if refusal.status >= 500:
            return self._failed(f"could not do it ({said})", "Look at its log, and at the free space of its disk.")
        if refusal.status == 404:
            return self._failed(f"does not know what it was asked for ({said})", again_at_once=True)
        return self._failed(f"refuses what it was asked for ({said})", "Rebuild its vectors: ragapp doctor --fix")

    def _unreached(self, failure: httpx.TransportError) -> VectorsUnavailableError:
        import httpx

        reason = str(failure) or type(failure).__name__
        if "CERTIFICATE" in reason.upper() or "SSL" in reason.upper():
            return self._failed(
                f"has no certificate that is trusted: {reason}",
                "Name its authority's certificate in store.chroma_ca_file, or check store.chroma.",
            )
        if isinstance(failure, httpx.TimeoutException) and not isinstance(failure, httpx.ConnectTimeout):
            return self._failed(f"said nothing for {ANSWER_S:g} s", "It may be busy or stuck: restart it there.")
        return self._failed(f"cannot be reached: {reason}", "Start it there, or check store.chroma.")


def server_of(settings: Settings) -> ChromaServer | None:
    """The server that settings name, None where vectors are kept in files."""
    store = settings.store
    if store.chroma == "embedded":
        return None
    return ChromaServer(store.chroma, store.chroma_headers, store.chroma_ca_file, settings.privacy.allow)


def check_address(url: str, allow: Sequence[str]) -> int:
    """The port of a server's address, after checking that ``privacy.allow`` lets vectors be sent there.

    This machine needs no permission: naming it in ``store.chroma`` is enough.

    Raises:
        VectorsUnavailableError: it is no address, or not allowed; the hint holds the line to add.
    """
    example = "Write embedded, or an address like http://127.0.0.1:8000."
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise VectorsUnavailableError("store.chroma is not a valid address.", example) from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        # not repeated in the message: it may hold a secret
        raise VectorsUnavailableError(
            "store.chroma holds a user name, a password, a query or a fragment.",
            "Leave only scheme, host, port and path, and put a token into store.chroma_headers.",
        )
    if parts.scheme not in _PORTS or not host or re.search(r"[\s%\\]", parts.netloc):
        raise VectorsUnavailableError(f"store.chroma cannot be {url!r}.", example)
    port = port or _PORTS[parts.scheme]
    try:
        allowed = is_local(host) or is_allowed(host, port, map(parse_entry, allow))
    except ValueError as error:
        raise VectorsUnavailableError(f"privacy.allow: {error}.", 'Write "chroma.example:8000".') from None
    if not allowed:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        entries = ", ".join(f'"{entry}"' for entry in (*allow, place))
        raise VectorsUnavailableError(
            f"store.chroma sends the vectors of your documents to {place}, which is not allowed.",
            f"If that is what you want, write into settings.yaml, below privacy: allow: [{entries}]",
        )
    return port


def _name(library_id: str, identity_id: int | str = "") -> str:
    return f"ragapp-{library_id}-{identity_id}"


def _filled_in(name: str, value: str) -> str:
    """A header's value with the environment variables that it names."""
    for variable in _VARIABLE.findall(value):
        if not os.environ.get(variable, "").strip():
            raise VectorsUnavailableError(
                f"The environment variable {variable}, which store.chroma_headers names, is not set.",
                f"Set it to the token: export {variable}=…",
            )
    value = _VARIABLE.sub(lambda found: os.environ[found[1]].strip(), value)
    if not (value.isascii() and value.isprintable() and re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name)):
        raise VectorsUnavailableError(
            f"store.chroma_headers: what is given for {name!r} cannot stand in a header.", "Copy the token again."
        )
    return value


class _RefusedError(Exception):
    """The server, or a proxy before it, answered with another status than success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


def _refuse(response: httpx.Response) -> None:
    if not response.is_success:
        text = response.read().decode("utf-8", "replace")
        with suppress(ValueError, TypeError, KeyError):  # a proxy's own answer
            text = str(json.loads(text)["message"])
        raise _RefusedError(response.status_code, " ".join(text.split())[:200].rstrip("."))
