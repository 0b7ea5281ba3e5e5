"""What the system tells of the disk below the data folder, by the files and programs by which it tells it."""

from __future__ import annotations

import plistlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ragapp.maintenance import disk_encryption as asked
from ragapp.maintenance import doctor
from ragapp.maintenance.disk_encryption import DiskEncryption, on_linux, on_macos, on_windows, plain_swap
from ragapp.settings import Settings

FOLDER = Path("/home/alice/ragapp/data")
ROOT_MOUNT = "22 1 {root} / / rw,relatime shared:1 - ext4 /dev/mapper/root rw"


class Machine:
    """The files of /proc and /sys that tell of mounts and block devices."""

    def __init__(self, folder: Path):
        self.root = folder
        (folder / "proc/self").mkdir(parents=True)
        (folder / "sys/dev/block").mkdir(parents=True)
        (folder / "sys/class/block").mkdir(parents=True)

    def mounts(self, *lines: str) -> None:
        (self.root / "proc/self/mountinfo").write_text("\n".join(lines) + "\n")

    def device(self, name: str, number: str, uuid: str = "", *, over: tuple[str, ...] = (), file: str = "") -> None:
        own = self.root / "sys/devices" / name
        (own / "slaves").mkdir(parents=True)
        if uuid:
            (own / "dm").mkdir()
            (own / "dm" / "uuid").write_text(f"{uuid}\n")
        if file:
            (own / "loop").mkdir()
            (own / "loop" / "backing_file").write_text(f"{file}\n")
        for below in over:
            (own / "slaves" / below).symlink_to(self.root / "sys/devices" / below)
        (self.root / "sys/dev/block" / number).symlink_to(own)
        (self.root / "sys/class/block" / name).symlink_to(own)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(asked, "_has_encrypted_flag", lambda folder: False)
    built = Machine(tmp_path / "root")
    built.device("sda2", "8:2")
    built.device("sdb1", "8:17")
    built.device("dm-0", "254:0", "CRYPT-LUKS2-0123456789abcdef-luks-0123", over=("sda2",))
    built.device("dm-1", "254:1", "LVM-abc", over=("dm-0",))
    built.device("dm-2", "254:2", "LVM-def", over=("dm-0", "sdb1"))
    built.device("dm-3", "254:3", "CRYPT-VERITY-0123-root", over=("sda2",))
    built.device("dm-4", "254:4", "CRYPT-BITLK-0123-win", over=("sdb1",))
    built.device("md0", "9:0", over=("dm-0", "dm-4"))
    built.device("loop0", "7:0", file="/home/alice/container.img")
    return built


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("8:2", DiskEncryption("plain", "the device /dev/sda2")),
        ("254:0", DiskEncryption("encrypted", "LUKS2")),
        ("254:1", DiskEncryption("encrypted", "LUKS2")),  # a volume (LVM) inside
        ("254:2", DiskEncryption("plain", "the device /dev/sdb1")),  # one of the two disks is not
        ("254:3", DiskEncryption("plain", "the device /dev/sda2")),  # signed only
        ("254:4", DiskEncryption("encrypted", "BITLK")),
        ("9:0", DiskEncryption("encrypted", "LUKS2")),
        ("0:55", DiskEncryption("unknown", f"the device below {FOLDER} is not known (ext4)")),
        ("99:9", DiskEncryption("unknown", f"the device below {FOLDER} is not known (ext4)")),
    ],
)
def test_a_disk_of_linux_is_followed_down_to_what_it_is_made_of(machine, number, expected):
    machine.mounts(ROOT_MOUNT.format(root=number))
    assert on_linux(FOLDER, machine.root) == expected


@pytest.mark.parametrize(
    ("mount", "state", "seen"),
    [
        ("40 22 0:50 / {at} rw - fuse.gocryptfs /home/alice/cipher rw", "encrypted", "gocryptfs"),
        ("40 22 0:50 / {at} rw - ecryptfs /home/.ecryptfs rw", "encrypted", "ecryptfs"),
        ("40 22 0:50 / {at} rw - tmpfs tmpfs rw", "unknown", "in memory"),
        ("40 22 0:50 / {at} rw - nfs4 server:/export rw", "unknown", "another machine"),
        ("40 22 0:50 / {at} rw - zfs pool/home rw", "unknown", "does not tell"),
        ("40 22 0:50 / {at} rw - overlay overlay rw,lowerdir=/a", "unknown", "is not known (overlay)"),
        ("40 22 254:0 / {at} rw shared:3 master:1 - btrfs /dev/mapper/x rw", "encrypted", "LUKS2"),
        ("40 22 254:0 / {at}x rw - ext4 /dev/mapper/x rw", "plain", "/dev/sda2"),  # of another folder
    ],
)
def test_the_mount_nearest_to_the_folder_counts(machine, mount, state, seen):
    machine.mounts(ROOT_MOUNT.format(root="8:2"), mount.format(at="/home/alice"))
    found = on_linux(FOLDER, machine.root)
    assert found.state == state
    assert seen in found.seen


def test_names_with_spaces_and_later_mounts_in_one_place(machine):
    machine.mounts(
        ROOT_MOUNT.format(root="8:2"),
        r"40 22 8:17 / /media/my\040disk rw - ext4 /dev/sdb1 rw",
        r"41 22 254:0 / /media/my\040disk rw - ext4 /dev/mapper/luks rw",
    )
    assert on_linux(Path("/media/my disk/data"), machine.root).state == "encrypted"


def test_a_file_as_a_disk_lies_where_the_file_lies(machine):
    machine.mounts(ROOT_MOUNT.format(root="254:0"), "40 22 7:0 / /home/alice/ragapp rw - ext4 /dev/loop0 rw")
    assert on_linux(FOLDER, machine.root) == DiskEncryption("encrypted", "LUKS2")


def test_a_system_that_lists_nothing_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(asked, "_has_encrypted_flag", lambda folder: False)
    assert on_linux(FOLDER, tmp_path).state == "unknown"


def test_a_folder_that_its_file_system_encrypts(machine, monkeypatch):
    machine.mounts(ROOT_MOUNT.format(root="8:2"))
    monkeypatch.setattr(asked, "_has_encrypted_flag", lambda folder: True)
    assert on_linux(FOLDER, machine.root) == DiskEncryption("encrypted", "fscrypt")


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
def test_this_machine_is_looked_at_without_a_fault(tmp_path):
    assert asked.disk_encryption(tmp_path / "not" / "there").seen


@pytest.mark.parametrize(
    ("lines", "swap"),
    [
        (["/dev/zram0 partition 100 0 5"], ""),
        (["/dev/dm-1 partition 100 0 -2"], ""),
        (["/dev/zram0 partition 100 0 5", "/dev/sdb1 partition 100 0 -2"], "/dev/sdb1"),
        (["/swapfile file 100 0 -2"], ""),
        ([], ""),
    ],
)
def test_swap_that_is_not_encrypted_is_found(machine, lines, swap):
    (machine.root / "proc/swaps").write_text("\n".join(["Filename Type Size Used Priority", *lines]))
    assert plain_swap(machine.root) == swap


def answering(monkeypatch, answers):
    """Programs of the system that give these answers, by name; the others are not there."""
    monkeypatch.setattr(asked, "_ask", lambda command: answers.get(Path(command[0].replace("\\", "/")).name))


def plist(**values):
    return plistlib.dumps({"VolumeName": "Data", **values}).decode()


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"diskutil": plist(FileVault=True), "fdesetup": "FileVault is Off."}, "encrypted"),
        ({"diskutil": plist(FileVault=False), "fdesetup": "FileVault is On."}, "plain"),
        ({"diskutil": plist(), "fdesetup": "FileVault is On."}, "encrypted"),
        ({"diskutil": "no list at all", "fdesetup": "FileVault is Off."}, "plain"),
        ({"fdesetup": "FileVault is On."}, "encrypted"),
        ({"fdesetup": "FileVault master keychain appears to be installed."}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_filevault(monkeypatch, tmp_path, answers, state):
    answering(monkeypatch, answers)
    assert on_macos(tmp_path).state == state


@pytest.mark.parametrize(
    ("drive", "attributes", "answer", "state"),
    [
        ("C:", 0, "1\r\n", "encrypted"),
        ("C:", 0, "2\r\n", "plain"),
        ("C:", 0, "5\r\n", "unknown"),  # suspended: the key lies open on the disk
        ("C:", 0, "", "unknown"),
        ("C:", 0, None, "unknown"),
        ("C:", 0x4000, "2\r\n", "encrypted"),
        (r"\\server\share", 0, "1", "unknown"),
        ("C:'); evil ('", 0, "1", "unknown"),
    ],
)
def test_bitlocker(monkeypatch, drive, attributes, answer, state):
    answering(monkeypatch, {"powershell.exe": answer})
    folder = SimpleNamespace(drive=drive, stat=lambda: SimpleNamespace(st_file_attributes=attributes))
    assert on_windows(folder).state == state


def test_a_program_that_fails_or_is_not_there_tells_nothing():
    assert asked._ask([sys.executable, "-c", "print('told')"]) == "told\n"
    assert asked._ask([sys.executable, "-c", "print('told'); raise SystemExit(1)"]) is None
    assert asked._ask(["/no/such/program"]) is None


def test_a_program_that_hangs_is_left(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: (_ for _ in ()).throw(subprocess.TimeoutExpired("x", 1)))
    assert asked._ask(["diskutil"]) is None


@pytest.mark.parametrize(
    ("found", "swap", "status", "told", "hint"),
    [
        (DiskEncryption("encrypted", "LUKS2"), "", "ok", "lies encrypted (LUKS2)", ""),
        (DiskEncryption("encrypted", "LUKS2"), "/dev/sdb1", "warn", "swapped to /dev/sdb1", "zram"),
        (DiskEncryption("plain", "the device /dev/sda2"), "", "warn", "is not encrypted", "docs/privacy.md"),
        (DiskEncryption("unknown", "no reason"), "", "warn", "not known for", "docs/privacy.md"),
    ],
)
def test_doctor_tells_it_and_what_to_do(monkeypatch, tmp_path, found, swap, status, told, hint):
    monkeypatch.setattr(asked, "disk_encryption", lambda folder: found)
    monkeypatch.setattr(asked, "plain_swap", lambda: swap)
    result = doctor._check_encryption(Settings(paths={"data": tmp_path}))
    assert (result.status, result.name) == (status, "disk encryption")
    assert told in result.detail
    assert hint in result.hint
