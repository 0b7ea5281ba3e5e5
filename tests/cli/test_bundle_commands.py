"""``ragapp bundle`` and ``ragapp demo --offline`` as a person types them."""

import json
import sys
from pathlib import Path

import pytest

from ragapp.bundle.manifest import MANIFEST

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bundle"))
import bundlekit

sys.path.pop(0)


@pytest.fixture
def bundle(tmp_path):
    bundlekit.make_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_verify_says_what_a_bundle_is_or_which_file_is_not_right(ragapp, home, bundle):
    code, out, _ = ragapp("bundle", "verify", bundle)
    assert code == 0
    assert f"ragapp 0.2.0 for {bundlekit.TARGET}" in out
    assert "not signed" in out
    (bundle / "models" / "tiny-model.gguf").write_bytes(b"x")
    (bundle / "install.sh").unlink()
    (bundle / "more.txt").write_text("")
    code, out, err = ragapp("bundle", "verify", bundle)
    assert code == 1
    assert out.splitlines()[:3] == ["missing: install.sh", "changed: models/tiny-model.gguf", "extra: more.txt"]
    assert "Files of the bundle that are not as they were made: 3." in err
    code, out, _ = ragapp("bundle", "verify", bundle, "--json")
    assert code == 1
    assert '"status": "extra"' in out


def test_verify_as_json(ragapp, home, bundle):
    code, out, _ = ragapp("bundle", "verify", bundle, "--json")
    told = json.loads(out)
    assert (code, told["damaged"], told["signed_by"], told["target"]) == (0, [], None, bundlekit.TARGET)


@pytest.mark.parametrize("command", ["verify", "install"])
def test_a_signer_that_was_named_must_have_signed_it(ragapp, home, bundle, command):
    from ragapp.bundle.signing import sign

    rest = [home / "new", "--no-demo"] if command == "install" else []
    code, _, err = ragapp("bundle", command, bundle, *rest, "--signer", "0000")
    assert (code, "The bundle is not signed." in err) == (1, True)
    mine = sign(bundle, home / "key.pem")
    code, _, err = ragapp("bundle", command, bundle, *rest, "--signer", "0000")
    assert (code, f"was signed by the key {mine}" in err) == (1, True)
    assert not (home / "new").exists()
    assert ragapp("bundle", command, bundle, *rest, "--signer", mine.upper())[0] == 0


def test_install_says_how_to_start_it(ragapp, home, bundle):
    code, out, err = ragapp("bundle", "install", bundle, home / "new")
    assert code == 0, err
    assert f"Start it: {home / 'new' / 'ragapp'}" in out
    assert (home / "new" / "installed.json").read_bytes() == (bundle / MANIFEST).read_bytes()


def test_install_as_json(ragapp, home, bundle):
    code, out, _ = ragapp("bundle", "install", bundle, home / "new", "--json")
    told = json.loads(out)
    assert (code, told["ragapp"], told["folder"]) == (0, "0.2.0", str(home / "new"))
    assert Path(told["start"]).is_file()


def test_bad_input_is_told_in_one_line(ragapp, home, tmp_path):
    for arguments in (
        ("verify", home / "none"),
        ("install", home / "none", home / "new"),
        ("create", home / "new", "--pack", "no-such-pack"),
        ("create", home / "new", "--for", "atari"),
        ("create", home / "new"),
    ):
        code, out, err = ragapp("bundle", *arguments)
        assert code in (1, 2), arguments
        assert out == ""
        assert err.startswith("ragapp: "), err
        assert "Traceback" not in err


def test_create_makes_a_signed_bundle_and_says_what_is_missing(ragapp, home, tmp_path, monkeypatch):
    from ragapp.bundle import create

    index = tmp_path / "index"
    own = bundlekit.make_wheel(tmp_path / "source", "ragapp", "0.2.0", ["tiny"])
    bundlekit.make_wheel(index)
    pack = bundlekit.make_pack(home / "models")
    for name, value in {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setattr(create, "own_wheel", lambda pip, work: Path(own).rename(work / own.name))
    monkeypatch.setattr(create, "pinned_versions", lambda: {"tiny": "1.0"})
    monkeypatch.setattr("ragapp.models.packs.get_pack", lambda name: pack)
    code, out, _ = ragapp("bundle", "create", home / "out", "--pack", "tiny-model", "--for", "windows-x86_64-py312")
    assert code == 3
    assert "missing: pip (no wheel for windows-x86_64-py312)" in out
    signer = next(line for line in out.splitlines() if line.startswith("signed by your key: ")).split(": ")[1]
    code, out, _ = ragapp("bundle", "verify", home / "out", "--signer", signer)
    assert code == 0
    assert f"signed by the key {signer}" in out
    assert (tmp_path / "person" / ".ragapp" / "bundle-key.pem").is_file()


def test_the_demo_offline_says_which_models_are_not_here(ragapp, home):
    code, out, err = ragapp("demo", "--offline")
    assert (code, out) == (1, "")
    assert "cannot be found in" in err
    assert "multilingual-e5-small" in err
