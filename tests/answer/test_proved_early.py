"""Sentences that are told while the rest is written are those of the answer at the end, in order, word for word."""

import random
import re
import time
from itertools import groupby
from pathlib import Path

import pytest
from answerkit import StandIn, passage

from ragapp.answer.assistant import Assistant
from ragapp.answer.draft import Draft
from ragapp.answer.grounding import Grounding, ground
from ragapp.answer.prompts import PROMPTS
from ragapp.answer.repetition import loop_start
from ragapp.answer.writing import _Statement
from ragapp.contract import Answer, Proved, Stage
from ragapp.errors import CancelledError, ModelError
from ragapp.llm.engine import GenerationStats
from ragapp.retrieval.passage import RetrievalResult
from ragapp.settings import load_settings

SETTINGS = Path(__file__).parents[2] / "settings.yaml"
EN = PROMPTS["en"]

CLUB = passage(
    "The annual fee is €40. It is due on 1 March. Boats are inspected by Dr. Ines Falk every spring, see no. 5 of the"
    " rules.\n\n1. Keys are lent for a week. 2. A lost key costs £15. 3. Keys are never posted.",
    "club.pdf",
    1,
)
HALL = passage("The hall opens at 9 a.m. on 3. May 2024.\nIt closes at 10 p.m. Dogs are not allowed.", "hall.pdf", 7)

# what models write, and what they should not
PIECES = [
    "The annual fee is €40.",
    "The annual fee is €99.",
    "It is due on 1 March.",
    "Boats are inspected by Dr. Ines Falk every spring.",
    "See no. 5 of the rules.",
    "see Art. L. 1234-5.",
    "Keys are lent for a week. [1]",
    "A lost key costs £15 [1].",
    "A lost key costs £15.[1]",
    "[1] Keys are never posted.",
    "Keys are never posted. [2] [1, 2]",
    "Dogs are not allowed! [2]",
    "The hall opens at 9 a.m. on 3. May 2024.",
    "It closes at 10 p.m.",
    "The rules are:",
    "1. Keys are lent for a week.",
    "2. A lost key costs £15.",
    "3. Keys are never posted.",
    "4. Keys are gold.",
    "- Keys are lent for a week.",
    "- A lost key costs £15.",
    "* Keys are made of gold.",
    "1) Keys are never posted",
    "| Key | Price |",
    "| --- | --- |",
    "| lost | £15 |",
    "…",
    "“Keys are never posted.” Says who?",
    "Nobody knows",
    "gold gold gold gold gold gold gold gold gold gold gold ",
    "lalalalalalalalalalalalalalalalalalalalalalalalalalalala",
    "On 1. Mai it is free.",
    "Jan. 5 is free.",
    "[",
    "[1, ",
    "==========",
]


def made(seed):
    """A text of a model, and where its pieces end."""
    chance = random.Random(seed)
    pieces = chance.choices(PIECES, k=chance.randint(1, 7))
    if chance.random() < 0.15:
        pieces += [pieces[-1]] * 3
    text = "".join(piece + chance.choice([" ", " ", "  ", "\n", "\n\n", "\r\n", "\n  "]) for piece in pieces)
    ends, end = [], 0
    while end < len(text):
        end = min(len(text), end + chance.choice([1, 1, 2, 3, 5, 9]))
        ends.append(end)
    return text, ends


def written(text, ends):
    """The growing text as it is looked at, and what is left of it in the end, without a loop."""
    seen = []
    for end in ends:
        begin = loop_start(text[:end])
        if begin >= 0:
            inside = begin > 0 and text[begin - 1].isalnum() and text[begin].isalnum()
            return seen, text[: text.rfind(" ", 0, begin) + 1] if inside else text[:begin]
        seen.append(text[:end])
    return seen, text


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_sentence_by_sentence_the_check_says_what_it_says_of_the_whole(first):
    early = 0
    for seed in range(first, first + 100):
        text, ends = made(seed)
        seen, whole = written(text, ends)
        grounding, told = Grounding("What are the rules?", (CLUB, HALL), "en"), []
        for part in seen:
            if grounding.waiting(part):
                told += grounding.read(part, ended=False)
                early += bool(told)
        told += grounding.read(whole, ended=True)
        assert (told, grounding.citations) == ground(whole, "What are the rules?", (CLUB, HALL), "en"), text
    assert early > 100


def stated(draft, text, used, main, alone):
    """What a draft takes of a whole text."""
    sentences, citations = ground(text, draft.question, used, "en")
    saying = [sentence for sentence in sentences if not sentence.text.endswith(":")]
    if not saying or (main and not saying[0].supported):
        return False
    if alone:
        sentences = [sentence for sentence in saying if sentence.supported][:1]
    return draft.state(sentences, citations, used)


@pytest.mark.parametrize("options", [(False, False), (True, False), (False, True)], ids=["all", "main", "alone"])
def test_what_an_answer_takes_of_a_text_is_what_it_takes_of_the_whole(options):
    used, early = (HALL, CLUB), 0
    for seed in range(1000, 1100):
        text, ends = made(seed)
        seen, whole = written(text, ends)
        drafts = [Draft("What are the rules?", "", "en", passages=[CLUB]) for _ in range(2)]
        statement = _Statement(drafts[0], lambda: Grounding("What are the rules?", used, "en"), used, *options)
        told = []
        for part in seen:
            if statement.may_read(part):
                statement.read(part, ended=False)
                told += drafts[0].proved()
                early += len(told)
        statement.read(whole, ended=True)
        told += drafts[0].proved()
        assert statement.stated == stated(drafts[1], whole, used, *options)
        one, other = ((d.text, d.abstained, d.sentences, d.citations, d.passages) for d in drafts)
        assert one == other, text
        assert [event.sentence for event in told] == drafts[0].sentences
        assert [one for event in told for one in event.citations] == drafts[0].citations
    assert early > 100


def test_a_sentence_is_settled_soon_after_its_end():
    text = "The annual fee is €40. It is due on 1 March. Boats are inspected by Dr. Ines Falk every spring."
    grounding = Grounding("What are the rules?", (CLUB,), "en")
    settled = [grounding.waiting(text[:end]) for end in range(len(text) + 1)]
    firsts = [settled.index(count) for count in (1, 2)]
    ends = [text.index(" It"), text.index(" Boats")]
    assert all(0 < first - end <= 16 for first, end in zip(firsts, ends, strict=True))
    assert settled[-1] == 2  # the last one ends with the text


class Model(StandIn):
    """Stands in for the engine; ``writes`` are rules of ``(words, text)``, and nothing is written any more once
    ``stop`` is set, which happens at the words ``until``."""

    name = "model"

    def __init__(self, writes, states=(), polar=0.9, until=""):
        self.writes, self.states, self.polar, self.until = writes, states, polar, until
        self.stats, self.stop, self.log = GenerationStats(), False, []

    def choice_probabilities(self, messages, choices, cancelled=None):
        shown = messages[-1]["content"]
        self.log.append("read")
        if shown.endswith(EN.polarity):
            return [self.polar, 1 - self.polar]
        found = next((p for words, p in self.states if all(word in shown for word in words)), 0.02)
        return [found, 0.0, 1 - found][: len(choices)] if len(choices) == 3 else [found, 1 - found]

    def generate(self, messages, cancelled=None, **options):
        shown, said = messages[-1]["content"], ""
        self.stats.ended = "stopped"
        text = next((text for words, text in self.writes if all(word in shown for word in words)), "")
        for word in re.findall(r"\s*\S+|\s+", text):
            if cancelled and cancelled():
                return
            said += word
            self.log.append(word)
            if self.until and said.endswith(self.until):
                self.stop = True
            yield word
        self.stats.ended = "end"


class Search:
    def __init__(self, *passages):
        self.passages = passages

    def search(self, question, k, within):
        return RetrievalResult(self.passages[:k], {}, 5, 5, 5)


def events_of(question, passages, model, **answer):
    settings = load_settings(SETTINGS, {"answer": {"threshold": 0.5, **answer}})
    assistant = Assistant(Search(*passages), lambda: model, settings)
    return list(assistant.ask(question, cancelled=lambda: model.stop))


KEYS = passage("Keys are lent for a week. A lost key costs £15. Keys are never posted.", "keys.pdf", 1)
FEES = passage("The annual fee is €40. It is due on 1 March.", "fees.pdf", 3)
BOATS = passage("Boats are inspected by Ines Falk every spring.", "boats.pdf", 2)
SEALS = passage("The warranty covers the motor. Seals are not covered.", "warranty.pdf", 1)
FIRMS = passage(
    "| Firm | Country |\n| --- | --- |\n| Arvo | Norway |\n| Brenta | Italy |\n| Dorsk | Norway |", "firms.xlsx", 1
)
OLD = passage("The ceiling in Rome is €150. Travel rules.", "travel-2023.pdf", 1)
NEW = passage("The ceiling in Rome is €170. Travel rules.", "travel-2024.pdf", 1)
SURE = [((), 0.9)]
EVERY_KIND = {
    "single": ("What does a lost key cost?", (KEYS,), Model([((), "A lost key costs £15. Keys are gold.")], SURE)),
    "main not stated": (
        "What does a lost key cost?",
        (KEYS,),
        Model([((), "It is gold. A lost key costs £15.")], SURE),
    ),
    "own words": ("What does a lost key cost?", (KEYS,), Model([((), "A lost key costs £99.")], SURE)),
    "several": (
        "What are the rules for keys?",
        (KEYS, BOATS),
        Model([((), "Keys are lent for a week. A lost key costs £15. Keys are never posted. They are gold.")], SURE),
    ),
    "parts": (
        "What is the annual fee and who inspects the boats?",
        (FEES, BOATS),
        Model(
            [(("fees.pdf",), "The annual fee is €40."), (("boats.pdf",), "Ines Falk inspects the boats.")],
            [(("fees.pdf", "annual fee"), 0.9), (("boats.pdf", "inspects"), 0.9)],
        ),
    ),
    "a part in own words": (
        "What is the annual fee and who inspects the boats?",
        (FEES, BOATS),
        Model(
            [(("fees.pdf",), "The annual fee is €40."), (("boats.pdf",), "Nobody does it.")],
            [(("fees.pdf", "annual fee"), 0.9), (("boats.pdf", "inspects"), 0.9)],
        ),
    ),
    "yes or no": ("Are seals covered?", (SEALS,), Model([((), "No, seals are not covered.")], SURE, 0.1)),
    "list": ("List all keys.", (KEYS,), Model([((), "- Keys are lent for a week.\n- Keys are never posted.")], SURE)),
    "rows": ("List all firms from Norway.", (FIRMS,), Model([], SURE)),
    "comparison": (
        "What is the difference between the 2023 and the 2024 travel rules for hotels in Rome?",
        (OLD, NEW),
        Model([(("2023.pdf",), "The ceiling in Rome is €150."), (("2024.pdf",), "The ceiling in Rome is €170.")], SURE),
    ),
    "another language first": (
        "What does a lost key cost?",
        (KEYS,),
        Model(
            [
                ((EN.in_language,), "A lost key costs £15."),
                ((), "Une clé perdue coûte £15. Elle est à la charge de la personne qui la perd."),
            ],
            SURE,
        ),
    ),
    "a loop": (
        "What are the rules for keys?",
        (KEYS,),
        Model([((), "Keys are lent for a week. A lost key costs £15. " + "Keys are never posted. " * 9)], SURE),
    ),
    "not found": ("What does a lost key cost?", (BOATS,), Model([], [])),
}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_what_is_told_stands_in_the_answer(kind):
    question, passages, model = EVERY_KIND[kind]
    events = events_of(question, passages, model, threshold=0.5)
    told, answer = [event for event in events if isinstance(event, Proved)], events[-1]
    assert sum(isinstance(event, Answer) for event in events) == 1
    if kind == "comparison":  # a table is known when all of it is
        assert not told
        return
    assert tuple(event.sentence for event in told) == answer.sentences
    assert tuple(one for event in told for one in event.citations) == answer.citations
    assert bool(told) != answer.abstained
    assert "99" not in answer.answer
    grades = [event.grade for event in told]
    assert answer.abstained or (grades[-1], told[-1].doubt) == (answer.grade, answer.doubt)
    assert grades == sorted(grades)  # answered, then likely
    between = "\n" if told and told[0].lines else " "
    assert answer.abstained or answer.answer == between.join(event.sentence.text for event in told)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_nothing_else_is_told_than_where_it_is_and_what_is_proved(kind):
    question, passages, model = EVERY_KIND[kind]
    *before, _ = events_of(question, passages, model)
    words = " ".join(str(event) for event in before if not isinstance(event, Proved))
    assert not re.search(r"gold|£99|€40|lent for", words)


def test_the_first_sentence_is_told_while_the_others_are_written():
    model = Model([((), "Keys are lent for a week. A lost key costs £15. Keys are never posted.")], SURE)
    settings = load_settings(SETTINGS, {"answer": {"threshold": 0.5}})
    for event in Assistant(Search(KEYS), lambda: model, settings).ask("What are the rules for keys?"):
        if isinstance(event, Proved):
            assert "posted." not in " ".join(model.log)
            return
    pytest.fail("nothing was told")


def test_nothing_is_told_before_its_main_sentence_is_stated():
    text = "Here is what it costs: nothing at all in the end. A lost key costs £15. Keys are lent for a week."
    events = events_of("What does a lost key cost?", (FEES,), Model([((), text)], [((), 0.55)]))
    assert not any(isinstance(event, Proved) for event in events)


def test_a_text_that_changes_its_language_keeps_what_was_told():
    text = (
        "Keys are lent for a week and it is the same for all of them. A lost key costs £15 for the one who had it."
        " Une clé perdue coûte £15 et elle est à la charge de la personne qui la perd, et les autres ne la paient pas,"
        " car elle est dans les mains de celui qui l'a perdue, et il est le seul qui la paie dans tous les cas."
    )
    model = Model([((), text)], SURE)
    events = events_of("What are the rules for keys?", (KEYS,), model)
    told = [event.sentence.text for event in events if isinstance(event, Proved)]
    assert told[0] == "Keys are lent for a week and it is the same for all of them. [1]"
    assert told == [sentence.text for sentence in events[-1].sentences]
    assert not any("clé" in one for one in told)


def test_it_is_told_which_passage_is_read():
    events = events_of(
        "What does a lost key cost?", (BOATS, KEYS), Model([((), "A lost key costs £15.")], [(("keys",), 0.9)])
    )
    stages = [event for event in events if isinstance(event, Stage)]
    read = [(stage.place.document, stage.place.page, stage.number, stage.passages) for stage in stages if stage.number]
    assert read == [("boats.pdf", 2, 1, 2), ("keys.pdf", 1, 2, 2)]
    (writing,) = [stage for stage in stages if stage.name == "writing"]
    assert writing.place.document == "keys.pdf"
    assert [name for name, _ in groupby(stage.name for stage in stages)] == ["searching", "reading", "writing"]


def test_who_stops_it_has_what_was_proved_until_then():
    text = "Keys are lent for a week. A lost key costs £15. Keys are never posted."
    events = events_of("What are the rules for keys?", (KEYS,), Model([((), text)], SURE, until="Keys are never"))
    told, answer = [event for event in events if isinstance(event, Proved)], events[-1]
    assert answer.answer == "Keys are lent for a week. [1] A lost key costs £15. [1]"
    assert [event.sentence for event in told] == list(answer.sentences)
    assert answer.citations[0].quote == "Keys are lent for a week."
    assert answer.stopped
    assert not answer.abstained


def test_half_a_sentence_is_no_sentence():
    text = "Keys are lent for a week. A lost key costs £15 or more."
    events = events_of("What are the rules for keys?", (KEYS,), Model([((), text)], SURE, until="costs £15"))
    assert events[-1].answer == "Keys are lent for a week. [1]"


def test_who_stops_before_anything_is_proved_gets_no_answer():
    with pytest.raises(CancelledError):
        events_of("What does a lost key cost?", (KEYS,), Model([((), "A lost key costs £15.")], SURE, until="A lost"))


def test_parts_that_were_not_asked_for_yet_are_not_told_as_not_stated():
    model = Model(
        [(("fees.pdf",), "The annual fee is €40. It is due on 1 March."), (("boats.pdf",), "Ines Falk inspects them.")],
        [(("fees.pdf", "What is the annual fee?"), 0.9), (("boats.pdf", "who inspects"), 0.9)],
        until="due on",
    )
    question = "What is the annual fee and who inspects the boats and where is the anchor?"
    *_, answer = events_of(question, (FEES, BOATS), model)
    assert answer.answer == "The annual fee is €40. [1]"
    assert answer.stopped
    assert answer.not_stated == ("where is the anchor",)
    assert answer.confidence > 0


def test_a_comparison_that_is_stopped_shows_what_was_read():
    model = Model(
        [(("2023.pdf",), "The ceiling in Rome is €150."), (("2024.pdf",), "The ceiling in Rome is €170.")], SURE
    )
    third = passage("The ceiling in Rome is €180. Travel rules.", "travel-2025.pdf", 1)
    settings = load_settings(SETTINGS, {"answer": {"threshold": 0.5}})
    assistant, seen = Assistant(Search(OLD, NEW, third), lambda: model, settings), []
    for event in assistant.ask(
        "Compare the 2023 travel rules, the 2024 travel rules and the 2025 travel rules.", cancelled=lambda: model.stop
    ):
        seen.append(event)
        model.stop |= isinstance(event, Stage) and event.name == "comparing" and event.passages == 3
    assert "€150" in seen[-1].answer
    assert "€170" in seen[-1].answer
    assert "2025" not in seen[-1].answer
    assert seen[-1].not_stated == ()
    assert seen[-1].stopped


def test_what_was_proved_is_not_lost_when_the_model_fails():
    class Failing(Model):
        def generate(self, messages, **options):
            for word in super().generate(messages, **options):
                yield word
                if word.strip() == "never":
                    raise ModelError("The model server has gone.", "Start it again.")

    text = "Keys are lent for a week. A lost key costs £15. Keys are never posted."
    *_, answer = events_of("What are the rules for keys?", (KEYS,), Failing([((), text)], SURE))
    assert answer.answer == "Keys are lent for a week. [1] A lost key costs £15. [1]"
    assert answer.stopped
    assert "The model server has gone. Start it again." in answer.note
    with pytest.raises(ModelError):
        events_of("What are the rules for keys?", (KEYS,), Failing([((), "Keys are never posted.")], SURE))


def test_the_time_of_each_reading_is_counted():
    class Slow(Model):
        def choice_probabilities(self, *arguments, **options):
            time.sleep(0.05)
            return super().choice_probabilities(*arguments, **options)

    model = Slow([((), "A lost key costs £15.")], [(("keys",), 0.9)])
    *_, answer = events_of("What does a lost key cost?", (BOATS, KEYS), model)
    assert answer.timings["probe_s"] >= 0.1
