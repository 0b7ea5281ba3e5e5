"""Small GGUF files, wheels and a hub on loopback, all made on the spot."""

from __future__ import annotations

import hashlib
import struct
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str, value) -> bytes:
    """One metadata entry: bool, int, float, text, or a list of texts or of whole numbers."""
    if isinstance(value, bool):
        return text(key) + struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return text(key) + struct.pack("<II", 4, value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if value and isinstance(value[0], str):
        return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    return text(key) + struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)


LLAMA = {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "general.file_type": 15,
    "llama.context_length": 2048,
    "llama.embedding_length": 64,
    "llama.block_count": 2,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": [1, 2],
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["a", "b", "c" * 5000],
    "tokenizer.ggml.token_type": [1] * 1000,
    "tokenizer.chat_template": "{{ messages }}",
}


def gguf_bytes(metadata: dict | None = None, tensors: int = 2, version: int = 3) -> bytes:
    """A whole GGUF file whose tensors are 8 x 4 numbers of 32 bits."""
    metadata = LLAMA if metadata is None else metadata
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, len(metadata))
    head += b"".join(entry(key, value) for key, value in metadata.items())
    for n in range(tensors):
        head += text(f"t{n}") + struct.pack("<IQQIQ", 2, 8, 4, 0, n * 128)
    return head + b"\0" * (-len(head) % 32) + b"\1" * (tensors * 128)


def make_wheel(folder: Path, package: str, version: str, entries: dict[str, bytes], init: str = "") -> Path:
    """A data-only wheel that pip takes."""
    module = package.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{module}/__init__.py", init)
        for name, data in entries.items():
            wheel.writestr(name, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


class Hub:
    """A model hub on loopback.  ``files`` maps a path (``owner/repo/resolve/rev/name``) to its bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}  # instead of the true SHA-256
        self.status = 0  # answer everything with it
        self.break_after = 0  # bytes after which the next GET is cut off, once
        self.status_after_break = 0  # what the GETs after that are answered with
        self.ranges: list[str | None] = []
        self.agents: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.served = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(hub):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args) -> None:
                pass

            def do_HEAD(self) -> None:
                self._head()

            def do_GET(self) -> None:
                hub.ranges.append(self.headers.get("Range"))
                if hub.status_after_break and not hub.break_after:
                    self._plain(hub.status_after_break)
                    return
                data = self._head()
                if data is None:
                    return
                if hub.break_after:
                    data, hub.break_after = data[: hub.break_after], 0
                    self.close_connection = True
                hub.served += len(data)
                self.wfile.write(data)

            def _plain(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _head(self) -> bytes | None:
                path = self.path.lstrip("/")
                hub.paths.append(path)
                hub.agents.append(self.headers.get("User-Agent", ""))
                hub.headers.append({name.lower(): value for name, value in self.headers.items()})
                if hub.status or path not in hub.files:
                    self._plain(hub.status or 404)
                    return None
                data = hub.files[path]
                start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
                self.send_response(206 if start else 200)
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Length", str(len(data) - start))
                self.send_header("ETag", '"plain"')
                self.send_header("X-Linked-Etag", f'"{hub.etags.get(path, sha256(data))}"')
                self.send_header("X-Linked-Size", str(len(data)))
                self.send_header("X-Repo-Commit", COMMIT)
                self.end_headers()
                return data[start:]

        return Handler


class Recorder:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.total = self.done = 0

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        self.labels.append(label)
        self.total, self.done = total_bytes, done_bytes

    def advance(self, bytes_: int) -> None:
        assert bytes_ > 0
        self.done += bytes_

    def finish(self) -> None:
        pass


def gguf_of(entries: bytes, count: int, tensors: dict[str, tuple[tuple[int, ...], int, bytes]]) -> bytes:
    """A GGUF file of ready entries and tensors: dimensions, number of the type, data."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), count) + entries
    data: list[bytes] = []
    end = 0
    for name, (dimensions, kind, raw) in tensors.items():
        head += text(name) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, end)
        data += raw, b"\0" * (-len(raw) % 32)
        end += len(raw) + -len(raw) % 32
    return b"".join([head, b"\0" * (-len(head) % 32), *data])


def short_entry(key: str, value: int) -> bytes:
    """A metadata entry of 16 bits, which is what the files of a split model carry."""
    return text(key) + struct.pack("<IH", 2, value)


class RealGguf:
    """A real GGUF file taken apart, to be written anew with changes.

    Attributes:
        entries: each metadata entry's bytes by its key.
        tensors: as :func:`gguf_of` takes them.
    """

    def __init__(self, path: Path):
        self._data = path.read_bytes()
        self._at = 8
        tensor_count, entry_count = self._number("<Q"), self._number("<Q")
        self.entries: dict[str, bytes] = {}
        for _ in range(entry_count):
            begin = self._at
            key = self._text()
            self._skip(self._number("<I"))
            self.entries[key] = self._data[begin : self._at]
        infos = []
        for _ in range(tensor_count):
            name = self._text()
            dimensions = tuple(self._number("<Q") for _ in range(self._number("<I")))
            infos.append((name, dimensions, self._number("<I"), self._number("<Q")))
        start = -(-self._at // 32) * 32
        ends = [offset for *_, offset in infos[1:]] + [len(self._data) - start]
        self.tensors = {
            name: (dimensions, kind, self._data[start + offset : start + end])
            for (name, dimensions, kind, offset), end in zip(infos, ends, strict=True)
        }

    def write(self, path: Path, **changes: str) -> Path:
        """All of it, some entries (with ``__`` for the point in their keys) changed."""
        entries = self.entries | {
            key: entry(key, value) for name, value in changes.items() for key in [name.replace("__", ".")]
        }
        path.write_bytes(gguf_of(b"".join(entries.values()), len(entries), self.tensors))
        return path

    def split(self, folder: Path, stem: str, count: int) -> list[Path]:
        """All of it in several files, as llama.cpp's own tool writes them."""
        names = list(self.tensors)
        size = -(-len(names) // count)
        paths = []
        for number in range(count):
            marks = short_entry("split.no", number) + short_entry("split.count", count)
            marks += text("split.tensors.count") + struct.pack("<Ii", 5, len(names))
            own = self.entries if number == 0 else {}
            part = {name: self.tensors[name] for name in names[number * size : (number + 1) * size]}
            path = folder / f"{stem}-{number + 1:05}-of-{count:05}.gguf"
            path.write_bytes(gguf_of(b"".join(own.values()) + marks, len(own) + 3, part))
            paths.append(path)
        return paths

    def _number(self, form: str) -> int:
        size = struct.calcsize(form)
        self._at += size
        return struct.unpack_from(form, self._data, self._at - size)[0]

    def _text(self) -> str:
        length = self._number("<Q")
        self._at += length
        return self._data[self._at - length : self._at].decode()

    def _skip(self, kind: int) -> None:
        sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
        if kind == 8:
            self._text()
        elif kind == 9:
            inner, count = self._number("<I"), self._number("<Q")
            for _ in range(count if inner == 8 else 0):
                self._text()
            self._at += count * sizes.get(inner, 0)
        else:
            self._at += sizes[kind]


def lora_bytes(width: int, rank: int = 4, architecture: str = "llama", strength: float = 0.05, **changes) -> bytes:
    """An adapter for the queries of the first layer of a model of this width."""
    metadata = {
        "general.type": "adapter",
        "general.architecture": architecture,
        "adapter.type": "lora",
        "adapter.lora.alpha": float(rank),
        **{key.replace("__", "."): value for key, value in changes.items()},
    }
    numbers = [strength * (1 if n % 3 else -1) for n in range(width * rank)]
    raw = struct.pack(f"<{len(numbers)}f", *numbers)
    tensors = {
        "blk.0.attn_q.weight.lora_a": ((width, rank), 0, raw),
        "blk.0.attn_q.weight.lora_b": ((rank, width), 0, raw),
    }
    entries = b"".join(entry(key, value) for key, value in metadata.items())
    return gguf_of(entries, len(metadata), tensors)
