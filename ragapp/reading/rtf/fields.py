"""Fields of RTF documents whose shown text is not in their result: ticks, choices, signs, and where links lead.

Source: Microsoft, Rich Text Format Specification 1.9.1, "Fields" and "Form Fields".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ragapp.reading.links import with_address
from ragapp.reading.symbol_fonts import symbol_char

_ADDRESS = re.compile(r'HYPERLINK\s+"?((?:https?|ftp|mailto):[^"\s]+)"?', re.IGNORECASE)
_SYMBOL = re.compile(r"SYMBOL\s+(0x[0-9a-f]{1,6}|\d{1,7})(?:.*?\\f\s*\"?([^\"\\]+))?", re.IGNORECASE | re.DOTALL)
_FRACTION = re.compile(r"\\f\s*\(([^(),;\\]+)[,;]([^(),;\\]+)\)", re.IGNORECASE)
_UNDEFINED = 25  # a form field that was never touched shows its default


@dataclass(slots=True)
class Field:
    """A field while its group is read."""

    instruction: str = ""
    form: int | None = None  # 0 text, 1 check box, 2 list
    result: int = _UNDEFINED
    default: int = 0
    choices: list[str] = field(default_factory=list)

    @property
    def is_contents(self) -> bool:
        """Whether it lists the headings, with their pages, which stand in the text themselves."""
        return self.instruction.split(None, 1)[:1] == ["TOC"]

    def shown(self, result: str) -> str:
        """What a person sees of the field, ``result`` being the text of its result group."""
        chosen = self.default if self.result == _UNDEFINED else self.result
        code = self.instruction.strip()
        name = code.partition(" ")[0].upper()
        if self.form == 1 or name == "FORMCHECKBOX":
            return "☒" if chosen else "☐"
        if (self.form == 2 or name == "FORMDROPDOWN") and not result.strip():
            return self.choices[chosen] if 0 <= chosen < len(self.choices) else ""
        if name == "SYMBOL" and not result.strip() and (found := _SYMBOL.match(code)):
            return symbol_char(
                (found[2] or "").strip(), int(found[1], 0) if found[1][:2] in ("0x", "0X") else int(found[1])
            )
        if name == "EQ" and not result.strip() and (fraction := _FRACTION.fullmatch(code[2:].strip())):
            return f" {fraction[1].strip()}/{fraction[2].strip()}"
        if found := _ADDRESS.match(code):
            return with_address(result, found[1])
        return result
