"""A bundle is checked to the byte, and refused where it is not for this machine."""

import json
import re

import pytest
from bundlekit import MACHINE, PYTHON, SYSTEM, make_bundle, nothing

from ragapp.bundle import machine
from ragapp.bundle.machine import chosen_wheels, refuse_other_machine
from ragapp.bundle.manifest import MANIFEST, Missing, damaged_files, read_manifest
from ragapp.errors import BundleError


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "bundle"
    return folder, make_bundle(folder)


@pytest.fixture
def bundle(whole, tmp_path):
    """A copy that may be damaged."""
    import shutil

    return shutil.copytree(whole[0], tmp_path / "bundle"), whole[1]


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_whole_bundle_has_no_damage(bundle):
    folder, manifest = bundle
    told = []
    assert list(damaged_files(folder, read_manifest(folder / MANIFEST), lambda *step: told.append(step))) == []
    assert read_manifest(folder / MANIFEST) == manifest
    assert told[0][1:] == (0, manifest.size)
    assert told[-1][1:] == (manifest.size, manifest.size)


@pytest.mark.parametrize(
    ("name", "damage", "status"),
    [
        ("models/tiny-model.gguf", flip_a_byte, "changed"),
        ("models/tiny-model.gguf", lambda path: path.write_bytes(path.read_bytes() + b"x"), "changed"),
        ("wheels/tiny-1.0-py3-none-any.whl", flip_a_byte, "changed"),
        ("install.py", lambda path: path.write_text(""), "changed"),
        ("setup/ragapp/bundle/installer.py", lambda path: path.unlink(), "missing"),
        ("settings.yaml", lambda path: (path.unlink(), path.mkdir()), "missing"),
        ("wheels/evil-1.0-py3-none-any.whl", lambda path: path.write_text("x"), "extra"),
        ("models/link", lambda path: path.symlink_to("/etc"), "extra"),
    ],
)
def test_what_is_not_as_it_was_made_is_named(bundle, name, damage, status):
    folder, manifest = bundle
    damage(folder / name)
    assert list(damaged_files(folder, manifest, nothing)) == [(name, status)]


@pytest.mark.parametrize(
    "name", ["../out", "/etc/passwd", "a/../../b", "", "C:/x", "a\\b", "wheels/../../../root/.profile"]
)
def test_no_path_leads_out_of_the_folder(bundle, name):
    folder, _ = bundle
    values = json.loads((folder / MANIFEST).read_text())
    values["files"][name] = {"size": 1, "sha256": "0" * 64}
    (folder / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r"manifest\.json is damaged"):
        read_manifest(folder / MANIFEST)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ("{}", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 2}', "by a later ragapp"),
        (None, "is no bundle"),
    ],
)
def test_a_manifest_that_is_none_is_told(tmp_path, text, told):
    if text is not None:
        (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(BundleError, match=told):
        read_manifest(tmp_path / MANIFEST)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"system": "windows"}, rf"for windows-{MACHINE}; this machine is {SYSTEM}-{MACHINE}"),
        ({"machine": "s390x"}, rf"for {SYSTEM}-s390x"),
        ({"python": "3.9"}, rf"for Python 3\.9; this is Python {re.escape(PYTHON)}"),
        ({"glibc": "2.999"}, r"glibc 2\.999 or later; this system has"),
        ({"processor": ["avx2", "avx9"]}, "too old for the bundle: it has no avx9"),
        ({"missing": [Missing("llama-cpp-python", "no wheel")]}, "not complete; it lacks llama-cpp-python"),
    ],
)
def test_another_machine_is_refused_plainly(whole, change, told, monkeypatch):
    import dataclasses

    monkeypatch.setattr(machine, "processor_flags", lambda: frozenset({"avx", "avx2"}))
    manifest = dataclasses.replace(whole[1], **change)
    if told is None:
        refuse_other_machine(manifest)
    else:
        with pytest.raises(BundleError, match=told):
            refuse_other_machine(manifest)


def test_a_system_with_another_c_library_is_refused(whole, monkeypatch):
    import dataclasses

    monkeypatch.setattr(machine, "glibc_version", lambda: "")
    with pytest.raises(BundleError, match="this system has another C library"):
        refuse_other_machine(dataclasses.replace(whole[1], glibc="2.28"))


def test_the_processor_decides_between_two_builds(tmp_path):
    manifest = make_bundle(tmp_path, newer=True, newer_processor=["avx2", "avx512f"])
    assert chosen_wheels(manifest, frozenset({"avx2", "avx512f", "sse"}))["tiny"].newer
    for flags in (frozenset({"avx2"}), frozenset()):
        chosen = chosen_wheels(manifest, flags)
        assert not chosen["tiny"].newer
        assert chosen.keys() == {"ragapp", "tiny", "pip"}
    manifest.newer_processor = []
    assert not chosen_wheels(manifest, frozenset({"avx2"}))["tiny"].newer
