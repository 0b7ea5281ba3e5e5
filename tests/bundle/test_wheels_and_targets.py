"""Targets by name, what pip and markers call them, wheels written anew, compiled ones, signatures."""

import ctypes.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from bundlekit import MACHINE, PYTHON, SYSTEM, make_bundle, make_wheel, nothing

from ragapp.bundle import compiled
from ragapp.bundle.compiled import bring_libraries, build_wheel, builds_for
from ragapp.bundle.manifest import MANIFEST, SIGNATURE, SIGNER
from ragapp.bundle.pip_runs import Pip
from ragapp.bundle.shipped import own_wheel
from ragapp.bundle.signing import sign, signer_of
from ragapp.bundle.targets import Target, least_glibc, target_named
from ragapp.bundle.wheel_files import rewrite_wheel, wheel_of_installed
from ragapp.bundle.wheels import platforms_of, required_by
from ragapp.errors import BundleError, UsageError


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (None, Target(SYSTEM, MACHINE, PYTHON)),
        ("linux-x86_64-py311", Target("linux", "x86_64", "3.11")),
        ("Linux-AMD64-py3.12", Target("linux", "x86_64", "3.12")),
        ("linux-aarch64-py313", Target("linux", "arm64", "3.13")),
        ("macos-arm64", Target("macos", "arm64", PYTHON)),
        ("windows-x86_64-py312", Target("windows", "x86_64", "3.12")),
    ],
)
def test_a_target_by_its_name(name, target):
    assert target_named(name) == target
    assert target_named(target.name) == target


@pytest.mark.parametrize("name", ["", "linux", "linux-x86_64-py27", "solaris-sparc-py311", "linux-x86_64-py311-x"])
def test_what_names_no_target_is_refused(name):
    with pytest.raises(UsageError, match="names no machine"):
        target_named(name)


@pytest.mark.parametrize(
    ("name", "platforms", "markers"),
    [
        (
            "linux-x86_64-py311",
            {"manylinux_2_28_x86_64", "manylinux2014_x86_64"},
            ("linux", "x86_64", "Linux", "posix"),
        ),
        ("linux-arm64-py311", {"manylinux_2_17_aarch64"}, ("linux", "aarch64", "Linux", "posix")),
        ("macos-arm64-py311", {"macosx_11_0_arm64", "macosx_14_0_arm64"}, ("darwin", "arm64", "Darwin", "posix")),
        ("windows-x86_64-py311", {"win_amd64"}, ("win32", "AMD64", "Windows", "nt")),
    ],
)
def test_how_pip_and_markers_call_a_target(name, platforms, markers, monkeypatch):
    monkeypatch.setattr("ragapp.bundle.targets.this_system", lambda: ("linux", "riscv64", "3.13"))
    target = target_named(name)
    arguments = target.pip_arguments()
    assert {f"--platform={tag}" for tag in platforms} <= set(arguments)
    assert {"--only-binary=:all:", "--python-version=3.11"} <= set(arguments)
    environment = target.marker_environment()
    names = ("sys_platform", "platform_machine", "platform_system", "os_name")
    assert tuple(environment[name] for name in names) == markers
    assert environment["python_version"] == "3.11"


@pytest.mark.parametrize(
    ("file", "minor"),
    [
        ("a-1-py3-none-any.whl", 0),
        ("a-1-cp311-cp311-manylinux_2_28_x86_64.whl", 28),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", 17),
        ("a-1-cp311-cp311-manylinux2010_x86_64.whl", 12),
        ("a-1-py3-none-manylinux1_x86_64.manylinux_2_28_x86_64.musllinux_1_1_x86_64.whl", 0),
        ("a-1-py3-none-linux_x86_64.whl", 0),
    ],
)
def test_the_glibc_that_a_wheel_asks_for(file, minor):
    tags = [tag for tag in sorted(platforms_of(file)) if not tag.startswith("musllinux")]
    if "musllinux" in file:
        minor = 5
    assert least_glibc(tags) == minor


def test_a_wheel_that_was_written_anew_is_installed_whole(tmp_path, monkeypatch):
    wheel = make_wheel(tmp_path)
    rewrite_wheel(wheel, {"tiny/more.py": b"x = 1\n"})
    with zipfile.ZipFile(wheel) as archive:
        record = archive.read("tiny-1.0.dist-info/RECORD").decode()
        assert archive.testzip() is None
    assert record.count("tiny/more.py,sha256=") == 1
    assert record.count("dist-info/RECORD,,") == 1
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target", tmp_path / "t", wheel]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    assert (tmp_path / "t" / "tiny" / "more.py").read_text() == "x = 1\n"


def test_the_same_files_are_the_same_wheel(tmp_path):
    assert make_wheel(tmp_path / "a").read_bytes() == make_wheel(tmp_path / "b").read_bytes()


def test_an_installed_package_becomes_a_wheel_again(tmp_path):
    wheel = wheel_of_installed("filelock", tmp_path)
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "filelock/__init__.py" in names
    assert not [name for name in names if name.endswith((".pyc", "INSTALLER", "REQUESTED", "direct_url.json"))]
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target", tmp_path / "t", wheel]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    assert (tmp_path / "t" / "filelock" / "__init__.py").is_file()


def test_what_is_no_wheel_is_told(tmp_path):
    (tmp_path / "a-1-py3-none-any.whl").write_text("no")
    with pytest.raises(BundleError, match="is no wheel"):
        required_by(tmp_path / "a-1-py3-none-any.whl")


def test_builds_name_what_the_processor_must_be_able_to_do():
    plain, newer = builds_for(Target("linux", "x86_64", "3.11"))
    assert "-DGGML_NATIVE=OFF" in plain.cmake_arguments
    assert "-DGGML_AVX2=ON" in plain.cmake_arguments
    assert "-DGGML_AVX512=OFF" in plain.cmake_arguments
    assert "-DGGML_AVX512=ON" in newer.cmake_arguments
    assert not [flag for flag in plain.flags if flag.startswith("avx512")]
    assert set(plain.flags) < set(newer.flags)
    assert [one.newer for one in builds_for(Target("windows", "x86_64", "3.11"))] == [False]
    assert [one.cmake_arguments for one in builds_for(Target("macos", "arm64", "3.11"))] == ["-DGGML_NATIVE=OFF"]


def test_a_build_is_told_its_processor_and_does_not_take_one_from_the_cache(tmp_path, monkeypatch):
    ran = []

    def run(self, arguments, wanted, fetched, variables=None):
        ran.append((arguments, variables))
        return "llama: error: no compiler"

    monkeypatch.setattr(Pip, "run", run)
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_BLAS=ON")
    build = builds_for(Target("linux", "x86_64", "3.11"))[0]
    with pytest.raises(BundleError, match=r"could not be built: llama: error: no compiler.*C\+\+ compiler"):
        build_wheel("llama-cpp-python", "0.3", build, Pip(tmp_path), tmp_path, nothing)
    arguments, variables = ran[0]
    assert {"--no-cache-dir", "--no-binary=llama-cpp-python", "llama-cpp-python==0.3"} <= set(arguments)
    assert variables["CMAKE_ARGS"].startswith("-DGGML_BLAS=ON -DGGML_NATIVE=OFF")


@pytest.mark.skipif(SYSTEM != "linux", reason="elsewhere the compiler's libraries are a part of the system")
def test_a_library_of_the_compiler_comes_along(tmp_path, monkeypatch):
    folder = Path(__import__("importlib.util").util.find_spec("llama_cpp").origin).parent / "lib"
    library = next(path for path in folder.iterdir() if path.name.startswith("libggml-cpu.so"))
    wheel = make_wheel(tmp_path, "llama_cpp", tag="py3-none-linux_x86_64")
    rewrite_wheel(wheel, {f"llama_cpp/lib/{library.name}": library.read_bytes()})
    # of what it needs, one that every Linux has stands for the one that a bare one lacks
    monkeypatch.setattr(compiled, "_BROUGHT", ("libm.so.6",))
    bring_libraries(wheel, tmp_path / "work")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("llama_cpp/lib/libm.so.6")[:4] == b"\x7fELF"
        assert "llama_cpp/lib/libm.so.6,sha256=" in archive.read("llama_cpp-1.0.dist-info/RECORD").decode()
    assert ctypes.util.find_library("m")


def test_a_signature_holds_for_one_manifest_and_one_key(tmp_path):
    bundle, key = tmp_path / "bundle", tmp_path / "home" / "key.pem"
    make_bundle(bundle)
    assert signer_of(bundle) == ""
    mine = sign(bundle, key)
    assert (signer_of(bundle), len(mine)) == (mine, 39)
    assert sign(bundle, key) == mine
    if SYSTEM != "windows":
        assert key.stat().st_mode & 0o077 == 0
    kept = {name: (bundle / name).read_bytes() for name in (MANIFEST, SIGNATURE, SIGNER)}
    other = sign(bundle, tmp_path / "home" / "other.pem")
    assert signer_of(bundle) == other != mine
    other_signer = (bundle / SIGNER).read_bytes()
    for name, content in {
        MANIFEST: kept[MANIFEST] + b" ",
        SIGNATURE: kept[SIGNATURE][:-1] + b"x",
        SIGNER: other_signer,
    }.items():
        for restored, data in kept.items():
            (bundle / restored).write_bytes(data)
        assert signer_of(bundle) == mine
        (bundle / name).write_bytes(content)
        with pytest.raises(BundleError, match="is not right"):
            signer_of(bundle)
    for name in (SIGNATURE, SIGNER):
        for restored, data in kept.items():
            (bundle / restored).write_bytes(data)
        (bundle / name).unlink()
        with pytest.raises(BundleError, match="is not right"):
            signer_of(bundle)


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none_is_told(tmp_path, content):
    make_bundle(tmp_path / "bundle")
    (tmp_path / "key.pem").write_text(content)
    with pytest.raises(BundleError, match=r"key\.pem cannot be used: it is no private key"):
        sign(tmp_path / "bundle", tmp_path / "key.pem")


def test_openssl_checks_it_too(tmp_path):
    import shutil

    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    make_bundle(tmp_path / "bundle")
    sign(tmp_path / "bundle", tmp_path / "key.pem")
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        SIGNER,
        "-rawin",
        "-in",
        MANIFEST,
        "-sigfile",
        SIGNATURE,
    ]
    done = subprocess.run(command, cwd=tmp_path / "bundle", capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout + done.stderr


def test_ragapps_own_wheel_is_that_of_this_checkout(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(Pip, "run", lambda self, arguments, *rest: ran.append(arguments) or "stopped here")
    with pytest.raises(BundleError, match="own wheel could not be built: stopped here"):
        own_wheel(Pip(tmp_path), tmp_path)
    assert (Path(ran[0][-1]) / "pyproject.toml").is_file()
