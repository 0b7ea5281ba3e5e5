"""A package index on loopback, with wheels made of the test models."""

import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ragapp.models.packs import get_pack


class Index(BaseHTTPRequestHandler):
    """Serves the wheels of its class, by the names of their projects; none at first."""

    wheels: dict

    def do_GET(self):
        project = self.path.removeprefix("/simple/").strip("/")
        wheel = self.wheels.get(project)
        named = next((one for one in self.wheels.values() if self.path == f"/{one.name}"), None)
        if not wheel and not named:
            self.send_error(404)
            return
        body = named.read_bytes() if named else f'<a href="/{wheel.name}">{wheel.name}</a>'.encode()
        self.send_response(200)
        self.send_header("content-type", "application/octet-stream" if named else "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def package_index():
    """The wheels that it serves, by project, and the environment in which pip asks nobody else."""
    handler = type("OwnIndex", (Index,), {"wheels": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple/",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "",
        "PIP_FIND_LINKS": "",
        "NO_PROXY": "127.0.0.1",
        "RAGAPP_PRIVACY__HUB": "false",
    }
    try:
        yield handler.wheels, environment
    finally:
        server.shutdown()
        server.server_close()


def make_wheel(folder, models_dir, name):
    """The project and the wheel of a pack of one wheel, made of its files."""
    pack = get_pack(name)
    (wheel,) = pack.wheels
    stem = f"{wheel.package.replace('-', '_')}-{wheel.version}"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        if pack.is_folder:
            for file in pack.files:
                archive.write(pack.target(models_dir) / file.name, wheel.entry + file.name)
        else:
            archive.write(pack.target(models_dir), wheel.entry)
        about = f"Metadata-Version: 2.1\nName: {wheel.package}\nVersion: {wheel.version}\n"
        archive.writestr(f"{stem}.dist-info/METADATA", about)
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return wheel.package, path
