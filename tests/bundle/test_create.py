"""A bundle is made with the real pip from a folder of tiny wheels; gone on with, brought up to date, for others."""

import errno
import json
import shutil
import sqlite3
import subprocess
import sys
from collections import namedtuple

import pytest
from bundlekit import PIP, TARGET, installed, make_pack, make_wheel, nothing

from ragapp.bundle import compiled, create, shipped, wheels
from ragapp.bundle.create import WORK, Making, Wanted
from ragapp.bundle.installer import Installation
from ragapp.bundle.manifest import MANIFEST, damaged_files, read_manifest
from ragapp.bundle.pip_runs import Pip
from ragapp.bundle.targets import target_named
from ragapp.errors import BundleError, StoreError, UsageError
from ragapp.settings import Settings

Usage = namedtuple("Usage", "total used free")
PINS = {"tiny": "1.0", "deep": "1.0", "elsewhere": "1.0", "pip": PIP.name.split("-")[1]}


@pytest.fixture
def source(tmp_path, index, monkeypatch):
    """A tiny ragapp whose packages are in the index, and whose models are here."""
    needs = ["tiny>=1", 'elsewhere; sys_platform == "plan9"', 'deep[more]; extra == "ocr"', 'never; extra == "dev"']
    own = make_wheel(tmp_path / "source", "ragapp", "0.2.0", needs)
    make_wheel(index, "tiny")
    make_wheel(index, "tiny", "2.0")
    make_wheel(index, "deep", needs=['deeper<5; extra == "more"', "tiny"])
    make_wheel(index, "deeper", "4.0")
    make_wheel(index, "deeper", "5.0")
    shutil.copy(PIP, index)
    pack = make_pack(tmp_path / "models")

    def own_wheel(pip, work):
        (work / "own").mkdir(exist_ok=True)
        return shutil.copy(own, work / "own")

    monkeypatch.setattr(create, "own_wheel", lambda pip, work: create.Path(own_wheel(pip, work)))
    monkeypatch.setattr(create, "pinned_versions", lambda: PINS)
    return pack


@pytest.fixture
def make(source, tmp_path):
    """Makes a bundle; its manifest, and what was told."""

    def run(out="out", target=None, note=nothing, packs=None, **wanted):
        settings = Settings(paths={"models": tmp_path / "models", "data": tmp_path / "data"})
        chosen = Wanted(target_named(target), packs or [source], **wanted)
        return Making(settings, tmp_path / out, chosen, note, nothing).make()

    return run


@pytest.fixture
def no_pip(monkeypatch):
    """From when it is called on, nothing may be fetched."""

    def refuse(*arguments, **options):
        raise AssertionError(arguments)

    return lambda: monkeypatch.setattr(Pip, "run", refuse)


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_bundle_has_what_is_needed_and_nothing_else(make, tmp_path):
    manifest = make()
    versions = {wheel.name: wheel.version for wheel in manifest.wheels}
    assert versions == {"ragapp": "0.2.0", "tiny": "1.0", "deep": "1.0", "deeper": "4.0", "pip": PINS["pip"]}
    assert sorted([*manifest.files, MANIFEST]) == files_of(tmp_path / "out")
    assert {
        "install.py",
        "install.sh",
        "install.ps1",
        "settings.yaml",
        "models/tiny-model.gguf",
    } <= manifest.files.keys()
    assert list(damaged_files(tmp_path / "out", read_manifest(tmp_path / "out" / MANIFEST), nothing)) == []
    assert (manifest.target, manifest.packs, manifest.missing, manifest.since) == (TARGET, ["tiny-model"], [], "")
    assert manifest.unpacked > PIP.stat().st_size
    assert "model: tiny-model" in (tmp_path / "out" / "settings.yaml").read_text("utf-8")
    Installation(tmp_path / "out", tmp_path / "installed", nothing, nothing).install()
    assert (tmp_path / "installed" / "models" / "tiny-model.gguf").is_file()


def test_what_is_there_is_not_fetched_again(make, no_pip, tmp_path):
    first = make()
    no_pip()
    again = make()
    assert again.files == first.files


def test_what_was_interrupted_goes_on(make, no_pip, index, tmp_path):
    lacking = index / "deeper-4.0-py3-none-any.whl"
    lacking.rename(tmp_path / lacking.name)
    with pytest.raises(BundleError, match=r"A package cannot be had: deeper<5"):
        make()
    assert (tmp_path / "out" / WORK).is_dir()
    assert not (tmp_path / "out" / MANIFEST).exists()
    for wheel in index.iterdir():
        wheel.unlink()
    (tmp_path / lacking.name).rename(lacking)
    manifest = make()
    assert "wheels/deeper-4.0-py3-none-any.whl" in manifest.files
    assert not (tmp_path / "out" / WORK).exists()


def test_a_file_that_was_damaged_meanwhile_is_fetched_again(make, tmp_path):
    first = make()
    for name in ("wheels/tiny-1.0-py3-none-any.whl", "models/tiny-model.gguf"):
        path = tmp_path / "out" / name
        path.write_bytes(b"x" * path.stat().st_size)
    assert make().files == first.files
    assert list(damaged_files(tmp_path / "out", first, nothing)) == []


def test_bringing_up_to_date_replaces_what_has_changed(make, monkeypatch, tmp_path):
    make()
    monkeypatch.setattr(create, "pinned_versions", lambda: {**PINS, "tiny": "2.0"})
    manifest = make()
    assert "wheels/tiny-2.0-py3-none-any.whl" in manifest.files
    assert sorted([*manifest.files, MANIFEST]) == files_of(tmp_path / "out")


@pytest.mark.parametrize("bundle_is_there", [True, False])
def test_an_update_carries_what_has_changed(make, monkeypatch, tmp_path, bundle_is_there):
    first = make("first")
    Installation(tmp_path / "first", tmp_path / "installed", nothing, nothing).install()
    since = tmp_path / "first"
    if not bundle_is_there:
        since = tmp_path / "old.json"
        shutil.copy(tmp_path / "first" / MANIFEST, since)
    monkeypatch.setattr(create, "pinned_versions", lambda: {**PINS, "tiny": "2.0"})
    manifest = make("update", since=since)
    scripts = {"install.py", "install.sh", "install.ps1"}
    carried = {name for name in manifest.files if not name.startswith("setup/")}
    assert carried == scripts | {"wheels/tiny-2.0-py3-none-any.whl"}
    assert files_of(tmp_path / "update") == sorted([*manifest.files, MANIFEST])
    assert manifest.elsewhere.items() <= first.files.items()
    command = [sys.executable, "-I", tmp_path / "update" / "install.py", tmp_path / "installed", "--no-demo"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    assert installed(tmp_path / "installed", "import tiny; print(tiny.version)") == "2.0"


def test_an_update_is_one_of_another_bundle_for_the_same_machine(make, tmp_path):
    make("first")
    with pytest.raises(UsageError, match="is the bundle before"):
        make("first", since=tmp_path / "first")
    with pytest.raises(UsageError, match=f"The bundle before is for {TARGET}"):
        make("update", target="windows-x86_64-py312", since=tmp_path / "first")


def test_for_another_machine_wheels_for_that_one_are_taken_and_what_there_is_not_is_named(make, index):
    make_wheel(index, "tiny", tag="cp312-cp312-win_amd64")
    (index / "tiny-1.0-py3-none-any.whl").unlink()
    make_wheel(
        index, "deep", needs=['deeper<5; extra == "more" and sys_platform == "win32"'], tag="cp311-cp311-win_amd64"
    )
    (index / "deep-1.0-py3-none-any.whl").unlink()
    told = []
    manifest = make(target="windows-x86_64-py3.12", note=told.append)
    assert (manifest.system, manifest.machine, manifest.python) == ("windows", "x86_64", "3.12")
    assert "wheels/tiny-1.0-cp312-cp312-win_amd64.whl" in manifest.files
    assert [(one.name, one.why) for one in manifest.missing] == [("deep", "no wheel for windows-x86_64-py312")]
    assert told == ["deep: there is no wheel for windows-x86_64-py312."]


def test_a_folder_with_a_bundle_for_another_machine_is_refused(make):
    make(target="windows-x86_64-py312")
    with pytest.raises(UsageError, match="is for windows-x86_64-py312"):
        make()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda file: file.unlink(), r"The model tiny-model is not here as it should be: tiny-model\.gguf is missing"),
        (lambda file: file.write_bytes(b"x"), r"tiny-model\.gguf is wrong size"),
        (lambda file: file.write_bytes(b"x" * file.stat().st_size), r"tiny-model\.gguf is altered"),
    ],
)
def test_a_model_that_is_not_whole_is_told_before_anything_is_fetched(make, no_pip, tmp_path, damage, told):
    no_pip()
    damage(tmp_path / "models" / "tiny-model.gguf")
    with pytest.raises(BundleError, match=told):
        make()


def test_a_folder_with_other_files_is_left_alone(make, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "holiday.jpg").write_text("mine")
    with pytest.raises(UsageError, match="has other files in it"):
        make()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        make("file")
    assert files_of(tmp_path / "out") == ["holiday.jpg"]


def test_a_disk_that_is_too_small_is_told_and_an_update_needs_less(make, monkeypatch, tmp_path):
    make("first")
    monkeypatch.setattr(create.shutil, "disk_usage", lambda path: Usage(10**10, 0, create._SPARE + 100))
    with pytest.raises(BundleError, match=r"0\.5 GB are needed in .* for the models alone; 0\.5 GB are free"):
        make()
    make("update", since=tmp_path / "first")


def test_a_disk_that_fills_is_told(make, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    real = create.shutil.copyfile
    monkeypatch.setattr(create.shutil, "copyfile", full)
    with pytest.raises(BundleError, match="cannot be written: the disk is full"):
        make()
    monkeypatch.setattr(create.shutil, "copyfile", real)
    assert "models/tiny-model.gguf" in make().files


def test_an_index_out_of_reach_is_told_as_that(make, monkeypatch):
    def failing(command, environment, log, tick, request=""):
        log.write_text("WARNING: Retrying (Retry(total=4))\nERROR: No matching distribution found for tiny\n")
        return 1

    monkeypatch.setattr("ragapp.bundle.pip_runs.run_command", failing)
    with pytest.raises(BundleError, match="cannot be fetched: the package index could not be reached"):
        make(target="windows-x86_64-py312")


def test_documents_come_along_without_conversations(make, tmp_path):
    with pytest.raises(StoreError, match="There is no store in"):
        make(store=tmp_path / "data")
    from ragapp.index.catalog import Catalog

    (tmp_path / "data").mkdir()
    catalog = Catalog(tmp_path / "data" / "catalog.sqlite3")
    with catalog.transaction() as connection:
        connection.execute("INSERT INTO state VALUES ('kept', 'yes')")
        connection.execute("INSERT INTO conversations (title, created_at, changed_at) VALUES ('SECRET TALK', '', '')")
    (tmp_path / "data" / "calibration.json").write_text("{}")
    (tmp_path / "data" / "server.json").write_text("a token")
    # while another process has it open
    manifest = make(store=tmp_path / "data")
    catalog.close()
    assert sorted(n for n in manifest.files if n.startswith("data/")) == [
        "data/calibration.json",
        "data/catalog.sqlite3",
    ]
    copy = tmp_path / "out" / "data" / "catalog.sqlite3"
    assert b"SECRET TALK" not in copy.read_bytes()
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT value FROM state WHERE key = 'kept'").fetchone() == ("yes",)
    connection.close()
    # and leave again when they are not wanted any more
    assert not [name for name in make().files if name.startswith("data/")]
    assert not copy.exists()


@pytest.fixture
def two_builds(source, monkeypatch, tmp_path):
    """A ragapp that needs a package which is compiled for two kinds of processors."""
    own = make_wheel(tmp_path / "source", "ragapp", "0.2.0", ["llama-cpp-python"])
    monkeypatch.setattr(create, "own_wheel", lambda pip, work: create.Path(shutil.copy(own, work)))
    monkeypatch.setattr(create, "pinned_versions", lambda: {**PINS, "llama-cpp-python": "0.3"})
    builds = [compiled.Build((), ("avx2",)), compiled.Build((), ("avx2", "avx512f"), newer=True)]
    monkeypatch.setattr(wheels, "builds_for", lambda target: builds)
    monkeypatch.setattr(create, "builds_for", lambda target: builds)


@pytest.mark.usefixtures("two_builds")
def test_packages_that_are_compiled_are_built_once_for_each_kind_of_processor(make, monkeypatch):
    built = []

    def build(name, version, how, pip, work, progress):
        if how.newer and len(built) == 1:
            built.append("stopped")
            raise KeyboardInterrupt
        built.append(how.newer)
        return make_wheel(work / "built", "llama_cpp_python", "0.3", needs=["tiny"], tag="py3-none-linux_x86_64")

    monkeypatch.setattr(wheels, "build_wheel", build)
    with pytest.raises(KeyboardInterrupt):
        make()
    manifest = make()
    make()
    assert built == [False, "stopped", True]
    files = {wheel.file: wheel.newer for wheel in manifest.wheels if wheel.name == "llama-cpp-python"}
    name = "llama_cpp_python-0.3-py3-none-linux_x86_64.whl"
    assert files == {f"wheels/{name}": False, f"wheels-newer/{name}": True}
    assert (manifest.processor, manifest.newer_processor) == (["avx2"], ["avx2", "avx512f"])
    assert "wheels/tiny-1.0-py3-none-any.whl" in manifest.files


@pytest.mark.usefixtures("two_builds")
@pytest.mark.parametrize("baseline", [True, False])
def test_a_compiler_that_knows_no_newer_processors_makes_a_bundle_all_the_same(make, monkeypatch, baseline):
    def build(name, version, how, pip, work, progress):
        if how.newer or not baseline:
            raise BundleError("llama-cpp-python could not be built: unknown option.")
        return make_wheel(work / "built", "llama_cpp_python", "0.3", tag="py3-none-linux_x86_64")

    monkeypatch.setattr(wheels, "build_wheel", build)
    if not baseline:
        with pytest.raises(BundleError, match="could not be built"):
            make()
        return
    told = []
    manifest = make(note=told.append)
    assert told == ["There will be no build for newer processors: llama-cpp-python could not be built: unknown option."]
    assert (manifest.processor, manifest.newer_processor) == (["avx2"], [])


def test_what_ragapp_ships_is_what_the_scripts_need():
    assert shipped.pinned_versions()["llama-cpp-python"]
    assert "paths:" in shipped.shipped_text("settings.yaml")
    manifest = json.dumps(shipped._INSTALLING)
    assert "bundle/installer.py" in manifest
