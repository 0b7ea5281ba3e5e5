"""What the tools take; the descriptions are read by the model that chooses a tool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ragapp.contract import Caution
from ragapp.index.labels import LONGEST_NAME
from ragapp.retrieval.retriever import MAX_QUESTION_CHARACTERS
from ragapp.web.api_shapes import Restricted
from ragapp.web.pdf_pages import WIDTH, WIDTHS

_NUMBER = Annotated[int, Field(ge=1, lt=2**63)]
_Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)]
_Name = Annotated[str, Field(min_length=1, max_length=4096)]
_Document = Annotated[
    _NUMBER | _Name, Field(description="Its id, path or file name, as list_documents, search and ask tell them.")
]
_Ids = Annotated[
    list[_NUMBER], Field(min_length=1, max_length=1000, description="Ids of documents, as list_documents tells them.")
]
_Label = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Search(Restricted, _Arguments):
    """Of the tool ``search``."""

    query: _Text = Field(description="Key words or a question, in any language.")
    k: int = Field(5, ge=1, le=50, description="How many passages.")


class Ask(Restricted, _Arguments):
    """Of the tool ``ask``."""

    question: _Text = Field(description="A question that stands by itself, in the person's language.")
    caution: Caution | None = Field(
        None, description="How sure ragapp must be before it answers; left out: as the person has set it."
    )


class Read(_Arguments):
    """Of the tool ``read``."""

    document: _Document
    page: _NUMBER | None = Field(None, description="Page, slide, sheet or section, counted from 1; else the first.")
    section: str = Field("", max_length=500, description="In place of a page: its heading or label, or a part of it.")
    start: int = Field(0, ge=0, lt=2**63, description="Of a long page, the next_start that the part before told.")
    picture: bool = Field(False, description="Whether the picture of the page is to come, too (PDF only).")


class PagePicture(_Arguments):
    """Of the tool ``page_picture``."""

    document: _Document
    page: _NUMBER = Field(1, description="Counted from 1.")
    width: Literal[WIDTHS] = Field(WIDTH, description="Pixels across.")  # type: ignore[valid-type]


class ListDocuments(Restricted, _Arguments):
    """Of the tool ``list_documents``."""

    search: str = Field("", max_length=500, description="Only those with these words in name, folder or title.")
    offset: int = Field(0, ge=0, lt=2**31, description="The next_offset that the part before told.")
    limit: int = Field(50, ge=1, le=200, description="How many lines.")


class Nothing(_Arguments):
    """Of the tool ``list_collections``."""


class Summarize(_Arguments):
    """Of the tool ``summarize``."""

    document: _Document


class Ingest(_Arguments):
    """Of the tool ``ingest``."""

    paths: list[_Name] = Field(
        default_factory=list,
        max_length=1000,
        description="Files and folders: absolute, or relative to the drop folder. None: the whole drop folder.",
    )


class Remove(_Arguments):
    """Of the tool ``remove``."""

    ids: _Ids


class Tag(_Arguments):
    """Of the tool ``tag``."""

    ids: _Ids
    add: list[_Label] = Field(default_factory=list, max_length=50, description="Tags to put on them.")
    remove: list[_Label] = Field(default_factory=list, max_length=50, description="Tags to take off them.")


class Collect(_Arguments):
    """Of the tool ``collect``."""

    collection: _Label = Field(description="Its name; it is made where there is none of this name.")
    add: list[_NUMBER] = Field(
        default_factory=list, max_length=1000, description="Ids of documents to put into it, as list_documents tells."
    )
    remove: list[_NUMBER] = Field(default_factory=list, max_length=1000, description="Ids to take out of it.")
