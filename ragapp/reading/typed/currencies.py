"""Currencies by their signs and codes (ISO 4217), as cells, heads of columns and questions write them."""

from __future__ import annotations

import re

#: codes by the signs that stand for them; of several signs the first is the usual one
SIGNS = {"€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN", "Kč": "CZK", "kr": "kr"}
# fmt: off
CODES = (
    "EUR", "USD", "GBP", "CHF", "JPY", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN",
    "TRY", "RUB", "UAH", "CNY", "HKD", "SGD", "INR", "KRW", "BRL", "MXN", "ZAR", "ILS", "AED", "SAR", "MAD", "TND",
    "DZD", "XOF", "XAF",
)
# fmt: on
#: what the unit of an amount may be; ``kr`` is of several countries
CURRENCIES = frozenset((*CODES, "kr"))
#: matches a sign or a code
CURRENCY = "|".join(map(re.escape, sorted((*SIGNS, *CODES), key=len, reverse=True)))
_USUAL = {code: sign for sign, code in reversed(SIGNS.items())}


def sign_of(code: str) -> str:
    """The usual sign of a currency, its code where it has none."""
    return _USUAL.get(code, code)
