"""Yes and no: the particle of an answer, which a small model forgets or gets wrong, and the sentence that decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ragapp.answer import facts
from ragapp.answer.conditions import without_conditions
from ragapp.answer.prompts import PROMPTS
from ragapp.answer.weekdays import weekdays
from ragapp.data_files import load_yaml
from ragapp.index.analysis import known_terms, stop_list

# With the default model, the probability of yes is .17 to .44 where the passage says no, and .49 to .97 where yes.
SAYS_YES = 0.46
# more than that is needed beside a sentence that merely does not deny
MARGIN = 0.14
# outside these the model's own probability outweighs the word that it wrote
SURE_NO, SURE_YES = 0.2, 0.8

# share of a question's words that a sentence which decides it has
DECIDING_SHARE = 0.6

_CLAUSES = re.compile(r"[;:]\s|\s[–—-]\s|,\s(?:and|but|et|mais|und|aber|y|pero|e|ma|en|maar|mas)\s")

_NEGATED: dict[str, str] = load_yaml("negated.yaml", __file__)
Polarity = Literal["yes", "no", ""]

_YES, _NO = "yes|oui|si|sí|sì|ja|jawohl|sim|yep", "no|non|nein|nee|não|nao"
_PARTICLE = re.compile(rf"\W*(?:(?P<yes>{_YES})|(?P<no>{_NO}))(?=\s*(?:[,.;:!–—-]|$))[\s,.;:!–—-]*", re.IGNORECASE)
# questions that begin with their verb, in the languages of the prompts; their subject or another word follows
_ASKS = re.compile(
    r"\W*(?:(?:is|are|was|were|am|do|does|did|may|might|can|could|must|should|shall|will|would|ha[sd]|have)(?:n['’]t)?\s"
    r"|(?:est-ce qu|puis-je|peut-on|dois-je|faut-il|y a-t-il|(?:\w+['’]?\s){0,3}\w+-(?:t-)?(?:ils?|elles?|on)\b)"
    r"|(?:ist|sind|war|waren|darf|dürfen|kann|können|muss|müssen|soll|sollen|wird|werden|hat|haben|gilt|gibt|deckt|gelten)\s"
    r"|(?:es|está|están|son|puede|pueden|puedo|debe|deben|hay|tiene|tienen|se puede|cubre|incluye)\s"
    r"|(?:è|sono|può|possono|posso|deve|devono|devo|c['’]è|ci sono|ha|hanno|si può|copre|include)\s"
    r"|(?:mag|mogen|kan|kunnen|moet|moeten|zijn|wordt|worden|heeft|hebben|geldt|dekt)\s"
    r"|(?:é|são|está|estão|pode|podem|posso|deve|devem|há|tem|têm|cobre|inclui)\s)",
    re.IGNORECASE,
)


def split_particle(sentence: str) -> tuple[Polarity, str]:
    """The yes or no that a sentence begins with, and the rest of it; empty where it begins with neither."""
    match = _PARTICLE.match(sentence)
    if not match:
        return "", sentence
    return "yes" if match["yes"] else "no", sentence[match.end() :]


def asks_yes_or_no(question: str) -> bool:
    """Whether a question begins as those do that are answered by yes or no, in the languages of the prompts."""
    return bool(_ASKS.match(question))


def with_particle(text: str, yes: bool, question: str, language: str, *, quoted: bool = False) -> str:
    """A sentence with yes or no before it, and a capital that began it made small where it begins no name.

    Of a sentence that is ``quoted`` nobody knows: what keeps its capital stands behind a colon.
    """
    prompts = PROMPTS[language]
    word = prompts.yes if yes else prompts.no
    first = re.match(r"\w+", text)
    if first and first[0][1:].islower() | (len(first[0]) == 1):
        lower = first[0].lower()
        if lower in stop_list(language) or re.search(rf"(?<!\w){re.escape(lower)}(?!\w)", question):
            text = lower + text[first.end() :]
    if quoted and text[:1].isupper():
        return f"{word} : {text}" if language == "fr" else f"{word}: {text}"
    return f"{word}, {text}"


def negated(text: str, language: str) -> bool:
    """Whether a text says that something is not so, in words that can hardly mean anything else."""
    pattern = _NEGATED.get(language)
    return bool(pattern and re.search(pattern, text, re.IGNORECASE))


def is_yes(said: Polarity, probability: float, sentence: str, question: str, language: str) -> bool:
    """Whether the answer to a question is yes.

    Args:
        said: what the model began its answer with.
        probability: of yes, when it was asked for that alone, 0 to 1.
        sentence: the rest of what it wrote.
    """
    probable = probability >= SAYS_YES
    if said and (said == "yes") == probable:
        return probable
    # the sentence was held against the passage, so it weighs more than a word
    if negated(sentence, language) and not negated(question, language):
        return False
    if not said or not SURE_NO < probability < SURE_YES:
        return probable
    return said == "yes"


def decided(question: str, quote: str, language: str, above: str = "", share: float = DECIDING_SHARE) -> bool | None:
    """Whether a quote answers a question with yes, by its words alone; None where that cannot be told.

    A quote that denies something says no to a question that does not; one that neither denies nor restricts anything
    ("only", "except", "excludes") says yes.  It must have a ``share`` of the question's words, some of which may stand
    in the headings ``above`` it, and where it is one clause that denies, the others must have none of them.
    """
    asked, said = known_terms(question, language), known_terms(f"{above}\n{quote}", language)
    if len(asked & said) < share * len(asked) or facts.denies(question, language):
        return None
    if not weekdays(question) <= weekdays(f"{above}\n{quote}"):
        return None
    clauses = [clause for clause in _CLAUSES.split(quote) if asked & known_terms(clause, language)]
    denied = _all_deny(clauses, language)
    if denied is None:
        return None
    if denied:
        return False
    told = set().union(*(facts.restrictions(clause, language) for clause in clauses))
    return None if told - facts.restrictions(question, language) else True


def _all_deny(clauses: Sequence[str], language: str) -> bool | None:
    """Whether clauses say that something is not so; None where only some do, or only a condition of theirs."""
    denying = {
        facts.denies(text, language) for clause in clauses for text in (clause, without_conditions(clause, language))
    }
    return denying.pop() if len(denying) == 1 else None


def agreed(question: str, quote: str, probability: float, language: str) -> bool | None:
    """Whether a quote answers a question with yes where it has few of its words, so that they do not decide.

    The ``probability`` of yes by the model and the form of the quote must agree: one that denies says no, one that
    neither denies nor restricts anything says yes.  None where they do not, where the question denies, or where only a
    part of the quote or a condition does.
    """
    if facts.denies(question, language):
        return None
    asked = known_terms(question, language)
    clauses = _CLAUSES.split(quote)
    denied = _all_deny([clause for clause in clauses if asked & known_terms(clause, language)] or clauses, language)
    if denied is not False:
        return False if denied and probability < SAYS_YES else None
    return True if probability >= SAYS_YES + MARGIN and not facts.restrictions(quote, language) else None
