"""A follow-up question made into one that stands alone, by rules first and by the model only where they do not do.

A question that is wrongly rewritten finds nothing, so whatever may stand alone is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ragapp.answer.followup_words import FOLLOW_UP_WORDS, FollowUpWords
from ragapp.answer.rewriting import Rewriter, checked
from ragapp.answer.slots import CODE, add, fill, kind_of, leading_preposition, without_determiner
from ragapp.contract import Turn
from ragapp.contract import Understood as FollowUp
from ragapp.index.analysis import content_terms, detect_language

# a fragment that has more words is a question, or a search, of its own
MAX_FRAGMENT_WORDS = 8
# in a longer one a pronoun may stand for what an earlier verb is about
LONG_QUESTION_WORDS = 7
# share of a question's words that some passage must hold for the question to be what was meant
COVERED = 0.7

# not behind an article: that is an office or a place
_NAME = re.compile(
    r"(?<!\b[Tt]he )(?<!\b[Ll][ae] )(?<!\b[Ll]['’])\b[A-ZÀ-Þ][\w’'-]+(?:\s(?:de\s|d')?[A-ZÀ-Þ][\w’'-]+)+"
)
# "le salarié peut-il": the pronoun repeats the subject
_REPEATS = re.compile(r"(?:[^\W\d]+-(?:t-)?)?(?:il|elle)s?")
_APPENDED = re.compile(r"[^()]{1,200}\((?P<last>[^()]+)\)\s*")
_SUBCLAUSE = re.compile(r"(?:if|when|unless|i|we|you|si|s'ils?|quand|je|nous|vous)\s")
_IT_DEPARTMENT = re.compile(r"\bIT\b")
_RESULT_MARKS = " ?!.…\u00a0\u202f"


def standalone(
    question: str,
    turns: Sequence[Turn],
    language: str = "",
    *,
    covered: Callable[[str], float] | None = None,
    rewrite: Rewriter | None = None,
) -> FollowUp:
    """Understand a question in its conversation.

    Args:
        question: as the person asked it.
        turns: of the conversation so far, the oldest first.
        language: of the question; it is told from the question and the last one when empty.
        covered: share of a question's words, 0 to 1, that the best passage holds.  It tells whether a phrase such as
            "and the deadline?" belongs to the last question or begins something new.
        rewrite: asks the language model, see :func:`ragapp.answer.rewriting.rewriter`; None to do without.

    Returns:
        The question itself where it stands alone, or where nothing was said before.
    """
    question = " ".join(question.split())
    if not turns or not question:
        return FollowUp(question, "unchanged")
    last = _core(turns[-1].standalone)
    language = language or _language(question, last)
    words = FOLLOW_UP_WORDS.get(language)
    if words is None:
        return FollowUp(question, "unchanged")
    low = question.lower().replace("’", "'")
    if words.bare.fullmatch(low):
        return FollowUp(_behind(question, last), "appended")
    fragment = _fragment(question, words)
    if fragment:
        return _completed(question, fragment, last, turns, language, words, covered, rewrite)
    if _is_elliptic(question, words):
        joined = _behind(question, last)
        return _likelier(question, FollowUp(joined, "appended"), covered)
    if _points_back(question, words):
        named = _named(question, turns, last, words, language)
        if named:
            return FollowUp(named, "named")
        return _rewritten(question, last, turns, language, rewrite)
    return FollowUp(question, "unchanged")


def _core(question: str) -> str:
    """The last question, without a follow-up of its own in front of it."""
    found = _APPENDED.fullmatch(question)
    return found["last"].strip() if found else question


def _language(question: str, last: str) -> str:
    """English or French; a few words say too little, so that the last question's language decides there."""
    before = detect_language(last, FOLLOW_UP_WORDS)
    low = question.lower().replace("’", "'")
    words = FOLLOW_UP_WORDS[before] if before else None
    if words and (words.bare.fullmatch(low) or words.opener.match(low) or len(question.split()) < 3):
        return before
    return detect_language(question, FOLLOW_UP_WORDS) or before


def _fragment(question: str, words: FollowUpWords) -> str:
    """The phrase that a follow-up such as "and for part-timers?" consists of; empty where it is more, or less."""
    low = question.lower().replace("’", "'")
    opener = words.opener.match(low)
    begin = opener.end() if opener else 0
    anew = words.asks_anew.match(low, begin)
    begin = anew.end() if anew else begin
    phrase = question[begin:].strip(_RESULT_MARKS)
    told = low[begin:]
    if not phrase or len(phrase.split()) > MAX_FRAGMENT_WORDS or ", " in phrase:
        return ""
    if (
        _SUBCLAUSE.match(told)
        or words.question.search(told)
        or words.pronoun.search(told)
        or words.pointing.search(told)
    ):
        return ""
    if opener or anew:
        return phrase
    asked = "?" in question[-2:]
    if leading_preposition(phrase, words):
        return phrase if asked and len(phrase.split()) <= 5 else ""
    # a capital at the beginning says nothing: "Grenoble?", "Pension?"
    kinds = ("year", "code", "amount") if " " not in phrase else ("proper", "amount")
    return phrase if asked and len(phrase.split()) <= 3 and kind_of(phrase, words) in kinds else ""


def _completed(
    question: str,
    fragment: str,
    last: str,
    turns: Sequence[Turn],
    language: str,
    words: FollowUpWords,
    covered: Callable[[str], float] | None,
    rewrite: Rewriter | None,
) -> FollowUp:
    filled = fill(last, fragment, words)
    low = question.lower().replace("’", "'")
    opened = words.opener.match(low) or words.asks_anew.match(low) or leading_preposition(fragment, words)
    if not filled and not opened:
        return FollowUp(question, "unchanged")
    prepositional = leading_preposition(fragment, words)
    kind = kind_of(prepositional.text if prepositional else fragment, words)
    if filled and (prepositional or kind != "common"):
        return FollowUp(filled, "replaced")
    if prepositional or kind == "year":
        link = "" if prepositional else {"en": "in ", "fr": "en "}[language]
        return FollowUp(add(last, link + fragment[:1].lower() + fragment[1:]), "added")
    # "and the deadline?" may go on with the last question, or begin something new
    together = FollowUp(filled, "replaced") if filled else FollowUp(_behind(question, last), "appended")
    if not covered and not filled:
        return _rewritten(question, last, turns, language, rewrite)
    return _likelier(question, together, covered)


def _likelier(question: str, together: FollowUp, covered: Callable[[str], float] | None) -> FollowUp:
    """The question together with the last one, or alone where no passage is about both."""
    if covered:
        alone, joined = covered(question), covered(together.question)
        if joined < COVERED and joined < alone:
            return FollowUp(question, "unchanged")
    return together


def _points_back(question: str, words: FollowUpWords) -> bool:
    """Whether a pronoun or a demonstrative of the question stands for something that the question does not name."""
    low = question.lower().replace("’", "'")
    empty = [match.span() for match in words.expletive.finditer(low)]
    empty += [match.span() for match in _IT_DEPARTMENT.finditer(question)]
    found = [*words.pronoun.finditer(low), *words.pointing.finditer(low)]
    for match in sorted(found, key=lambda match: match.start()):
        if not any(begin <= match.start() < end or begin < match.end() <= end for begin, end in empty):
            return not _named_before(question, match, words)
    return False


def _is_elliptic(question: str, words: FollowUpWords) -> bool:
    """ "and who approves?", "who decides?", "and if I am late?": nothing is named that it could be about"""
    low = question.lower().replace("’", "'")
    opener = words.opener.match(low)
    rest = (low[opener.end() :] if opener else low).strip(_RESULT_MARKS)
    if words.pronoun.search(rest) or ", " in rest:
        return False
    if opener and _SUBCLAUSE.match(rest) and len(rest.split()) <= MAX_FRAGMENT_WORDS:
        return True
    if not opener:
        return bool(re.fullmatch(r"(?:who|qui)\s+[^\W\d]+", rest))
    return len(rest.split()) <= 5 and bool(words.question.match(rest)) and not _names_something(question, words)


def _named_before(question: str, pronoun: re.Match[str], words: FollowUpWords) -> bool:
    """Whether an earlier clause, or the subject that a pronoun repeats, names what the pronoun stands for.

    A pronoun does not stand for another noun of its own clause ("does the manager approve it?"), but for one before.
    """
    low = question.lower().replace("’", "'")
    opener = words.opener.match(low)
    begin = opener.end() if opener else 0
    bounds = [m.span() for m in words.clause.finditer(low) if begin < m.start() and m.end() <= pronoun.start() + 1]
    start = begin
    for stop, following in bounds:
        clause = question[start:stop]
        sharp = low[stop] in ",;:.!?"
        if _names_something(clause, words) or _has_object(clause, words):
            return True
        if sharp and len(clause.split()) > 2 and content_terms(clause, "en"):
            return True
        start = following
    before = question[start : pronoun.start()]
    if len(low.split()) > LONG_QUESTION_WORDS and _names_something(before, words):
        return True
    if words.possessive.match(low, pronoun.start()):
        # a French subject may come behind: "à partir de quand un apprenti ..."
        return _names_something(before, words) or _names_something(question[pronoun.end() :], words)
    # "Stablinski faisait-il": a name may be the first word
    named = before[:1].isupper() and not (words.question.match(low) or words.prepositions.match(low))
    return bool(_REPEATS.fullmatch(pronoun[0])) and (named or _names_something(before, words))


def _names_something(clause: str, words: FollowUpWords) -> bool:
    names = re.search(r"(?<=\s)(?!I\b|I')[A-ZÀ-Þ][\w-]*|\d|\b(?:two|three|several|deux|trois|plusieurs)\b", clause)
    return bool(names or words.determiners.search(clause.lower().replace("’", "'")))


def _has_object(clause: str, words: FollowUpWords) -> bool:
    """ "what happens to claims" """
    low = clause.lower()
    return any(
        (following := re.match(r"\s+([^\W\d]{3,})", low[match.end() :])) and not words.question.fullmatch(following[1])
        for match in words.prepositions.finditer(low)
    )


def _named(question: str, turns: Sequence[Turn], last: str, words: FollowUpWords, language: str) -> str:
    """The question with a pronoun replaced by what it surely stands for; empty where that is not sure."""
    low = question.lower().replace("’", "'")
    of_whom = words.possessive.search(low) and re.match(r"(?:who|qui)\b", last.lower())
    if words.personal.search(low) or of_whom:
        name = _person(turns[-1].reply, words) or _person(last, words)
        if not name:
            return ""
        if language != "en":
            return f"{question} ({name})"
        named = re.sub(
            r"\b(he|she|him|hers|his|her(?=\s+\w+)|her)\b",
            lambda m: f"{name}'s" if m[1].lower() in ("his", "hers") or _owns(question, m) else name,
            question,
            count=1,
            flags=re.IGNORECASE,
        )
        # "and before her?" says nothing else
        own = words.opener.sub(" ", words.prepositions.sub(" ", words.personal.sub(" ", low)), count=1)
        return named if content_terms(own, language) or not words.opener.match(low) else _behind(named, last)
    subject = words.copula.fullmatch(last.lower().replace("’", "'"))
    if language != "en" or not subject:
        return ""
    noun = last[subject.start("subject") : subject.end("subject")]
    if re.search(r"\bits\b", low):
        # of the price of the HM-200, a thing has a warranty
        codes = [match[0] for match in CODE.finditer(last)]
        owner = codes[0] if len(codes) == 1 else noun
        return re.sub(r"\bits\b", f"the {owner}'s", question, count=1) if len(owner.split()) == 1 else ""
    return re.sub(r"\bit\b", noun, question, count=1, flags=re.IGNORECASE) if re.search(r"\bit\b", low) else ""


def _owns(question: str, pronoun: re.Match[str]) -> bool:
    """Whether "her" stands before what is hers."""
    following = [word.strip("?.!,").lower() for word in question[pronoun.end() :].split()[:1]]
    no_noun = (
        "",
        "in",
        "on",
        "at",
        "for",
        "by",
        "about",
        "to",
        "with",
        "when",
        "if",
        "after",
        "before",
        "then",
        "again",
    )
    return pronoun[0].lower() == "her" and bool(following) and following[0] not in no_noun


def _person(text: str, words: FollowUpWords) -> str:
    """The only name of two words or more in a text; empty where there is none, or more than one."""
    names = {" ".join(without_determiner(match[0], words).split()) for match in _NAME.finditer(text)}
    names = {name for name in names if " " in name}
    return names.pop() if len(names) == 1 else ""


def _rewritten(question: str, last: str, turns: Sequence[Turn], language: str, rewrite: Rewriter | None) -> FollowUp:
    if rewrite:
        written, dropped = rewrite(question, turns, language)
        words = FOLLOW_UP_WORDS[language]
        own = words.pointing.sub(" ", words.pronoun.sub(" ", question.lower().replace("’", "'")))
        text = checked(written, question, turns, language, own)
        if text:
            return FollowUp(text, "model", dropped)
    return FollowUp(_behind(question, last), "appended")


def _behind(question: str, last: str) -> str:
    return f"{question} ({last})"
