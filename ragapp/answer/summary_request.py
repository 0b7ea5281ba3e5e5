"""Questions that ask for a summary of one document, in the languages of the prompts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from ragapp.index.records import DocumentRow

_PLEASE = (
    r"(?:please|can you|could you|would you|i need|i want|s['’]il (?:te|vous) pla[iî]t|peux-tu|pouvez-vous|bitte"
    r"|kannst du|können sie|por favor|puedes?|per favore|puoi|può|alsjeblieft|kun je|kunt u|podes|pode|podia)[\s,]+"
)
_ASKS = re.compile(
    rf"\W*(?:{_PLEASE})*(?:"
    r"summari[sz]e|sum up|(?:give|write|make|show)(?: me| us)? (?:a|the) (?:short |brief )?summary of"
    r"|(?:a )?(?:short )?summary of"
    r"|r[ée]sume[rz]?(?:-moi)?|(?:donne[rz]?|fai[st]|faire|faites)(?:-moi)? (?:un|le) (?:bref )?r[ée]sum[ée]"
    r"|(?:un )?r[ée]sum[ée] (?:de|du)"
    r"|fass(?:e|en sie)?|(?:gib|geben sie|erstelle|schreibe?)(?: mir)? eine (?:kurze )?zusammenfassung|zusammenfassung"
    r"|resume|resuma|resumir|resúmeme|resumen de|(?:da|dame|haz|hazme|escribe) un resumen"
    r"|riassumi|riassuma|riassumere|(?:fai|fammi|dammi|scrivi) un riassunto|riassunto di"
    r"|vat|(?:geef|maak|schrijf)(?: me| mij)? een (?:korte )?samenvatting|samenvatting van|samenvatten"
    r"|(?:faz|faça|dá-me|dê-me|escreve) um resumo|resumo d[eoa])\s+",
    re.IGNORECASE,
)
# what may stand beside the name of the document
_BESIDE = re.compile(
    r"\b(?:the|this|my|our|document|file|report|pdf|called|named|of|for|me|us|please|briefly|in short"
    r"|le|la|les|l['’]|du|de|des|ce|cette|fichier|rapport|intitulé"
    r"|das|die|der|den|dem|vom|von|dokument|datei|bericht|zusammen|bitte|kurz"
    r"|el|del|documento|archivo|fichero|llamado|il|lo|chiamato|dello|della"
    r"|het|bestand|samen|van|dat|heet|o|a|os|as|do|da|ficheiro|arquivo|chamado|por favor)\b",
    re.IGNORECASE,
)


def document_to_summarize(question: str, documents: Callable[[], Sequence[DocumentRow]]) -> DocumentRow | None:
    """The one document that a question asks to summarise, by its name or title; None where it asks something else.

    ``documents`` lists them, which is only done for a question that asks for a summary.
    """
    asked = _ASKS.match(question)
    if not asked:
        return None
    rest = _plain(question[asked.end() :])
    named: list[tuple[int, DocumentRow]] = []
    for row in documents():
        stem = row.name.rpartition(".")[0] or row.name
        for name in filter(None, map(_plain, (row.name, stem, row.title))):
            found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rest)
            if found and not re.search(r"\w", _BESIDE.sub(" ", rest[: found.start()] + " " + rest[found.end() :])):
                named.append((len(name), row))
                break
    longest = max((length for length, _ in named), default=0)
    best = [row for length, row in named if length == longest]
    return best[0] if len(best) == 1 else None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[_\s“”«»\"‘]+", " ", unicodedata.normalize("NFC", text).casefold()).split())
