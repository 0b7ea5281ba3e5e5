"""A follow-up rewritten by the language model, and the check that it has invented nothing.

The prompt is English with examples in several languages, and does for all; the check compares stems and knows no words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ragapp.answer.history import fit_turns, short_reply
from ragapp.contract import Turn
from ragapp.index.analysis import content_terms, folded_words, known_terms, terms
from ragapp.llm.interface import LanguageModel
from ragapp.llm.templates import Message

MAX_TOKENS = 64
# tokens of earlier turns that the model reads: more costs seconds and helps little
HISTORY_TOKENS = 300
MAX_WORDS = 45
# letters of a word of the follow-up that the rewritten question may do without
SHORT = 4
# a prompt is tokenized as a whole, which may cost a token more than its parts at each seam
SEAM_TOKENS = 16

Rewriter = Callable[[str, Sequence[Turn]], tuple[str, int]]

_SYSTEM = (
    "You rewrite the follow-up question of a conversation as one complete question that can be understood without the"
    " conversation: put in what it leaves out, replace what it replaces, and put names in place of pronouns. Keep its"
    " language. Use only words of the conversation. Do not answer."
)
_TURN = "Question: {question}\nAnswer: {reply}\n"
_ASKED = "Follow-up: {question}"
# question, answer, follow-up, rewritten: something takes the place of its like, something is added, a pronoun is named
_EXAMPLES = (
    (
        "How much is the fee for adults in the 2023 price list?",
        "It is £5.",
        "and for children?",
        "How much is the fee for children in the 2023 price list?",
    ),
    ("Was kostet ein Zimmer in Köln?", "60 Euro.", "und in Bonn?", "Was kostet ein Zimmer in Bonn?"),
    ("Qui commande le papier ?", "Anna Roux.", "où est son bureau ?", "Où est le bureau d'Anna Roux ?"),
    ("How many pages does a report have?", "Two.", "are they numbered?", "Are the pages of a report numbered?"),
    ("Who pays the rent?", "The club.", "and after June?", "Who pays the rent after June?"),
)


def rewriter(engine: LanguageModel, cancelled: Callable[[], bool] = lambda: False) -> Rewriter:
    """A function that lets a language model rewrite a follow-up.

    Args:
        engine: loaded.
        cancelled: asked often; True stops the writing.

    Returns:
        A function of the question and the earlier turns, which gives what the model wrote and how many of the oldest
        turns it could not be shown.
    """

    def rewrite(question: str, turns: Sequence[Turn]) -> tuple[str, int]:
        frame = len(engine.prompt_tokens(rewrite_messages(question, [], engine.escape)))
        room = min(HISTORY_TOKENS, engine.window - frame - MAX_TOKENS - SEAM_TOKENS)
        shown = fit_turns(turns, engine.count, room, render=_rendered)
        messages = rewrite_messages(question, shown.turns, engine.escape)
        return "".join(engine.generate(messages, max_tokens=MAX_TOKENS, cancelled=cancelled)), shown.dropped

    return rewrite


def rewrite_messages(question: str, turns: Sequence[Turn], escape: Callable[[str], str]) -> list[Message]:
    """The chat that asks for a question that stands alone."""
    messages: list[Message] = [{"role": "system", "content": _SYSTEM}]
    for before, reply, follow_up, rewritten in _EXAMPLES:
        shown = _TURN.format(question=before, reply=reply) + _ASKED.format(question=follow_up)
        messages += [{"role": "user", "content": shown}, {"role": "assistant", "content": rewritten}]
    asked = escape("".join(map(_rendered, turns))) + _ASKED.format(question=escape(question))
    return [*messages, {"role": "user", "content": asked}]


def checked(written: str, question: str, turns: Sequence[Turn], language: str) -> str:
    """What the model wrote, as a question; empty where it cannot be trusted.

    Args:
        written: by the model.
        question: the follow-up.
        turns: what the model could take words from.
        language: of the question, ISO 639-1.

    Returns:
        One line that ends as the question does, with a question mark for example.  Every word that carries meaning
        stands in the conversation; of the question's own words at least half are kept, all figures and all long words
        among them (a pronoun is replaced).  It may be the question as it was.
    """
    lines = [line.strip(" \"'«»“”*") for line in written.splitlines() if line.strip()]
    text = lines[0] if lines else ""
    end = question[-1:]
    if not end.isalnum():
        text = text[: text.rfind(end) + 1]
    conversation = "\n".join(part for turn in turns for part in (turn.question, turn.standalone, turn.reply))
    said, kept = (_every_term(part, language) for part in (f"{conversation}\n{question}", text))
    own, new = set(content_terms(question, language, kept)), set(content_terms(text, language, said))
    invented = {term for term in new - said if not _is_seam(term, conversation + question)}
    lost = own - kept
    if not new or invented or 2 * len(lost) > len(own) or not all(map(_may_be_lost, lost)):
        return ""
    # a question again, not the last one once more
    if len(text.split()) > MAX_WORDS or any(folded_words(text) == folded_words(turn.standalone) for turn in turns):
        return ""
    return text


def _every_term(text: str, language: str) -> set[str]:
    """The terms that a text's words may be known by, stop words included."""
    return known_terms(text, language).union(terms(text, language))


def _may_be_lost(term: str) -> bool:
    """Pronouns and conjunctions are short in every language (Zipf's law of abbreviation)."""
    return len(term) <= SHORT and not any(map(str.isdigit, term))


def _is_seam(term: str, conversation: str) -> bool:
    """Whether a term is no word: one letter (Anna's, l'accord), or two that meet in a script without spaces."""
    return (len(term) == 1 and term.isalpha()) or (
        len(term) == 2 and not term.isascii() and set(term) <= set(conversation.lower())
    )


def _rendered(turn: Turn) -> str:
    return _TURN.format(question=turn.standalone, reply=short_reply(turn))
