"""Whether the disk below a folder is encrypted, as far as the system tells; what it does not tell is unknown."""

from __future__ import annotations

import os
import plistlib
import re
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ragapp import guard

# file systems that encrypt all that is written to them
_ENCRYPTING = ("ecryptfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs", "fuse.securefs")
_IN_MEMORY = ("tmpfs", "ramfs")
_ELSEWHERE = ("nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "vboxsf", "fuse.sshfs", "fuse.rclone", "ceph", "afs")
# they encrypt by themselves, if they do, and say so to none but their own programs
_OF_THEIR_OWN = ("zfs", "bcachefs", "apfs", "ntfs", "ntfs3", "fuseblk")
# device-mapper targets of cryptsetup that encrypt nothing
_NO_CIPHER = ("CRYPT-VERITY", "CRYPT-INTEGRITY")
# linux/fs.h: FS_IOC_GETFLAGS of a 64-bit system, FS_ENCRYPT_FL
_GET_FLAGS, _ENCRYPTED_FLAG = 0x80086601, 0x800
# FILE_ATTRIBUTE_ENCRYPTED: Windows' encrypted files (EFS)
_EFS = 0x4000
# how long a program of the system may take to answer, in seconds
_ANSWER_S = 20
# System.Volume.BitLockerProtection, which no rights are needed to read; others are of a disk on its way, or suspended
_BITLOCKER: dict[str, Literal["encrypted", "plain"]] = {"1": "encrypted", "2": "plain"}
_MOST_DEPTH = 12


@dataclass(frozen=True, slots=True)
class DiskEncryption:
    """What the system tells of the disk below a folder.

    Attributes:
        state: ``unknown`` where it does not tell.
        seen: what was seen, in a few words: the name of what encrypts, the device that does not, or why it is unknown.
    """

    state: Literal["encrypted", "plain", "unknown"]
    seen: str


def disk_encryption(folder: Path, system: str = sys.platform) -> DiskEncryption:
    """Whether what is written into a folder, which need not be there yet, lies encrypted on its disk.

    Disks that encrypt by themselves, and the disk below a virtual machine, are not seen from here.
    """
    folder = Path(os.path.realpath(folder))
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if system == "linux":
        return on_linux(folder)
    if system == "darwin":
        return on_macos(folder)
    if system == "win32":
        return on_windows(folder)
    return DiskEncryption("unknown", f"ragapp does not know how to ask {system}")


def on_linux(folder: Path, root: Path = Path("/")) -> DiskEncryption:
    """By the mount that the folder lies in, and the devices below it; ``root`` holds ``proc`` and ``sys``."""
    if _has_encrypted_flag(folder):
        return DiskEncryption("encrypted", "fscrypt")
    mount = _mount_of(folder, root)
    if mount is None:
        return DiskEncryption("unknown", "the system does not list what it has mounted")
    number, kind, source = mount
    if kind in _ENCRYPTING:
        return DiskEncryption("encrypted", kind.removeprefix("fuse."))
    if kind in _IN_MEMORY:
        return DiskEncryption("unknown", f"{folder} is in memory ({kind})")
    if kind in _ELSEWHERE:
        return DiskEncryption("unknown", f"{folder} lies on another machine, or on the host of this one ({kind})")
    if kind in _OF_THEIR_OWN:
        return DiskEncryption("unknown", f"{kind} does not tell whether it encrypts")
    device = _device_of(number, source, root)
    if device is None:
        return DiskEncryption("unknown", f"the device below {folder} is not known ({kind})")
    return _of_device(device, root)


def _of_device(device: Path, root: Path, depth: int = 0) -> DiskEncryption:
    """A block device's folder in /sys: whether it, or all that it is made of, is encrypted."""
    with suppress(OSError):
        uuid = (device / "dm" / "uuid").read_text(encoding="ascii").strip()
        if uuid.startswith("CRYPT-") and not uuid.startswith(_NO_CIPHER):
            return DiskEncryption("encrypted", uuid.split("-")[1])
    if depth > _MOST_DEPTH:
        return DiskEncryption("unknown", f"{device.name} is made of too many others")
    with suppress(OSError):  # a file as a disk lies in another file system
        backing = (device / "loop" / "backing_file").read_text(encoding="utf-8").strip()
        return on_linux(Path(backing), root)
    below = [_of_device(one.resolve(), root, depth + 1) for one in _listed(device / "slaves")]
    if not below:
        return DiskEncryption("plain", f"the device /dev/{device.name}")
    return next((one for state in ("plain", "unknown") for one in below if one.state == state), below[0])


def plain_swap(root: Path = Path("/")) -> str:
    """The first device of Linux to which memory is swapped and that is not encrypted; empty where none is known."""
    with suppress(OSError):
        for line in (root / "proc/swaps").read_text(encoding="utf-8").splitlines()[1:]:
            name, kind = line.split()[:2]
            if kind != "partition" or Path(name).name.startswith("zram"):  # which is memory itself
                continue
            device = root / "sys/class/block" / Path(os.path.realpath(name)).name
            if device.exists() and _of_device(device.resolve(), root).state == "plain":
                return name
    return ""


def _listed(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(folder.iterdir())


def _mount_of(folder: Path, root: Path) -> tuple[str, str, str] | None:
    """Number (``major:minor``), file system and source of the mount that a folder lies in (proc(5), mountinfo)."""
    found, longest = None, -1
    try:
        lines = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        fields, _, rest = line.partition(" - ")
        parts, kinds = fields.split(" "), rest.split(" ")
        if len(parts) < 5 or len(kinds) < 2:
            continue
        point = Path(_unescaped(parts[4]))
        # of two mounts in one place the later one is seen
        if folder.is_relative_to(point) and len(point.parts) >= longest:
            longest, found = len(point.parts), (parts[2], kinds[0], _unescaped(kinds[1]))
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), text)


def _device_of(number: str, source: str, root: Path) -> Path | None:
    """The folder in /sys of the block device of a mount; btrfs and others give numbers that are of no device."""
    if not number.startswith("0:") and (device := root / "sys/dev/block" / number).exists():
        return device.resolve()
    with suppress(OSError):
        state = os.stat(source)
        if stat.S_ISBLK(state.st_mode):
            number = f"{os.major(state.st_rdev)}:{os.minor(state.st_rdev)}"
            if (device := root / "sys/dev/block" / number).exists():
                return device.resolve()
    return None


def _has_encrypted_flag(folder: Path) -> bool:
    """Whether a folder is encrypted by its own file system (fscrypt: ext4, f2fs, ubifs)."""
    if sys.platform != "linux":
        return False
    import fcntl

    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            flags = fcntl.ioctl(descriptor, _GET_FLAGS, b"\0" * 8)
        finally:
            os.close(descriptor)
        return bool(struct.unpack("=Q", flags)[0] & _ENCRYPTED_FLAG)
    return False


def on_macos(folder: Path) -> DiskEncryption:
    """By ``diskutil``, of the volume that the folder lies on; else by ``fdesetup``, of the one the Mac starts from."""
    answer = _ask(["/usr/sbin/diskutil", "info", "-plist", str(_volume_of(folder))])
    with suppress(ValueError, plistlib.InvalidFileException, AttributeError):
        told = plistlib.loads((answer or "").encode()).get("FileVault")
        if isinstance(told, bool):
            return DiskEncryption("encrypted", "FileVault") if told else DiskEncryption("plain", "FileVault is off")
    answer = _ask(["/usr/bin/fdesetup", "status"]) or ""
    if "FileVault is On" in answer:
        return DiskEncryption("encrypted", "FileVault")
    if "FileVault is Off" in answer:
        return DiskEncryption("plain", "FileVault is off")
    return DiskEncryption("unknown", "neither diskutil nor fdesetup tells")


def _volume_of(folder: Path) -> Path:
    """Where the volume of a folder is mounted; folders of the person seem to lie on the sealed one, and do not."""
    own = folder.stat().st_dev
    data = Path("/System/Volumes/Data")
    with suppress(OSError):
        if data.stat().st_dev == own:
            return data
    while folder != folder.parent and folder.parent.stat().st_dev == own:
        folder = folder.parent
    return folder


def on_windows(folder: Path) -> DiskEncryption:
    """By the folder's attributes (EFS), and by what the shell knows of its drive (BitLocker)."""
    if getattr(folder.stat(), "st_file_attributes", 0) & _EFS:
        return DiskEncryption("encrypted", "EFS")
    if not re.fullmatch(r"[A-Za-z]:", folder.drive):
        return DiskEncryption("unknown", f"{folder} lies on another machine")
    question = (
        "(New-Object -ComObject Shell.Application).NameSpace("
        f"'{folder.drive}').Self.ExtendedProperty('System.Volume.BitLockerProtection')"
    )
    shell = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), r"System32\WindowsPowerShell\v1.0\powershell.exe")
    answer = (_ask([str(shell), "-NoProfile", "-NonInteractive", "-Command", question]) or "").strip()
    if state := _BITLOCKER.get(answer):
        return DiskEncryption(state, "BitLocker" if state == "encrypted" else f"BitLocker is off for {folder.drive}")
    return DiskEncryption("unknown", "Windows does not tell whether BitLocker is on")


def _ask(command: Sequence[str]) -> str | None:
    """What a program of the system prints; None where it is not there, fails, or takes too long."""
    # the guard sees one line on Windows, and a list elsewhere
    seen = [subprocess.list2cmdline(command)] if os.name == "nt" else command
    with guard.allow_program(seen), suppress(OSError, subprocess.SubprocessError):
        run = subprocess.run(
            command,
            capture_output=True,
            timeout=_ANSWER_S,
            check=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
        return run.stdout
    return None
