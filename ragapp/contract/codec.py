"""Records to JSON values and back; pydantic checks the types on the way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    # building one takes milliseconds, as it looks at every field
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def to_values(record: Any) -> Any:
    """A record as JSON values: dictionaries, lists, text, numbers."""
    return _adapter(type(record)).dump_python(record, mode="json")


def from_values(kind: type[T], values: Mapping[str, Any]) -> T:
    """A record out of its JSON values; unknown fields are passed over, missing ones take their defaults.

    Raises:
        pydantic.ValidationError: the values are not of this kind; a :class:`ValueError`.
    """
    return cast(T, _adapter(kind).validate_python(values))
