"""A process that draws pages, in which the file's name says what goes wrong."""

import ctypes
import os
import time

from ragapp.web import pdf_pages
from ragapp.web.pdf_process import _serve

_real = pdf_pages.PdfPages.draw


def _odd(pages, path, page):
    if path.stem == "hangs":
        time.sleep(60)
    if path.stem == "crashes":
        ctypes.string_at(0)
    if path.stem == "ends":
        os._exit(3)
    if path.stem == "hungry":
        return bytes(bytearray(4 << 30)[:9])
    if path.stem == "odd":
        raise KeyError("no such object")
    if path.stem == "reaches":
        libc = ctypes.CDLL(None)
        return [libc.socket(family, 1, 0) >= 0 for family in (1, 2, 10)]
    return _real(pages, path, page)


def serve(connection, passwords, memory_mb):
    """In place of the process's own."""
    pdf_pages.PdfPages.draw = _odd
    _serve(connection, passwords, memory_mb)
