"""Records to JSON values and back; pydantic checks the types on the way in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_values(record: Any) -> Any:
    """A record as JSON values: dictionaries, lists, text, numbers."""
    return _adapter(type(record)).dump_python(record, mode="json")


def from_values(kind: type[T], values: Mapping[str, Any]) -> T:
    """A record out of its JSON values; unknown fields are passed over, missing ones take their defaults.

    Raises:
        pydantic.ValidationError: the values are not of this kind; a :class:`ValueError`.
    """
    record: T = _adapter(kind).validate_python(values)
    return record
