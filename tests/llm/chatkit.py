"""Chats for the tests of templates: with inner and outer white space, marks in the text, and several scripts."""

SYSTEM = " Answer from the passages.\nSay so if they do not tell.\n"
_QUESTIONS = (
    "What does section 2 say?",
    "  And section 3?\n\nIt is the one with {bos} and {{ braces }}.  ",
    "Und Größe 5 — wie groß?",
    "第四节呢？",
    "\nThe last one.",
)
_ANSWERS = ("It says that the pump must be off.", "  Nothing about it.\n", "Fünf Meter.", "没有。")


def chat(exchanges: int, system: bool) -> list[dict[str, str]]:
    """A chat of so many questions, the last unanswered, with a system turn or without."""
    turns = [{"role": "system", "content": SYSTEM}] if system else []
    for place in range(exchanges):
        turns.append({"role": "user", "content": _QUESTIONS[place]})
        if place < exchanges - 1:
            turns.append({"role": "assistant", "content": _ANSWERS[place]})
    return turns


CHATS = {f"{n}{' with system' if system else ''}": chat(n, system) for n in (1, 2, 5) for system in (False, True)}
