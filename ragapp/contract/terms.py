"""Words with few values that several records share; light enough for ``--help``."""

from __future__ import annotations

from typing import Literal, get_args

Caution = Literal["low", "normal", "high"]
#: every value of ``answer.caution``, the least cautious first
CAUTIONS: tuple[Caution, ...] = get_args(Caution)

#: what an answer is worth: *answered* can be relied on, *likely* is to be checked on the page that is shown with it,
#: *not_found* says that the documents do not say
Grade = Literal["answered", "likely", "not_found"]
#: what an answer rests on: passages, the list of documents, or what ragapp knows of itself
Basis = Literal["documents", "list", "ragapp"]
