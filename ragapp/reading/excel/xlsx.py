"""Excel workbooks in Open XML (XLSX), by the XML of their parts."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.excel.xlsx_parts import Parts
from ragapp.reading.excel.xlsx_workbook import Workbook
from ragapp.reading.package import open_package


def read_xlsx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the visible sheets of an XLSX workbook as they are shown, formulas as their last result."""
    with open_package(path, ".xlsx", options) as content, zipfile.ZipFile(content) as package:
        return Workbook(Parts(package), options).document(path.stem)
