"""What the walk through an RTF document knows: which groups hold text, and what a group inherits from the outer one.

Source: Microsoft, Rich Text Format Specification 1.9.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.numerals import NumeralStyle
from ragapp.reading.rtf.fields import Field
from ragapp.reading.rtf.lists import OLD_STYLES, OldNumbering
from ragapp.reading.scripts import Script

# groups that hold no text of the body
_MARKS = ["xe", "tc", "tcf", "bkmkstart", "bkmkend", "atnid", "atndate", "atntime", "atnicn", "atnref", "atnparent"]
_LINES = ["ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn"]  # between the text and its notes
_TABLES = ["colortbl", "filetbl", "rsidtbl", "latentstyles", "themedata", "datastore", "revtbl", "xmlnstbl"]
_PROPERTIES = [
    "info",
    "generator",
    "template",
    "operator",
    "author",
    "company",
    "shprslt",
    "upr",
    "formfield",
    "nonesttables",
]
SKIPPED = frozenset(["pict", "nonshppict", "object", "objdata", "mmathPict"]).union(
    _MARKS, _LINES, _TABLES, _PROPERTIES
)
# groups with a buffer of their own
MARGINS = dict.fromkeys(("header", "headerl", "headerr", "headerf"), "header")
MARGINS |= dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "footer")
OWN = {"fonttbl": "fonts", "stylesheet": "styles", "title": "title", "footnote": "note", "shptxt": "shape"} | MARGINS
OWN |= {"dptxbxtext": "shape", "sn": "property", "sv": "drawn", "moMath": "formula"}
OWN |= {"listtext": "mark", "pntext": "mark", "fldinst": "instruction", "ffl": "choice", "annotation": "comment"}
OWN |= {"atnauthor": "commenter", "leveltext": "level", "levelnumbers": "places", "listtable": "lists"}
OWN |= {"listoverridetable": "lists", "pntxtb": "before", "pntxta": "after"}
SHOWN = frozenset(["ud", "result"])  # text inside groups that are left out otherwise
# starred groups whose text counts: older programs do not know them, newer ones show them
READ = frozenset(["nesttableprops", "shppict", "pn", "moMathPara", "mmath"])
TICKS = frozenset("✓✔✗✘☑☒☐")  # bullets that say yes or no
STRIKES = frozenset(["strike", "strikeN", "striked"])
# Windows charset -> codec
CHARSETS = {77: "mac_roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 222: "cp874", 238: "cp1250"}
CHARSETS |= {161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251"}
SYMBOL_CHARSET = 2
BASES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
HEADING = re.compile(r"\s*(?:heading|titre|überschrift|título|titolo) ([1-9])\b", re.IGNORECASE)
COUNTS: dict[str, NumeralStyle] = {"ar": "decimal", "alc": "lower-letter", "auc": "upper-letter"}
COUNTS |= {"rlc": "lower-roman", "ruc": "upper-roman", "chi": "symbol"}
# how notes are counted: of endnotes or not, and what is said; s in front: in one section
NOTE_WORDS = {
    f"{section}{kind}ftn{what}": (kind == "a", what)
    for section in ("", "s")
    for kind in ("", "a")
    for what in ("start", "restart", "rstcont", "rstpg", *(f"n{style}" for style in COUNTS))
}
CHARACTERS = {"tab": "\t", "bullet": "•", "endash": "–", "emdash": "—", "lquote": "‘", "rquote": "’"}
CHARACTERS |= {"ldblquote": "“", "rdblquote": "”", **dict.fromkeys(("emspace", "enspace", "qmspace"), " ")}
CHARACTERS |= dict.fromkeys(("line", "softline", "page", "column", "lbr"), "\n")
# words that say something here; most of a document's do not, and are passed over at once
_TEXT = "u par sect cell nestcell row nestrow field chftn fldrslt ftnalt fftype ffres ffdefres"
_FONTS = "fcharset cpg deff uc ansicpg"
_PARAGRAPHS = "pard intbl itap s outlinelevel ls ilvl pnlvlbody pnlvlblt pnlvl pnlvlcont pnstart"
_LISTS = "list listlevel levelnfc levelstartat levellegal levelnorestart listid listoverride lfolevel"
RUN_WORDS = STRIKES.union(["f", "plain", "super", "sub", "nosupersub", "up", "dn", "v", "deleted", "mvf"])
ROW_WORDS = frozenset(["trowd", "trleft", "trhdr", "clmrg", "clvmrg", "cellx"])
KNOWN = {
    word.encode("ascii"): word
    for word in (
        *" ".join((_TEXT, _FONTS, _PARAGRAPHS, _LISTS)).split(),
        *(*ROW_WORDS, *RUN_WORDS, *OWN, *SHOWN, *SKIPPED, *READ, *OLD_STYLES, *BASES, *NOTE_WORDS, *CHARACTERS),
    )
}


@dataclass
class State:
    """What a group inherits from the one around it."""

    into: str = ""  # the buffer that text goes to; empty for the body
    skipped: bool = False
    hidden: bool = False
    deleted: bool = False
    struck: bool = False
    script: Script = ""
    font: int = -1
    replaced: int = 1  # characters after \u that say the same for old programs
    style: int = -1
    level: int | None = None
    in_table: bool = False
    depth: int = 1  # of the table that the paragraph stands in
    fallback: bool = False  # whether the group repeats for older programs what was read
    formula: Any = None  # the element of a formula that text goes to
    list: int = 0  # \ls
    list_level: int = 0  # \ilvl
    old: OldNumbering | None = None  # \pn
    field: Field | None = None
    endnote: bool = False

    def copy(self) -> State:
        """The state that a group begins with."""
        inner = object.__new__(State)
        inner.__dict__.update(self.__dict__)
        return inner

    def list_word(self, word: str, number: int | None) -> bool:
        """Take what is said of the paragraph's place in a list; False for other words."""
        value = number or 0
        if word == "ls":
            self.list = value
        elif word == "ilvl":
            self.list_level = value
        elif word in ("pnlvlbody", "pnlvlblt", "pnlvl", "pnlvlcont"):
            self.old = OldNumbering(bullet=word == "pnlvlblt")
        elif word == "pnstart" and self.old:
            self.old.start = value
        elif word in OLD_STYLES and self.old:
            self.old.style = OLD_STYLES[word]
        else:
            return False
        return True

    def end_run(self) -> None:
        """Take back what is said of characters (``\\plain``)."""
        self.font, self.script = -1, ""
        self.hidden = self.deleted = self.struck = False

    def end_paragraph(self) -> None:
        """Take back what is said of paragraphs (``\\pard``)."""
        self.style, self.level, self.in_table, self.depth = -1, None, False, 1
        self.list, self.list_level, self.old = 0, 0, None


@dataclass(slots=True)
class Font:
    """A font of the font table; ``codec`` is empty where the document's own holds."""

    name: str = ""
    codec: str = ""
    is_symbol: bool = False


@dataclass(slots=True)
class NoteCount:
    """How the notes of one kind are counted."""

    label: str
    style: NumeralStyle = "decimal"
    start: int = 1
    next: int = 1
    restarts: bool = False  # with each section
    texts: list[str] = field(default_factory=list)
