"""The vector store on a Chroma server: a real one, and what goes wrong with one."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import ssl
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

import httpx
import numpy as np
import pytest
from chromakit import RunningChroma, answering, passed_on, running_chroma
from storekit import WordEmbedder, assert_in_step, chunker_of, identity_of, put_text

from ragapp.errors import StoreError, VectorsUnavailableError
from ragapp.index import chroma_server as module
from ragapp.index import store as library_module
from ragapp.index.chroma_server import ChromaServer, ServerStore, check_address
from ragapp.index.store import CHROMA_NAME, Store
from ragapp.index.vector_store import ExactScan
from ragapp.ingest.pipeline import Pipeline
from ragapp.maintenance import doctor
from ragapp.settings import Ingest, load_settings

EMBEDDER = WordEmbedder()
IDENTITY = identity_of(EMBEDDER)
A, B, C = Path("/docs/a.txt"), Path("/docs/b.txt"), Path("/docs/c.txt")
QUESTIONS = ["red apples", "trains at nine", "page 17 of many", "hotels cost", "nothing of it"]
TOKEN = "s3cret-token"


@pytest.fixture
def own_server(tmp_path: Path):
    """A server that a test may kill and empty."""
    with running_chroma(tmp_path / "served") as server:
        yield server


@pytest.fixture
def at_once(monkeypatch):
    """A server that failed is asked again at the next use, and tries follow each other closely."""
    monkeypatch.setattr(library_module, "AGAIN_S", 0)
    monkeypatch.setattr(module, "PAUSES_S", (0.01, 0.01))


def opened(folder: Path, backend: ChromaServer | None, identity=IDENTITY) -> Store:
    return Store(folder, identity, write=True, backend=backend)


def fill(store: Store) -> None:
    put_text(store, EMBEDDER, A, "Apples are red.", "Pears are green.")
    put_text(store, EMBEDDER, B, "Trains leave at nine.")
    put_text(store, EMBEDDER, C, "Hotels cost a fortune.", "Breakfast is included.")


def found(store: Store, k: int = 5) -> list[list[int]]:
    return [store.nearest(EMBEDDER.embed_query(question), k) for question in QUESTIONS]


def cosines(store: Store, k: int) -> list[list[float]]:
    """Of the nearest chunks, since equal ones may come in any order."""
    return [
        [round(float(store.catalog.vectors([i])[1][0] @ EMBEDDER.embed_query(question)), 5) for i in ids]
        for question, ids in zip(QUESTIONS, found(store, k), strict=True)
    ]


@cache
def by_files() -> list[list[float]]:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), None) as store:
        fill(store)
        return cosines(store, 5)


def dead_url() -> str:
    with answering(lambda request, body: (200, b"")) as url:
        return url


class TestAtWork:
    def test_it_finds_what_files_find(self, tmp_path, chroma_server):
        with (
            opened(tmp_path / "files", None) as files,
            opened(tmp_path / "d", ChromaServer(chroma_server.url)) as served,
        ):
            for store in (files, served):
                fill(store)
                store.remove(2)
                store.settle()
                put_text(store, EMBEDDER, A, "Plums are blue.")
            assert found(served) == found(files)
            assert_in_step(served)
            assert isinstance(served.vectors, ServerStore)
            assert served.notices == []
        assert not (tmp_path / "d" / CHROMA_NAME).exists()

    def test_what_is_in_step_is_not_compared_again(self, tmp_path, chroma_server, monkeypatch):
        with opened(tmp_path, ChromaServer(chroma_server.url)) as store:
            fill(store)
            store.settle()
        monkeypatch.setattr(library_module, "reconcile", lambda *_: pytest.fail("compared"))
        with opened(tmp_path, ChromaServer(chroma_server.url + "/")) as store:
            assert len(found(store)[0]) == 5

    def test_changing_the_place_and_back_leaves_neither_behind(self, tmp_path, chroma_server):
        server = ChromaServer(chroma_server.url)
        for backend, text in ((server, "one"), (None, "two"), (server, "three"), (None, "four")):
            with opened(tmp_path, backend) as store:
                put_text(store, EMBEDDER, A, f"Version {text}.", f"More of {text}.")
                store.settle()
                assert_in_step(store)

    def test_data_folders_do_not_disturb_each_other(self, tmp_path, chroma_server):
        server = ChromaServer(chroma_server.url)
        with opened(tmp_path / "1", server) as one, opened(tmp_path / "2", server) as two:
            fill(one)
            put_text(two, EMBEDDER, A, "Only this.")
            one.settle(), two.settle()
            two.purge()
            for store in (one, two):
                assert_in_step(store)

    def test_vectors_of_another_dimension_are_replaced(self, tmp_path, chroma_server):
        server = ChromaServer(chroma_server.url)
        with opened(tmp_path, server) as store:
            library_id, identity_id = store.library_id, store.identity_id
            fill(store)
        store = server.open(library_id, identity_id, 3)
        store.add([1, 2], np.ones((2, 3), np.float32))
        store.close()
        with opened(tmp_path, server) as store:
            assert_in_step(store)
            assert "had 3 dimensions instead of 32" in store.notices[0]

    def test_a_request_stays_below_the_limits(self, chroma_server, monkeypatch):
        monkeypatch.setattr(module, "MAX_REQUEST_BYTES", 10_000)
        sent: list[int] = []
        pass_on = passed_on(chroma_server, "t")

        def watched(request, body):
            sent.append(len(body))
            if request.path.endswith("/pre-flight-checks"):
                return 200, json.dumps({"max_batch_size": 7, "supports_base64_encoding": False}).encode()
            return pass_on(request, body)

        with answering(watched) as url:
            for dimension, batch in ((8, 7), (100, 4)):
                store = ChromaServer(url, {"Authorization": "Bearer t"}).open("limits", 1, dimension)
                vectors = np.random.default_rng(0).normal(size=(20, dimension)).astype(np.float32)
                store.add(list(range(20)), vectors)
                assert (store.batch, store.count()) == (batch, 20)
                store.close()
        assert max(sent) <= 10_000
        ChromaServer(chroma_server.url).delete("limits")

    def test_more_collections_than_a_page_lists(self, chroma_server, monkeypatch):
        monkeypatch.setattr(module, "_PAGE", 2)
        server = ChromaServer(chroma_server.url)
        for number in range(5):
            server.open(f"many{number}", 1, 4).close()
        server.open("last", 1, 4).close()
        server.delete("last")
        assert not [name for name in chroma_server.collections() if "last" in name]
        for number in range(5):
            server.delete(f"many{number}")

    def test_nothing_is_taken_from_the_environment(self, tmp_path, chroma_server, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".env").write_text("CHROMA_SERVER_HOST=elsewhere.example\n", encoding="ascii")
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://elsewhere.example:1")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("CHROMA_SERVER_HTTP_PORT", "1")
        monkeypatch.setenv("CHROMA_CLIENT_AUTH_PROVIDER", "no.such.provider")
        monkeypatch.setenv("CHROMA_OTEL_GRANULARITY", "all")
        assert ChromaServer(chroma_server.url).look("nobody") == ("1.0.0", 0)


class TestComingBack:
    def test_killed_in_the_middle_of_an_ingestion(self, tmp_path, own_server, at_once):
        docs = tmp_path / "docs"
        docs.mkdir()
        for number in range(60):
            text = f"Page {number} of many about apples, trains and hotels, number {number * 7}."
            (docs / f"{number}.txt").write_text(text, encoding="utf-8")
        settings = Ingest(timeout_s=60, memory_mb=1024, chunk_tokens=48, chunk_overlap=8, workers=1)
        results = {}
        for name, backend in (("files", None), ("served", ChromaServer(own_server.url))):
            with opened(tmp_path / name, backend) as store:
                pipeline = Pipeline(store, EMBEDDER, chunker_of(EMBEDDER), settings)
                put = store.put

                def put_and_kill(path, *given, put=put, store=store, backend=backend, **named):
                    done = put(path, *given, **named)
                    store.flush()
                    if backend and path.name in ("20.txt", "35.txt"):
                        own_server.kill() if path.name == "20.txt" else own_server.start()
                    return done

                store.put = put_and_kill
                report = pipeline.run([docs])
                assert report.count("indexed") == 60
                results[name] = sorted(store.catalog.chunks(store.catalog.chunk_ids()).values(), key=str)
                assert_in_step(store)
                results[name + " found"] = cosines(store, 10)
                if backend:
                    assert store.notices == [
                        f"The Chroma server at {own_server.url} could be used again, and has all vectors."
                    ]
        assert [c.text for c in results["files"]] == [c.text for c in results["served"]]
        assert results["files found"] == results["served found"]

    def test_what_is_taken_in_while_it_is_gone(self, tmp_path, own_server, at_once):
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            put_text(store, EMBEDDER, A, "Apples are red.")
            store.settle()
            own_server.kill()
            fill(store)
            store.settle()
            assert isinstance(store.vectors, ExactScan)
            before = cosines(store, 5)
            assert [len(ids) for ids in before] == [5] * 5
            put_text(store, EMBEDDER, Path("/docs/d.txt"), "New while it is away.")
            assert [len(ids) for ids in found(store, 9)] == [6] * 5, "the scan goes with the catalog"
            (notice,) = store.notices
            assert "cannot be reached" in notice
            assert "Start it there" in notice
            assert "catalog's own vectors are searched" in notice
            store.remove(store.catalog.documents()[-1].id)
            own_server.start()
            assert cosines(store, 5) == before
            assert_in_step(store)

    def test_nothing_was_told_to_it_before_the_process_ended(self, tmp_path, own_server, at_once):
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            fill(store)
            store.settle()
            own_server.kill()
            store.remove(1)
        own_server.start()
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            assert_in_step(store)
            assert store.catalog.chunk_count() == 3

    def test_an_emptied_server_is_filled_again(self, tmp_path, own_server):
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            fill(store)
            store.settle()
            before = cosines(store, 5)
            own_server.empty()
            assert cosines(store, 5) == before, "by the catalog's vectors"
            assert cosines(store, 5) == before
            assert_in_step(store)
            own_server.empty()
            put_text(store, EMBEDDER, A, "Apples are red.", "Pears are green.")
            store.settle()
            assert_in_step(store)
        own_server.empty()
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            assert_in_step(store)

    def test_it_is_left_alone_for_a_while(self, tmp_path, monkeypatch):
        asked = []

        def full(request, body):
            asked.append(request.path)
            return 507, b"no space left on device"

        with answering(full) as url, opened(tmp_path, ChromaServer(url)) as store:
            fill(store)
            found(store)
            store.settle()
            assert len(store.notices) == 1
        assert asked == ["/api/v2/pre-flight-checks"]


class TestPurging:
    def held(self, server: RunningChroma, library_id: str) -> int:
        return ChromaServer(server.url).look(library_id)[1]

    @pytest.mark.parametrize("identity", [IDENTITY, None])
    def test_what_is_removed_goes_there_too(self, tmp_path, chroma_server, identity):
        with opened(tmp_path, ChromaServer(chroma_server.url)) as store:
            fill(store)
            store.settle()
        with opened(tmp_path, ChromaServer(chroma_server.url), identity) as store:
            store.remove(1)
            store.settle()
            assert self.held(chroma_server, store.library_id) == 3
            assert store.notices == []

    def test_that_it_could_not_be_removed_is_told(self, tmp_path, own_server, at_once):
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            fill(store)
        own_server.kill()
        with opened(tmp_path / "d", ChromaServer(own_server.url), None) as store:
            store.remove(1)
            store.settle()
            assert "cannot be reached" in store.notices[0]
        own_server.start()
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            assert_in_step(store)

    def test_purging_deletes_the_collections_and_old_files(self, tmp_path, chroma_server):
        with opened(tmp_path, None) as store:
            fill(store)
        with opened(tmp_path, ChromaServer(chroma_server.url)) as store:
            assert_in_step(store)
            store.remove(1)
            store.purge()
            assert self.held(chroma_server, store.library_id) == 0
            assert not (tmp_path / CHROMA_NAME).exists()
            assert_in_step(store)

    def test_a_purge_that_does_not_reach_it_is_told_and_made_good(self, tmp_path, own_server, at_once, monkeypatch):
        with opened(tmp_path / "d", ChromaServer(own_server.url)) as store:
            fill(store)
            store.remove(1)
            store.settle()
            own_server.kill()
            with pytest.raises(StoreError, match=r"gone from the files here, but .* cannot be reached") as caught:
                store.purge()
            assert "ragapp documents remove --purge" in caught.value.hint
            own_server.start()
            deleted = []
            monkeypatch.setattr(ChromaServer, "delete", lambda self, name: deleted.append(name))
            assert len(found(store)[0]) == 3
            found(store)
            assert deleted == [store.library_id]

    def test_a_server_that_is_not_used_any_more_is_named_once(self, tmp_path, chroma_server):
        with opened(tmp_path, ChromaServer(chroma_server.url)) as store:
            fill(store)
        with opened(tmp_path, None) as store:
            store.remove(1)
            with pytest.raises(StoreError, match=chroma_server.url) as caught:
                store.purge()
            assert f"ragapp-{store.library_id}-" in caught.value.hint
            store.purge()


BAD_ANSWERS = {
    "no token": (401, b"<html>Who are you?</html>", r"refuses the token \(HTTP 401: .*Check store.chroma_headers"),
    "wrong token": (403, b"{}", r"refuses the token \(HTTP 403.*Check store.chroma_headers"),
    "full": (507, b"", r"could not do it \(HTTP 507\)\. Look at its log, and at the free space of its disk"),
    "broken": (500, b'{"error":"InternalError","message":"disk is full"}', r"HTTP 500: disk is full\)\. Look at its"),
    "gateway": (502, b"<h1>Bad Gateway</h1>", r"could not do it \(HTTP 502"),
    "other": (404, b"not here", r"does not know .*HTTP 404: not here\).* Check store.chroma"),
    "moved": (302, b"", r"refuses what it was asked for \(HTTP 302"),
    "large": (413, b"", "takes no request of this size"),
    "empty": (200, b"", r"does not answer as Chroma does .*Check store.chroma"),
    "page": (200, b"<html></html>", "does not answer as Chroma does"),
    "list": (200, b"[1]", "does not answer as Chroma does"),
    "number": (200, b'{"max_batch_size": "many"}', "does not answer as Chroma does"),
}


class TestBadInput:
    def told(self, folder: Path, backend: ChromaServer) -> str:
        """The one line; the catalog takes everything and answers meanwhile."""
        with opened(folder / "served", backend) as store:
            fill(store)
            store.settle()
            assert cosines(store, 5) == by_files()
            assert store.catalog.chunk_count() == 5
            (notice,) = store.notices
        assert "\n" not in notice
        assert "nothing is lost" in notice
        return notice

    @pytest.mark.parametrize("name", BAD_ANSWERS)
    def test_what_it_answers_is_told(self, tmp_path, at_once, name):
        status, body, expected = BAD_ANSWERS[name]
        with answering(lambda request, given: (status, body)) as url:
            notice = self.told(tmp_path, ChromaServer(url))
        assert re.search(expected, notice), notice
        assert url in notice

    def test_a_server_that_is_not_there(self, tmp_path, at_once):
        assert "cannot be reached" in self.told(tmp_path, ChromaServer(dead_url()))

    @pytest.mark.parametrize("when", ["/pre-flight-checks", "/upsert", "/query"])
    def test_a_server_that_says_nothing(self, tmp_path, chroma_server, monkeypatch, when):
        monkeypatch.setattr(module, "ANSWER_S", 0.3)
        monkeypatch.setattr(module, "PAUSES_S", (0.01,))
        pass_on, ended = passed_on(chroma_server, "t"), threading.Event()

        def hanging(request, body):
            if request.path.endswith(when):
                ended.wait(30)
            return pass_on(request, body)

        with answering(hanging) as url:
            started = time.monotonic()
            notice = self.told(tmp_path, ChromaServer(url, {"Authorization": "Bearer t"}))
            assert time.monotonic() - started < 10
            ended.set()
        assert "said nothing for 0.3 s" in notice

    def test_writing_is_tried_again(self, tmp_path, chroma_server, at_once):
        pass_on, refused = passed_on(chroma_server, "t"), []

        def busy(request, body):
            if request.path.endswith("/upsert") and len(refused) < 2:
                refused.append(request.path)
                return 503, b"later"
            return pass_on(request, body)

        with answering(busy) as url, opened(tmp_path, ChromaServer(url, {"Authorization": "Bearer t"})) as store:
            fill(store)
            store.settle()
            assert_in_step(store)
            assert (len(refused), store.notices) == (2, [])

    @pytest.mark.parametrize(
        ("url", "allow", "expected"),
        [
            ("http://", [], "store.chroma cannot be"),
            ("http://[::1", [], "not a valid address"),
            ("http://127.0.0.1:99999", [], "not a valid address"),
            ("ftp://127.0.0.1", [], "store.chroma cannot be 'ftp:"),
            ("embeded", [], "Write embedded, or an address"),
            ("http://user:hush@127.0.0.1", [], "holds a user name"),
            ("http://127.0.0.1?key=hush", [], "holds a user name"),
            (
                "http://chroma.example:8000",
                [],
                r'chroma.example:8000, which is not allowed.*allow: \["chroma.example:8000"\]',
            ),
            ("https://chroma.example", ["gpu.example"], r'allow: \["gpu.example", "chroma.example:443"\]'),
            ("http://chroma.example:8000", ["chroma.example:9000"], "not allowed"),
            ("http://127.0.0.2.example", [], "not allowed"),
            ("http://chroma.example", ["a b"], "privacy.allow"),
        ],
    )
    def test_addresses(self, tmp_path, url, allow, expected):
        notice = self.told(tmp_path, ChromaServer(url, allow=allow))
        assert re.search(expected, notice), notice
        assert "hush" not in notice

    @pytest.mark.parametrize(
        ("url", "allow", "port"),
        [
            ("http://localhost:8000", [], 8000),
            ("https://127.0.0.1", [], 443),
            ("http://[::1]:7", [], 7),
            ("http://chroma.example:8000", ["chroma.example"], 8000),
            ("http://a.chroma.example:8000/path", [".chroma.example:8000"], 8000),
        ],
    )
    def test_addresses_that_are_allowed(self, url, allow, port):
        assert check_address(url, allow) == port

    def test_what_can_be_read_on_the_way_is_told(self, monkeypatch, chroma_server):
        monkeypatch.setattr(module, "is_local", lambda host: False)
        store = ChromaServer(chroma_server.url, allow=["127.0.0.1"]).open("way", 1, 4)
        assert "can be read on the way" in store.notice
        store.close()

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (
                {"Authorization": "Bearer ${NO_SUCH_TOKEN}"},
                "variable NO_SUCH_TOKEN, .* is not set.*export NO_SUCH_TOKEN",
            ),
            ({"Authorization": "hush\nmore"}, "for 'Authorization' cannot stand in a header"),
            ({"Author ization": "hush"}, "for 'Author ization' cannot stand in a header"),
        ],
    )
    def test_headers(self, tmp_path, chroma_server, headers, expected):
        notice = self.told(tmp_path, ChromaServer(chroma_server.url, headers))
        assert re.search(expected, notice), notice
        assert "hush" not in notice

    def test_a_token_from_the_environment(self, tmp_path, chroma_server, monkeypatch):
        monkeypatch.setenv("CHROMA_TOKEN", f"{TOKEN}\n")
        with answering(passed_on(chroma_server, TOKEN)) as url:
            backend = ChromaServer(url, {"Authorization": "Bearer ${CHROMA_TOKEN}"})
            with opened(tmp_path, backend) as store:
                fill(store)
                assert_in_step(store)
            monkeypatch.setenv("CHROMA_TOKEN", "another")
            assert TOKEN not in self.told(tmp_path, backend)


class TestEncrypted:
    @pytest.fixture
    def certificate(self, tmp_path) -> Path:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chroma")])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        (tmp_path / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (tmp_path / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return tmp_path / "ca.pem"

    def test_an_authority_of_ones_own(self, tmp_path, chroma_server, certificate):
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(certificate, tmp_path / "key.pem")
        with answering(passed_on(chroma_server, TOKEN), trust) as url:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            with opened(tmp_path / "d", ChromaServer(url, headers, certificate)) as store:
                fill(store)
                assert_in_step(store)
            notice = TestBadInput().told(tmp_path, ChromaServer(url, headers))
            assert "has no certificate that is trusted" in notice
            assert "store.chroma_ca_file" in notice

    @pytest.mark.parametrize("content", [None, "no certificate"])
    def test_a_file_that_holds_no_authority(self, tmp_path, content):
        if content:
            (tmp_path / "ca.pem").write_text(content, encoding="ascii")
        notice = TestBadInput().told(tmp_path, ChromaServer("https://127.0.0.1:1", None, tmp_path / "ca.pem"))
        assert "ca.pem cannot be read" in notice
        assert "Check store.chroma_ca_file" in notice


class TestDoctor:
    def checked(self, folder: Path, url: str) -> doctor.CheckResult:
        settings = load_settings(None, {"paths": {"data": folder}, "store": {"chroma": url}})
        return doctor._check_chroma_server(settings)

    def test_it_knows_of_the_server(self, tmp_path, chroma_server):
        assert self.checked(tmp_path / "none", chroma_server.url).status == "ok"
        with opened(tmp_path, ChromaServer(chroma_server.url)) as store:
            fill(store)
            store.settle()
            library_id = store.library_id
        result = self.checked(tmp_path, chroma_server.url)
        assert (result.status, "Chroma 1.0.0 at" in result.detail, "5 of 5" in result.detail) == ("ok", True, True)
        ChromaServer(chroma_server.url).remove(library_id, [1, 2])
        result = self.checked(tmp_path, chroma_server.url)
        assert (result.status, "3 of 5" in result.detail, "--fix" in result.hint) == ("warn", True, True)
        with opened(tmp_path, ChromaServer(chroma_server.url)) as store:
            assert store.rebuild_vectors() == 5
        assert self.checked(tmp_path, chroma_server.url).status == "ok"

    def test_a_server_that_is_away_cannot_be_filled(self, tmp_path):
        with opened(tmp_path, ChromaServer(dead_url())) as store:
            fill(store)
            with pytest.raises(VectorsUnavailableError, match="cannot be reached"):
                store.rebuild_vectors()


def test_chroma_still_has_the_client_that_gets_time_limits():
    """Chroma offers no public way to limit its waiting; when this fails, see ragapp.index.chroma_server.Connection."""
    from chromadb.api.fastapi import FastAPI
    from chromadb.config import System

    from ragapp.index.chroma import chroma_settings

    api = System(chroma_settings(chroma_server_host="http://127.0.0.1", chroma_server_http_port=1)).instance(FastAPI)
    assert isinstance(api._session, httpx.Client), "Chroma's FastAPI has no httpx.Client in _session any more"
    assert api._session.timeout == httpx.Timeout(None), "Chroma has time limits of its own now"
    api._session.close()
