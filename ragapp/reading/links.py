"""Where links lead: kept behind their words, where it is an address that the words do not show."""

from __future__ import annotations

import re

# addresses of people and of the net; a place in the document or a file beside it can't be reached from an answer
_ADDRESS = re.compile(r"(?:https?|ftps?|sftp)://\S|(?:mailto|tel|sms):\s*\S", re.IGNORECASE)
_PERSON = re.compile(r"^(?:mailto|tel|sms):\s*", re.IGNORECASE)
_SCHEME = re.compile(r"^[a-z]+://(?:www\.)?", re.IGNORECASE)
_LONGEST = 200  # characters; a longer one counts readers or was made for programs


def address_beside(target: str, words: str) -> str:
    """The address that a link leads to, as a person writes it; empty where its words show it, or where it is none."""
    target = target.strip()
    if not _ADDRESS.match(target) or len(target) > _LONGEST:
        return ""
    person = _PERSON.match(target)
    address = target[person.end() :].partition("?")[0] if person else target
    bare = _SCHEME.sub("", address).rstrip("/").lower()
    digits = re.sub(r"\D", "", address) if target.lower().startswith(("tel:", "sms:")) else ""
    shown = words.lower()
    return "" if not bare or bare in shown or (digits and digits in re.sub(r"\D", "", words)) else address


def with_address(words: str, target: str) -> str:
    """The words of a link, with where it leads in brackets behind them unless they show it; blank words stay so."""
    address = address_beside(target, words) if words.strip() else ""
    return f"{words} ({address})" if address else words
