"""A bundle is installed by the real pip without an index, brought up to date, and refused where it cannot be."""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest
from bundlekit import installed, make_bundle, nothing, seal

from ragapp.bundle import installer
from ragapp.bundle.installer import INSTALLED, UNFINISHED, Installation
from ragapp.bundle.manifest import MANIFEST, FileEntry, sha256_of
from ragapp.errors import BundleError

VERSION = "import tiny; print(tiny.version)"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A bundle, and a folder that it was installed into."""
    root = tmp_path_factory.mktemp("first")
    make_bundle(root / "bundle")
    Installation(root / "bundle", root / "ragapp", nothing, nothing).install()
    return root


@pytest.fixture
def here(first, tmp_path):
    """A copy of both; of the environment, the one thing that cannot be moved to Windows, too."""
    shutil.copytree(first, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def install(bundle, folder):
    Installation(bundle, folder, nothing, nothing).install()


def test_what_is_installed_runs_and_lies_in_one_folder(first):
    folder = first / "ragapp"
    assert installed(folder, VERSION) == "1.0"
    names = {path.name for path in folder.iterdir()}
    launcher = "ragapp.cmd" if os.name == "nt" else "ragapp"
    assert names == {"app", "models", "ingest", "settings.yaml", launcher, INSTALLED}
    assert sha256_of(folder / INSTALLED) == sha256_of(first / "bundle" / MANIFEST)
    assert (folder / "models" / "tiny-model.gguf").read_bytes() == b"weights" * 1000
    assert "pip" in installed(folder, "import pip; print(pip.__name__)")


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_launcher_works_where_the_folder_was_moved_and_by_a_link(here, tmp_path):
    moved = (here / "ragapp").rename(tmp_path / "moved to")
    (tmp_path / "link").symlink_to(moved / "ragapp")
    for start in (moved / "ragapp", tmp_path / "link"):
        kept = {k: v for k, v in os.environ.items() if k != "RAGAPP_SETTINGS"}
        done = subprocess.run([start, "demo", "--offline"], capture_output=True, text=True, env=kept, check=True)
        assert done.stdout == "an answer [1] moved to\n"


def test_the_demo_answers_with_the_bundles_own_settings(here, monkeypatch, capfd):
    monkeypatch.setenv("RAGAPP_PATHS__MODELS", "/somewhere/else")
    installation = Installation(here / "bundle", here / "ragapp", nothing, nothing)
    installation.ask_demo()
    assert "an answer [1]" in capfd.readouterr().out
    (here / "ragapp" / "settings.yaml").write_text("fails")
    with pytest.raises(BundleError, match="its demo failed"):
        installation.ask_demo()


def test_an_update_installs_what_has_changed_and_keeps_what_is_the_persons(here):
    bundle, folder = here / "bundle", here / "ragapp"
    (folder / "settings.local.yaml").write_text("llm: {context: 2048}\n")
    (folder / "data").mkdir()
    untouched = (folder / "models" / "tiny-model.gguf").stat().st_mtime_ns
    make_bundle(bundle, version="0.3.0", tiny="2.0", settings="llm: {} # new\n")
    install(bundle, folder)
    assert installed(folder, VERSION) == "2.0"
    assert (folder / "settings.yaml").read_text() == "llm: {} # new\n"
    assert (folder / "settings.local.yaml").read_text() == "llm: {context: 2048}\n"
    assert (folder / "models" / "tiny-model.gguf").stat().st_mtime_ns == untouched
    assert json.loads((folder / INSTALLED).read_text())["ragapp"] == "0.3.0"


def test_settings_that_were_changed_by_hand_stay(here):
    (here / "ragapp" / "settings.yaml").write_text("llm: {} # mine\n")
    make_bundle(here / "bundle", settings="llm: {} # new\n")
    told = []
    Installation(here / "bundle", here / "ragapp", told.append, nothing).install()
    assert (here / "ragapp" / "settings.yaml").read_text() == "llm: {} # mine\n"
    assert any("was changed here and stays" in one for one in told)


def test_the_same_bundle_again_changes_nothing(here, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError(arguments)

    monkeypatch.setattr(installer.subprocess, "Popen", refuse)
    install(here / "bundle", here / "ragapp")
    monkeypatch.undo()
    assert installed(here / "ragapp", VERSION) == "1.0"


def as_update(bundle):
    """Take out what the bundle before has, too."""
    manifest = make_bundle(bundle, tiny="2.0")
    for name in ("models/tiny-model.gguf", *(name for name in manifest.files if name.startswith("wheels/pip"))):
        manifest.elsewhere[name] = manifest.files.pop(name)
        (bundle / name).unlink()
    manifest.since = "0" * 64
    manifest.files.clear()
    seal(bundle, manifest)


def test_an_update_that_carries_only_what_changed(here):
    as_update(here / "bundle")
    install(here / "bundle", here / "ragapp")
    assert installed(here / "ragapp", VERSION) == "2.0"
    # and once more, from what is installed now
    install(here / "bundle", here / "ragapp")


def test_such_an_update_needs_what_it_is_one_of(here, tmp_path):
    as_update(here / "bundle")
    with pytest.raises(BundleError, match="is an update of another one, which is not installed"):
        install(here / "bundle", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_was_interrupted_goes_on(here, monkeypatch):
    folder = here / "ragapp"
    shutil.rmtree(folder)
    monkeypatch.setattr(Installation, "_copy_files", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        install(here / "bundle", folder)
    monkeypatch.undo()
    assert (folder / UNFINISHED).is_file()
    assert not (folder / INSTALLED).exists()
    install(here / "bundle", folder)
    assert installed(folder, VERSION) == "1.0"
    assert not (folder / UNFINISHED).exists()


def spoil(name):
    def change(root):
        path = root / "bundle" / name
        path.write_bytes(b"x" * path.stat().st_size)

    return change


def fill(root):
    (root / "new").mkdir()
    (root / "new" / "holiday.jpg").write_text("mine")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (spoil("models/tiny-model.gguf"), r"damaged: models/tiny-model\.gguf is changed\."),
        (spoil("wheels/tiny-1.0-py3-none-any.whl"), r"damaged: wheels/tiny-1\.0-py3-none-any\.whl is changed\."),
        (lambda root: (root / "bundle" / "settings.yaml").unlink(), r"damaged: settings\.yaml is missing\."),
        (lambda root: (root / "bundle" / MANIFEST).unlink(), "is no bundle"),
        (fill, "has other files in it"),
        (lambda root: (root / "new").write_text(""), "is a file"),
        (lambda root: make_bundle(root / "bundle", python="3.9"), r"for Python 3\.9"),
        (lambda root: make_bundle(root / "bundle", system="windows", machine="arm64"), "for windows-arm64"),
        (
            lambda root: make_bundle(root / "bundle", unpacked=10**15),
            r"1000000\.2 GB are needed in .*, and .* are free",
        ),
    ],
)
def test_what_cannot_be_installed_leaves_nothing_behind(here, change, told):
    change(here)
    before = sorted((here / "new").iterdir()) if (here / "new").is_dir() else (here / "new").exists()
    with pytest.raises(BundleError, match=told):
        install(here / "bundle", here / "new")
    assert before == (sorted((here / "new").iterdir()) if (here / "new").is_dir() else (here / "new").exists())


def test_a_folder_in_the_bundle_is_refused(here):
    with pytest.raises(BundleError, match="lies in the bundle"):
        install(here / "bundle", here / "bundle" / "models" / "x")


def test_a_disk_that_fills_is_told_and_gone_on_with(here, monkeypatch):
    folder = here / "ragapp"
    shutil.rmtree(folder)
    real = shutil.copyfile

    def full(source, target):
        if str(target).endswith(".gguf.partial"):
            raise OSError(28, "No space left on device", str(target))
        return real(source, target)

    monkeypatch.setattr(installer.shutil, "copyfile", full)
    with pytest.raises(BundleError, match="cannot be written: the disk is full"):
        install(here / "bundle", folder)
    monkeypatch.setattr(installer.shutil, "copyfile", real)
    install(here / "bundle", folder)
    assert (folder / "models" / "tiny-model.gguf").is_file()


def test_space_is_asked_for_before_anything_is_written(here, monkeypatch):
    monkeypatch.setattr(installer.shutil, "disk_usage", lambda path: Usage(10**9, 9 * 10**8, 10**8))
    with pytest.raises(BundleError, match=r"0\.2 GB are needed in .*, and 0\.1 GB are free"):
        install(here / "bundle", here / "new")
    assert not (here / "new").exists()


@pytest.mark.parametrize(("flags", "version"), [({"avx2", "avx512f"}, "newer"), ({"avx2"}, "1.0"), ((), "1.0")])
def test_the_build_for_this_processor_is_installed(here, monkeypatch, flags, version):
    bundle = here / "a bundle with spaces, é and #"
    make_bundle(bundle, newer=True, newer_processor=["avx2", "avx512f"])
    monkeypatch.setattr(installer, "processor_flags", lambda: frozenset(flags))
    install(bundle, here / "new")
    assert installed(here / "new", VERSION) == version


def test_a_wheel_that_pip_refuses_is_told_with_its_reason(here):
    manifest = make_bundle(here / "bundle")
    name = "wheels/tiny-1.0-py3-none-any.whl"
    (here / "bundle" / name).write_bytes(b"no zip")
    seal(here / "bundle", manifest)
    with pytest.raises(BundleError, match=r"could not be installed: .*tiny"):
        install(here / "bundle", here / "new")
    assert (here / "new" / "pip.log").is_file()


def test_only_what_the_manifest_lists_is_installed(here, tmp_path):
    shutil.copy(
        here / "bundle" / "wheels" / "tiny-1.0-py3-none-any.whl", here / "bundle" / "wheels" / "x-1-py3-none-any.whl"
    )
    told = []
    Installation(here / "bundle", tmp_path / "new", told.append, nothing).install()
    assert told[0] == "Files in the bundle that its manifest does not list are not used: 1."


def script(bundle, *arguments, python=sys.executable):
    # no site-packages: the script has the standard library alone
    command = [python, "-I", "-S", bundle / "install.py", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_the_script_installs_with_pythons_own_library_and_asks_the_demo(first, tmp_path):
    done = script(first / "bundle", tmp_path / "by script")
    assert done.returncode == 0, done.stderr
    assert "an answer [1] by script" in done.stdout
    assert sha256_of(first / "bundle" / MANIFEST) in done.stdout
    assert installed(tmp_path / "by script", VERSION) == "1.0"
    assert not list((first / "bundle").rglob("__pycache__"))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--check"], 0, "all as they were made"),
        ([], 2, "FOLDER is missing"),
        (["x", "--sha256", "0" * 64], 1, "This is another bundle"),
    ],
)
def test_what_the_script_answers(first, arguments, code, told):
    done = script(first / "bundle", *arguments)
    assert (done.returncode, told in done.stdout + done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_the_script_names_what_is_damaged(here):
    spoil("models/tiny-model.gguf")(here)
    done = script(here / "bundle", "--check")
    assert (done.returncode, "changed: models/tiny-model.gguf" in done.stdout) == (1, True)
    done = script(here / "bundle", here / "new")
    assert (done.returncode, "Copy the bundle again." in done.stderr) == (1, True)


def test_another_python_is_refused_before_anything_else_is_read(here):
    text = (here / "bundle" / "install.py").read_text()
    version = "{}.{}".format(*sys.version_info[:2])
    (here / "bundle" / "install.py").write_text(text.replace(f'"{version}"', '"3.99"'))
    shutil.rmtree(here / "bundle" / "setup")
    done = script(here / "bundle", here / "new")
    assert (done.returncode, "ragapp: This bundle is for Python" in done.stderr) == (1, True)


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_shell_script_finds_its_python_or_says_which_is_missing(first, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("dirname", "sh"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    (tmp_path / "bin" / "python3").symlink_to("/bin/false")
    command = [shutil.which("sh"), first / "bundle" / "install.sh", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tmp_path / "bin")}, check=False)
    assert (done.returncode, "is needed, and was not found" in done.stderr) == (1, True)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tmp_path / "bin")}, check=False)
    assert (done.returncode, "all as they were made" in done.stdout) == (0, True), done.stderr


def test_a_damaged_record_of_the_installation_has_all_installed_anew(here):
    (here / "ragapp" / INSTALLED).write_text("{")
    install(here / "bundle", here / "ragapp")
    assert installed(here / "ragapp", VERSION) == "1.0"


def test_the_store_of_a_bundle_never_replaces_one_that_is_there(here):
    bundle, folder = here / "bundle", here / "ragapp"
    manifest = make_bundle(bundle)
    (bundle / "data").mkdir()
    (bundle / "data" / "catalog.sqlite3").write_bytes(b"theirs")
    seal(bundle, manifest)
    (folder / "data").mkdir()
    (folder / "data" / "catalog.sqlite3").write_bytes(b"mine")
    install(bundle, folder)
    assert (folder / "data" / "catalog.sqlite3").read_bytes() == b"mine"
    install(bundle, here / "new")
    assert (here / "new" / "data" / "catalog.sqlite3").read_bytes() == b"theirs"
    assert manifest.files["data/catalog.sqlite3"] == FileEntry(6, sha256_of(bundle / "data" / "catalog.sqlite3"))
