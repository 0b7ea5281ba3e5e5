"""A follow-up rewritten by the language model, and the check that it has invented nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ragapp.answer.history import fit_turns, short_reply
from ragapp.contract import Turn
from ragapp.index.analysis import content_terms, folded_words, terms
from ragapp.llm.interface import LanguageModel
from ragapp.llm.templates import Message

MAX_TOKENS = 64
# tokens of earlier turns that the model reads: more costs seconds and helps little
HISTORY_TOKENS = 300
MAX_WORDS = 45
# a prompt is tokenized as a whole, which may cost a token more than its parts at each seam
SEAM_TOKENS = 16

Rewriter = Callable[[str, Sequence[Turn], str], tuple[str, int]]

_PROMPTS = {
    "en": (
        "You rewrite the last question of a conversation so that it can be understood without the conversation."
        " Replace words such as it, they or that by what they stand for. Use only words of the conversation. Keep it"
        " short. Never answer it.\n\n"
        "Example. Question: Who books the trains? Answer: Anna Reed books them. Last question: and when is she away?"
        " Rewritten: When is Anna Reed away?",
        "Question: {question}\nAnswer: {reply}\n",
        "Last question: {question}\n\nRewrite the last question. Reply with the rewritten question alone.",
    ),
    "fr": (
        "Tu réécris la dernière question d'une conversation pour qu'elle se comprenne sans la conversation. Remplace"
        " les mots comme il, elle ou cela par ce qu'ils désignent. Utilise seulement les mots de la conversation. Sois"
        " bref. N'y réponds jamais.\n\n"
        "Exemple. Question : Qui réserve les trains ? Réponse : Anna Roux les réserve. Dernière question : et quand"
        " est-elle absente ? Réécrite : Quand Anna Roux est-elle absente ?",
        "Question : {question}\nRéponse : {reply}\n",
        "Dernière question : {question}\n\nRéécris la dernière question. Donne seulement la question réécrite.",
    ),
}


def rewriter(engine: LanguageModel, cancelled: Callable[[], bool] = lambda: False) -> Rewriter:
    """A function that lets a language model rewrite a follow-up.

    Args:
        engine: loaded.
        cancelled: asked often; True stops the writing.

    Returns:
        A function of the question, the earlier turns and the language, which gives what the model wrote and how many of
        the oldest turns it could not be shown.
    """

    def rewrite(question: str, turns: Sequence[Turn], language: str) -> tuple[str, int]:
        frame = len(engine.prompt_tokens(rewrite_messages(question, [], language, engine.escape)))
        room = min(HISTORY_TOKENS, engine.window - frame - MAX_TOKENS - SEAM_TOKENS)
        shown = fit_turns(turns, engine.count, room, render=lambda turn: _rendered(turn, language))
        messages = rewrite_messages(question, shown.turns, language, engine.escape)
        return "".join(engine.generate(messages, max_tokens=MAX_TOKENS, cancelled=cancelled)), shown.dropped

    return rewrite


def rewrite_messages(
    question: str, turns: Sequence[Turn], language: str, escape: Callable[[str], str]
) -> list[Message]:
    """The chat that asks for a question that stands alone."""
    system, _, asked = _PROMPTS.get(language, _PROMPTS["en"])
    history = "".join(_rendered(turn, language) for turn in turns)
    content = escape(history) + asked.replace("{question}", escape(question))
    return [{"role": "system", "content": system}, {"role": "user", "content": content}]


def checked(written: str, question: str, turns: Sequence[Turn], language: str, own: str = "") -> str:
    """What the model wrote, as a question; empty where it cannot be trusted.

    Args:
        written: by the model.
        question: the follow-up.
        turns: what the model could take words from.
        language: of the question.
        own: the part of the question whose words must all be kept; the whole question when empty.

    Returns:
        One line.  Every word that carries meaning stands in the conversation, those of the question are kept, and
        something of the conversation has been added.
    """
    lines = [line.strip(" \"'«»“”*") for line in written.splitlines() if line.strip()]
    if not lines:
        return ""
    text = lines[0].partition(":")[2].strip() if lines[0].lower().startswith(_LABELS) else lines[0]
    if "?" not in text or len(text.split()) > MAX_WORDS:
        return ""
    text = text[: text.index("?") + 1]
    said = {
        term
        for turn in turns
        for part in (turn.question, turn.standalone, turn.reply)
        for term in terms(part, language)
    }
    asked = set(terms(question, language))
    new = set(content_terms(text, language)) - _FORM[language if language in _FORM else "en"]
    kept = set(content_terms(own or question, language)) - _FORM[language if language in _FORM else "en"]
    if not new <= said | asked or not kept <= set(terms(text, language)) or not new - asked:
        return ""
    # a question again, not the last one once more
    if any(folded_words(text) == folded_words(turn.standalone) for turn in turns):
        return ""
    return text


_LABELS = ("rewritten", "question", "réécrite", "last question", "dernière question")
# stems of words that carry the form of a question, beyond the stop words
_FORM = {
    "en": frozenset({"then", "now", "also", "exactli", "pleas", "happen", "mean", "say", "one", "same"}),
    "fr": frozenset({"alor", "donc", "aussi", "exact", "arriv", "signifi", "dit", "mem"}),
}


def _rendered(turn: Turn, language: str) -> str:
    _, pattern, _ = _PROMPTS.get(language, _PROMPTS["en"])
    return pattern.replace("{question}", turn.standalone).replace("{reply}", short_reply(turn))
