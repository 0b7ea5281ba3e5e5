"""No network for this process, enforced by the kernel; for processes that parse untrusted files.

The guard sees only what Python does, not a parser in C that a hostile file has taken over. So on Linux such a process
also gives up the system calls that make a socket to other machines (seccomp, with a classic BPF filter as described in
the kernel's Documentation/userspace-api/seccomp_filter.rst). Programs that it starts inherit that.
"""

from __future__ import annotations

import platform
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _DENIED = 0x7FFF0000, 0x00050000 | 13  # EACCES
# offsets in struct seccomp_data: number of the call, architecture, low half of the first argument
_NUMBER, _ARCH, _FIRST = 0, 4, 16
# architecture, and the numbers of socket and of io_uring_setup (which can make sockets, too)
_MACHINES = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}
_X32 = 0x40000000  # the same calls under other numbers
# address families that stay within this machine: AF_UNIX, and AF_NETLINK for asking the kernel
_WITHIN = (1, 16)


def deny_network() -> bool:
    """Give up the network in this process, except its other threads, and in its children; False where that fails."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        return False
    import ctypes

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    code = _filter(*machine)
    program = Program(len(code) // 8, code)
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, None, 0, 0):
        return False
    return bool(prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0) == 0)


def _filter(arch: int, socket: int, io_uring: int) -> bytes:
    """The filter: eight bytes an instruction (operation, jump if true, jump if false, operand)."""
    steps = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 0, 8, arch),  # deny the calls of other architectures
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 6, 0, _X32),
        (_EQUAL, 5, 0, io_uring),
        (_EQUAL, 0, 3, socket),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 1, 0, _WITHIN[0]),
        (_EQUAL, 0, 1, _WITHIN[1]),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENIED),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
